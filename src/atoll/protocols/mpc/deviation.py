"""Sums of products of deviations from means, and correlations, of shared columns.

    sum (x - mean x)(y - mean y)  =  sum (x - a)(y - b)  -  d_x d_y / n,    d_x = sum x - n a

for any a and b. Integers a and b close to the means are computed from the sums, which are local, by a product with 1/n; then

    sum (x - a)(y - b)  =  sum x y - b sum x - a sum y + n a b    modulo 2^64

is exact and costs one inner product and two products of single numbers, however long the columns. Nothing is lost to large
means. What spans a wide range is added up in pieces, each truncated; what spans a narrow one is scaled up by 2^e first, so that
the second term can be rounded.

**Error**, in units of the result, which has e_x + e_y more bits after the point than the product of two entries, p = -(e_x +
e_y), where negative, cut off: pieces [p > 0] for the truncations, (1 + 16 n 2^-u) 2^-p + 1 for the second term, u the bits of
1/n: about 3.

**Correlation.** V_x is moved up by 4^j_x as in `roots`; as |C| <= sqrt(V_x V_y), D = C 2^(j_x + j_y) still fits, and D times
both inverse roots is the correlation; off by at most 2^-24 and what V and C are off, relative to V.

Leaks: nothing. Source: the shifted-data identity: Chan, Golub, LeVeque, American Statistician 37 (1983), section 1; roots:
`roots`. Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import KEPT
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.piecewise import (
    TOP,
    numbers_of,
    numbers_traffic,
    power,
    shifted_down,
    shifted_traffic,
    side_by_side,
    side_by_side_traffic,
)
from atoll.protocols.mpc.products import dot, multiply
from atoll.protocols.mpc.roots import Root, plan_root
from atoll.protocols.mpc.rounds import Steps, parallel
from atoll.protocols.mpc.shares import Ring, join_rings, stack_rings
from atoll.protocols.mpc.traffic import Traffic

ROOM = 1 << 59
"""What a sum of squares stays below once it is scaled, if its point can be moved so far."""
POINT = 30
"""Most bits after the point of a scaled entry."""
CORRELATION_FRACTION = 28
"""Bits after the point of a correlation."""


@dataclass(frozen=True)
class Spread:
    """What is known of the entries of a column: integers that stand for x 2^-point."""

    count: int
    low: int
    high: int
    point: int

    @property
    def range(self) -> int:
        """How far two entries may be apart, and a unit more: how far one is from an integer close to the mean."""
        return self.high - self.low + 4

    @property
    def middle(self) -> int:
        """An integer that the mean is known to be near."""
        return (self.low + self.high) // 2

    @cached_property
    def scale(self) -> int:
        """e: entries are taken 2^e times."""
        scale = POINT - self.point
        while scale > -self.point and self.count * self.range**2 * power(2 * scale) >= 4 * ROOM:
            scale -= 1
        return scale

    @property
    def raised(self) -> int:
        """By how many bits entries are moved up."""
        return max(self.scale, 0)

    @property
    def whole(self) -> int:
        """a of the bits of 1/n: sums are divided by 2^a first."""
        return self.count.bit_length() - 1

    @property
    def inverse_bits(self) -> int:
        """u of the mean: 1/n is taken times 2^(a + u)."""
        return 60 - (self.range << self.raised).bit_length()


@dataclass(frozen=True)
class Comoment:
    """How a sum of products of deviations is computed."""

    x: Spread
    y: Spread

    @property
    def count(self) -> int:
        """n"""
        return self.x.count

    @property
    def point(self) -> int:
        """Bits after the point of the result."""
        return self.x.point + self.x.scale + self.y.point + self.y.scale

    @property
    def cut(self) -> int:
        """p"""
        return max(-self.x.scale, 0) + max(-self.y.scale, 0)

    @cached_property
    def piece(self) -> int:
        """Entries that are added up before anything is cut off."""
        return max(min((TOP - 1) // (self.x.range * self.y.range << self.x.raised + self.y.raised), self.count), 1)

    @cached_property
    def pieces(self) -> tuple[slice, ...]:
        """Where the column is cut."""
        return tuple(slice(at, min(at + self.piece, self.count)) for at in range(0, self.count, self.piece))

    @property
    def inverse_bits(self) -> int:
        """u of the second term."""
        return 54 - self.count.bit_length()

    @property
    def magnitude(self) -> int:
        """No result is further from 0: n times a quarter of both ranges, by Popoviciu and Cauchy."""
        return int(self.count * self.x.range * self.y.range * power(self.x.scale + self.y.scale) / 4) + 1

    @cached_property
    def error_units(self) -> Fraction:
        """How far a result may be off, in its units."""
        second = (1 + 16 * self.count * power(-self.inverse_bits)) * power(-self.cut) + 1
        return second + (len(self.pieces) if self.cut else 0)

    def traffic(self, results: int, *, malicious: bool) -> Traffic:
        """Of `comoment`."""

        def shifted(bits: int, count: int = results) -> Traffic:
            return shifted_traffic(count, bits, malicious=malicious)

        means = [shifted(one.whole) + shifted(one.inverse_bits) for one in (self.x, self.y)]
        pieces = len(self.pieces)
        total = means[0] | means[1]
        for piece in self.pieces:
            total = total | traffic.dot(results, piece.stop - piece.start)
        total = total + traffic.multiply((2 * pieces + 2) * results)
        second = shifted(self.x.whole) + shifted(self.inverse_bits + self.cut)
        return total + (shifted(self.cut, pieces * results) | second)


@lru_cache(maxsize=KEPT)
def plan_comoment(x: Spread, y: Spread) -> Comoment:
    """How to add up products of deviations of two columns of one length."""
    return Comoment(x, y)


def comoment(node: Node, x: Ring, y: Ring, plan: Comoment) -> Steps[Ring]:
    """The sum of (x - mean x)(y - mean y) along the last axis of two matrices (k, n). `plan` says error and cost."""
    rows, count = x.shape
    columns = ((x, plan.x), (y, plan.y))
    parts = [[one[:, rows].sum(-1) * (1 << spread.raised) for rows in plan.pieces] for one, spread in columns]
    sums = [stack_rings(part).sum(0) for part in parts]
    near_x, near_y, *products = yield from parallel(
        *[_near_mean(node, total, spread) for total, (_, spread) in zip(sums, columns, strict=True)],
        *[dot(node, x[:, piece], y[:, piece]) for piece in plan.pieces],
    )
    apart = [total - near * count for total, near in zip(sums, (near_x, near_y), strict=True)]
    found = yield from multiply(
        node,
        join_rings([*[near_y] * len(products), *[near_x] * len(products), near_x, apart[0]]),
        join_rings([*parts[0], *parts[1], near_y, apart[1]]),
    )
    by = [found[at * rows : (at + 1) * rows] for at in range(2 * len(products) + 2)]
    pieces = []
    for at, (product, piece) in enumerate(zip(products, plan.pieces, strict=True)):
        exact = product * (1 << plan.x.raised + plan.y.raised)
        pieces.append(exact - by[at] - by[len(products) + at] + by[-2] * (piece.stop - piece.start))
    cut, second = yield from parallel(
        shifted_down(node, join_rings(pieces), plan.cut), _over_count(node, by[-1], plan.inverse_bits, count, plan.cut)
    )
    return cut.reshape(len(products), rows).sum(0) - second


def _near_mean(node: Node, total: Ring, spread: Spread) -> Steps[Ring]:
    """An integer within 3 of total / n."""
    middle = spread.middle << spread.raised
    rest = total.plus_public(node.me, -middle * spread.count)
    return (yield from _over_count(node, rest, spread.inverse_bits, spread.count, 0)).plus_public(node.me, middle)


def _over_count(node: Node, x: Ring, inverse_bits: int, count: int, cut: int) -> Steps[Ring]:
    """About x / n / 2^cut: floor(floor(x / 2^a) round(2^(a+u) / n) / 2^(u + cut)), 2^a the largest power of two up to n."""
    whole = count.bit_length() - 1
    inverse = ((2 << whole + inverse_bits) + count) // (2 * count)
    return (yield from shifted_down(node, (yield from shifted_down(node, x, whole)) * inverse, inverse_bits + cut))


@dataclass(frozen=True)
class Correlation:
    """How C / sqrt(V_x V_y) is computed."""

    x: Root
    y: Root

    @property
    def precision(self) -> int:
        """R: bits of the inverse roots."""
        return min(self.x.precision, self.y.precision)

    @property
    def half(self) -> int:
        """|D| is below 2 to this."""
        return (self.x.width + self.y.width) // 2

    @property
    def cuts(self) -> tuple[int, int, int]:
        """Of D, and after each inverse root."""
        first = self.half - (61 - self.x.precision)
        last = self.y.precision + self.half - 2 - first - CORRELATION_FRACTION
        return first, self.x.precision, last

    @cached_property
    def error(self) -> Fraction:
        """How far a correlation may be off, for exact V and C."""
        first = self.cuts[0]
        roots = sum(
            2 * (one.table.error_units + power(one.precision + 2 - one.seen)) * power(-one.precision)
            for one in (self.x, self.y)
        )
        return (roots + 2 * power(first + 2 - self.half)) * Fraction(1025, 1024) + power(-CORRELATION_FRACTION)

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `correlation`."""
        numbers = [numbers_traffic(count, one.circuit, malicious=malicious) for one in (self.x, self.y)]
        tables = [one.table.traffic(count, malicious=malicious) for one in (self.x, self.y)]
        total = side_by_side_traffic(numbers, malicious=malicious) + (tables[0] | tables[1])
        for cut in self.cuts:
            total = total + traffic.multiply(count) + shifted_traffic(count, cut, malicious=malicious)
        return total + traffic.multiply(count)


@lru_cache(maxsize=KEPT)
def plan_correlation(most_x: int, most_y: int) -> Correlation:
    """For sums of squares up to these."""
    return Correlation(plan_root(1, most_x, 0, inverse=True), plan_root(1, most_y, 0, inverse=True))


def correlation(node: Node, c: Ring, vx: Ring, vy: Ring, plan: Correlation) -> Steps[Ring]:
    """c / sqrt(vx vy), element by element; anything where a v is so small that |c| may pass the root of both."""
    (up_x, *of_x), (up_y, *of_y) = yield from side_by_side(
        node, [numbers_of(node, vx, plan.x.circuit), numbers_of(node, vy, plan.y.circuit)]
    )
    roots = yield from parallel(plan.x.table.evaluate(node, of_x, c.size), plan.y.table.evaluate(node, of_y, c.size))
    found = yield from multiply(node, (yield from multiply(node, c, up_x)), up_y)
    first, second, last = plan.cuts
    found = yield from multiply(node, (yield from shifted_down(node, found, first)), roots[0])
    found = yield from multiply(node, (yield from shifted_down(node, found, second)), roots[1])
    return (yield from shifted_down(node, found, last))
