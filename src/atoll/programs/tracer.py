"""Writes down what a program's function does, as a graph without dead steps or repetitions."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

import numpy as np

from atoll.programs.errors import WrongOperands
from atoll.programs.graph import Graph, Output, Ref, Step, infer_step
from atoll.programs.kind import Kind
from atoll.programs.operation import Operation
from atoll.programs.operations.inputs import Input, InputMask

_PLAIN = (int, bool, str, bytes)
"""Of what the parameters of operations are."""

_OWN = str(Path(__file__).parent)
"""Folder of this package: its frames are not the program's."""

CURRENT: ContextVar[Tracer] = ContextVar("tracer")
"""The trace going on in this thread."""


class Tracer:
    """One trace."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._known: dict[tuple[Operation, tuple[Ref, ...]], int] = {}

    def add(self, operation: Operation, *inputs: Ref, line: str = "") -> tuple[Ref, ...]:
        """The results of an operation; asked for twice, it is done once.

        Args:
            line: where it is asked for, if not in the line of the program that runs.

        Raises:
            WrongOperands, ValueOverflow: they name the line of the program.
        """
        operation = _plain(operation, line)
        if operation.COMMUTES:
            inputs = tuple(sorted(inputs))
        known = self._known.get((operation, inputs))
        if known is None:
            line = line or program_line()
            kinds = infer_step(operation, tuple(self.kind(ref) for ref in inputs), line)
            known = self._known[operation, inputs] = len(self._steps)
            self._steps.append(Step(operation, inputs, kinds, line))
        return tuple(Ref(known, place) for place in range(len(self._steps[known].kinds)))

    def given(self, name: str, kind: Kind) -> Ref:
        """A value from outside, for a piece of a program inside an operation (`operations.composed`)."""
        dtype = kind.dtype
        operation = Input(name, "outside", dtype.name, dtype.low, dtype.high, dtype.fraction, kind.shape)
        self._steps.append(Step(operation, (), (kind,)))
        return Ref(len(self._steps) - 1)

    def kind(self, ref: Ref) -> Kind:
        return self._steps[ref.step].kinds[ref.place]

    def step(self, ref: Ref) -> Step:
        return self._steps[ref.step]

    def finish(self, name: str, outputs: tuple[Output, ...]) -> Graph:
        """The graph of what the outputs need; declared inputs stay even if nothing needs them."""
        needed = {at for at, step in enumerate(self._steps) if isinstance(step.operation, Input | InputMask)}
        todo = [ref.step for output in outputs for ref in (output.ref, output.valid) if ref is not None]
        while todo:
            index = todo.pop()
            if index not in needed:
                needed.add(index)
                todo.extend(ref.step for ref in self._steps[index].inputs)
        renumbered = {old: new for new, old in enumerate(sorted(needed))}

        def moved(ref: Ref) -> Ref:
            return Ref(renumbered[ref.step], ref.place)

        steps = tuple(
            Step(step.operation, tuple(moved(ref) for ref in step.inputs), step.kinds, step.line)
            for step in (self._steps[old] for old in renumbered)
        )
        outs = tuple(Output(o.name, o.receivers, moved(o.ref), None if o.valid is None else moved(o.valid)) for o in outputs)
        return Graph(name, steps, outs)


def _plain(operation: Operation, line: str) -> Operation:
    """An operation with numbers of Python's among its parameters, which numpy's become.

    Raises:
        WrongOperands: one is not a whole number.
    """
    parameters = operation.parameters()
    if all(type(part) in _PLAIN for value in parameters.values() for part in (value if type(value) is tuple else (value,))):
        return operation
    changed = {
        name: tuple(map(_number, value)) if isinstance(value, tuple) else _number(value) for name, value in parameters.items()
    }
    odd = [name for name, value in changed.items() if value is None or (isinstance(value, tuple) and None in value)]
    if odd:
        problem = f"{odd[0]} is {parameters[odd[0]]}, and must be made of whole numbers"
        raise WrongOperands(line=line or program_line(), operation=operation.NAME, problem=problem)
    return replace(operation, **changed)  # type: ignore[type-var]  # all are dataclasses


def _number(value: object) -> object:
    """A number of numpy's as one of Python's; None: it is none that can stand in a graph."""
    if type(value) in _PLAIN:
        return value
    return value.item() if isinstance(value, np.integer | np.bool_) else None


def program_line() -> str:
    """`file:line` of the innermost frame outside this package: the line the author wrote."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
