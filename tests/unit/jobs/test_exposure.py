"""An aggregate treats all rows alike: what picks one by its place, in whatever way, shows its value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from atoll import programs as mp
from atoll.jobs.computation.exposure import exposures
from atoll.policy.demand import Exposure
from atoll.programs.graph import Graph
from atoll.programs.operations.arithmetic import Multiply, Scale
from atoll.programs.operations.inputs import Constant
from atoll.programs.operations.linalg import MatMul, VecDot

ROWS = 16
ONE_HOT = np.eye(1, ROWS, 7)[0]
SEVENTH = ONE_HOT.astype(np.int64)
Secret = mp.SecretArray
Body = Callable[[Secret, Secret], Secret]


def shown(body: Body) -> dict[str, frozenset[Exposure]]:
    """How the output of a program shows x and y, columns of two owners."""
    inputs = {name: mp.column(owner, mp.int64(0, 100), rows=ROWS) for name, owner in (("x", "first"), ("y", "second"))}
    graph: Graph = mp.program(inputs=inputs, outputs={"out": "asker"})(body).trace()
    return dict(exposures(graph)["out"])


def constant(like: Secret, numbers: np.ndarray, divisors: np.ndarray | None = None) -> Secret:
    held = b"" if divisors is None else divisors.astype("<f8").tobytes()
    return like.like(like.tracer.add(Constant("fixed", numbers.astype("<f8").tobytes(), 10, numbers.shape, held))[0])


def weigh(by: str, x: Secret, weights: Callable[[Secret], Secret]) -> Secret:
    """The sum of a column by public weights, through each operation that takes constants beside secrets."""
    match by:
        case "multiply":
            return x.apply(Multiply(), weights(x)).sum()
        case "scale":
            return x.apply(Scale(8), weights(x)).sum()
        case "vecdot":
            return x.apply(VecDot(), weights(x))
        case "matmul":
            return mp.reshape(x, (1, ROWS)).apply(MatMul(), mp.reshape(weights(x), (ROWS, 1)))
    raise AssertionError(by)


WAYS = ("multiply", "scale", "vecdot", "matmul")
UNEVEN: dict[str, Callable[[Secret], Secret]] = {
    "by its numbers": lambda x: constant(x, ONE_HOT),
    "by its divisors": lambda x: constant(x, np.ones(ROWS), np.where(ONE_HOT > 0, 1.0, 1e9)),
    "by both": lambda x: constant(x, ONE_HOT, np.where(ONE_HOT > 0, 1.0, 3.0)),
}
LEVEL: dict[str, Callable[[Secret], Secret]] = {
    "no divisors": lambda x: constant(x, np.full(ROWS, 0.5)),
    "the same divisor everywhere": lambda x: constant(x, np.ones(ROWS), np.full(ROWS, 3.0)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", UNEVEN)
def test_weights_that_are_not_equal_show_values(how: str, way: str) -> None:
    assert shown(lambda x, y: weigh(way, x, UNEVEN[how]))["x"] == {Exposure.PLAINTEXT}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", LEVEL)
def test_weights_that_are_equal_do_not(how: str, way: str) -> None:
    assert shown(lambda x, y: weigh(way, x, LEVEL[how]))["x"] == {Exposure.AFTER_AGGREGATE}


def side_by_side(*columns: Secret) -> Secret:
    return mp.stack(list(columns), axis=1)


def only(y: Secret, place: int) -> Secret:
    """1 at a place and 0 elsewhere, put together of pieces that are the same everywhere."""
    nothing = y.sum() * 0
    pieces = [(nothing, place), (nothing + 1, 1), (nothing, ROWS - place - 1)]
    return mp.concat([mp.broadcast_to(value, (length,)) for value, length in pieces])


PICKED: dict[str, Body] = {
    "a public weight among secrets of others": lambda x, y: (x * (y * 0 + SEVENTH)).sum(),
    "a public mask": lambda x, y: mp.where((x >= 0) & (SEVENTH > 0), x, 0).sum(),
    "a public mask of others' secrets": lambda x, y: mp.where(y * 0 + SEVENTH > 0, x, 0).sum(),
    "a public column put beside a secret one": lambda x, y: mp.vecdot(
        x, (m := side_by_side(y, y * 0 + SEVENTH))[:, 1] + 0 * m[:, 0]
    ),
    "the products of all columns, a public one among them": lambda x, y: mp.matmul(
        mp.matrix_transpose(m := side_by_side(x, y * 0 + SEVENTH)), m
    ),
    "places put together": lambda x, y: (x * only(y, 7)).sum(),
    "places counted": lambda x, y: mp.where(mp.cumulative_sum(y * 0 + 1) == 8, x, 0).sum(),
    "places counted, of nothing": lambda x, y: (x * mp.astype(mp.cumulative_sum(y * 0 + 1) == 8, mp.int64(0, 1))).sum(),
    "places in order": lambda x, y: mp.where(mp.argsort(y * 0) == 7, x, 0).sum(),
    "a covariance with a public column": lambda x, y: mp.cov(x, y * 0 + SEVENTH),
    "the order of a row": lambda x, y: mp.sort(x)[7],
    "sums up to each row": lambda x, y: mp.cumulative_sum(x)[7],
    "rows picked": lambda x, y: mp.take(x, [7] * ROWS).sum(),
    "a row added to all": lambda x, y: (x + mp.broadcast_to(x[7:8], (ROWS,))).sum(),
    "each pair of rows": lambda x, y: mp.matmul(
        mp.astype(mp.broadcast_to(y.reshape(-1, 1), (ROWS, ROWS)) == mp.broadcast_to(y, (ROWS, ROWS)), mp.int64(0, 1)),
        x.reshape(-1, 1),
    ),
    "a group of one row": lambda x, y: mp.group_by_code(mp.where(y * 0 + SEVENTH > 0, 0, 1), 2, {"s": ("sum", x)}).columns["s"],
    "thresholds by place": lambda x, y: (mp.maximum(x, 100 * (1 - SEVENTH)) - 100 * (1 - SEVENTH)).sum(),
}


@pytest.mark.parametrize("how", PICKED)
def test_a_row_that_is_picked_by_its_place_is_shown(how: str) -> None:
    assert Exposure.PLAINTEXT in shown(PICKED[how])["x"]


ALIKE: dict[str, Body] = {
    "rows that others' column selects": lambda x, y: mp.where(y > 50, x, 0).sum(),
    "what lies around the mean": lambda x, y: ((x - x.sum()) * y).sum(),
    "columns beside each other, and ones": lambda x, y: mp.matmul(mp.matrix_transpose(m := side_by_side(x, y, y * 0 + 1)), m),
    "public factors of columns": lambda x, y: mp.matmul(side_by_side(x, y), np.array([[3, 1], [0, 2]])).sum(axis=0),
    "one column of several": lambda x, y: (side_by_side(x, y)[:, 0:1] * y.reshape(-1, 1)).sum(axis=0),
    "a covariance": lambda x, y: mp.cov(x, y),
    "a correlation": lambda x, y: mp.corr(x, y),
    "a mean where there is something": lambda x, y: mp.divide(mp.where(y > 3, x, 0).sum(), (y > 3).sum() + 1),
    "different steps of all": lambda x, y: (mp.broadcast_to(x, (3, ROWS)) > np.array([[10], [20], [30]])).sum(axis=1),
}


@pytest.mark.parametrize("how", ALIKE)
def test_what_treats_all_rows_alike_is_an_aggregate(how: str) -> None:
    assert shown(ALIKE[how])["x"] == {Exposure.AFTER_AGGREGATE}


def test_a_value_of_several_results_is_told_by_its_own_shape() -> None:
    """A sort that moves a matrix and a column."""
    inputs = {"x": mp.column("first", mp.int64(0, 9), rows=ROWS), "m": mp.column("first", mp.int64(0, 9), rows=ROWS, width=2)}

    def body(x: Secret, m: Secret) -> dict[str, Secret]:
        column, matrix = mp.sort_by([x, m], by=[x])
        return {"a": column.sum(), "b": matrix.sum(axis=0)}

    found = exposures(mp.program(inputs=inputs, outputs={"a": "asker", "b": "asker"})(body).trace())
    assert {name: seen["m"] for name, seen in found.items()} == {key: {Exposure.PLAINTEXT} for key in "ab"}
