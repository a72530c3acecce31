"""Measures that are programs, as people write them: traced, then run by the same function that runs a job's graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll import programs as mp
from atoll.programs.columns import decode_output, encode_column
from atoll.programs.program import Column
from mpc.data import CASES

REAL = mp.fixed(-8, 8, fraction=20)
"""Columns of a statistic."""
FEATURE = mp.fixed(-4, 4, fraction=20)


def correlation(x: Any, y: Any) -> Any:
    return {"out": mp.corr(x, y)}


def variance(x: Any) -> Any:
    return {"out": mp.var(x)}


def logistic(x: Any, weights: Any) -> Any:
    return {"out": mp.sigmoid(mp.matmul(x, weights))}


def mlp(x: Any, a: Any, b: Any, c: Any) -> Any:
    hidden = mp.maximum(mp.matmul(x, a), 0)
    return {"out": mp.matmul(mp.maximum(mp.matmul(hidden, b), 0), c)}


def _inputs(rows: int, **columns: tuple[mp.DType, int | None] | tuple[mp.DType, int | None, int]) -> dict[str, Column]:
    """Columns of `rows` rows, or of as many as the third part says."""
    return {
        name: mp.column("owner", one[0], rows=one[2] if len(one) == 3 else rows, width=one[1]) for name, one in columns.items()
    }


_LAYER = mp.fixed(-0.5, 0.5, fraction=16)
_DECLARED: dict[str, Callable[[int], dict[str, Column]]] = {
    "correlation": lambda n: _inputs(n, x=(REAL, None), y=(REAL, None)),
    "variance": lambda n: _inputs(n, x=(REAL, None)),
    "logistic": lambda n: _inputs(n, x=(FEATURE, 20), weights=(FEATURE, None, 20)),
    "mlp": lambda n: _inputs(
        n,
        x=(mp.fixed(-1, 1, fraction=16), 784),
        a=(_LAYER, 128, 784),
        b=(_LAYER, 128, 128),
        c=(_LAYER, 10, 128),
    ),
}
WRITTEN = {function.__name__: function for function in (correlation, variance, logistic, mlp)}


def trace(name: str, rows: int) -> mp.Graph:
    """The graph of a measure."""
    return mp.program(inputs=_DECLARED[name](rows), outputs={"out": "receiver"})(WRITTEN[name]).trace()


def encoded(graph: mp.Graph, name: str, rows: int) -> dict[str, NDArray[np.int64]]:
    """A measure's inputs as the integers that stand for them."""
    values = CASES[name](rows).inputs
    return {column.name: np.asarray(encode_column(column, values[column.name]).raw) for column in graph.inputs}


def decoded(graph: mp.Graph, raw: NDArray[np.int64]) -> NDArray[Any]:
    """The opened output as numbers."""
    return np.asarray(decode_output(graph, graph.outputs[0], raw, None))
