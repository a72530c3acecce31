"""Dividing by a power of two, rounded down: exact.

With x' = x + 2^62, which is not negative, u = x_0 + x_1 + 2^62 and t = x_2 (each modulo 2^64):

    x' = u + t - 2^64 c,        c: whether u + t overflows
    floor(x' / 2^f) = floor(u / 2^f) + floor(t / 2^f) + d - 2^(64-f) c,        d: whether their low f bits overflow

and the result is that minus 2^(62-f). Node 0 knows u; nodes 1 and 2 know t. d takes a carry circuit over f bits. For
|x| < 2^62 x' has no bit 63, so c is the disjunction of the top bits of u and t, one known to node 0, the other to nodes 1 and
2; for any x a carry circuit over 64 bits gives both, with 2^63 in the place of 2^62.

Node 0 gives out what the others multiply by their bits, as in `conversion.from_bit`, and all three reshare.

In malicious mode all three parts are known to two nodes each: a carry-save adder makes two of them, and each carry is the sum
of two bits, converted by products.

Leaks: nothing. Error: none. Sources: Escudero, Ghosh, Keller, Rachuri, Scholl, CRYPTO 2020, ePrint 2020/338, section 5 (exact
truncation by carries); Dalskov, Escudero, Keller, PoPETs 2020, ePrint 2019/131, appendix (the slack bit).
Spec: specs/mpc-bits.md.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits.arithmetic import carry_out
from atoll.protocols.mpc.conversion import (
    from_each_bit,
    known_bits,
    known_summands,
    spare_rounds,
    summands,
    verify_column,
    verify_width,
)
from atoll.protocols.mpc.local import part_two, ring_from_node_zero, sum_of_node_zero
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.products import reshare
from atoll.protocols.mpc.rounds import Steps, chunked
from atoll.protocols.mpc.shares import WORD_BITS, Ring, join_rings

SLACK_BITS = 62
"""Without `full`, the magnitude of what is divided stays below 2^SLACK_BITS."""


def truncate(node: Node, x: Ring, bits: int, *, full: bool = False) -> Steps[Ring]:
    """floor(x / 2^bits) of each number of a column.

    Args:
        x: each with -2^62 <= x < 2^62, unless `full`.
        bits: 1 to 62.
        full: serve any signed 64-bit number, with a carry over all bits.

    Raises:
        BitsOutOfRange, ShapesDiffer.

    Rounds: 3 and the depth of `carries_circuit`: 1 + log2 bits, or 7 in full; two more for long columns. Bytes: the
    circuit's; 8 an element by each node and 16 more by node 0, and by node 0 the low `bits` bits, or 64 of them.
    """
    verify_width(bits, most=SLACK_BITS)
    verify_column(x)
    extra = spare_rounds(x.size)

    def part(rows: slice) -> Steps[Ring]:
        return (_truncate_checked if node.is_malicious else _truncate)(node, x[rows], bits, full, extra)

    return join_rings((yield from chunked(x.size, part)))


def _truncate(node: Node, x: Ring, bits: int, full: bool, extra: int) -> Steps[Ring]:
    offset, shift = (63 if full else 62), np.uint64(WORD_BITS - bits)
    u, t = sum_of_node_zero(node, x), part_two(node, x.shares)
    if u is not None:
        u += np.uint64(1 << offset)
    terms = yield from known_summands(node, u, t, WORD_BITS if full else bits, x.size)
    carries = yield from evaluate(node, carries_circuit(bits, full, extra), *terms)
    # Each carry is v + b s, where node 0 knows v and s, and nodes 1 and 2 know b.
    known = [known_bits(node, one) for one in carries]
    if not full:
        alone = t if u is None else u
        assert alone is not None, "each node knows one of the two"
        known.append(alone >> np.uint64(63))
    low, high = known
    factors = None if u is None else np.stack([1 - 2 * low, 1 - 2 * high if full else 1 - high])
    given = yield from ring_from_node_zero(node, factors, (2, x.size))
    if u is not None:
        own = low - (high << shift) + (u >> np.uint64(bits)) - np.uint64(1 << offset - bits)
    else:
        mine = given.shares[node.me - 1]
        own = (np.negative(low) & mine[0]) - ((np.negative(high) & mine[1]) << shift)
        if node.me == 1 and t is not None:
            own += t >> np.uint64(bits)
    return (yield from reshare(node, own))


def _truncate_checked(node: Node, x: Ring, bits: int, full: bool, extra: int) -> Steps[Ring]:
    offset = 63 if full else 62
    x = x.plus_public(node.me, 1 << offset)
    terms = yield from summands(node, x, WORD_BITS)
    (carries,) = yield from evaluate(node, carries_of_three_circuit(bits, full, extra), *terms)
    numbers = yield from from_each_bit(node, carries)
    parts = Ring(x.shares >> np.uint64(bits)).plus_public(node.me, -(1 << offset - bits))
    return parts + numbers[0] + numbers[1] - (numbers[2] + numbers[3]) * (1 << WORD_BITS - bits)


@cache
def carries_circuit(bits: int, full: bool, extra: int) -> Circuit:
    """Of two numbers: the carry out of their low `bits` bits; in full also the one out of all 64."""
    build = CircuitBuilder()
    first, second = (build.input(WORD_BITS if full else bits) for _ in range(2))
    outputs = [[carry_out(build, first[:bits], second[:bits], extra=extra)]]
    if full:
        outputs.append([carry_out(build, first, second, extra=extra)])
    return build.circuit(outputs)


@cache
def carries_of_three_circuit(bits: int, full: bool, extra: int) -> Circuit:
    """Of three numbers: two bits that add up to the carry out of their low `bits` bits, and two for all 64 bits."""
    build = CircuitBuilder()
    inputs = [build.input(WORD_BITS) for _ in range(3)]
    total = [build.parity_of(three) for three in zip(*inputs, strict=True)]
    carries = [build.majority(*three) for three in zip(*inputs, strict=True)]
    shifted = [build.constant(0), *carries[:-1]]
    low = carry_out(build, total[:bits], shifted[:bits], extra=extra)
    high = carry_out(build, total, shifted, extra=extra) if full else build.disjunction(total[-1], shifted[-1])
    return build.circuit([[carries[bits - 1], low, carries[-1], high]])
