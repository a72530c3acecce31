"""A graph's owners and receivers at the places of a protocol run: owner/k brings its columns, receiver/j gets its results.

Owners are numbered in the order in which the graph names them first, receivers likewise. An owner's columns travel in the order
of the graph's inputs, a receiver's results in the order of its outputs; a mask follows its values. Truth values are shared bit
by bit, all else as numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs.columns import decode_output, encode_column
from atoll.programs.graph import Graph, GraphInput, Output
from atoll.programs.kind import Kind
from atoll.programs.operations.checking import VerifyRange
from atoll.programs.run import SharedColumn, run_graph
from atoll.protocols.mpc import Node, Planes, Ring, Steps
from atoll.protocols.mpc.entering import ColumnShape, Form, Shared
from atoll.protocols.mpc.places import owner, receiver
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.role import Party


def owners(graph: Graph) -> tuple[str, ...]:
    """Names of the owners; the k-th is owner/k."""
    return tuple(_owned(graph))


def receivers(graph: Graph) -> tuple[str, ...]:
    """Names of the receivers; the j-th is receiver/j."""
    return tuple(_received(graph))


def unchecked(graph: Graph) -> tuple[str, ...]:
    """Columns of numbers whose range the compute nodes do not check: their owners are believed."""
    checked = {step.inputs[0] for step in graph.steps if isinstance(step.operation, VerifyRange)}
    used = {ref for step in graph.steps for ref in step.inputs} | {output.ref for output in graph.outputs}
    return tuple(column.name for column in graph.inputs if not column.kind.dtype.is_bool and column.ref in used - checked)


def owner_shapes(graph: Graph, name: str) -> list[ColumnShape]:
    """What an owner sends."""
    return shapes_by_owner(graph)[name]


def shapes_by_owner(graph: Graph) -> dict[str, list[ColumnShape]]:
    """What each owner sends, in the order of their places."""
    return {
        name: [shape for column in columns for shape in _shapes(column.kind, has_mask=column.valid is not None)]
        for name, columns in _owned(graph).items()
    }


def owner_columns(graph: Graph, name: str, columns: Mapping[str, Any]) -> list[NDArray[np.int64]]:
    """An owner's columns as the protocol takes them, checked against what the program declares.

    Args:
        columns: by input name, whatever `columns.encode_column` takes.

    Raises:
        BadColumn: one is missing or not as declared. Nothing has been shared.
    """
    found: list[NDArray[np.int64]] = []
    for column in _owned(graph)[name]:
        encoded = encode_column(column, columns.get(column.name))
        found.append(encoded.raw.reshape(-1))
        if column.valid is not None:
            found.append(encoded.valid.reshape(-1).astype(np.int64))
    return found


def receiver_shapes(graph: Graph, name: str) -> list[ColumnShape]:
    """What a receiver gets."""
    return shapes_by_receiver(graph)[name]


def shapes_by_receiver(graph: Graph) -> dict[str, list[ColumnShape]]:
    """What each receiver gets, in the order of their places."""
    return {
        name: [shape for output in outputs for shape in _shapes(graph.kind(output.ref), has_mask=output.valid is not None)]
        for name, outputs in _received(graph).items()
    }


def read_results(graph: Graph, name: str, found: Sequence[Words64]) -> dict[str, NDArray[Any]]:
    """A receiver's results by name: arrays of int64, float64 or bool_; masked arrays where there may be nulls."""
    rest = iter(found)
    results = {}
    for output in _received(graph)[name]:
        shape = graph.kind(output.ref).shape
        raw = next(rest).view(np.int64).reshape(shape)
        valid = None if output.valid is None else next(rest).reshape(shape) != 0
        results[output.name] = decode_output(graph, output, raw, valid)
    return results


def graph_steps(graph: Graph, node: Node, inputs: Mapping[Party, Sequence[Shared]]) -> Steps[dict[Party, list[Shared]]]:
    """`run_graph` from columns by owner's place to columns by receiver's place, as `protocols.mpc.roles` runs programs."""
    given: dict[str, SharedColumn] = {}
    for number, columns in enumerate(_owned(graph).values()):
        rest = iter(inputs[owner(number)])
        for column in columns:
            values = next(rest)
            if isinstance(values, Ring):
                values = values.reshape(*column.kind.shape)
            mask = next(rest) if column.valid is not None else None
            assert mask is None or isinstance(mask, Planes)
            given[column.name] = SharedColumn(values, mask)
    results = yield from run_graph(node, graph, given)
    handed: dict[Party, list[Shared]] = {}
    for number, outputs in enumerate(_received(graph).values()):
        leaving = handed[receiver(number)] = []
        for output in outputs:
            result = results[output.name]
            leaving.append(result.values.reshape(-1) if isinstance(result.values, Ring) else result.values)
            if result.valid is not None:
                leaving.append(result.valid)
    return handed


def _owned(graph: Graph) -> dict[str, list[GraphInput]]:
    found: dict[str, list[GraphInput]] = {}
    for column in graph.inputs:
        found.setdefault(column.owner, []).append(column)
    return found


def _received(graph: Graph) -> dict[str, list[Output]]:
    found: dict[str, list[Output]] = {}
    for output in graph.outputs:
        for name in output.receivers:
            found.setdefault(name, []).append(output)
    return found


def _shapes(kind: Kind, *, has_mask: bool) -> list[ColumnShape]:
    bits = ColumnShape(kind.size, Form.BITS, 1)
    values = bits if kind.dtype.is_bool else ColumnShape(kind.size)
    return [values, bits] if has_mask else [values]
