"""Runs a graph in the clear: the answer that exact arithmetic gives, to compare all else with. Never used on others' data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs.columns import encode_column
from atoll.programs.graph import Graph, Ref
from atoll.programs.operation import Clear, clear_values


def run_clear(graph: Graph, columns: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """What each output is, as arrays of int64, float64 or bool_; masked arrays where there may be nulls.

    Args:
        columns: by input name, whatever `columns.encode_column` takes.

    Raises:
        BadColumn: a column is missing or not as declared.
    """
    results: dict[int, tuple[Clear, ...]] = {}
    for column in graph.inputs:
        encoded = encode_column(column, columns.get(column.name))
        results[column.ref.step] = (clear_values(column.kind, encoded.raw),)
        if column.valid is not None:
            results[column.valid.step] = (encoded.valid,)
    for at, step in enumerate(graph.steps):
        if at not in results:
            values = tuple(results[ref.step][ref.place] for ref in step.inputs)
            results[at] = step.operation.clear(graph.kinds(step.inputs), values)

    def value(ref: Ref) -> Clear:
        return results[ref.step][ref.place]

    return {
        out.name: value(out.ref) if out.valid is None else np.ma.MaskedArray(value(out.ref), mask=~value(out.valid))
        for out in graph.outputs
    }
