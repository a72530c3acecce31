"""Operations that are small programs themselves, and know more of their result than their steps do.

A variance is a difference of two means; the range of a difference reaches below 0, that of a variance does not. Such an
operation writes its steps as a program does, takes cost, error and answer from them, and states the range that mathematics
gives.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache, reduce

from atoll.programs.graph import Graph, Output
from atoll.programs.kind import Kind
from atoll.programs.memory import held_bytes, peak_memory
from atoll.programs.operation import Clear, Held, Operation
from atoll.programs.run import SharedColumn, run_graph
from atoll.programs.schedule import at_once, costs_of, layers
from atoll.programs.traced import Traced
from atoll.programs.tracer import CURRENT, Tracer
from atoll.protocols.mpc import Node, Steps
from atoll.protocols.mpc.traffic import Traffic


class Composed(Operation):
    """Base of operations that are made of others."""

    @abstractmethod
    def written(self, *operands: Traced) -> Traced:
        """The steps, on functions of programs; masks are none of its concern."""

    def piece(self, kinds: tuple[Kind, ...]) -> Graph:
        """Its steps as a graph, for such operands."""
        return _piece(self, kinds)

    def inferred(self, kinds: tuple[Kind, ...]) -> Kind:
        """What its steps say of the result."""
        graph = self.piece(kinds)
        return graph.kind(graph.outputs[0].ref)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        graph = self.piece(kinds)
        found: dict[int, tuple[Clear, ...]] = {at: (value,) for at, value in enumerate(values)}
        for at, step in enumerate(graph.steps):
            if at not in found:
                found[at] = step.operation.clear(
                    graph.kinds(step.inputs), tuple(found[ref.step][ref.place] for ref in step.inputs)
                )
        ref = graph.outputs[0].ref
        return (found[ref.step][ref.place],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        graph, total = self.piece(kinds), Traffic()
        for layer in layers(graph):
            for together in at_once(graph, layer, malicious=malicious):
                total += reduce(Traffic.__or__, costs_of(graph, together, malicious=malicious))
        return total

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        graph = self.piece(kinds)
        counted = sum(map(held_bytes, (*kinds, graph.kind(graph.outputs[0].ref))))
        return max(peak_memory(graph) - counted, 0)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        graph = self.piece(kinds)
        given = {column.name: SharedColumn(value) for column, value in zip(graph.inputs, values, strict=True)}
        results = yield from run_graph(node, graph, given)
        return (results["result"].values,)


@lru_cache(maxsize=256)
def _piece(operation: Composed, kinds: tuple[Kind, ...]) -> Graph:
    tracer = Tracer()
    operands = [Traced(tracer, tracer.given(f"operand_{at}", kind)) for at, kind in enumerate(kinds)]
    token = CURRENT.set(tracer)
    try:
        result = operation.written(*operands)
    finally:
        CURRENT.reset(token)
    return tracer.finish(operation.NAME, (Output("result", ("outside",), result.ref),))
