"""Secret programs: ordinary Python functions on values that nobody sees.

    from atoll import programs as mp

    @mp.program(
        inputs={"income": mp.column("bank", mp.int64(0, 10_000_000), rows="n")},
        outputs={"total": "bureau"},
    )
    def total_income(income):
        return {"total": income.sum()}

    graph = total_income.trace(n=1000)

The function runs once, on `SecretArray`s that record what is asked of them; the result is a `Graph`, which is data: what
parties read, consent to by its digest, and run. The same graph runs in the clear (`run_clear`), among three simulated nodes,
and as a job.
"""

from __future__ import annotations

from atoll.programs import operations as _operations
from atoll.programs.array import SecretArray
from atoll.programs.clear import run_clear
from atoll.programs.dtypes import DType, bool_, fixed, int64
from atoll.programs.encoding import parse_graph
from atoll.programs.graph import Graph
from atoll.programs.program import Column, Program, column, program

__all__ = [
    "Column",
    "DType",
    "Graph",
    "Program",
    "SecretArray",
    "bool_",
    "column",
    "fixed",
    "int64",
    "parse_graph",
    "program",
    "run_clear",
]

del _operations
