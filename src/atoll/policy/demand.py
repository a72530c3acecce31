"""What a job asks of an owner, input by input: the question that `decide` answers.

A job kind derives its demands from the plan; the policy knows nothing of job kinds, so a new kind changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from atoll.policy.lattice import Exposure


class Output(StrEnum):
    """What leaves a job towards its receivers. There is no other output; a grant names those that it permits."""

    IDENTIFIERS = "identifiers"
    """Which of the receiver's own identifiers the owner has too (or has not)."""
    ROWS = "rows"
    """The same with payload columns of the owner's rows."""
    CARDINALITY = "cardinality"
    """How many identifiers both have."""
    SUM = "sum"
    """A sum of a payload column over the rows that both have."""
    AGGREGATE = "aggregate"
    """What a secret program makes of many rows: sums, means, counts, and what is computed from those alone."""
    COMPARISON = "comparison"
    """The same, and outcomes of comparisons between values: ranks, flags, who is the largest."""
    COMPUTED = "computed"
    """Whatever a secret program makes of its inputs, values of single rows among it."""


LEAST_ROWS = 10
"""Of fewer rows a secret program makes no aggregate."""
OF_PROGRAMS = frozenset({Output.AGGREGATE, Output.COMPARISON, Output.COMPUTED})
"""Outputs of programs on secret shares; the others are those of intersections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One use of one input."""

    owner_org: str
    """Organisation that holds the dataset and must permit the use."""
    dataset: str
    """Dataset version, owner/name/version."""
    columns: tuple[tuple[str, Exposure], ...]
    """Each column with the most that the others see of it in this job."""
    action: str
    """ODRL action; jobs ask for `use`."""
    purpose: str
    """From the plan."""
    receivers: tuple[str, ...]
    """Organisations that get a result, sorted."""
    rows_cap: int
    """Most rows that may take part."""
    uses: int
    """How many uses of the grant and the budget this takes."""
    output: Output = Output.IDENTIFIERS
    """What the receivers get out of it; a plan gives nothing else (`PlanOutput.gets` names the same)."""
    payload: tuple[str, ...] = ()
    """Columns whose values leave with matched rows, or go into a sum; they stand in `columns` too."""
    keys: tuple[str, ...] = ()
    """Columns by which rows are compared with another's; they stand in `columns` too. Empty where a job compares none so."""
    epsilon_micro: int = 0
    """Privacy loss of a noisy output, in millionths of epsilon, rounded up; 0 where no noise is added: then it is exact."""
    min_count: int = 0
    """Fewest matches over which a sum is told; 0 for no bound."""
    program: bytes = b""
    """Digest of the program that computes on it, which a person of the owner must have reviewed; empty where the kind itself
    says what is computed."""
    name: str = ""
    """Name of that program, for people."""


__all__ = ["LEAST_ROWS", "OF_PROGRAMS", "Demand", "Exposure", "Output"]
