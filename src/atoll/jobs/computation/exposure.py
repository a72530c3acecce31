"""What an output may show of a column, read off a program's operations: what owners' cards and grants are compared with.

Along each path from a column to an output, the operations say what they let through (`Operation.SHOWS`):

    a comparison    which is smaller, which are equal            after-compare
    an aggregate    something of many rows together              after-aggregate
    anything else   perhaps the value itself                     plaintext

An aggregate counts as one only if each of its numbers is made of all rows of the column, of at least LEAST_ROWS, each as often
as the others: the rows must still lie side by side along the axis that is summed, as they came (`_Held.axis`), and public
weights among them must be equal. Where that cannot be told, because values were picked, repeated, put together or weighted, it
counts as plaintext. What is computed from aggregates alone stays one. A column on whose values no output of a receiver depends
is asked as encrypted-only: it takes part under sharing.

**This is necessary and not sufficient.** A sum over values of which all but one were multiplied by 0 is an aggregate by every
rule of this kind. What a program does, a person reads (`atoll program review`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from atoll.policy.demand import Exposure, Output
from atoll.programs.graph import Graph, Ref, Step
from atoll.programs.kind import Kind
from atoll.programs.operation import Operation, Shows

LEAST_ROWS = 10
"""Of fewer rows there is no aggregate."""
Seen: TypeAlias = Mapping[str, frozenset[Exposure]]
"""By column: how it can be seen; a column that is not there cannot be."""

_AGGREGATE = frozenset({Exposure.AFTER_AGGREGATE})
_EACH_FOR_ITSELF = frozenset(
    {
        "abs",
        "add",
        "as_integer",
        "ceil",
        "divide",
        "equal",
        "exp",
        "floor",
        "hide_nulls",
        "less",
        "log",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
        "move_point",
        "multiply",
        "negative",
        "round",
        "rsqrt",
        "scale",
        "select",
        "sigmoid",
        "sqrt",
        "square",
        "subtract",
        "tanh",
        "truncate",
        "verify_range",
        "widen",
    }
)
"""Operations that make a place of the result from the same places of the operands."""
_ALONG_THE_LAST = frozenset(
    {"covariance", "sum_of_deviations", "sum_of_squared_deviations", "sum_of_squares", "variance", "vecdot"}
)
"""Sums along the last axis, which goes."""
_OTHER_AXES = frozenset({"concat", "slice", "take"})
"""Operations that pick or put together along one axis and leave the others as they are."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a value holds of a column."""

    how: frozenset[Exposure]
    """How the column can be seen in it."""
    axis: int | None
    """Along which the column's rows lie, one a place, each once; None where that cannot be told."""


_State: TypeAlias = Mapping[str, _Held]
"""Of a value, by column."""


def exposures(graph: Graph) -> dict[str, Seen]:
    """How each output shows the columns, by the names of outputs and inputs.

    Cost: one pass over the graph; a few sets a step and column.
    """
    rows = {one.name: one.kind.shape[0] if one.kind.shape else 1 for one in graph.inputs}
    states: dict[int, _State] = {}
    level: dict[int, bool] = {}
    for one in graph.inputs:
        for ref in (one.ref, one.valid):
            if ref is not None:
                states[ref.step] = {one.name: _Held(frozenset({Exposure.PLAINTEXT}), 0 if one.kind.shape else None)}
    for at, step in enumerate(graph.steps):
        level[at] = _is_level(step, [level[ref.step] for ref in step.inputs])
        if at not in states:
            kinds = graph.kinds(step.inputs)
            uneven = [not kind.secret and not level[ref.step] for kind, ref in zip(kinds, step.inputs, strict=True)]
            states[at] = _through(step, [states[ref.step] for ref in step.inputs], kinds, uneven, rows)
    found = {out.name: _refs(out.ref, out.valid) for out in graph.outputs}
    return {
        name: {column: one.how for column, one in _join([states[ref.step] for ref in refs]).items()}
        for name, refs in found.items()
    }


