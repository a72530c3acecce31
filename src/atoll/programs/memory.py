"""What a program holds at a compute node, step by step: a job's process is given no more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from atoll.programs.graph import Graph
from atoll.programs.kind import Kind
from atoll.programs.schedule import at_once, costs_of, layers
from atoll.protocols.mpc.shares import word_count
from atoll.protocols.mpc.traffic import NOTE_BYTES, Traffic


def held_bytes(kind: Kind) -> int:
    """What a value takes at a node."""
    if not kind.secret:
        return 8 * kind.size
    return 16 * word_count(kind.size) if kind.dtype.is_bool else 16 * kind.size


def peak_memory(graph: Graph, *, malicious: bool = False, handing_over: Traffic | None = None) -> int:
    """The most that a node holds at a time, by the order of `schedule`: values, scratch, and what malicious mode notes.

    Args:
        handing_over: what it takes at the end to make results fit to leave.
    """
    live = {column.ref.step: held_bytes(column.kind) for column in graph.inputs}
    live |= {column.valid.step: held_bytes(graph.kind(column.valid)) for column in graph.inputs if column.valid is not None}
    peak = sum(live.values())
    said = Traffic()
    for layer in layers(graph):
        live |= {at: sum(map(held_bytes, graph.steps[at].kinds)) for at in (*layer.local, *layer.together)}
        held = sum(live.values())
        peak = max(peak, held + max(_scratch(graph, layer.local), default=0))  # one after the other
        for together in at_once(graph, layer, malicious=malicious):
            noted = 0
            if malicious:
                said += reduce(Traffic.__or__, costs_of(graph, together, malicious=malicious))
                noted = max(products.notes for products in said.products)
                said = said.settled()
            peak = max(peak, held + sum(_scratch(graph, together)) + NOTE_BYTES * noted)
        for at in layer.done_with:
            live.pop(at, None)
    at_end = (said + (handing_over or Traffic())).products[-1].notes if malicious else 0
    return max(peak, sum(live.values()) + NOTE_BYTES * at_end)


def _scratch(graph: Graph, steps: Sequence[int]) -> list[int]:
    return [graph.steps[at].operation.scratch_bytes(graph.kinds(graph.steps[at].inputs)) for at in steps]
