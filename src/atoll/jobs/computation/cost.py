"""What a program takes at the compute nodes, summed over the layers in which its steps run."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.programs.graph import Graph
from atoll.programs.kind import Kind
from atoll.programs.schedule import layers
from atoll.protocols.mpc.shares import word_count
from atoll.protocols.mpc.traffic import Traffic

SHARES = 2
WORD_BYTES = 8


@dataclass(frozen=True, slots=True)
class GraphCost:
    """For the program alone, without set-up, inputs and results."""

    rounds: int
    sent_bytes: tuple[int, int, int]
    """By node."""
    memory_bytes: int
    """Shares that are held at once, and what the operations that run together take beside them."""
    opens: tuple[str, ...]
    """What the compute nodes are shown, each thing once."""


def graph_cost(graph: Graph, *, malicious: bool) -> GraphCost:
    """What running a graph takes, exactly in rounds and bytes."""
    total, peak = Traffic(), 0
    held = {ref.step: _held_bytes(graph.steps[ref.step].kinds) for one in graph.inputs for ref in (one.ref, one.valid) if ref}
    for layer in layers(graph):
        together, scratch = Traffic(), 0
        for at in (*layer.local, *layer.together):
            step = graph.steps[at]
            kinds = graph.kinds(step.inputs)
            together = together | step.operation.cost(kinds, malicious=malicious)
            scratch += step.operation.scratch_bytes(kinds)
            held[at] = _held_bytes(step.kinds)
        total = total + together
        peak = max(peak, sum(held.values()) + scratch)
        for at in layer.done_with:
            held.pop(at, None)
    opened = [one.what for step in graph.steps for one in step.operation.opens(graph.kinds(step.inputs))]
    return GraphCost(total.rounds, total.sent, peak, tuple(dict.fromkeys(opened)))


def _held_bytes(kinds: tuple[Kind, ...]) -> int:
    """Memory of the shares of a step's results at one node."""
    words = sum(word_count(kind.size) if kind.dtype.is_bool else kind.size for kind in kinds if kind.secret)
    return SHARES * WORD_BYTES * words
