"""Functions at the edges of their ranges: what can be written down runs, within its bound, at its cost."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.dtypes import show_bound
from atoll.programs.errors import WrongOperands
from tests.unit.programs.stated import verify_stated


def ran(dtype: mp.DType, function: Any, x: Any) -> tuple[Any, mp.Graph]:
    """What comes of a column of one owner."""
    graph = mp.program(inputs={"x": mp.column("bank", dtype, rows=len(x))}, outputs={"y": "bank"})(
        lambda x: function(x)
    ).trace()
    done = mp.simulate(graph, {"x": x}, seed=bytes(32))
    verify_stated(mp.explain(graph), done)
    return done.outputs["bank"]["y"], graph


@pytest.mark.parametrize("ends", [(-53, -43), (-70, -60), (-188, -60), (-150, -20), (-1024, -900)])
@pytest.mark.parametrize("fraction", [0, 30])
def test_e_to_far_below_zero_is_zero_within_the_bound(ends: tuple[int, int], fraction: int) -> None:
    dtype = mp.fixed(*ends, fraction=fraction) if fraction else mp.int64(*ends)
    x = np.linspace(*ends, 5).astype(float if fraction else int)
    found, graph = ran(dtype, mp.exp, x)
    error = float(graph.kind(graph.outputs[0].ref).error)
    assert error < 1e-5
    assert np.abs(found - np.exp(np.rint(np.ldexp(x, fraction)) / 2.0**fraction)).max() <= error


@pytest.mark.parametrize("low", [-1100, -(2**20), -(2**61)])
def test_e_to_what_would_take_endless_numbers_to_plan_is_refused(low: int) -> None:
    with pytest.raises(WrongOperands, match="-1024 to 42, in a range of 170, will do"):
        mp.program(inputs={"x": mp.column("bank", mp.int64(low, low), rows=1)}, outputs={"y": "bank"})(mp.exp).trace()


@pytest.mark.parametrize("dtype", [mp.int64(1, 1), mp.fixed(2**-20, 2**-20, fraction=20), mp.int64(1, 2)], ids=str)
def test_a_logarithm_of_a_column_whose_value_is_known(dtype: mp.DType) -> None:
    one = float(dtype.least) if dtype.fraction else int(dtype.least)
    found, graph = ran(dtype, mp.log, np.array([one, one]))
    assert np.abs(found - math.log(one)).max() <= float(graph.kind(graph.outputs[0].ref).error)


@pytest.mark.parametrize(("width", "fraction"), [(-18, 20), (-26, 30), (-36, 40), (-56, 60), (-5, 60)])
def test_a_correlation_of_a_narrow_column_is_that_of_a_wide_one(width: int, fraction: int) -> None:
    """Null only where a column is as good as constant, by its own range, and never off by 2^-20."""
    rng = np.random.default_rng(fraction)
    raw, y = rng.integers(0, 2 ** min(fraction + width, 50), 9, endpoint=True), rng.integers(0, 101, 9)
    x = np.ldexp(raw.astype(float), -fraction)
    inputs = {
        "x": mp.column("bank", mp.fixed(0, 2.0**width, fraction=fraction), rows=9),
        "y": mp.column("bank", mp.int64(0, 100), rows=9),
    }
    if fraction + width > 50:
        x[:] = np.ldexp(np.rint(np.linspace(0, 2.0**50, 9)), width - 50)
    graph = mp.program(inputs=inputs, outputs={"c": "bank"})(lambda x, y: mp.corr(x, y)).trace()
    done = mp.simulate(graph, {"x": x, "y": y}, seed=bytes(32))
    verify_stated(mp.explain(graph), done)
    found = done.outputs["bank"]["c"]
    assert not np.ma.is_masked(found)
    assert abs(float(found) - np.corrcoef(x, y)[0, 1]) < 2**-20


@pytest.mark.parametrize("digits", [3, 6])
@pytest.mark.parametrize("bound", [Fraction(10041, 10_000), Fraction(1, 3), Fraction(2**63 + 1), Fraction(10**7 + 1, 2**100)])
def test_a_bound_is_never_shown_smaller_than_it_is(bound: Fraction, digits: int) -> None:
    shown = Fraction(show_bound(bound, digits))
    assert bound <= shown <= bound * (1 + Fraction(2, 10 ** (digits - 1)))
