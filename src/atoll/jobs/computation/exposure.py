"""What an output may show of a column, read off a program's operations: what owners' cards and grants are compared with.

Along each path from a column to an output, the operations say what they let through (`Operation.SHOWS`):

    a comparison    which is smaller, which are equal            after-compare
    an aggregate    something of many rows together              after-aggregate
    anything else   perhaps the value itself                     plaintext

An aggregate counts as one only if each of its numbers is made of all rows of the column, of at least LEAST_ROWS, each of them
in the same way: nothing in the program may tell the seventh row from the eighth but what stands in them. So it is followed
along which axis of a value the rows of columns lie, and along which axes its places differ by anything else: by public
numbers that are not the same everywhere, hidden among secrets or not; because places were picked or put together; because they
were counted, ordered or added up to there. What is summed along such an axis, or was weighted by it, counts as plaintext, and
so does whatever comes of an operation that is not known here. What is computed from aggregates alone stays one. A column on
whose values no output of a receiver depends is asked as encrypted-only: it takes part under sharing.

**This is necessary and not sufficient.** A sum over values of which all but one were multiplied by 0, because of what stands
in their rows, is an aggregate by every rule of this kind. What a program does, a person reads (`atoll program review`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from atoll.policy.demand import LEAST_ROWS, Exposure, Output
from atoll.programs.graph import Graph, GraphInput, Ref, Step
from atoll.programs.operation import Shows

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

Axis: TypeAlias = frozenset[str] | None
"""What the places along an axis of a value differ by: the rows of these columns, and treated alike; None: perhaps anything."""
_LEVEL: Axis = frozenset()
"""They do not differ."""


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of one value of the program."""

    axes: tuple[Axis, ...]
    how: Mapping[str, frozenset[Exposure]]
    """By column on which it depends: how that can be seen in it."""
    loose: frozenset[str] = frozenset()
    """Columns of which it holds rows elsewhere than along its axes: no sum makes an aggregate of them."""


def exposures(graph: Graph) -> dict[str, Seen]:
    """How each output shows the columns, by the names of outputs and inputs.

    Cost: one pass over the graph; a few sets a step and column.
    """
    rows = {one.name: one.kind.shape[0] if one.kind.shape else 1 for one in graph.inputs}
    values = {ref: _given(one) for one in graph.inputs for ref in (one.ref, one.valid) if ref is not None}
    for at, step in enumerate(graph.steps):
        if Ref(at) not in values:
            shapes = [kind.shape for kind in graph.kinds(step.inputs)]
            found = _results(step, [values[ref] for ref in step.inputs], shapes, rows)
            values.update((Ref(at, place), one) for place, one in enumerate(found))
    return {out.name: _together(values[ref].how for ref in (out.ref, out.valid) if ref is not None) for out in graph.outputs}


def output_of(found: Iterable[Exposure]) -> Output:
    """The kind of output that shows all this."""
    seen = set(found) - {Exposure.ENCRYPTED_ONLY}
    if seen <= {Exposure.AFTER_AGGREGATE}:
        return Output.AGGREGATE
    return Output.COMPARISON if seen <= {Exposure.AFTER_AGGREGATE, Exposure.AFTER_COMPARE} else Output.COMPUTED


def _given(one: GraphInput) -> _Value:
    how = {one.name: frozenset({Exposure.PLAINTEXT})}
    shape = one.kind.shape
    return _settled(shape, [frozenset({one.name}), *[None] * (len(shape) - 1)] if shape else [], how, frozenset())


def _settled(
    shape: Sequence[int], axes: Sequence[Axis], how: Mapping[str, frozenset[Exposure]], loose: frozenset[str]
) -> _Value:
    """A value whose places along an axis of length 1 do not differ; what lies along two axes is told from neither."""
    known = [_LEVEL if length == 1 else axis for length, axis in zip(shape, axes, strict=True)]
    named = [name for axis in known for name in axis or ()]
    twice = {name for name, times in Counter(named).items() if times > 1}
    known = [None if axis is not None and axis & twice else axis for axis in known]
    there = {name for axis in known for name in axis or ()}
    elsewhere = {name for name, seen in how.items() if seen != _AGGREGATE and name not in there}
    return _Value(tuple(known), how, loose | elsewhere)


