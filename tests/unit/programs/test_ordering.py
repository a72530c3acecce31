"""Sorting and its kin among three nodes: the clear answer, at the stated cost; the clear answer against numpy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.errors import WrongOperands
from atoll.protocols.mpc import Adversary
from tests.unit.programs.stated import verify_stated

TYPES = {"x": mp.int64(-40, 40), "p": mp.fixed(-50, 50, fraction=16), "t": mp.bool_}
Case = Callable[..., Any]

CASES: dict[str, Case] = {
    "sort": lambda x, p, t, z: mp.sort(x),
    "sort, descending": lambda x, p, t, z: mp.sort(p, descending=True),
    "sort with nulls": lambda x, p, t, z: mp.sort(z),
    "sort with nulls, descending": lambda x, p, t, z: mp.sort(z, descending=True),
    "sort truth values": lambda x, p, t, z: mp.sort(t),
    "sort lanes": lambda x, p, t, z: mp.sort(x.reshape(5, 10), axis=0),
    "argsort": lambda x, p, t, z: x.argsort(descending=True),
    "argsort with nulls": lambda x, p, t, z: mp.argsort(z),
    "sort by two": lambda x, p, t, z: mp.stack(mp.sort_by([p, x], by=[t, x], descending=[True, False])),
    "sort by two, nulls moved": lambda x, p, t, z: mp.sort_by([z], by=[t, p])[0],
    "rows of a matrix": lambda x, p, t, z: mp.sort_by([mp.stack([x, p], axis=1)], by=[x])[0],
    "top_k": lambda x, p, t, z: mp.stack(mp.top_k(x, 5)),
    "top_k of fewer": lambda x, p, t, z: mp.top_k(z, 50)[0],
    "min": lambda x, p, t, z: x.min() + mp.min(p),
    "min with nulls": lambda x, p, t, z: z.min(),
    "min of nothing": lambda x, p, t, z: mp.min(mp.where(x > 100, x, z[:1])[:1]),
    "max": lambda x, p, t, z: p.max(keepdims=True),
    "max along an axis": lambda x, p, t, z: x.reshape(10, 5).max(axis=1),
    "argmax": lambda x, p, t, z: x.argmax(),
    "argmin": lambda x, p, t, z: x.reshape(5, 10).argmin(axis=0),
    "median": lambda x, p, t, z: mp.median(x) + mp.median(p[:49]),
    "quantile": lambda x, p, t, z: mp.quantile(p, 0.3) + mp.quantile(x, 1.0),
    "shuffle, then sort": lambda x, p, t, z: mp.sort(mp.shuffle(z, p, t)[0]),
    "one row": lambda x, p, t, z: mp.sort(x[:1]) + x[:1].min(),
}

NUMPY: dict[str, Case] = {
    "sort": lambda x, p, t, z: np.sort(x),
    "sort, descending": lambda x, p, t, z: -np.sort(-p),
    "sort truth values": lambda x, p, t, z: np.sort(t),
    "sort lanes": lambda x, p, t, z: np.sort(x.reshape(5, 10), axis=0),
    "argsort": lambda x, p, t, z: np.argsort(-x, kind="stable"),
    "argsort with nulls": lambda x, p, t, z: sorted(range(50), key=lambda at: (z.mask[at], 0 if z.mask[at] else z.data[at])),
    "sort by two": lambda x, p, t, z: np.stack([p, x])[:, sorted(range(50), key=lambda at: (not t[at], x[at]))],
    "top_k": lambda x, p, t, z: np.stack([np.sort(-x)[:5] * -1, np.argsort(-x, kind="stable")[:5]]),
    "min": lambda x, p, t, z: x.min() + p.min(),
    "min with nulls": lambda x, p, t, z: z.min(),
    "max along an axis": lambda x, p, t, z: x.reshape(10, 5).max(axis=1),
    "argmax": lambda x, p, t, z: x.argmax(),
    "argmin": lambda x, p, t, z: x.reshape(5, 10).argmin(axis=0),
    "median": lambda x, p, t, z: np.median(x) + np.median(p[:49]),
    "quantile": lambda x, p, t, z: np.quantile(p, 0.3) + x.max(),
}


def trace(function: Case, rows: int = 50) -> mp.Graph:
    inputs = {name: mp.column("bank", dtype, rows=rows) for name, dtype in TYPES.items()}
    inputs["z"] = mp.column("bank", TYPES["x"], rows=rows, nullable=True)
    return mp.program(inputs=inputs, outputs={"o": "bureau"})(lambda x, p, t, z: {"o": function(x, p, t, z)}).trace()


def columns(rows: int = 50) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "x": rng.integers(-40, 40, rows, endpoint=True),
        "p": np.ldexp(rng.integers(-50 << 16, 50 << 16, rows), -16),
        "t": rng.integers(0, 2, rows).astype(bool),
        "z": np.ma.MaskedArray(rng.integers(-40, 40, rows), mask=np.arange(rows) % 3 == 0),
    }


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", CASES)
def test_three_nodes_give_the_clear_answer_at_the_stated_cost(name: str, adversary: Adversary) -> None:
    graph, given = trace(CASES[name]), columns()
    ran = mp.simulate(graph, given, seed=bytes(32), adversary=adversary)
    (output,) = graph.outputs
    expected = mp.run_clear(graph, given)["o"]
    found = ran.outputs["bureau"]["o"]
    assert np.array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    difference = np.ma.filled(np.ma.abs(found.astype(float) - expected.astype(float)), 0.0)
    assert np.max(difference) <= float(graph.kind(output.ref).error) + 1e-12
    told = mp.explain(graph, adversary=adversary)
    assert told.exact or adversary is Adversary.MALICIOUS
    verify_stated(told, ran)


@pytest.mark.parametrize("name", NUMPY)
def test_the_clear_answer_is_numpys(name: str) -> None:
    graph, given = trace(CASES[name]), columns()
    expected = NUMPY[name](given["x"], given["p"], given["t"], given["z"])
    assert np.allclose(np.ma.filled(mp.run_clear(graph, given)["o"], 0.0), expected, atol=1e-4)


def test_nulls_are_last_and_stay_null() -> None:
    graph, given = trace(CASES["sort with nulls, descending"]), columns()
    found: Any = mp.run_clear(graph, given)["o"]
    assert list(found[:33]) == sorted(given["z"].compressed(), reverse=True)
    assert found.mask[33:].all()


@pytest.mark.parametrize("adversary", Adversary)
def test_long_sorts_cost_about_what_is_stated(adversary: Adversary) -> None:
    graph, given = trace(CASES["sort"], 5000), columns(5000)
    ran = mp.simulate(graph, given, seed=bytes(32), adversary=adversary)
    assert np.array_equal(ran.outputs["bureau"]["o"], np.sort(given["x"]))
    told = mp.explain(graph, adversary=adversary)
    assert not told.exact
    verify_stated(told, ran)


def test_shuffled_rows_are_the_same_rows() -> None:
    graph, given = trace(lambda x, p, t, z: mp.stack(mp.shuffle(x, p), axis=1)), columns()
    for found in (mp.run_clear(graph, given)["o"], mp.simulate(graph, given, seed=bytes(32)).outputs["bureau"]["o"]):
        assert sorted(map(tuple, found)) == sorted(zip(given["x"], given["p"], strict=True))
        assert not np.array_equal(found[:, 0], given["x"])


@pytest.mark.parametrize(
    ("problem", "function"),
    {
        "nothing to order by": lambda x, p, t, z: mp.sort_by([x], by=[])[0],
        "2 directions for 1": lambda x, p, t, z: mp.sort_by([x], by=[x], descending=[True, False])[0],
        "k is 0": lambda x, p, t, z: mp.top_k(x, 0)[0],
        "share is 2": lambda x, p, t, z: mp.quantile(x, 2),
        "rank is secret": lambda x, p, t, z: mp.median(z),
        "not of columns of equal length": lambda x, p, t, z: mp.sort_by([x[:3]], by=[x])[0],
        "at most 256": lambda x, p, t, z: mp.sort(mp.tile(x, 500).reshape(500, 50)),
        "no columns": lambda x, p, t, z: mp.shuffle()[0],
        "works on a column": lambda x, p, t, z: mp.top_k(x.reshape(5, 10), 1)[0],
    }.items(),
)
def test_refuses(problem: str, function: Case) -> None:
    with pytest.raises(WrongOperands, match=problem):
        trace(function)
