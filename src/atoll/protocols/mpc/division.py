"""Quotients of shared numbers by positive shared numbers.

The divisor y is moved up to w bits: y P = m, P a power of two, m in [2^(w-1), 2^w). A table gives r close to 2^R 2^(w-1) / m,
and

    x 2^g / y  =  x P r / 2^E,    E = R + w - 1 - g

is computed as  D = floor(x / 2^a) P,  floor(D / 2^b) r,  and that divided by 2^(E-a-b), rounded down; a and b are 0 unless
something would reach 62 bits. P and r are numbers made of bits.

**Error**, in units of the quotient, with e the error of r in its units, |x| <= X, P <= P':

    2^(a+R-E) P' [a > 0]  +  2^(a+b+R-E) [b > 0]  +  max|D| 2^a e 2^-E  +  1

each times at most 1 + 2^-10. R is chosen so that the bound is least; about 2^-28 of the largest quotient where 62 bits allow.
e is the table's error, and 2^(R-n) if only n bits of m below its first are looked at, since |d(1/m)| <= |dm| for m >= 1.

Leaks: nothing. Source: normalisation as in Catrina, Saxena, FC 2010, section 3.4; the table in the place of its iterations:
`piecewise`. Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache

from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import KEPT, Circuit, CircuitBuilder
from atoll.protocols.mpc.circuits.normal import normalised
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.piecewise import (
    TOP,
    Table,
    fit,
    numbers_of,
    numbers_traffic,
    power,
    shifted_down,
    shifted_traffic,
)
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.shares import Ring
from atoll.protocols.mpc.traffic import Traffic

INDEX_BITS = 7
PRECISIONS = range(16, 33)
SPARE = 8
"""Units by which r may pass 2^R at most."""


@dataclass(frozen=True)
class Division:
    """How quotients of numbers of known ranges are computed; made by `plan_division`."""

    dividend: int
    """Largest |x|."""
    least: int
    """Smallest y."""
    most: int
    """Largest y."""
    scale: int
    """g: the quotient is x 2^g / y."""
    precision: int
    """R"""

    @property
    def width(self) -> int:
        """w: bits of y."""
        return self.most.bit_length()

    @property
    def raised(self) -> int:
        """P is at most 2 to this."""
        return self.width - self.least.bit_length()

    @property
    def seen(self) -> int:
        """Bits of m below its first that are looked at."""
        return min(self.width - 1, self.precision + 2)

    @cached_property
    def table(self) -> Table:
        return reciprocal_table(self.seen, self.precision)

    @cached_property
    def cuts(self) -> tuple[int, int, int]:
        """a, b, and the last number of bits cut off."""
        first = second = 0
        while (self.dividend >> first) + 1 << self.raised >= TOP:
            first += 1
        product = (self.dividend >> first) + 1 << self.raised
        total = self.precision + self.width - 1 - self.scale
        while ((product >> second) + 1) * ((1 << self.precision) + SPARE) >= TOP or total - first - second > 62:
            second += 1
        return first, second, total - first - second

    @cached_property
    def error_units(self) -> Fraction:
        """How far a quotient may be off, in its units."""
        first, second, last = self.cuts
        total = first + second + last
        off = self.table.error_units + (power(self.precision - self.seen) if self.seen < self.width - 1 else 0)
        parts = power(first + self.raised + self.precision - total) if first else Fraction(0)
        parts += power(first + second + self.precision - total) if second else 0
        parts += Fraction((self.dividend >> first) + 1 << self.raised) * power(first - total) * off
        return parts * Fraction(1025, 1024) + (last > 0)

    @cached_property
    def circuit(self) -> Circuit:
        """Bits of y to P, and to what the table needs."""
        build = CircuitBuilder()
        moved, hot = normalised(build, build.input(self.width))
        mantissa = moved[self.width - 1 - self.seen : self.width - 1]
        return build.circuit([hot[::-1][: self.raised + 1], *self.table.outputs(build, mantissa)])

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `divide`."""
        first, second, last = self.cuts
        total = numbers_traffic(count, self.circuit, malicious=malicious) + self.table.traffic(count, malicious=malicious)
        for cut in (first, second, last):
            total = total + shifted_traffic(count, cut, malicious=malicious)
        return total + traffic.multiply(count) + traffic.multiply(count)

    def quotient(self, x: int, y: int) -> int:
        """The same in plain integers: the oracle."""
        first, second, last = self.cuts
        raised = self.width - y.bit_length()
        mantissa = (y << raised) - (1 << self.width - 1) >> self.width - 1 - self.seen
        product = ((x >> first) << raised >> second) * self.table.value(mantissa)
        return product >> last if last > 0 else product << -last


@lru_cache(maxsize=KEPT)
def plan_division(dividend: int, least: int, most: int, scale: int) -> Division:
    """The most exact way to divide |x| <= dividend by y, 1 <= least <= y <= most."""
    plans = [Division(dividend, least, most, scale, precision) for precision in PRECISIONS]
    return min(plans, key=lambda plan: plan.error_units)


@cache
def reciprocal_table(bits: int, precision: int) -> Table:
    """1 / m for m in [1, 2), whose bits below the first are given; |f^(n)| / n! = m^-(n+1) <= 1."""
    return fit(
        lambda m: 1 / m,
        start=Fraction(1),
        length=Fraction(1),
        bits=bits,
        index_bits=INDEX_BITS,
        fraction=precision,
        remainder=lambda _: Fraction(1),
    )


def divide(node: Node, x: Ring, y: Ring, plan: Division) -> Steps[Ring]:
    """x 2^g / y, element by element, both columns; 0 for y = 0 (what stands under a null). `plan` says error and cost."""
    first, second, last = plan.cuts
    raised, *numbers = yield from numbers_of(node, y, plan.circuit)
    inverse = yield from plan.table.evaluate(node, numbers, y.size)
    product = yield from multiply(node, (yield from shifted_down(node, x, first)), raised)
    product = yield from multiply(node, (yield from shifted_down(node, product, second)), inverse)
    return (yield from shifted_down(node, product, last))
