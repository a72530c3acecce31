"""What an output may show of a column, read off a program's operations: what owners' cards and grants are compared with.

Along each path from a column to an output, the operations say what they let through (`Operation.SHOWS`):

    a comparison    which is smaller, which are equal            after-compare
    an aggregate    something of many rows together              after-aggregate
    anything else   perhaps the value itself                     plaintext

An aggregate counts as one only if each of its numbers is made of at least as many numbers as the column has rows, and of at
least LEAST_ROWS; what is computed from aggregates alone stays one. A column on whose values no output of a receiver depends is
asked as encrypted-only: it takes part under sharing.

**This is necessary and not sufficient.** A sum over values of which all but one were multiplied by 0 is an aggregate by every
rule of this kind. What a program does, a person reads (`atoll program review`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from atoll.policy.demand import Exposure, Output
from atoll.programs.graph import Graph, Ref, Step
from atoll.programs.kind import Kind
from atoll.programs.operation import Shows

LEAST_ROWS = 10
"""Of fewer rows there is no aggregate."""
Seen: TypeAlias = Mapping[str, frozenset[Exposure]]
"""By column: how it can be seen; a column that is not there cannot be."""

_VALUE = frozenset({Exposure.PLAINTEXT})


def exposures(graph: Graph) -> dict[str, Seen]:
    """How each output shows the columns, by the names of outputs and inputs.

    Cost: one pass over the graph; a few sets a step and column.
    """
    rows = {one.name: one.kind.shape[0] if one.kind.shape else 1 for one in graph.inputs}
    seen: dict[int, Seen] = {}
    for one in graph.inputs:
        for ref in (one.ref, one.valid):
            if ref is not None:
                seen[ref.step] = {one.name: _VALUE}
    for at, step in enumerate(graph.steps):
        if at not in seen:
            seen[at] = _through(graph, step, [seen[ref.step] for ref in step.inputs], rows)
    return {out.name: _join(seen[ref.step] for ref in _refs(out.ref, out.valid)) for out in graph.outputs}


def output_of(found: Iterable[Exposure]) -> Output:
    """The kind of output that shows all this."""
    seen = set(found) - {Exposure.ENCRYPTED_ONLY}
    if seen <= {Exposure.AFTER_AGGREGATE}:
        return Output.AGGREGATE
    return Output.COMPARISON if seen <= {Exposure.AFTER_AGGREGATE, Exposure.AFTER_COMPARE} else Output.COMPUTED


def _through(graph: Graph, step: Step, operands: list[Seen], rows: Mapping[str, int]) -> Seen:
    """What the results of a step show."""
    joined = _join(operands)
    shows = step.operation.SHOWS
    if shows is Shows.AGGREGATE:
        fan_in = _fan_in(step, graph.kinds(step.inputs))
        return {
            name: frozenset({Exposure.AFTER_AGGREGATE}) if fan_in >= max(LEAST_ROWS, rows[name]) else how
            for name, how in joined.items()
        }
    if shows is Shows.COMPARISON:
        return {name: frozenset(map(_compared, how)) for name, how in joined.items()}
    return joined


def _fan_in(step: Step, operands: tuple[Kind, ...]) -> int:
    """How many numbers of an operand go into one number of the result."""
    if step.operation.NAME == "matmul":
        return operands[0].shape[1]
    return operands[0].size // max(1, *(kind.size for kind in step.kinds))


def _compared(how: Exposure) -> Exposure:
    return Exposure.AFTER_COMPARE if how is Exposure.PLAINTEXT else how


def _join(all_of: Iterable[Seen]) -> Seen:
    joined: dict[str, frozenset[Exposure]] = {}
    for seen in all_of:
        for name, how in seen.items():
            joined[name] = joined.get(name, frozenset()) | how
    return joined


def _refs(*refs: Ref | None) -> list[Ref]:
    return [one for one in refs if one is not None]
