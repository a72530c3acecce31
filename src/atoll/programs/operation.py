"""What an operation is: one class that says what it gives, what it costs, what it opens, and how it is done.

To add one: a frozen dataclass on `Operation` in `operations/<family>.py`, its parameters as fields, registered by `NAME`; and a
function in `functions/<family>.py` that people call, which adds it to the program. The graph, the executors, `explain()` and
the table of operations in the documentation follow.

Operands of elementwise operations have equal shapes: the functions insert `broadcast_to`. Nulls are no concern of an operation:
the functions carry a second value, the mask of what is there, beside the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.programs.errors import WrongOperands
from atoll.programs.kind import Kind
from atoll.protocols.mpc import Node, Round, Steps
from atoll.protocols.mpc.traffic import Traffic

Clear: TypeAlias = NDArray[Any]
"""A value in the clear: int64, float64 (for fixed-point numbers) or bool_, in its shape."""

Held: TypeAlias = Any
"""A value at a compute node: `Ring` for numbers, `Planes` of one plane for truth values; for a constant its raw values."""

HERE = "this line"
"""Stands for the program's line in an error until the tracer, which knows it, puts it in."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Something that is shown to somebody while the program runs."""

    what: str
    to: str


class Shows(StrEnum):
    """How much of its operands a result can tell: what owners decide on."""

    VALUE = "value"
    """Perhaps all."""
    COMPARISON = "comparison"
    """Only which is smaller, or whether they are equal."""
    AGGREGATE = "aggregate"
    """Only something of many rows together."""


class Operation(ABC):
    """Base of all operations; see the module's docstring. Subclasses are frozen dataclasses."""

    NAME: ClassVar[str]
    """Stands in the graph: never changes its meaning."""
    SOURCE: ClassVar[str] = ""
    """Paper and section."""
    LEAKAGE: ClassVar[str] = "nothing"
    """What compute nodes learn beyond shapes and types, for the table of operations."""
    SHOWS: ClassVar[Shows] = Shows.VALUE
    """What an output that went through it can tell of the operands at most."""
    COMMUTES: ClassVar[bool] = False
    """Whether its two operands may be exchanged."""

    @abstractmethod
    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """What comes out: shapes, types, ranges and errors.

        Must refuse by `refuse` whatever it cannot do, hostile parameters included: graphs of others are checked by it. A range
        that does not fit 62 bits is returned as it is; who asked says which line it belongs to.
        """

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        """The ideal answer; inputs have none, they are given."""
        raise NotImplementedError

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        """Rounds and bytes of `run`, equal to what a run counts; nothing for local operations.

        What malicious mode sends to prove products comes on top: `Traffic.products` says of what.
        """
        return Traffic()

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        """Memory while it runs at a node, its operands and results not counted; an estimate."""
        return 0

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        """What compute nodes are shown, beyond shares."""
        return ()

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        """The steps of a compute node. Operations that need no message define `local` instead."""
        return self.local(node, kinds, values)
        yield Round()  # never reached; makes this a generator

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        """The result of an operation that needs no message."""
        raise NotImplementedError

    def parameters(self) -> dict[str, Any]:
        """Its fields by name, as they stand in the graph."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]  # all are dataclasses


REGISTRY: dict[str, type[Operation]] = {}


def register(cls: type[Operation]) -> type[Operation]:
    """Class decorator: makes an operation known by its NAME."""
    if cls.NAME in REGISTRY:
        raise TypeError(f"operation {cls.NAME} is defined twice")
    REGISTRY[cls.NAME] = cls
    return cls


def refuse(operation: Operation, problem: str) -> WrongOperands:
    """The error to raise from `infer`."""
    return WrongOperands(line=HERE, operation=operation.NAME, problem=problem)


def raw_values(kind: Kind, value: Clear) -> NDArray[np.int64]:
    """The raw values of a value in the clear, rounded to nearest."""
    if kind.dtype.name == "fixed":
        return np.rint(np.ldexp(value, kind.dtype.fraction)).astype(np.int64)
    return np.asarray(value, dtype=np.int64)


def clear_values(kind: Kind, raw: NDArray[np.int64]) -> Clear:
    """What raw values say; of fixed-point numbers the first 53 bits, which is what float64 holds."""
    if kind.dtype.name == "fixed":
        return np.ldexp(raw.astype(np.float64), -kind.dtype.fraction)
    return raw.astype(np.bool_) if kind.dtype.is_bool else raw
