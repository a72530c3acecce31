"""Runs a graph at one of the three compute nodes, on shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atoll.programs.graph import Graph, Ref
from atoll.programs.operation import Held
from atoll.programs.schedule import at_once, layers
from atoll.protocols.mpc import Node, Planes, Ring, Steps, parallel


@dataclass(frozen=True, slots=True)
class SharedColumn:
    """A column as a compute node holds it: `Ring` for numbers, `Planes` of one plane for truth values."""

    values: Ring | Planes
    valid: Planes | None = None
    """Where there is a value; None for columns without nulls."""


def run_graph(node: Node, graph: Graph, inputs: Mapping[str, SharedColumn]) -> Steps[dict[str, SharedColumn]]:
    """The steps of one compute node; all three run the same.

    Args:
        inputs: by name, one for each of `graph.inputs`, of its shape.

    Returns:
        Shares of each output by name. Nothing is opened here but what `explain` lists as opened to compute nodes.

    Rounds, bytes, memory: as `explain` says.
    """
    results: dict[int, tuple[Held, ...]] = {}
    for column in graph.inputs:
        given = inputs[column.name]
        results[column.ref.step] = (given.values,)
        if column.valid is not None:
            results[column.valid.step] = (given.valid,)

    def start(at: int) -> Steps[tuple[Held, ...]]:
        step = graph.steps[at]
        values = tuple(results[ref.step][ref.place] for ref in step.inputs)
        return step.operation.run(node, graph.kinds(step.inputs), values)

    for layer in layers(graph):
        for at in layer.local:
            results[at] = yield from start(at)
        for together in at_once(graph, layer, malicious=node.is_malicious):
            found = yield from parallel(*[start(at) for at in together])
            results.update(zip(together, found, strict=True))
        for at in layer.done_with:
            results.pop(at, None)

    def value(ref: Ref) -> Held:
        return results[ref.step][ref.place]

    return {
        output.name: SharedColumn(value(output.ref), None if output.valid is None else value(output.valid))
        for output in graph.outputs
    }
