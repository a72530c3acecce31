"""Which of two numbers is smaller, and whether they are equal.

The sign of the difference of two raw values decides: declared ranges keep every difference within 64 bits, so the answer is
exact. Numbers that are inexact are compared as they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atoll.programs.dtypes import bool_
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Operation, Shows, register
from atoll.programs.operations.checks import numbers, same_point, same_shape
from atoll.programs.operations.held import alone, column, difference
from atoll.protocols.mpc import Node, Ring, Steps, is_negative, is_zero, memory, traffic
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class Less(Operation):
    """x < y, element by element."""

    NAME: ClassVar[str] = "less"
    SHOWS: ClassVar[Shows] = Shows.COMPARISON
    SOURCE: ClassVar[str] = "Mohassel and Rindal, CCS 2018 (ePrint 2018/403), section 5.2"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, _ = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] < values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.is_negative(kinds[0].size, bits=width(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.compared(kinds[0].size, width(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from alone(is_negative(node, apart(node, values), bits=width(kinds))))


@register
@dataclass(frozen=True, slots=True)
class Equal(Operation):
    """x == y, element by element."""

    NAME: ClassVar[str] = "equal"
    SHOWS: ClassVar[Shows] = Shows.COMPARISON
    SOURCE: ClassVar[str] = "as less, with a tree of ANDs"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, _ = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] == values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.is_zero(kinds[0].size, bits=width(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.compared(kinds[0].size, width(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from alone(is_zero(node, apart(node, values), bits=width(kinds))))


def apart(node: Node, values: tuple[Held, ...]) -> Ring:
    """The difference of two operands, as a column."""
    return column(difference(node, *values))


def width(kinds: tuple[Kind, ...]) -> int:
    """Bits of the difference of two operands, its sign included: what a comparison costs depends on the declared ranges."""
    x, y = kinds
    return max((x.dtype.high - y.dtype.low).bit_length(), (y.dtype.high - x.dtype.low).bit_length()) + 1
