"""What is computed on, the same in every process and for every implementation, and the right answers. Needs numpy alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDE = 1 << 61
"""Integers that use up what 64-bit sharing takes, for comparisons."""
KEYS = 1 << 31
"""Integers to be sorted."""


@dataclass(frozen=True)
class Case:
    """One measure: secret inputs by name, and the outputs by name."""

    inputs: dict[str, NDArray[Any]]
    outputs: dict[str, NDArray[Any]]
    error: float = 0.0
    """Largest absolute error that counts as right for ours; 0 for equal."""


def integers(low: int, high: int, shape: tuple[int, ...] | int, seed: int = 1) -> NDArray[np.int64]:
    """Uniform integers in low .. high."""
    return np.random.default_rng(seed).integers(low, high, shape, dtype=np.int64, endpoint=True)


def reals(shape: tuple[int, ...] | int, seed: int = 1, scale: float = 1.0) -> NDArray[np.float64]:
    """Normal numbers, cut off at four standard deviations."""
    return np.clip(np.random.default_rng(seed).normal(size=shape), -4, 4) * scale


def less_than(rows: int) -> Case:
    x, y = integers(-WIDE, WIDE, rows), integers(-WIDE, WIDE, rows, 2)
    x[: rows // 4] = y[: rows // 4]  # equal ones too
    return Case({"x": x, "y": y}, {"out": x < y})


def multiply(rows: int) -> Case:
    x, y = integers(-(1 << 20), 1 << 20, rows), integers(-(1 << 20), 1 << 20, rows, 2)
    return Case({"x": x, "y": y}, {"out": x * y})


def sort(rows: int) -> Case:
    x = integers(-KEYS, KEYS, rows)
    return Case({"x": x}, {"out": np.sort(x)})


def correlation(rows: int) -> Case:
    x = reals(rows)
    y = 0.5 * x + reals(rows, 2)
    return Case({"x": x, "y": y}, {"out": np.array(np.corrcoef(x, y)[0, 1])}, error=1e-6)


def variance(rows: int) -> Case:
    x = reals(rows)
    return Case({"x": x}, {"out": np.array(np.var(x))}, error=1e-6)


def logistic(rows: int, columns: int = 20) -> Case:
    x, weights = reals((rows, columns)), reals(columns, 2, 0.5)
    return Case({"x": x, "weights": weights}, {"out": 1 / (1 + np.exp(-(x @ weights)))}, error=1e-5)


def mlp(rows: int) -> Case:
    x = reals((rows, 784), 1, 0.25)
    layers = {"a": reals((784, 128), 2, 0.05), "b": reals((128, 128), 3, 0.1), "c": reals((128, 10), 4, 0.1)}
    hidden = np.maximum(np.maximum(x @ layers["a"], 0) @ layers["b"], 0)
    return Case({"x": x, **layers}, {"out": hidden @ layers["c"]}, error=1e-3)


def group_by(rows: int) -> Case:
    codes, values = integers(0, 1023, rows), integers(-1000, 1000, rows, 2)
    return Case({"codes": codes, "values": values}, {"out": np.bincount(codes, values, 1024).astype(np.int64)})


def join(rows: int) -> Case:
    random = np.random.default_rng(1)
    left, right = (random.permutation(2 * rows)[:rows].astype(np.int64) for _ in range(2))
    values = integers(0, 1000, rows, 2)
    by_key = dict(zip(right.tolist(), values.tolist(), strict=True))
    found = np.array([by_key.get(key, -1) for key in left.tolist()], dtype=np.int64)
    return Case({"left": left, "right": right, "values": values}, {"found": found >= 0, "out": np.maximum(found, 0)})


def rank(rows: int) -> Case:
    bids = integers(0, 1 << 30, rows)
    order = np.argsort(-bids, kind="stable")
    places = np.empty(rows, np.int64)
    places[order] = np.arange(rows)
    return Case({"x": bids}, {"out": places})


CASES: dict[str, Callable[[int], Case]] = {
    "less-than": less_than,
    "multiply": multiply,
    "sort": sort,
    "correlation": correlation,
    "variance": variance,
    "logistic": logistic,
    "mlp": mlp,
    "group-by": group_by,
    "join": join,
    "rank": rank,
}
