"""Variances and covariances: exact to some 2^-27 of the squared range, never below zero, whatever the number of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.errors import ValueOverflow, WrongOperands

RANGES = [
    mp.int64(0, 10_000_000),
    mp.int64(0, 1),
    mp.int64(5, 5),
    mp.int64(-3, 400),
    mp.fixed(-1, 1, fraction=40),
    mp.fixed(0, 0.01, fraction=30),
    mp.fixed(-8, 8, fraction=20),
    mp.fixed(1000, 1001, fraction=16),
]


def variance(dtype: mp.DType, rows: int, correction: int = 0) -> mp.Graph:
    inputs = {"x": mp.column("bank", dtype, rows=rows)}
    return mp.program(inputs=inputs, outputs={"v": "bureau"})(lambda x: x.var(correction=correction)).trace()


def values(dtype: mp.DType, rows: int) -> Any:
    raw = np.random.default_rng(rows).integers(dtype.low, dtype.high, size=rows, endpoint=True)
    return np.ldexp(raw, -dtype.fraction) if dtype.name == "fixed" else raw


@pytest.mark.parametrize("rows", [1, 2, 50])
@pytest.mark.parametrize("dtype", RANGES, ids=str)
def test_a_variance_is_right_within_its_bound_and_never_below_zero(dtype: mp.DType, rows: int) -> None:
    for correction in (0, 1)[:rows]:
        graph, x = variance(dtype, rows, correction), values(dtype, rows)
        kind = graph.kind(graph.outputs[0].ref)
        found = float(mp.simulate(graph, {"x": x}, seed=bytes(32)).outputs["bureau"]["v"])
        exact = float(np.var(x.astype(float), ddof=correction))
        assert kind.dtype.low == 0 <= found
        assert abs(found - exact) <= float(kind.error) + 1e-12 * exact
        spread = max(float(dtype.most - dtype.least) / 2, float(dtype.unit))
        assert float(kind.error) <= 2.0**-23 * spread**2


def test_the_bound_does_not_grow_with_the_rows() -> None:
    dtype = mp.fixed(-8, 8, fraction=20)
    few, many = (variance(dtype, rows) for rows in (100, 1_000_000))
    errors = [float(graph.kind(graph.outputs[0].ref).error) for graph in (few, many)]
    assert max(errors) < 1e-6
    x = np.random.default_rng(1).normal(size=1_000_000).clip(-8, 8)
    assert abs(float(mp.run_clear(many, {"x": x})["v"]) - x.var()) < 1e-6


def test_a_covariance_may_be_negative_and_stays_within_cauchy_and_schwarz() -> None:
    inputs = {"x": mp.column("a", mp.fixed(-2, 6, fraction=12), rows=40), "y": mp.column("b", mp.int64(0, 100), rows=40)}
    graph = mp.program(inputs=inputs, outputs={"c": "bureau"})(lambda x, y: mp.cov(x, y)).trace()
    x = np.random.default_rng(3).integers(-8192, 24576, size=40) / 4096
    y = np.rint(60 - 9 * x).astype(int).clip(0, 100)
    kind = graph.kind(graph.outputs[0].ref)
    found = float(mp.simulate(graph, {"x": x, "y": y}, seed=bytes(32)).outputs["bureau"]["c"])
    assert abs(found - np.cov(x, y)[0, 1]) <= float(kind.error) + 1e-9
    assert found < 0 and 200 <= -float(kind.dtype.least) <= 206


def test_what_has_no_variance_is_refused() -> None:
    with pytest.raises(WrongOperands, match="the number of values is 1, and must be 2"):
        variance(mp.int64(0, 9), 1, correction=1)
    with pytest.raises(WrongOperands, match="the correction is 2"):
        variance(mp.int64(0, 9), 9, correction=2)
    with pytest.raises(ValueOverflow):
        variance(mp.int64(-(2**61), 2**61), 9)
    nullable = {"x": mp.column("bank", mp.int64(0, 9), rows=3, nullable=True)}
    with pytest.raises(WrongOperands, match="there are nulls"):
        mp.program(inputs=nullable, outputs={"v": "bank"})(lambda x: x.var()).trace()
