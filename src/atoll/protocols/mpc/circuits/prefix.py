"""Carries and other prefixes: the trees behind adders and comparisons.

A `Span` is a run of bit positions of an addition: it makes a carry by itself (G), or passes on one that comes in (P). Spans
combine associatively, so all carries are prefixes of one product, and any prefix network computes them.

Each gate is made when it is first asked for, so a span whose P nobody needs costs none.

Sources: the prefix family is Ladner, Fischer, JACM 27 (1980), section 2 (with no extra depth: fewest rounds; with as much as
it takes: the size of Brent, Kung, IEEE ToC 1982). That a single position above a span needs one AND, the majority of its two
bits and the carry below, instead of two is the full adder of Boyar, Peralta, Pochuev, TCS 235 (2000).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import inf
from typing import TypeVar

from atoll.protocols.mpc.circuit import Bits, CircuitBuilder, Wire

S = TypeVar("S")


class Span:
    """A run of positions of an addition; a single one by itself, more by `above`."""

    def __init__(self, make: Callable[[], Wire], passes: Callable[[], Wire], pair: tuple[Wire, Wire] | None = None) -> None:
        self._make, self._pass = make, passes
        self._g: Wire | None = None
        self._p: Wire | None = None
        self.pair = pair
        """The two bits, of a single position."""

    @property
    def makes(self) -> Wire:
        """G: whether a carry comes out when none comes in."""
        if self._g is None:
            self._g = self._make()
        return self._g

    @property
    def passes(self) -> Wire:
        """P: whether a carry that comes in comes out; may be 1 or 0 where G is 1."""
        if self._p is None:
            self._p = self._pass()
        return self._p


def position(build: CircuitBuilder, a: Wire, b: Wire) -> Span:
    """A single position."""
    return Span(lambda: build.conjunction(a, b), lambda: build.xor(a, b), (a, b))


def lowest(build: CircuitBuilder, a: Wire, b: Wire, carry: Wire) -> Span:
    """The lowest position, with a carry that comes in; nothing stands below it."""
    return Span(lambda: build.majority(a, b, carry), lambda: build.constant(0))


def above(build: CircuitBuilder, high: Span, low: Span) -> Span:
    """The span of `low` and, right above it, `high`."""

    def make() -> Wire:
        if high.pair is not None:
            return build.majority(*high.pair, low.makes)
        return build.xor(high.makes, build.conjunction(high.passes, low.makes))

    return Span(make, lambda: build.conjunction(high.passes, low.passes))


def positions(build: CircuitBuilder, a: Bits, b: Bits, carry: Wire | None) -> list[Span]:
    """One span a position, lowest first."""
    spans = [position(build, *pair) for pair in zip(a, b, strict=True)]
    if carry is not None and spans:
        spans[0] = lowest(build, a[0], b[0], carry)
    return spans


def prefixes(items: Sequence[S], combine: Callable[[S, S], S], extra: int) -> list[S]:
    """All products of the first 1, 2, ... items: the network P_extra of Ladner and Fischer.

    Args:
        combine: associative; its first argument stands above its second.
        extra: steps beyond the fewest, log2 of the number of items; more of them need fewer combinations.
    """
    count = len(items)
    if count <= 1:
        return list(items)
    if extra == 0:
        half = 1 << (count - 1).bit_length() - 1
        low, high = prefixes(items[:half], combine, 1), prefixes(items[half:], combine, 0)
        return low + [combine(one, low[-1]) for one in high]
    pairs = [combine(items[at + 1], items[at]) for at in range(0, count - 1, 2)]
    odd = prefixes(pairs, combine, extra - 1)
    done = [items[0]]
    for at in range(1, count):
        done.append(odd[at // 2] if at % 2 else combine(items[at], odd[at // 2 - 1]))
    return done


def carry_span(build: CircuitBuilder, spans: Sequence[Span], depth: int) -> Span:
    """All positions as one span, with the fewest ANDs that `depth` rounds allow."""
    if len(spans) == 1:
        return spans[0]
    _, high = _cheapest(len(spans), max(depth, fewest_rounds(len(spans))), False)
    return _tree(build, spans, max(depth, fewest_rounds(len(spans))), False, high)


def fewest_rounds(positions_: int) -> int:
    """Depth below which no network has the carry out of so many positions."""
    return 1 + (positions_ - 1).bit_length()


def _tree(build: CircuitBuilder, spans: Sequence[Span], depth: int, passes: bool, high: int) -> Span:
    cut = len(spans) - high
    parts = []
    for part, needs in ((spans[cut:], passes or high > 1), (spans[:cut], passes)):
        more = _cheapest(len(part), depth - 1, needs)[1]
        parts.append(_tree(build, part, depth - 1, needs, more) if len(part) > 1 else part[0])
    return above(build, *parts)


@cache
def _cheapest(count: int, depth: int, passes: bool) -> tuple[float, int]:
    """Fewest ANDs of a span's G (and P, if it passes something on), and how many positions its upper part then has."""
    if count == 1:
        return (1, 0) if depth >= 1 else (inf, 0)
    if depth < 1:
        return inf, 0
    best: tuple[float, int] = (inf, 0)
    for high in range(1, count):
        upper = 0.0 if high == 1 else _cheapest(high, depth - 1, True)[0]
        cost = upper + _cheapest(count - high, depth - 1, passes)[0] + (2 if passes else 1)
        best = min(best, (cost, high))
    return best
