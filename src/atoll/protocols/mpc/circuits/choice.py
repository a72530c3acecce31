"""Choosing by secret bits: one of two words, an entry of a public table, the place of the highest bit."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.protocols.mpc.circuit import Bits, CircuitBuilder, Wire
from atoll.protocols.mpc.circuits.prefix import prefixes


def choose(build: CircuitBuilder, condition: Wire, if_one: Bits, if_zero: Bits) -> Bits:
    """One of two words; one round, an AND a bit."""
    return [build.choose(condition, one, zero) for one, zero in zip(if_one, if_zero, strict=True)]


def one_hot(build: CircuitBuilder, index: Bits) -> Bits:
    """2^w bits of which bit number `index` alone is 1.

    Halves are expanded by themselves; of their product table all but one row and one column cost an AND, for each row adds up
    to its bit of one half and each column to its bit of the other. log2 w rounds; w = 8: 247 ANDs.
    """
    if not index:
        return [build.constant(1)]
    if len(index) == 1:
        return [build.invert(index[0]), index[0]]
    low = one_hot(build, index[: len(index) // 2])
    high = one_hot(build, index[len(index) // 2 :])
    table = [[build.conjunction(row, column) for column in low[1:]] for row in high[1:]]
    rows = [[build.parity_of([row, *entries]), *entries] for row, entries in zip(high[1:], table, strict=True)]
    first = [build.parity_of([column, *(row[at] for row in rows)]) for at, column in enumerate(low)]
    return [*first, *(bit for row in rows for bit in row)]


def look_up(build: CircuitBuilder, hot: Bits, table: Sequence[int], width: int) -> Bits:
    """The entry of a public table that a `one_hot` points at; no AND at all. Missing entries count as 0."""
    return [build.parity_of([hot[at] for at, entry in enumerate(table) if entry >> bit & 1]) for bit in range(width)]


def from_the_highest(build: CircuitBuilder, bits: Bits, *, extra: int = 0) -> Bits:
    """Bit k is 1 when bit k or a higher one is: ones from the highest set bit down. log2 n rounds."""
    inverted = [build.invert(bit) for bit in reversed(bits)]
    return [build.invert(bit) for bit in reversed(prefixes(inverted, build.conjunction, extra))]


def highest_alone(build: CircuitBuilder, bits: Bits, *, extra: int = 0) -> Bits:
    """The highest set bit alone; nothing for 0. As `from_the_highest`."""
    filled = from_the_highest(build, bits, extra=extra)
    return [build.xor(bit, up) for bit, up in zip(filled, [*filled[1:], build.constant(0)], strict=True)]


def shift_left(build: CircuitBuilder, bits: Bits, places: Bits) -> Bits:
    """Shifted up by a secret number of places, zeros from below; the top is lost. A round and n ANDs a bit of it."""
    for stage, place in enumerate(places):
        by = min(1 << stage, len(bits))
        bits = choose(build, place, [*([build.constant(0)] * by), *bits[: len(bits) - by]], bits)
    return bits