def _results(
    step: Step, operands: Sequence[_Value], shapes: Sequence[tuple[int, ...]], rows: Mapping[str, int]
) -> list[_Value]:
    """What is known of the results of a step.

    Args:
        operands, shapes: of the step.
        rows: by column.
    """
    summed = _summed(step, shapes)
    along = [one.axes[axis] for one, axis in zip(operands, summed, strict=True)] if summed else [None] * len(operands)
    is_even = _joined(along) is not None
    parts = []
    for one, axis in zip(operands, along, strict=True):
        whole = {name for name in axis or () if is_even and name not in one.loose and rows[name] >= LEAST_ROWS}
        parts.append({name: _AGGREGATE if name in whole else seen for name, seen in one.how.items()})
    how = _together(parts)
    if step.operation.SHOWS is Shows.COMPARISON:
        how = {name: frozenset(map(_compared, seen)) for name, seen in how.items()}
    loose: frozenset[str] = frozenset().union(*(one.loose for one in operands))
    axes = _axes(step, [one.axes for one in operands], shapes)
    found = [_settled(step.kinds[0].shape, axes, how, loose)]
    return found + [_settled(kind.shape, [None] * len(kind.shape), how, loose) for kind in step.kinds[1:]]


def _summed(step: Step, shapes: Sequence[tuple[int, ...]]) -> list[int]:
    """Along which axis of each operand products of them are added up; empty where none are."""
    name = step.operation.NAME
    if name == "sum":
        return [step.operation.parameters()["axis"]]
    if name in _ALONG_THE_LAST:
        return [len(shape) - 1 for shape in shapes]
    return [1, 0] if name == "matmul" else []


def _axes(step: Step, operands: Sequence[tuple[Axis, ...]], shapes: Sequence[tuple[int, ...]]) -> list[Axis]:
    """What the places of the result differ by, axis by axis."""
    name, result, said = step.operation.NAME, step.kinds[0].shape, step.operation.parameters()
    if name == "constant":
        return _of_constant(said["values"], said["divisors"], result)
    if name == "matmul":
        return [operands[0][0], operands[1][1]]
    if name == "broadcast_to":
        new = len(result) - len(shapes[0])
        return [_LEVEL] * new + list(operands[0])  # axes of length 1, which are stretched, are level
    if name == "permute_dims":
        return [operands[0][axis] for axis in said["axes"]]
    if name == "reshape":
        return _reshaped(operands[0], shapes[0], result)
    if name not in _EACH_FOR_ITSELF | _ALONG_THE_LAST | {"sum", "concat", "slice", "take", "cumulative_sum"}:
        return [None] * len(result)
    axes = [_joined(beside) for beside in zip(*operands, strict=True)]
    if name == "sum":
        del axes[said["axis"]]
    elif name in _ALONG_THE_LAST:
        del axes[-1]
    elif name in ("concat", "cumulative_sum") or (name in ("slice", "take") and axes[said["axis"]]):
        axes[said["axis"]] = None
    return axes


def _of_constant(values: bytes, divisors: bytes, shape: tuple[int, ...]) -> list[Axis]:
    """Public numbers are level along an axis if they, and what divides them, are the same bytes at all its places."""
    given = [np.frombuffer(held, dtype="<u8").reshape(shape) for held in (values, divisors) if held]
    return [_LEVEL if all(_is_level(held, axis) for held in given) else None for axis in range(len(shape))]


def _is_level(held: np.ndarray[tuple[int, ...], np.dtype[np.uint64]], axis: int) -> bool:
    return bool((held == held.take([0], axis=axis)).all())


def _reshaped(axes: Sequence[Axis], shape: Sequence[int], result: Sequence[int]) -> list[Axis]:
    """An axis stays one if it is as long, and as much stands before it; the others go up in each other."""
    before = {(math.prod(shape[:at]), length): at for at, length in enumerate(shape) if length > 1}
    stay = [before.get((math.prod(result[:at]), length)) for at, length in enumerate(result)]
    gone = _joined([axis for at, axis in enumerate(axes) if at not in stay])
    return [axes[at] if at is not None else gone if gone == _LEVEL else None for at in stay]


def _joined(axes: Iterable[Axis]) -> Axis:
    """What places differ by that are made of such."""
    names: frozenset[str] = frozenset()
    for axis in axes:
        if axis is None:
            return None
        names |= axis
    return names


def _compared(how: Exposure) -> Exposure:
    return Exposure.AFTER_COMPARE if how is Exposure.PLAINTEXT else how


def _together(parts: Iterable[Mapping[str, frozenset[Exposure]]]) -> dict[str, frozenset[Exposure]]:
    """All ways in which several values show their columns."""
    joined: dict[str, frozenset[Exposure]] = {}
    for part in parts:
        for name, seen in part.items():
            joined[name] = joined.get(name, frozenset()) | seen
    return joined
