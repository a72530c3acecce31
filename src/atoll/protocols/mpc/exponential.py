"""Powers of e, and natural logarithms, of shared numbers.

**e^x.** x log2(e) = a + k + u with a public, k = 0 .. K, u in [0, 1): x is multiplied by an integer, so that the bits of k
and u can be read off. A table gives E close to 2^R 2^u; 2^k is a number made of one bit; e^x = E 2^k 2^(a - R). Where K is too
large for 62 bits, the smallest values count as 0.

Error, relative: e 2^-R for the table, and ln 2 times what log2(e) 2^c, rounded, and the unseen bits of u are off: |x| 2^-(c+1)
and 2^-n; absolute: 1 unit for the last truncation, and 2^(lost + a + f) units for the smallest.

**ln x.** x = m 2^k, m in [1, 2), by moving the highest bit up; ln m by a table; k ln 2 is an entry of a public table, the one
that the highest bit points at. Error: the table's, 1/2 for k ln 2, 2^(R-n) if only n bits of m are looked at, 1 for the end.

Leaks: nothing. Source: Aly, Smart, ACNS 2019, ePrint 2019/354, sections 3.2 and 3.3; `piecewise` in the place of its
polynomials. Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache, cached_property, lru_cache

from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import KEPT, Circuit, CircuitBuilder
from atoll.protocols.mpc.circuits.choice import look_up, one_hot
from atoll.protocols.mpc.circuits.normal import normalised
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.piecewise import (
    DIGITS,
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

EXPONENTIAL_INDEX_BITS = 6
LOGARITHM_INDEX_BITS = 7
PRECISION = 32
"""R"""
LN2 = Fraction(7, 10)
"""An upper bound of ln 2."""


def _scaled_constant(value: Decimal, bits: int) -> int:
    """A number times 2^bits, rounded."""
    return round(value * (1 << bits))


@dataclass(frozen=True)
class Exponential:
    """How powers of numbers of a known range are computed: integers that stand for x 2^-point."""

    low: int
    high: int
    point: int
    fraction: int
    """f: bits after the point of the result."""

    @property
    def factor_bits(self) -> int:
        """c: log2(e) is taken times 2^c."""
        return max(min(60 - max(-self.low, self.high, 1).bit_length(), PRECISION + 8, 60 - self.point), 0)

    @cached_property
    def factor(self) -> int:
        with localcontext(DIGITS):
            return _scaled_constant(1 / Decimal(2).ln(), self.factor_bits)

    @property
    def start(self) -> int:
        """a"""
        return self.low * self.factor >> self.point + self.factor_bits

    @property
    def most(self) -> int:
        """K: the largest k."""
        return (self.high * self.factor >> self.point + self.factor_bits) - self.start

    @property
    def lost(self) -> int:
        """So many of the smallest powers count as 0."""
        return max(self.most - (59 - PRECISION), 0)

    @property
    def seen(self) -> int:
        """Bits of u that are looked at."""
        return min(self.point + self.factor_bits, PRECISION + 2)

    @cached_property
    def table(self) -> Table:
        return exponential_table(self.seen)

    @property
    def cut(self) -> int:
        """Bits cut off in the end."""
        return PRECISION - self.fraction - self.start - self.lost

    @cached_property
    def error_units(self) -> Fraction:
        """How far a result may be off, in its units."""
        largest = power(self.most + self.start + 1 + self.fraction)
        factor = Fraction(max(-self.low, self.high, 1)) * power(-self.point - self.factor_bits - 1)
        relative = LN2 * (factor + power(-self.seen)) * Fraction(1025, 1024) + self.table.error_units * power(-PRECISION)
        smallest = power(self.lost + self.start + self.fraction) if self.lost else 0
        return largest * relative + smallest + (self.cut > 0)

    @cached_property
    def circuit(self) -> Circuit:
        """Bits of x log2(e) - a to 2^k, and to what the table needs."""
        build = CircuitBuilder()
        point = self.point + self.factor_bits
        bits = build.input(point + max(self.most.bit_length(), 1))
        powers = one_hot(build, bits[point:])[self.lost : self.most + 1]
        return build.circuit([powers, *self.table.outputs(build, bits[point - self.seen : point])])

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `exponential`."""
        found = numbers_traffic(count, self.circuit, malicious=malicious) + self.table.traffic(count, malicious=malicious)
        return found + traffic.multiply(count) + shifted_traffic(count, self.cut, malicious=malicious)

    def value(self, x: int) -> int:
        """The same in plain integers: the oracle."""
        point = self.point + self.factor_bits
        moved = x * self.factor - (self.start << point)
        whole, rest = moved >> point, moved & (1 << point) - 1
        found = self.table.value(rest >> point - self.seen) << whole - self.lost if whole >= self.lost else 0
        return found >> self.cut if self.cut > 0 else found << -self.cut


