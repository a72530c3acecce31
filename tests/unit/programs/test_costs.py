"""Every operation among three nodes gives the clear answer within its bound, and costs what it says to the byte.

A case is a function of x and y (int64), p and q (fixed-point), t and u (truth values), all of one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.operation import REGISTRY
from atoll.programs.operations import grouping, ordering
from atoll.programs.operations.arithmetic import MovePoint
from atoll.programs.operations.inputs import Constant, Input, InputMask
from atoll.protocols.mpc import Adversary
from tests.unit.programs.stated import verify_stated

ROWS, WIDTH = 5, 27
TABLES = {cls for cls in REGISTRY.values() if cls.__module__ in (grouping.__name__, ordering.__name__)}
TYPES = {
    "x": mp.int64(-1000, 1000),
    "y": mp.int64(0, 2**40),
    "p": mp.fixed(-50, 50, fraction=16),
    "q": mp.fixed(-1, 1, fraction=20),
    "t": mp.bool_,
    "u": mp.bool_,
}

CASES: dict[str, Callable[..., Any]] = {
    "verify_range": lambda x, y, p, q, t, u: x + p,
    "add": lambda x, y, p, q, t, u: x + y + p - 3,
    "subtract": lambda x, y, p, q, t, u: 7 - (x - p),
    "multiply": lambda x, y, p, q, t, u: x * x[::-1] + 3 * x,
    "square": lambda x, y, p, q, t, u: x * x,
    "truncate": lambda x, y, p, q, t, u: p * q,
    "widen": lambda x, y, p, q, t, u: x + q,
    "scale": lambda x, y, p, q, t, u: 0.1 * p + 0.3,
    "scale split": lambda x, y, p, q, t, u: y / 3.0,
    "as_integer": lambda x, y, p, q, t, u: t + u,
    "less": lambda x, y, p, q, t, u: (x < y) ^ (p < q),
    "equal": lambda x, y, p, q, t, u: (x == 7) ^ (x == x[::-1]),
    "logical_and": lambda x, y, p, q, t, u: t & u & mp.broadcast_to(t[0], t.shape),
    "logical_and with constants": lambda x, y, p, q, t, u: t & (np.arange(WIDTH) % 2 == 0),
    "logical_xor": lambda x, y, p, q, t, u: t ^ u ^ (np.arange(WIDTH) % 3 == 0),
    "logical_not": lambda x, y, p, q, t, u: ~t | u,
    "hide_nulls": lambda x, y, p, q, t, u: x.like(x.ref, t.ref),
    "hide_nulls of truths": lambda x, y, p, q, t, u: u.like(u.ref, t.ref),
    "select": lambda x, y, p, q, t, u: mp.where(t, x, p) + mp.where(u, 1, 0) + mp.where(u, x, 0),
    "select truths": lambda x, y, p, q, t, u: mp.where(t, u, True) ^ mp.where(u, True, False),
    "minimum": lambda x, y, p, q, t, u: mp.minimum(x, p) + mp.minimum(3, x),
    "maximum": lambda x, y, p, q, t, u: mp.maximum(p, 0),
    "abs": lambda x, y, p, q, t, u: abs(p) + mp.sign(x),
    "sum": lambda x, y, p, q, t, u: x.sum(axis=0) + p.sum(),
    "cumulative_sum": lambda x, y, p, q, t, u: x.cumulative_sum(axis=1),
    "vecdot": lambda x, y, p, q, t, u: mp.vecdot(x, p) + mp.vecdot(p, np.ones(WIDTH)),
    "sum_of_squares": lambda x, y, p, q, t, u: (p * p).sum(axis=1) + (x * x).sum(),
    "matmul": lambda x, y, p, q, t, u: p @ q.T,
    "matmul by constants": lambda x, y, p, q, t, u: (p @ np.full((WIDTH, 2), 0.3)) + (np.ones((5, 5)) @ p)[:, :2],
    "reshape": lambda x, y, p, q, t, u: t.reshape(WIDTH, ROWS).T ^ u,
    "broadcast_to": lambda x, y, p, q, t, u: x[0] + x[:, :1],
    "permute_dims": lambda x, y, p, q, t, u: t.T[1:],
    "slice": lambda x, y, p, q, t, u: t[::-1, ::2],
    "take": lambda x, y, p, q, t, u: t[[3, 3, 0]] ^ u[[1, 2, 4]],
    "concat": lambda x, y, p, q, t, u: mp.concat([t, u], axis=1),
    "concat numbers": lambda x, y, p, q, t, u: mp.stack([x, p, q]),
    "variance": lambda x, y, p, q, t, u: p.var() + x.var(axis=1, correction=1)[0] + t.var(axis=0)[1],
    "covariance": lambda x, y, p, q, t, u: mp.cov(p, x) + mp.cov(q, t, axis=0, correction=0)[2],
    "mean": lambda x, y, p, q, t, u: p.mean() + t.mean(axis=0) + y.mean(),
    "any": lambda x, y, p, q, t, u: t.any(axis=1) ^ u.all(axis=1),
    "divide": lambda x, y, p, q, t, u: p / (y + 1) + 3 / (q + 2),
    "sqrt": lambda x, y, p, q, t, u: mp.sqrt(p + 50) + mp.sqrt(y),
    "rsqrt": lambda x, y, p, q, t, u: mp.rsqrt(q + 1.5) + mp.rsqrt(y + 1),
    "exp": lambda x, y, p, q, t, u: mp.exp(q) + mp.exp(p - 30),
    "log": lambda x, y, p, q, t, u: mp.log(q + 1.5) + mp.log(y + 1),
    "sigmoid": lambda x, y, p, q, t, u: mp.sigmoid(p) + mp.sigmoid(x),
    "std": lambda x, y, p, q, t, u: p.std(axis=1),
    "correlate": lambda x, y, p, q, t, u: mp.corr(p, x),
    "prod": lambda x, y, p, q, t, u: q.prod(axis=0) + x[:2].prod(axis=0),
}


def trace(function: Callable[..., Any], *, checked: bool = False) -> mp.Graph:
    inputs = {name: mp.column("bank", dtype, rows=ROWS, width=WIDTH, checked=checked) for name, dtype in TYPES.items()}
    return mp.program(inputs=inputs, outputs={"z": "bureau"})(function).trace()


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    found: dict[str, Any] = {}
    for name, dtype in TYPES.items():
        raw = rng.integers(dtype.low, dtype.high, size=(ROWS, WIDTH), endpoint=True)
        raw[0, :2] = dtype.low, dtype.high
        found[name] = np.ldexp(raw, -dtype.fraction) if dtype.fraction else raw.astype(bool) if dtype.is_bool else raw
    found["x"][2, 3:6] = 7
    return found


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", CASES)
def test_three_nodes_give_the_clear_answer_at_the_stated_cost(name: str, adversary: Adversary) -> None:
    graph, given = trace(CASES[name], checked=name == "verify_range"), columns()
    ran = mp.simulate(graph, given, seed=bytes(32), adversary=adversary)
    (output,) = graph.outputs
    kind, expected = graph.kind(output.ref), mp.run_clear(graph, given)["z"]
    found = ran.outputs["bureau"]["z"]
    assert np.abs(found.astype(float) - expected.astype(float)).max() <= float(kind.error) + 1e-12
    told = mp.explain(graph, adversary=adversary)
    assert told.exact
    verify_stated(told, ran)
    assert (ran.bytes_from_owners, ran.bytes_to_receivers) == (told.bytes_from_owners, told.bytes_to_receivers)


def test_no_operation_is_left_out() -> None:
    """Those on tables, whose cost is a mean for long columns, have tests of their own."""
    met = {type(step.operation) for function in CASES.values() for step in trace(function, checked=True).steps}
    elsewhere = {Constant, Input, InputMask, MovePoint} | TABLES
    assert met >= {cls for cls in REGISTRY.values() if cls.__module__.startswith("atoll.")} - elsewhere
