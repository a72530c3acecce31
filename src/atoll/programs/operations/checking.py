"""Whether what owners shared lies in the range they declared: everything else rests on it.

An honest owner's node checks its column before it shares anything. Where an owner is not to be believed, the compute nodes
check too, on shares, before anything is opened: a weight outside of 0 and 1 would carry the rows of others out in a sum. With y
as the number less the least one, read without a sign, the number lies in its range exactly when y is no more than its width.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
    Planes,
    Steps,
    chunked,
    evaluate,
    from_bit,
    is_zero,
    memory,
    open_planes,
    traffic,
)
from atoll.protocols.mpc.circuit import KEPT
from atoll.protocols.mpc.circuits.arithmetic import add_modulo
from atoll.protocols.mpc.circuits.order import less_than
from atoll.protocols.mpc.conversion import spare_rounds, summands, two_summands
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.shares import WORD_BITS, join_planes
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class VerifyRange(Operation):
    """The same numbers, once it is sure that all lie in their declared range; if not, the run ends there."""

    NAME: ClassVar[str] = "verify_range"
    SOURCE: ClassVar[str] = "as less, with an adder of all 64 bits"
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
        circuit = range_circuit(_span(kinds[0]), NODES if malicious else 2, spare_rounds(size))
        given = Traffic() if malicious else Traffic(1, (traffic.planes_bytes(WORD_BITS, size), 0, 0))
        outside = given + traffic.circuit(circuit, size) + traffic.from_bit(size, malicious=malicious)
        counted = outside + traffic.is_zero(1, bits=size.bit_length(), malicious=malicious)
        return counted + traffic.open_planes(1, 1)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.circuit(kinds[0].size, WORD_BITS) + memory.from_bit(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        """
        Raises:
            RangeBroken: a value lies outside.
        """
        y, extra = column(values[0]).plus_public(node.me, -kinds[0].dtype.low), spare_rounds(kinds[0].size)

        def part(rows: slice) -> Steps[Planes]:
            terms = yield from summands(node, y[rows], WORD_BITS)
            return (yield from evaluate(node, range_circuit(_span(kinds[0]), len(terms), extra), *terms))[0]

        outside = join_planes((yield from chunked(y.size, part)))
        count = (yield from from_bit(node, outside)).sum().reshape(1)
        answer = yield from is_zero(node, count, bits=y.size.bit_length())
        if not (yield from open_planes(node, answer))[0]:
            raise RangeBroken(column=self.name, dtype=str(kinds[0].dtype))
        return values


@lru_cache(maxsize=KEPT)
def range_circuit(span: int, terms: int, extra: int) -> Circuit:
    """Whether the sum of two or three numbers modulo 2^64, read without a sign, is more than `span`."""
    build = CircuitBuilder()
    first, second = two_summands(build, [build.input(WORD_BITS) for _ in range(terms)])
    total = add_modulo(build, first, second, extra=extra)
    return build.circuit([[less_than(build, build.constants(span, WORD_BITS), total)]])


def _span(kind: Kind) -> int:
    return kind.dtype.high - kind.dtype.low