@lru_cache(maxsize=KEPT)
def plan_exponential(low: int, high: int, point: int, fraction: int) -> Exponential:
    """How to compute e^x for low <= x 2^point <= high."""
    return Exponential(low, high, point, fraction)


@cache
def exponential_table(bits: int) -> Table:
    """2^u for u in [0, 1); |f^(n)| / n! <= 2 (ln 2)^n / n!."""
    factorial = {3: 6, 4: 24}
    return fit(
        lambda u: (u * Decimal(2).ln()).exp(),
        start=Fraction(0),
        length=Fraction(1),
        bits=bits,
        index_bits=EXPONENTIAL_INDEX_BITS,
        fraction=PRECISION,
        remainder=lambda n: 2 * LN2**n / factorial[n],
    )


def exponential(node: Node, x: Ring, plan: Exponential) -> Steps[Ring]:
    """e^x of each element of a column. `plan` says error and cost."""
    moved = (x * plan.factor).plus_public(node.me, -(plan.start << plan.point + plan.factor_bits))
    raised, *numbers = yield from numbers_of(node, moved, plan.circuit)
    found = yield from plan.table.evaluate(node, numbers, x.size)
    return (yield from shifted_down(node, (yield from multiply(node, found, raised)), plan.cut))


@dataclass(frozen=True)
class Logarithm:
    """How logarithms of positive numbers up to a known one are computed: integers that stand for x 2^-point."""

    most: int
    """Largest x."""
    point: int
    fraction: int
    """f: bits after the point of the result."""

    @property
    def width(self) -> int:
        """Bits of x."""
        return self.most.bit_length()

    @property
    def seen(self) -> int:
        """Bits of m below its first that are looked at."""
        return min(self.width - 1, PRECISION + 2)

    @cached_property
    def table(self) -> Table:
        return logarithm_table(self.seen)

    @cached_property
    def wholes(self) -> list[int]:
        """k ln 2 + 60 ln 2 for each place of the highest bit, in units of the table: none is negative."""
        with localcontext(DIGITS):
            return [_scaled_constant((place - self.point + 60) * Decimal(2).ln(), PRECISION) for place in range(self.width)]

    @cached_property
    def offset(self) -> int:
        """What `wholes` are too much."""
        with localcontext(DIGITS):
            return _scaled_constant(60 * Decimal(2).ln(), PRECISION)

    @property
    def cut(self) -> int:
        """Bits cut off in the end."""
        return PRECISION - self.fraction

    @cached_property
    def error_units(self) -> Fraction:
        """How far a result may be off, in its units."""
        unseen = power(PRECISION - self.seen) if self.seen < self.width - 1 else 0
        return (self.table.error_units + 1 + unseen) * power(-self.cut) + (self.cut > 0)

    @cached_property
    def circuit(self) -> Circuit:
        """Bits of x to k ln 2, and to what the table needs."""
        build = CircuitBuilder()
        moved, hot = normalised(build, build.input(self.width))
        whole = look_up(build, hot, self.wholes, max(self.wholes).bit_length())
        return build.circuit([whole, *self.table.outputs(build, moved[self.width - 1 - self.seen : self.width - 1])])

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `logarithm`."""
        found = numbers_traffic(count, self.circuit, malicious=malicious) + self.table.traffic(count, malicious=malicious)
        return found + shifted_traffic(count, self.cut, malicious=malicious)

    def value(self, x: int) -> int:
        """The same in plain integers: the oracle."""
        place = x.bit_length() - 1
        mantissa = (x << self.width - 1 - place) - (1 << self.width - 1) >> self.width - 1 - self.seen
        found = self.wholes[place] - self.offset + self.table.value(mantissa)
        return found >> self.cut if self.cut > 0 else found << -self.cut


@lru_cache(maxsize=KEPT)
def plan_logarithm(most: int, point: int, fraction: int) -> Logarithm:
    """How to compute ln x for 1 <= x 2^point <= most."""
    return Logarithm(most, point, fraction)


@cache
def logarithm_table(bits: int) -> Table:
    """ln m for m in [1, 2), whose bits below the first are given; |f^(n)| / n! <= 1 / n."""
    return fit(
        lambda m: m.ln(),
        start=Fraction(1),
        length=Fraction(1),
        bits=bits,
        index_bits=LOGARITHM_INDEX_BITS,
        fraction=PRECISION,
        remainder=lambda n: Fraction(1, n),
    )


def logarithm(node: Node, x: Ring, plan: Logarithm) -> Steps[Ring]:
    """ln x of each element of a column. `plan` says error and cost."""
    whole, *numbers = yield from numbers_of(node, x, plan.circuit)
    found = whole + (yield from plan.table.evaluate(node, numbers, x.size))
    return (yield from shifted_down(node, found.plus_public(node.me, -plan.offset), plan.cut))
