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
from atoll.programs.explain import LAN, WAN, Explanation, Link, explain
from atoll.programs.functions.arithmetic import add, astype, multiply, negative, positive, pow, square, subtract
from atoll.programs.functions.common import broadcast_to
from atoll.programs.functions.comparison import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
)
from atoll.programs.functions.elementary import divide, exp, log, relu, rsqrt, sigmoid, sqrt, tanh
from atoll.programs.functions.grouping import (
    Grouped,
    Joined,
    group_by,
    group_by_code,
    join,
    scatter,
    scatter_add,
    take_secret,
    unique_counts,
    unique_values,
)
from atoll.programs.functions.linalg import matmul, outer, tensordot, vecdot
from atoll.programs.functions.ordering import (
    argmax,
    argmin,
    argsort,
    max,
    median,
    min,
    order_of,
    quantile,
    shuffle,
    sort,
    sort_by,
    top_k,
)
from atoll.programs.functions.reductions import all, any, count, count_nonzero, cumulative_sum, mean, prod, sum
from atoll.programs.functions.scanning import cumulative_max, cumulative_min
from atoll.programs.functions.selection import abs, clip, fill_null, is_null, maximum, minimum, sign, where
from atoll.programs.functions.shaping import (
    broadcast_arrays,
    concat,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    take,
    tile,
)
from atoll.programs.functions.statistics import corr, cov, std, var
from atoll.programs.graph import Graph
from atoll.programs.program import Column, Program, column, program
from atoll.programs.run import SharedColumn, run_graph
from atoll.programs.simulate import Simulated, simulate

__all__ = [
    "LAN",
    "WAN",
    "Column",
    "DType",
    "Explanation",
    "Graph",
    "Grouped",
    "Joined",
    "Link",
    "Program",
    "SecretArray",
    "SharedColumn",
    "Simulated",
    "abs",
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "astype",
    "bool_",
    "broadcast_arrays",
    "broadcast_to",
    "clip",
    "column",
    "concat",
    "corr",
    "count",
    "count_nonzero",
    "cov",
    "cumulative_max",
    "cumulative_min",
    "cumulative_sum",
    "divide",
    "equal",
    "exp",
    "expand_dims",
    "explain",
    "fill_null",
    "fixed",
    "flip",
    "greater",
    "greater_equal",
    "group_by",
    "group_by_code",
    "int64",
    "is_null",
    "join",
    "less",
    "less_equal",
    "log",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "not_equal",
    "order_of",
    "outer",
    "parse_graph",
    "permute_dims",
    "positive",
    "pow",
    "prod",
    "program",
    "quantile",
    "relu",
    "repeat",
    "reshape",
    "roll",
    "rsqrt",
    "run_clear",
    "run_graph",
    "scatter",
    "scatter_add",
    "shuffle",
    "sigmoid",
    "sign",
    "simulate",
    "sort",
    "sort_by",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "take",
    "take_secret",
    "tanh",
    "tensordot",
    "tile",
    "top_k",
    "unique_counts",
    "unique_values",
    "var",
    "vecdot",
    "where",
]

del _operations
