"""In which order the steps of a graph run: what does not wait for each other runs together, so that its rounds merge, but for
what opens something in malicious mode.

A step that sends stands as early as its operands allow; local steps run as soon as they can. What no later step needs is
let go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atoll.programs.graph import Graph, Ref
from atoll.programs.operations.inputs import Input, InputMask
from atoll.protocols.mpc.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Layer:
    """Steps by number: first the local ones, in order, then those that send, all at once."""

    local: tuple[int, ...]
    together: tuple[int, ...]
    done_with: tuple[int, ...]
    """Steps whose results nobody needs after this layer."""


def layers(graph: Graph) -> list[Layer]:
    """All steps but the inputs, which are there before the first layer."""
    ready: list[int] = []  # from which layer on the results of a step are there
    local: dict[int, list[int]] = {0: []}
    together: dict[int, list[int]] = {}
    last: dict[int, int] = {}
    for at, step in enumerate(graph.steps):
        layer = max((ready[ref.step] for ref in step.inputs), default=0)
        last.update((ref.step, max(layer, last.get(ref.step, 0))) for ref in step.inputs)
        last.setdefault(at, layer)
        sends = step.operation.cost(graph.kinds(step.inputs)).rounds > 0
        ready.append(layer + sends)
        if not isinstance(step.operation, Input | InputMask):
            (together if sends else local).setdefault(layer, []).append(at)
    kept = {ref.step for ref in wanted(graph)}
    count = max(ready, default=0) + 1
    gone: list[list[int]] = [[] for _ in range(count)]
    for at, layer in last.items():
        if at not in kept:
            gone[layer].append(at)
    return [
        Layer(tuple(local.get(layer, ())), tuple(together.get(layer, ())), tuple(sorted(gone[layer]))) for layer in range(count)
    ]


def at_once(graph: Graph, layer: Layer, *, malicious: bool) -> list[tuple[int, ...]]:
    """The steps of a layer that send, as they run: all together; in malicious mode those that open something one by one, last.

    An opening verifies all that is not verified yet. Side by side, each would prove again what the others are busy with, and
    the work would grow with the square of their number.
    """
    if not malicious:
        return [layer.together] if layer.together else []
    costs = costs_of(graph, layer.together, malicious=True)
    opening = [at for at, cost in zip(layer.together, costs, strict=True) if cost.opens]
    silent = tuple(at for at in layer.together if at not in opening)
    return [*([silent] if silent else []), *((at,) for at in opening)]


def costs_of(graph: Graph, steps: Sequence[int], *, malicious: bool) -> list[Traffic]:
    """What each of the steps says."""
    chosen = [graph.steps[at] for at in steps]
    return [step.operation.cost(graph.kinds(step.inputs), malicious=malicious) for step in chosen]


def wanted(graph: Graph) -> Iterator[Ref]:
    """What is opened in the end: values and masks."""
    for output in graph.outputs:
        yield output.ref
        if output.valid is not None:
            yield output.valid
