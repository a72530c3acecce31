"""Functions of one number by tables of polynomials: how division, roots, exponentials, logarithms and sigmoids are computed.

The argument, as bits, is cut into an index (its top bits, the segment) and a low part u in [0, 1). A public table has a
polynomial for each segment. Which one is meant becomes a one-hot column; each bit of a coefficient is the XOR of some of its
bits, which is free; coefficients become ring numbers, and Horner's rule with exact truncation gives the value:

    c_d,    c_{k-1} + floor(c_k u)

**Error**, in units of 2^-fraction: each of the d truncations is off by less than 1 and u < 1, so together by less than d; each
of the d + 1 coefficients by at most 1/2. Interpolation at d + 1 nodes leaves |f^(d+1)| / (d+1)! times the largest product of
distances from the nodes, which for Chebyshev's is 2 (h/4)^(d+1) on a segment of length h; ours are rounded, 3 % more covers it.

Tables are made by decimal arithmetic, which is the same on every machine: all nodes build the same circuit.

Leaks: nothing. Sources: Catrina, Saxena, FC 2010 (fixed-point numbers); Aly, Smart, ACNS 2019, ePrint 2019/354 (elementary
functions); the interpolation's remainder: Hildebrand, Introduction to Numerical Analysis, section 2.6.
Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import reduce
from typing import TypeVar

from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import Bits, Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits.choice import look_up, one_hot
from atoll.protocols.mpc.conversion import from_bits, to_bits
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps, parallel
from atoll.protocols.mpc.shares import Ring, public_ring
from atoll.protocols.mpc.traffic import Traffic
from atoll.protocols.mpc.truncation import SLACK_BITS, truncate

T = TypeVar("T")

DIGITS = Context(prec=45)
NODES = {
    0: ("0",),
    2: ("0.067", "0.5", "0.933"),
    3: ("0.0381", "0.3087", "0.6913", "0.9619"),
}
"""Where a polynomial of that degree agrees with the function, of [0, 1]; degree 0 is for tables without a low part."""
SLACK = Fraction(103, 100)
"""What rounding the nodes costs."""
TOP = 1 << SLACK_BITS
"""What is truncated stays below it."""


@dataclass(frozen=True)
class Table:
    """A polynomial for each segment of an argument."""

    index_bits: int
    low_bits: int
    """Bits of the argument below the index."""
    coefficients: tuple[tuple[int, ...], ...]
    """By degree and segment, in units of the result."""
    error_units: Fraction
    """How far a value may be off, in units of the result."""

    @property
    def bases(self) -> list[int]:
        """The least coefficient of each degree: what tables hold is counted from there."""
        return [min(row) for row in self.coefficients]

    @property
    def widths(self) -> list[int]:
        """Bits of each degree's entries, counted from the base; 0 where all are equal."""
        return [(max(row) - min(row)).bit_length() for row in self.coefficients]

    def look_up(self, build: CircuitBuilder, index: Bits) -> list[Bits]:
        """Bits of the coefficients, counted from their bases; nothing for those that are all equal."""
        hot = one_hot(build, index)
        rows = zip(self.coefficients, self.bases, self.widths, strict=True)
        return [look_up(build, hot, [entry - base for entry in row], width) for row, base, width in rows if width]

    def outputs(self, build: CircuitBuilder, argument: Bits) -> list[Bits]:
        """What a circuit puts out for `evaluate`: the low part, if there is one, and the coefficients."""
        low, index = argument[: self.low_bits], argument[self.low_bits :]
        return [*([low] if low else []), *self.look_up(build, index)]

    def evaluate(self, node: Node, numbers: list[Ring], count: int) -> Steps[Ring]:
        """The value of each element, from its `outputs` as numbers."""
        given = iter(numbers)
        low = next(given) if self.low_bits else None
        found = [
            next(given).plus_public(node.me, base) if width else _everywhere(node, base, count)
            for base, width in zip(self.bases, self.widths, strict=True)
        ]
        value = found.pop()
        while found:
            assert low is not None
            product = yield from multiply(node, value, low)
            value = found.pop() + (yield from truncate(node, product, self.low_bits))
        return value

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `evaluate`."""
        step = traffic.multiply(count) + traffic.truncate(count, max(self.low_bits, 1), malicious=malicious)
        return sum([step] * (len(self.coefficients) - 1), Traffic())

    def value(self, argument: int) -> int:
        """The same in plain integers: the oracle."""
        index, low = argument >> self.low_bits, argument & (1 << self.low_bits) - 1
        return reduce(lambda value, row: row[index] + (value * low >> self.low_bits), reversed(self.coefficients), 0)


def fit(
    function: Callable[[Decimal], Decimal],
    *,
    start: Fraction,
    length: Fraction,
    bits: int,
    index_bits: int,
    fraction: int,
    remainder: Callable[[int], Fraction],
    skip: int = 0,
) -> Table:
    """The table of a function on [start, start + length), whose argument has `bits` bits.

    Args:
        index_bits: segments, as a power of two; fewer if the argument has fewer bits, and then every entry is the function
            itself.
        fraction: bits after the point of the result.
        remainder: an upper bound of |f^(n)| / n! on all segments.
        skip: how many first segments, of 2^index_bits, no argument falls into but 0; the function counts as 0 there.
    """
    top = min(index_bits, bits)
    skip = skip >> index_bits - top
    step = length / (1 << top)
    degree = 0 if top == bits else 2 if _left(remainder, step, 2) < Fraction(1, 1 << fraction) else 3
    left = _left(remainder, step, degree) * (1 << fraction) if degree else Fraction(0)
    with localcontext(DIGITS):
        unit = Decimal(1 << fraction)
        segments = []
        for segment in range(1 << top):
            values = [Decimal(0)] * (degree + 1)
            nodes = [Decimal(node) for node in NODES[degree]]
            if segment >= skip:
                begin = start + segment * step
                values = [unit * function(_decimal(begin) + node * _decimal(step)) for node in nodes]
            segments.append([round(one) for one in _monomials(nodes, values)])
    return Table(top, bits - top, tuple(zip(*segments, strict=True)), left + degree + Fraction(degree + 1, 2))


def numbers_of(node: Node, x: Ring, circuit: Circuit) -> Steps[list[Ring]]:
    """What a circuit makes of the bits of each number, as numbers.

    Args:
        circuit: one input, as wide as the numbers, which are not negative; any outputs.

    In malicious mode one after the other is made a number, for each opens something once all before it is verified.
    """
    bits = yield from to_bits(node, x, circuit.inputs[0])
    found = yield from evaluate(node, circuit, bits)
    return (yield from side_by_side(node, [from_bits(node, one) for one in found]))


def side_by_side(node: Node, operations: list[Steps[T]]) -> Steps[list[T]]:
    """As `parallel`; in malicious mode one after the other, for operations that open something."""
    if not node.is_malicious:
        return (yield from parallel(*operations))
    found = []
    for operation in operations:
        found.append((yield from operation))
    return found


def numbers_traffic(count: int, circuit: Circuit, *, malicious: bool) -> Traffic:
    """Of `numbers_of`."""
    bits = traffic.to_bits(count, circuit.inputs[0], malicious=malicious) + traffic.circuit(circuit, count)
    made = [traffic.from_bits(count, len(output), malicious=malicious) for output in circuit.outputs]
    return bits + side_by_side_traffic(made, malicious=malicious)


def side_by_side_traffic(parts: list[Traffic], *, malicious: bool) -> Traffic:
    """Of `side_by_side`."""
    return reduce(Traffic.__add__ if malicious else Traffic.__or__, parts, Traffic())


def shifted_down(node: Node, x: Ring, bits: int) -> Steps[Ring]:
    """floor(x / 2^bits) for |x| < 2^62, of which more bits leave no more than 62 do; times 2^-bits if that is negative."""
    if bits > 0:
        return (yield from truncate(node, x, min(bits, SLACK_BITS)))
    return x * (1 << -bits)


def shifted_traffic(count: int, bits: int, *, malicious: bool) -> Traffic:
    """Of `shifted_down`."""
    return traffic.truncate(count, min(bits, SLACK_BITS), malicious=malicious) if bits > 0 else Traffic()


def power(exponent: int) -> Fraction:
    """2^exponent, of either sign."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _left(remainder: Callable[[int], Fraction], step: Fraction, degree: int) -> Fraction:
    """What interpolation leaves."""
    return SLACK * remainder(degree + 1) * 2 * (step / 4) ** (degree + 1)


def _monomials(nodes: Sequence[Decimal], values: Sequence[Decimal]) -> list[Decimal]:
    """Coefficients of the polynomial through these points, by divided differences."""
    differences = list(values)
    for order in range(1, len(nodes)):
        for at in range(len(nodes) - 1, order - 1, -1):
            differences[at] = (differences[at] - differences[at - 1]) / (nodes[at] - nodes[at - order])
    result = [Decimal(0)] * len(nodes)
    for node, difference in zip(reversed(nodes), reversed(differences), strict=True):
        raised = [Decimal(0), *result[:-1]]
        result = [up - node * here for up, here in zip(raised, result, strict=True)]
        result[0] += difference
    return result


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _everywhere(node: Node, value: int, count: int) -> Ring:
    one = public_ring(node.me, value)
    return Ring(one.shares.reshape(2, 1).repeat(count, axis=1))
