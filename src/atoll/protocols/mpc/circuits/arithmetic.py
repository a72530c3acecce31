"""Sums and differences of words. Bits stand least significant first; both operands have one width.

`extra` trades rounds for gates in whatever computes all carries: with 0 an n-bit sum takes 1 + log2 n rounds, each further
round saves gates, until from about log2 n - 2 on nothing is left to save.
"""

from __future__ import annotations

from atoll.protocols.mpc.circuit import Bits, CircuitBuilder, Wire
from atoll.protocols.mpc.circuits.prefix import above, carry_span, fewest_rounds, positions, prefixes

FAST = 0
"""`extra` for the fewest rounds."""


def carry_out(build: CircuitBuilder, a: Bits, b: Bits, *, carry: Wire | None = None, extra: int = 0) -> Wire:
    """Whether a + b (+ carry) needs one more bit; 0 for no bits, or the carry that came in."""
    if not a:
        return build.constant(0) if carry is None else carry
    return carry_span(build, positions(build, a, b, carry), fewest_rounds(len(a)) + extra).makes


def add(build: CircuitBuilder, a: Bits, b: Bits, *, carry: Wire | None = None, extra: int = FAST) -> tuple[Bits, Wire]:
    """a + b (+ carry) modulo 2^n, and the carry out."""
    spans = prefixes(positions(build, a, b, carry), lambda high, low: above(build, high, low), extra)
    into = [build.constant(0) if carry is None else carry, *(span.makes for span in spans)]
    total = [build.xor(build.xor(one, other), into[at]) for at, (one, other) in enumerate(zip(a, b, strict=True))]
    return total, into[-1]


def add_modulo(build: CircuitBuilder, a: Bits, b: Bits, *, carry: Wire | None = None, extra: int = FAST) -> Bits:
    """a + b (+ carry) modulo 2^n; no gate for the carry out."""
    if not a:
        return []
    low, top = add(build, a[:-1], b[:-1], carry=carry, extra=extra)
    return [*low, build.xor(build.xor(a[-1], b[-1]), top)]


def subtract(build: CircuitBuilder, a: Bits, b: Bits, *, extra: int = FAST) -> Bits:
    """a - b modulo 2^n."""
    return add_modulo(build, a, [build.invert(bit) for bit in b], carry=build.constant(1), extra=extra)


def subtract_with_borrow(build: CircuitBuilder, a: Bits, b: Bits, *, extra: int = FAST) -> tuple[Bits, Wire]:
    """a - b modulo 2^n, and whether a < b (unsigned)."""
    low, no_borrow = add(build, a, [build.invert(bit) for bit in b], carry=build.constant(1), extra=extra)
    return low, build.invert(no_borrow)


def save_carries(build: CircuitBuilder, a: Bits, b: Bits, c: Bits) -> tuple[Bits, Bits]:
    """Two numbers whose sum is a + b + c modulo 2^n; one AND a bit but the top one, one round."""
    total = [build.parity_of(three) for three in zip(a, b, c, strict=True)]
    carries = [build.majority(*three) for three in zip(a, b, c, strict=True)]
    return total, [build.constant(0), *carries[:-1]] if carries else []


def top_bit_of_sum(build: CircuitBuilder, a: Bits, b: Bits, *, extra: int = 0) -> Wire:
    """Bit n - 1 of a + b modulo 2^n: whether the sum, read as a signed number, is negative."""
    return build.parity_of([a[-1], b[-1], carry_out(build, a[:-1], b[:-1], extra=extra)])
