"""In the clear, every function is numpy's; and ranges and errors are bounds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll import programs as mp
from atoll.programs.errors import WrongOperands
from atoll.programs.kind import round_up
from atoll.programs.operations.inputs import Constant
from atoll.programs.operations.linalg import SumOfSquares, VecDot

X = np.array([[3, -2, 0], [5, 7, -9]])
Y = np.array([[1.5, 2.25, -3.0], [0.5, -0.125, 8.0]])
MATRIX = mp.column("bank", mp.int64(-10, 10), rows=2, width=3)
POINTS = mp.column("shop", mp.fixed(-8, 8, fraction=18), rows=2, width=3)


def trace(function: Callable[..., Any]) -> mp.Graph:
    return mp.program(inputs={"x": MATRIX, "y": POINTS}, outputs={"z": "bureau"})(function).trace()


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract a literal": (lambda x, y: 1 - x + 0 * y, lambda x, y: 1 - x),
    "product": (lambda x, y: x * y, lambda x, y: x * y),
    "power": (lambda x, y: y**3 + x, lambda x, y: y**3 + x),
    "public factor": (lambda x, y: 0.1 * y + x * 0.3, lambda x, y: 0.1 * y + x * 0.3),
    "less": (lambda x, y: x < y, lambda x, y: x < y),
    "at least": (lambda x, y: x >= 3, lambda x, y: x >= 3),
    "equal": (lambda x, y: (x == 5) | (y == 8), lambda x, y: (x == 5) | (y == 8)),
    "different": (lambda x, y: (x != 5) & ~(y == 8), lambda x, y: (x != 5) & (y != 8)),
    "either": (lambda x, y: (x > 0) ^ (y > 0), lambda x, y: (x > 0) ^ (y > 0)),
    "where": (lambda x, y: mp.where(x > y, x, y), lambda x, y: np.where(x > y, x, y)),
    "where of literals": (lambda x, y: mp.where(x > 0, 1, -1), lambda x, y: np.where(x > 0, 1, -1)),
    "where of truths": (lambda x, y: mp.where(x > 0, y > 0, True), lambda x, y: np.where(x > 0, y > 0, True)),
    "where of public truths": (lambda x, y: mp.where(x > 0, True, False), lambda x, y: x > 0),
    "minimum": (lambda x, y: mp.minimum(x, y), np.minimum),
    "maximum": (lambda x, y: mp.maximum(y, 0), lambda x, y: np.maximum(y, 0)),
    "clip": (lambda x, y: x.clip(-2, 4), lambda x, y: x.clip(-2, 4)),
    "absolute": (lambda x, y: abs(y), lambda x, y: abs(y)),
    "sign": (lambda x, y: mp.sign(x), lambda x, y: np.sign(x)),
    "sum": (lambda x, y: x.sum(), lambda x, y: x.sum()),
    "sum along rows": (lambda x, y: y.sum(axis=1, keepdims=True), lambda x, y: y.sum(axis=1, keepdims=True)),
    "sum of a product": (lambda x, y: (y * y * x).sum(axis=0), lambda x, y: (y * y * x).sum(axis=0)),
    "mean": (lambda x, y: x.mean() + y.mean(axis=0), lambda x, y: x.mean() + y.mean(axis=0)),
    "share": (lambda x, y: (x > 0).mean(), lambda x, y: (x > 0).mean()),
    "any": (lambda x, y: (x > 6).any(axis=1), lambda x, y: (x > 6).any(axis=1)),
    "all": (lambda x, y: (x > -3).all(axis=1), lambda x, y: (x > -3).all(axis=1)),
    "nonzero": (lambda x, y: mp.count_nonzero(x), lambda x, y: np.count_nonzero(x)),
    "cumulative": (lambda x, y: x.cumulative_sum(axis=1), lambda x, y: x.cumsum(axis=1)),
    "product of all": (lambda x, y: x.prod(axis=1), lambda x, y: x.prod(axis=1)),
    "matrix": (lambda x, y: x @ y.T, lambda x, y: x @ y.T),
    "matrix and vector": (lambda x, y: x @ y[0], lambda x, y: x @ y[0]),
    "vectors": (lambda x, y: x[0] @ y[1], lambda x, y: x[0] @ y[1]),
    "public matrix": (lambda x, y: y @ np.array([[0.1], [2], [3]]), lambda x, y: y @ np.array([[0.1], [2], [3]])),
    "public on the left": (lambda x, y: np.ones((4, 2)) @ y, lambda x, y: np.ones((4, 2)) @ y),
    "vecdot": (lambda x, y: mp.vecdot(x, y), lambda x, y: (x * y).sum(axis=-1)),
    "tensordot": (lambda x, y: mp.tensordot(x, y), lambda x, y: np.tensordot(x, y)),
    "outer": (lambda x, y: mp.outer(x[0], y[1]), lambda x, y: np.outer(x[0], y[1])),
    "slices": (lambda x, y: x[::-1, 1:] + y[..., :2], lambda x, y: x[::-1, 1:] + y[..., :2]),
    "places": (lambda x, y: x[1, [2, 0, 0]], lambda x, y: x[1, [2, 0, 0]]),
    "new axis": (lambda x, y: x[:, None, -1] * y[0], lambda x, y: x[:, None, -1] * y[0]),
    "stack": (lambda x, y: mp.stack([x, y], axis=1), lambda x, y: np.stack([x, y], axis=1)),
    "concat": (lambda x, y: mp.concat([x, y], axis=None), lambda x, y: np.concatenate([x, y], axis=None)),
    "roll": (lambda x, y: mp.roll(x, 1, axis=1), lambda x, y: np.roll(x, 1, axis=1)),
    "flip": (lambda x, y: mp.flip(x), lambda x, y: np.flip(x)),
    "repeat": (lambda x, y: mp.repeat(x, 2, axis=1), lambda x, y: np.repeat(x, 2, axis=1)),
    "tile": (lambda x, y: mp.tile(x, 3), lambda x, y: np.tile(x, (3, 1))),
    "reshape": (lambda x, y: x.reshape(3, -1), lambda x, y: x.reshape(3, -1)),
    "rows": (lambda x, y: list(x)[1], lambda x, y: x[1]),
}


@pytest.mark.parametrize("name", CASES)
def test_in_the_clear_it_is_numpys_answer(name: str) -> None:
    ours, numpys = CASES[name]
    graph = trace(ours)
    found: NDArray[Any] = mp.run_clear(graph, {"x": X, "y": Y})["z"]
    expected = np.asarray(numpys(X, Y))
    kind = graph.kind(graph.outputs[0].ref)
    assert kind.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    if not kind.dtype.is_bool:
        assert float(kind.dtype.least) <= expected.min() and expected.max() <= float(kind.dtype.most)
    assert mp.parse_graph(graph.encode()) == graph


def test_a_sum_of_products_is_an_inner_product() -> None:
    operations = {type(step.operation) for step in trace(lambda x, y: (x * y).sum() + (y * y).sum()).steps}
    assert {VecDot, SumOfSquares} <= operations


@pytest.mark.parametrize("power", [10, 44, 46, 50, 55])
def test_division_by_public_numbers_is_off_by_no_more_than_it_says(power: int) -> None:
    """Against exact fractions, not against floats, which are off themselves."""
    rng = np.random.default_rng(power)
    inputs = {"x": mp.column("bank", mp.int64(0, 2**power), rows=3)}
    outputs = {"mean": "bank", "part": "bank"}
    graph = mp.program(inputs=inputs, outputs=outputs)(lambda x: {"mean": x.mean(), "part": x / 49}).trace()
    for _ in range(40):
        x = rng.integers(2**power - 2**power // 8, 2**power, size=3, endpoint=True)
        found = mp.simulate(graph, {"x": x}, seed=bytes(32)).outputs["bank"]
        exact = {"mean": [Fraction(int(x.sum()), 3)], "part": [Fraction(int(one), 49) for one in x]}
        for output in graph.outputs:
            for one, true in zip(found[output.name].reshape(-1).tolist(), exact[output.name], strict=True):
                assert abs(Fraction(one) - true) <= graph.kind(output.ref).error + true / 2**53


def test_a_quotient_that_is_not_a_float_is_meant_exactly() -> None:
    graph = mp.program(inputs={"x": mp.column("bank", mp.int64(0, 9), rows=1)}, outputs={"y": "bank"})(lambda x: x / 3).trace()
    (constant,) = [step.kinds[0] for step in graph.steps if isinstance(step.operation, Constant)]
    third = Fraction(constant.dtype.low, 2**constant.dtype.fraction)
    assert round_up(abs(third - Fraction(1, 3))) == constant.error < constant.dtype.unit


def test_the_mean_of_a_million_is_good_to_a_few_units() -> None:
    column = mp.column("bank", mp.fixed(-1000, 1000, fraction=24), rows=1_000_000)
    graph = mp.program(inputs={"x": column}, outputs={"m": "bank"})(lambda x: x.mean()).trace()
    assert graph.kind(graph.outputs[0].ref).error < 3 * 2.0**-24


def test_the_second_moment_of_a_million_is_added_in_parts_that_fit() -> None:
    column = mp.column("bank", mp.fixed(-8, 8, fraction=20), rows=1_000_003)
    graph = mp.program(inputs={"x": column}, outputs={"m": "bank"})(lambda x: (x * x).mean()).trace()
    kind = graph.kind(graph.outputs[0].ref)
    assert kind.error < 1e-5 and kind.dtype.low >= -2
    x = np.linspace(-8, 8, 1_000_003)
    assert abs(float(mp.run_clear(graph, {"x": x})["m"]) - np.mean(x**2)) < 1e-5


def test_an_inner_product_of_long_columns_is_a_short_graph() -> None:
    column = mp.column("bank", mp.fixed(-512, 512, fraction=20), rows=1_000_000)
    graph = mp.program(inputs={"x": column, "y": column}, outputs={"z": "bank"})(lambda x, y: x @ y).trace()
    assert len(graph.encode()) < 1000


def test_nulls_follow_sql() -> None:
    inputs = {"a": mp.column("bank", mp.bool_, rows=9, nullable=True), "b": mp.column("shop", mp.bool_, rows=9, nullable=True)}

    @mp.program(inputs=inputs, outputs=dict.fromkeys(["both", "either", "chosen", "refused", "total", "known"], "bureau"))
    def logic(a: mp.SecretArray, b: mp.SecretArray) -> dict[str, mp.SecretArray]:
        chosen, refused = mp.where(a, b, False), mp.where(~a, b, False)
        return {"both": a & b, "either": a | b, "chosen": chosen, "refused": refused, "total": a.sum(), "known": a.count()}

    three = [False, True, None]
    a, b = [one for one in three for _ in three], three * 3
    found = mp.run_clear(logic.trace(), {"a": a, "b": b})
    assert found["both"].tolist() == [False, False, False, False, True, None, False, None, None]
    assert found["either"].tolist() == [False, True, None, True, True, True, None, True, None]
    assert found["chosen"].tolist() == [False, False, False, False, True, None, False, False, False]
    assert found["refused"].tolist() == [False, True, None, False, False, False, False, False, False]
    assert (int(found["total"]), int(found["known"])) == (3, 6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, y: x + np.ones(4),
        lambda x, y: x @ y,
        lambda x, y: x[0, 0, 0],
        lambda x, y: x[5],
        lambda x, y: x[2:2],
        lambda x, y: x[[True, False]],
        lambda x, y: x[np.array([True, False])],
        lambda x, y: x[True],
        lambda x, y: x[[1.7]],
        lambda x, y: x[1.7],
        lambda x, y: x[[0, 1], [0, 1]],
        lambda x, y: mp.scatter(x[0], [0.5], y[0, :1]),
        lambda x, y: mp.scatter(x[0], [3], y[0, :1]),
        lambda x, y: mp.scatter_add([0, 4], y[0, :2], 4),
        lambda x, y: x.astype("bool"),
        lambda x, y: x[x[0, 0]],
        lambda x, y: x**y,
        lambda x, y: x + float("nan"),
        lambda x, y: mp.where(x, 1, 0),
        lambda x, y: x & y,
        lambda x, y: x.reshape(4, 2),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_line(wrong: Callable[..., Any]) -> None:
    with pytest.raises(WrongOperands, match=r"test_functions\.py:\d+: "):
        trace(wrong)


def test_places_may_be_numpys() -> None:
    graph = trace(lambda x, y: x[np.array([1, 0])][:, np.int64(-1)])
    assert mp.run_clear(graph, {"x": X, "y": Y})["z"].tolist() == X[[1, 0]][:, -1].tolist()


def test_values_are_put_and_added_at_public_places() -> None:
    inputs = {
        "x": mp.column("bank", mp.int64(0, 9), rows=4),
        "v": mp.column("bank", mp.fixed(0, 9), rows=3, nullable=True),
    }
    outputs = {"put": "bank", "added": "bank"}

    def scattered(x: Any, v: Any) -> dict[str, Any]:
        return {"put": mp.scatter(x, [1, -1, 1], v), "added": mp.scatter_add([0, 2, 0], v, 4)}

    graph = mp.program(inputs=inputs, outputs=outputs)(scattered).trace()
    columns = {"x": [1, 2, 3, 4], "v": [0.5, None, 7]}
    found = mp.simulate(graph, columns, seed=bytes(32)).outputs["bank"]
    for answer in (found, mp.run_clear(graph, columns)):
        assert answer["put"].tolist() == [1, 7, 3, None]
        assert answer["added"].tolist() == [7.5, 0, 0, 0]