def output_of(found: Iterable[Exposure]) -> Output:
    """The kind of output that shows all this."""
    seen = set(found) - {Exposure.ENCRYPTED_ONLY}
    if seen <= {Exposure.AFTER_AGGREGATE}:
        return Output.AGGREGATE
    return Output.COMPARISON if seen <= {Exposure.AFTER_AGGREGATE, Exposure.AFTER_COMPARE} else Output.COMPUTED


def _through(
    step: Step, operands: Sequence[_State], kinds: Sequence[Kind], uneven: Sequence[bool], rows: Mapping[str, int]
) -> _State:
    """What the results of a step hold of the columns.

    Args:
        operands, kinds: of the step.
        uneven: which operands are public and not the same everywhere.
        rows: by column.
    """
    operation, shapes = step.operation, [kind.shape for kind in kinds]
    parts: list[_State] = []
    for number, state in enumerate(operands):
        weighted = any(uneven[other] for other in range(len(operands)) if other != number)
        parts.append(
            {
                name: _moved(operation, number, one, shapes, step.kinds[0].shape, weighted, rows[name])
                for name, one in state.items()
            }
        )
    joined = _join(parts)
    if operation.SHOWS is Shows.COMPARISON:
        return {name: replace(one, how=frozenset(map(_compared, one.how))) for name, one in joined.items()}
    return joined


def _moved(
    operation: Operation,
    number: int,
    held: _Held,
    shapes: Sequence[tuple[int, ...]],
    result: tuple[int, ...],
    weighted: bool,
    rows: int,
) -> _Held:
    """What one operand brings of a column into the result."""
    axis, shape, name = held.axis, shapes[number], operation.NAME
    lost = replace(held, axis=None)
    if axis is None:
        return lost
    summed = replace(lost, how=_AGGREGATE) if rows >= LEAST_ROWS and not weighted else lost
    if name in _EACH_FOR_ITSELF:
        return lost if weighted else held
    if name == "sum":
        along = operation.parameters()["axis"]
        return summed if along == axis else replace(held, axis=axis - (along < axis))
    if name in _ALONG_THE_LAST:
        return summed if axis == len(shape) - 1 else lost if weighted else held
    if name == "matmul":
        return summed if axis == 1 - number else held  # other factors weigh columns, not rows
    if name in _OTHER_AXES:
        return lost if operation.parameters()["axis"] == axis else held
    if name == "permute_dims":
        return replace(held, axis=list(operation.parameters()["axes"]).index(axis))
    if name == "broadcast_to":
        moved = axis + len(result) - len(shape)
        return replace(held, axis=moved) if result[moved] == shape[axis] else lost
    if name == "reshape":
        before = math.prod(shape[:axis])
        same = [at for at, length in enumerate(result) if length == shape[axis] and math.prod(result[:at]) == before]
        return replace(held, axis=same[0]) if same else lost
    return lost


def _is_level(step: Step, operands: Sequence[bool]) -> bool:
    """Whether a public value is one number everywhere."""
    if step.operation.NAME == "constant":
        values = step.operation.parameters()["values"]
        return bool(values == values[:8] * (len(values) // 8))
    return bool(operands) and all(operands)


def _compared(how: Exposure) -> Exposure:
    return Exposure.AFTER_COMPARE if how is Exposure.PLAINTEXT else how


def _join(parts: Iterable[_State]) -> _State:
    """All that several values hold together; an axis only where they agree."""
    joined: dict[str, _Held] = {}
    for state in parts:
        for name, one in state.items():
            known = joined.get(name)
            if known is None:
                joined[name] = one
            else:
                settled = one.axis if known.how == _AGGREGATE else known.axis if one.how == _AGGREGATE else None
                joined[name] = _Held(known.how | one.how, known.axis if known.axis == one.axis else settled)
    return joined


def _refs(*refs: Ref | None) -> list[Ref]:
    return [one for one in refs if one is not None]
