"""Computation: a program on secret shares, among owners, three compute nodes and receivers.

    spec       what a person says           statement  what the plan says of the program
    exposure   what an output may show      leakage    what each place learns, in words
    kind       the plan, judged             program    a place's part in the run
    results    outputs as a table

The program travels beside the plan as a graph, never as code (`atoll.programs`); an owner's node runs it on its data only if a
person of the owner has reviewed its digest. Specification: specs/computation.md.
"""

from atoll.jobs.computation.kind import Computation
from atoll.jobs.computation.spec import Bind, ComputationSpec, Owner, Receiver
from atoll.jobs.computation.statement import KIND

__all__ = ["KIND", "Bind", "Computation", "ComputationSpec", "Owner", "Receiver"]
