"""A program step by step, for whoever is to review it: each operation, what it works on, and every public number.

    %6   constant 4711   -> int64 4711..4711 []
    %7   broadcast_to %6, shape 16   -> int64 4711..4711 [16]
    %8   equal %4 %7   -> bool [16]

`explain` says what a program takes and opens; what it computes stands here only. Nothing is left out: programs of one name
with the same listing have the same digest. For the end of a constant of more than `MOST_RUNS` runs a digest stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np

from atoll.programs.dtypes import show
from atoll.programs.graph import Graph, Output, Ref, Step
from atoll.programs.operations.inputs import Constant, Input, InputMask

MOST_RUNS = 64
"""Runs of equal numbers of a constant that are spelt out."""


def as_listing(graph: Graph) -> str:
    """For people; a line a step, then one an output. The graph was read, so its names are plain ones."""
    width = len(f"%{len(graph.steps) - 1}")
    lines = [f"  {f'%{at}'.ljust(width)}  {_said(step)}  -> {_kinds(step)}" for at, step in enumerate(graph.steps)]
    return "\n".join(["Step by step:", *lines, *map(_output, graph.outputs)])


def _said(step: Step) -> str:
    """A step's operation with operands and parameters."""
    operation, name = step.operation, step.operation.NAME
    if isinstance(operation, Constant):
        return f"{name} {', '.join(_numbers(operation))}"
    if isinstance(operation, Input | InputMask):  # the rest of what they say is the result's kind
        return f"{name} {operation.name} of {operation.owner}{_ends(operation) if isinstance(operation, Input) else ''}"
    given = [f"{what} {_value(value)}" for what, value in operation.parameters().items()]
    return ", ".join([" ".join([name, *map(_ref, step.inputs)]), *given])


def _ends(column: Input) -> str:
    """The ends of a declared range in its units, where the kind shows them rounded."""
    unit = Fraction(1, 1 << column.fraction)
    if all(Fraction(show(end * unit)) == end * unit for end in (column.low, column.high)):
        return ""
    return f", from {column.low} to {column.high} times 2^-{column.fraction}"


def _kinds(step: Step) -> str:
    return "; ".join(map(repr, step.kinds))


def _output(one: Output) -> str:
    nulls = f", null where {_ref(one.valid)} is false" if one.valid is not None else ""
    return f"  {one.name} to {', '.join(one.receivers)}: {_ref(one.ref)}{nulls}"


def _ref(ref: Ref) -> str:
    return f"%{ref.step}.{ref.place}" if ref.place else f"%{ref.step}"


def _value(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() or "none"
    return "x".join(map(str, value)) or "none" if isinstance(value, tuple | list) else str(value)


def _numbers(constant: Constant) -> Iterator[str]:
    """The numbers as they stand in the program, runs of equal ones counted."""
    held = np.frombuffer(constant.values, dtype="<f8" if constant.type == "fixed" else "<i8").tolist()
    numbers: Sequence[str] = [repr(one) for one in held]
    if constant.divisors:
        under = np.frombuffer(constant.divisors, dtype="<f8").tolist()
        numbers = [f"{one}/{by!r}" for one, by in zip(numbers, under, strict=True)]
    runs = [(number, len(list(equal))) for number, equal in groupby(numbers)]
    for number, times in runs[:MOST_RUNS]:
        yield f"{times} times {number}" if times > 1 else number
    if len(runs) > MOST_RUNS:
        digest = hashlib.sha256(constant.values + constant.divisors).hexdigest()
        yield f"and so on, {len(numbers)} numbers with the SHA-256 {digest}"
