"""Comparing words. Bits stand least significant first; both operands have one width.

a < b, for unsigned words, is the carry out of ~a + b; signed words differ in the top bit only.
"""

from __future__ import annotations

from atoll.protocols.mpc.circuit import Bits, CircuitBuilder, Wire
from atoll.protocols.mpc.circuits.arithmetic import carry_out


def less_than(build: CircuitBuilder, a: Bits, b: Bits, *, signed: bool = False, extra: int = 0) -> Wire:
    """Whether a < b; 1 + log2 n rounds and about 2.3 n ANDs, fewer with `extra` rounds."""
    if signed and a:
        a, b = [*a[:-1], build.invert(a[-1])], [*b[:-1], build.invert(b[-1])]
    return carry_out(build, [build.invert(bit) for bit in a], b, extra=extra)


def equal(build: CircuitBuilder, a: Bits, b: Bits) -> Wire:
    """Whether a = b; log2 n rounds, n - 1 ANDs."""
    return is_zero(build, [build.xor(one, other) for one, other in zip(a, b, strict=True)])


def is_zero(build: CircuitBuilder, a: Bits) -> Wire:
    """Whether no bit is set; log2 n rounds, n - 1 ANDs."""
    return build.all_of([build.invert(bit) for bit in a])
