"""Whether what owners shared lies in the range they declared: everything else rests on it.

An honest owner's node checks its column before it shares anything. Where an owner is not to be believed, the compute nodes
check too, on shares, before anything is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from atoll.programs.errors import RangeBroken
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Opening, Operation, register
from atoll.programs.operations.checks import numbers
from atoll.programs.operations.held import column
from atoll.programs.operations.inputs import verify_names
from atoll.protocols.mpc import (
    Circuit,
    CircuitBuilder,
    Node,
    Ring,
    Steps,
    evaluate,
    from_bit,
    is_zero,
    less_than_any,
    open_planes,
    parallel,
    public_ring,
    traffic,
)
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class VerifyRange(Operation):
    """The same numbers, once it is sure that all lie in their declared range; if not, the run ends there."""

    NAME: ClassVar[str] = "verify_range"
    SOURCE: ClassVar[str] = "as less and equal"
    LEAKAGE: ClassVar[str] = "whether all values lie in the declared range"

    name: str
    """Of the column, for the error."""

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        verify_names(self, self.name)
        return (x,)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return values

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        return (Opening(f"whether all of {self.name} lies in {kinds[0].dtype}", "compute nodes"),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        size = kinds[0].size
        compared = traffic.less_than_any(size, malicious=malicious)
        outside = (compared | compared) + traffic.circuit(or_circuit(), size) + traffic.from_bit(size, malicious=malicious)
        return outside + traffic.is_zero(1, bits=size.bit_length(), malicious=malicious) + traffic.open_planes(1, 1)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        """
        Raises:
            RangeBroken: a value lies outside.
        """
        x, dtype = column(values[0]), kinds[0].dtype
        low, high = (public_ring(node.me, bound) for bound in (dtype.low, dtype.high))
        sides = yield from parallel(
            less_than_any(node, x, _repeated(low, x.size)), less_than_any(node, _repeated(high, x.size), x)
        )
        (outside,) = yield from evaluate(node, or_circuit(), *sides)
        count = (yield from from_bit(node, outside)).sum().reshape(1)
        answer = yield from is_zero(node, count, bits=x.size.bit_length())
        if not (yield from open_planes(node, answer))[0]:
            raise RangeBroken(column=self.name, dtype=str(dtype))
        return values


@cache
def or_circuit() -> Circuit:
    """One of two bits, or both."""
    build = CircuitBuilder()
    (x,), (y,) = build.input(1), build.input(1)
    return build.circuit([[build.disjunction(x, y)]])


def _repeated(value: Ring, count: int) -> Ring:
    """One number as a column."""
    return Ring(value.shares.reshape(2, 1).repeat(count, axis=1))
