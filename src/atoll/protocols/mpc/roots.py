"""Square roots of shared numbers, and their inverses.

x >= 0 of w bits, w even, is moved up by an even number of places 2 j until one of its top two bits is set: M = 4^j x in
[2^(w-2), 2^w). A table gives S close to 2^R times the root, or inverse root, of M / 2^(w-2), in [1, 4), and

    sqrt(x) = S 2^h 2^-R,    1 / sqrt(x) = S 2^j 2^-R 2^-(w-2)/2,    h = (w-2)/2 - j

The power of two is a number made of bits. 0 has no top bit: its root is 0, exactly.

**Error**, in units of the result, with e the error of S in its units and Q' the largest power of two: e Q' 2^-c + 1, where the
product is divided by 2^c. e is the table's error, and 2^(R-n) if only n bits of M below the point are looked at, for both
functions are at most 1 steep from 1 on; R + 1 + the bits of Q' stay below 62.

Leaks: nothing. Source: normalisation as in Aly, Smart, ACNS 2019, ePrint 2019/354, section 3.4; the table in the place of its
iterations: `piecewise`. Spec: specs/mpc-functions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property, lru_cache

from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import KEPT, Circuit, CircuitBuilder
from atoll.protocols.mpc.circuits.normal import normalised
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.piecewise import Table, fit, numbers_of, numbers_traffic, power, shifted_down, shifted_traffic
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.shares import Ring
from atoll.protocols.mpc.traffic import Traffic

INDEX_BITS = 8
MOST_PRECISE = 32


@dataclass(frozen=True)
class Root:
    """How roots of numbers of a known range are computed."""

    least: int
    """Smallest x; for inverse roots at least 1."""
    most: int
    """Largest x."""
    scale: int
    """The result is 2^scale times the root, or inverse root, of the integer x."""
    inverse: bool = False

    @property
    def width(self) -> int:
        """w: bits of x, made even."""
        return max(-(-self.most.bit_length() // 2) * 2, 2)

    @property
    def raised(self) -> int:
        """The power of two is at most 2 to this."""
        half = self.width // 2 - 1
        return half - (max(self.least.bit_length(), 1) - 1) // 2 if self.inverse else half

    @property
    def precision(self) -> int:
        """R"""
        return min(MOST_PRECISE, 60 - self.raised)

    @property
    def seen(self) -> int:
        """Bits of M that are looked at."""
        return min(self.width, self.precision + 3)

    @cached_property
    def table(self) -> Table:
        return root_table(self.seen, self.precision, self.inverse)

    @property
    def cut(self) -> int:
        """Bits cut off in the end; more are added if it is negative."""
        return self.precision - self.scale + (self.width // 2 - 1 if self.inverse else 0)

    @cached_property
    def error_units(self) -> Fraction:
        """How far a result may be off, in its units."""
        off = self.table.error_units + (power(self.precision + 2 - self.seen) if self.seen < self.width else 0)
        return off * power(self.raised - self.cut) + (self.cut > 0)

    @cached_property
    def circuit(self) -> Circuit:
        """Bits of x to the power of two, and to what the table needs."""
        build = CircuitBuilder()
        moved, pairs = normalised(build, build.input(self.width), step=2)
        powers = pairs[::-1][: self.raised + 1] if self.inverse else pairs
        return build.circuit([powers, *self.table.outputs(build, moved[self.width - self.seen :])])

    def traffic(self, count: int, *, malicious: bool) -> Traffic:
        """Of `root`."""
        found = numbers_traffic(count, self.circuit, malicious=malicious) + self.table.traffic(count, malicious=malicious)
        return found + traffic.multiply(count) + shifted_traffic(count, self.cut, malicious=malicious)

    def value(self, x: int) -> int:
        """The same in plain integers: the oracle."""
        if not x:
            return 0
        place = (x.bit_length() - 1) // 2
        up = self.width // 2 - 1 - place
        found = self.table.value(x << 2 * up >> self.width - self.seen) << (up if self.inverse else place)
        return found >> self.cut if self.cut > 0 else found << -self.cut


@lru_cache(maxsize=KEPT)
def plan_root(least: int, most: int, scale: int, *, inverse: bool = False) -> Root:
    """How to take (inverse) roots of least <= x <= most."""
    return Root(least, most, scale, inverse)


@cache
def root_table(bits: int, precision: int, inverse: bool) -> Table:
    """The root or inverse root of M in [1, 4), on [0, 4). |f^(n)| / n! at 1: |binomial(+-1/2, n)|, which bounds it above 1."""
    return fit(
        (lambda m: 1 / m.sqrt()) if inverse else Decimal.sqrt,
        start=Fraction(0),
        length=Fraction(4),
        bits=bits,
        index_bits=INDEX_BITS,
        fraction=precision,
        remainder=lambda n: abs(_binomial(Fraction(-1 if inverse else 1, 2), n)),
        skip=1 << INDEX_BITS - 2,
    )


def root(node: Node, x: Ring, plan: Root) -> Steps[Ring]:
    """The root, or inverse root, of each element of a column. `plan` says error and cost."""
    raised, *numbers = yield from numbers_of(node, x, plan.circuit)
    found = yield from plan.table.evaluate(node, numbers, x.size)
    return (yield from shifted_down(node, (yield from multiply(node, found, raised)), plan.cut))


def _binomial(upper: Fraction, lower: int) -> Fraction:
    result = Fraction(1)
    for at in range(lower):
        result *= (upper - at) / (at + 1)
    return result
