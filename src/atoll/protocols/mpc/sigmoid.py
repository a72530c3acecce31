"""The logistic function 1 / (1 + e^-x) of shared numbers.

On [-16, 16) by a table of polynomials on segments of 1/8; outside of it, the first and the last segment stand for what is
beyond, where the function is within 2^-23 of 0 or 1. Only the index is held at the ends: whatever the low part, both segments
are flat enough.

**Error**, in units of 2^-F: the table's; if the argument's bits below 2^-n are not looked at, 2^(F-n) / 4 for the slope; and
2^(F-22) for what lies beyond the table, of integers, whose last entry is that of 15, 2^(F-21). sup |f'''| = 1/8 and
sup |f''''| < 0.13, by which the degree is chosen: F = 20 takes quadratic polynomials and is exact to 6e-6.

Leaks: nothing. Source: Aly, Smart, ACNS 2019, ePrint 2019/354, section 3 (functions by polynomials on fixed-point numbers);
`piecewise`. Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache

from atoll.protocols.mpc.circuit import KEPT, Circuit, CircuitBuilder
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.piecewise import Table, fit, numbers_of, numbers_traffic, power
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.shares import Ring
from atoll.protocols.mpc.traffic import Traffic

REACH_BITS = 4
"""The table reaches from -2^REACH_BITS to 2^REACH_BITS."""
INDEX_BITS = 8
MOST_PRECISE = 24
DERIVATIVES = {3: Fraction(1, 8 * 6), 4: Fraction(13, 100 * 24)}
"""Upper bounds of |f^(n)| / n!."""


@dataclass(frozen=True)
class Sigmoid:
    """How the function is computed of numbers of a known range."""

    width: int
    """Bits of the argument in two's complement, once 2^REACH_BITS is added."""
    point: int
    """Bits after the point of the argument."""
    precision: int
    """F: bits after the point of the result."""

    @property
    def seen(self) -> int:
        """Bits after the point that are looked at."""
        return min(self.point, self.precision)

    @cached_property
    def table(self) -> Table:
        return sigmoid_table(self.seen + REACH_BITS + 1, self.precision)

    @cached_property
    def error_units(self) -> Fraction:
        """How far a result may be off, in its units."""
        unseen = power(self.precision - self.seen - 2) if self.seen < self.point else 0
        return self.table.error_units + unseen + power(self.precision - (22 if self.seen else 21))

    @cached_property
    def circuit(self) -> Circuit:
        """Bits of the argument to what the table needs; the index held at the ends."""
        build = CircuitBuilder()
        bits = build.input(self.width)
        reach = self.point + REACH_BITS + 1
        negative = bits[-1]
        above = build.conjunction(build.invert(negative), build.any_of(bits[reach:-1]))
        inside = build.invert(negative)
        table = self.table
        argument = bits[self.point - self.seen : reach]
        index = [build.conjunction(inside, build.disjunction(bit, above)) for bit in argument[table.low_bits :]]
        return build.circuit(table.outputs(build, [*argument[: table.low_bits], *index]))

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `sigmoid`."""
        return numbers_traffic(count, self.circuit, malicious=malicious) + self.table.traffic(count, malicious=malicious)

    def value(self, x: int) -> int:
        """The same in plain integers: the oracle."""
        x = x + (1 << self.point + REACH_BITS) >> self.point - self.seen
        table, most = self.table, (1 << INDEX_BITS) - 1
        index = max(0, min(x >> table.low_bits, (1 << table.index_bits) - 1, most))
        return table.value((index << table.low_bits) + (x & (1 << table.low_bits) - 1))


@lru_cache(maxsize=KEPT)
def plan_sigmoid(low: int, high: int, point: int, precision: int) -> Sigmoid:
    """How to compute it of low <= x <= high, integers that stand for x 2^-point."""
    reach = 1 << point + REACH_BITS
    width = max(low + reach, ~(low + reach), high + reach, ~(high + reach)).bit_length() + 1
    return Sigmoid(max(width, point + REACH_BITS + 2), point, precision)


@cache
def sigmoid_table(bits: int, precision: int) -> Table:
    """On [-16, 16)."""
    reach = Fraction(1 << REACH_BITS)
    return fit(
        lambda x: 1 / (1 + (-x).exp()),
        start=-reach,
        length=2 * reach,
        bits=bits,
        index_bits=INDEX_BITS,
        fraction=precision,
        remainder=lambda n: DERIVATIVES[n],
    )


def sigmoid(node: Node, x: Ring, plan: Sigmoid) -> Steps[Ring]:
    """The logistic function of each element of a column. `plan` says error and cost."""
    moved = x.plus_public(node.me, 1 << plan.point + REACH_BITS)
    numbers = yield from numbers_of(node, moved, plan.circuit)
    return (yield from plan.table.evaluate(node, numbers, x.size))
