"""A program as data: what travels, what parties consent to, what the executors run.

A graph is a list of steps in an order in which they can be run. A step is an operation on results of earlier steps; nothing in
it is code. `Kind`s are never part of what travels: whoever reads a graph infers them again (`encoding.parse_graph`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from atoll.programs.dtypes import show
from atoll.programs.errors import BadProgram, ValueOverflow, WrongOperands
from atoll.programs.kind import MAX_DIMENSIONS, MAX_ELEMENTS, Kind
from atoll.programs.operation import HERE, Operation, refuse
from atoll.programs.operations.inputs import Input, InputMask
from atoll.wire.cbor import encode
from atoll.wire.errors import CborError

VERSION = 1
"""Of the encoding."""

MAX_GRAPH_BYTES = 250_000
"""Longest encoding."""


class Ref(NamedTuple):
    """One result of one step."""

    step: int
    place: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """An operation, what it works on, and what is known of its results."""

    operation: Operation
    inputs: tuple[Ref, ...]
    kinds: tuple[Kind, ...] = field(compare=False)
    """Of the results."""
    line: str = field(default="", compare=False)
    """Where the program asks for it, `file:line`; empty in a graph that was read."""


@dataclass(frozen=True, slots=True)
class Output:
    """A result that is opened, and to whom."""

    name: str
    receivers: tuple[str, ...]
    ref: Ref
    valid: Ref | None = None
    """A mask, opened along with it: where it is false the value is null, and `ref` is 0. None: there are no nulls."""


@dataclass(frozen=True, slots=True)
class GraphInput:
    """A column that an owner brings."""

    name: str
    owner: str
    kind: Kind
    ref: Ref
    valid: Ref | None
    """Its mask; None: it has no nulls."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole program. Equal programs have equal graphs: no dead steps, none twice."""

    name: str
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """In the order of the program's declaration."""
        masks = {step.operation.name: Ref(at) for at, step in enumerate(self.steps) if isinstance(step.operation, InputMask)}
        return tuple(
            GraphInput(step.operation.name, step.operation.owner, step.kinds[0], Ref(at), masks.get(step.operation.name))
            for at, step in enumerate(self.steps)
            if isinstance(step.operation, Input)
        )

    def encode(self) -> bytes:
        """The one encoding of this graph; `encoding.parse_graph` reads it. Lines and kinds stay behind.

        Raises:
            BadProgram: it is too long.
        """
        steps: list[Any] = [
            [step.operation.NAME, [list(ref) for ref in step.inputs], _plain(step.operation)] for step in self.steps
        ]
        outputs: list[Any] = [
            [out.name, list(out.receivers), list(out.ref), None if out.valid is None else list(out.valid)]
            for out in self.outputs
        ]
        value: dict[str, Any] = {"version": VERSION, "name": self.name, "steps": steps, "outputs": outputs}
        try:
            return encode(value, max_bytes=MAX_GRAPH_BYTES)
        except CborError as err:
            problem = f"its graph is longer than {MAX_GRAPH_BYTES:,} bytes; large tables of constants come as somebody's column"
            raise BadProgram(program=self.name, problem=problem) from err

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoding: what parties consent to."""
        return hashlib.sha256(self.encode()).digest()

    def kind(self, ref: Ref) -> Kind:
        return self.steps[ref.step].kinds[ref.place]

    def kinds(self, refs: Iterable[Ref]) -> tuple[Kind, ...]:
        return tuple(self.kind(ref) for ref in refs)

    def place(self, index: int) -> str:
        """How to name a step to people."""
        return self.steps[index].line or f"step {index}"


def infer_step(operation: Operation, inputs: tuple[Kind, ...], line: str) -> tuple[Kind, ...]:
    """The kinds of a step's results.

    Raises:
        WrongOperands: the operation cannot be done on these.
        ValueOverflow: a result may not fit.
    """
    try:
        kinds = operation.infer(inputs)
        for kind in kinds:
            if kind.size > MAX_ELEMENTS or len(kind.shape) > MAX_DIMENSIONS:
                raise refuse(operation, f"the result would have shape {list(kind.shape)}, more than {MAX_ELEMENTS:,} numbers")
    except WrongOperands as err:
        if err.operands["line"] != HERE:
            raise
        raise WrongOperands(**(err.operands | {"line": line})) from None
    for kind in kinds:
        dtype = kind.dtype
        if not dtype.fits:
            least, most = show(dtype.least), show(dtype.most)
            raise ValueOverflow(line=line, operation=operation.NAME, low=least, high=most, bits=dtype.bits)
    return kinds


def _plain(operation: Operation) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in operation.parameters().items()}
