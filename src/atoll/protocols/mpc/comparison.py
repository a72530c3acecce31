"""Comparing shared numbers: answers are shared bits, one plane.

A number known to lie in [-2^(w-1), 2^(w-1)) is negative exactly when bit w - 1 of it modulo 2^w is set, so the low w bits of
its parts suffice: a declared range of 32 bits halves the cost. The declaration must hold: outside of it the answer is wrong,
though nothing is shown.

Leaks: nothing. Source: the most significant bit by a carry tree, Mohassel, Rindal, CCS 2018, ePrint 2018/403, section 5.3;
overflow of a difference by the signs, Hacker's Delight, section 2-12. Spec: specs/mpc-bits.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits import order
from atoll.protocols.mpc.circuits.arithmetic import top_bit_of_sum
from atoll.protocols.mpc.conversion import planes_of, spare_rounds, summands, two_summands, verify_column, verify_width
from atoll.protocols.mpc.errors import ShapesDiffer
from atoll.protocols.mpc.local import part_two, planes_from_node_zero, sum_of_node_zero
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.rounds import CIRCUIT_CHUNK, Steps, chunked
from atoll.protocols.mpc.shares import WORD_BITS, Planes, Ring, join_planes, join_rings, known_planes


def is_negative(node: Node, x: Ring, *, bits: int = WORD_BITS) -> Steps[Planes]:
    """Whether each number of a column is below zero.

    Args:
        bits: each number lies in [-2^(bits-1), 2^(bits-1)); 1 to 64.

    Rounds: 1 and the circuit's: 8 for 64 bits. Bytes: the circuit's (149 bits an element for 64), and by node 0 `bits` bits.
    Long columns: 10 rounds, 128 bits.
    """
    return _of_each(x, None, bits, lambda part, _: _is_negative(node, part, None, bits, spare_rounds(x.size)))


def less_than(node: Node, x: Ring, y: Ring, *, bits: int = WORD_BITS) -> Steps[Planes]:
    """Whether x < y, element by element, both signed.

    Args:
        bits: each *difference* x - y lies in [-2^(bits-1), 2^(bits-1)). Numbers of a range [-2^(k-1), 2^(k-1)) have differences
            of k + 1 bits; where that makes 65, use `less_than_any`.

    Rounds, bytes: those of `is_negative`.
    """
    return _of_each(x, y, bits, lambda part, less: _is_negative(node, part, less, bits, spare_rounds(x.size)))


def less_than_any(node: Node, x: Ring, y: Ring) -> Steps[Planes]:
    """Whether x < y for any signed 64-bit numbers: the sign of the difference, unless it overflows.

    Rounds: one more than `is_negative`. Bytes: three times its, and one bit.
    """
    difference = x - y
    count = x.size

    def part(rows: slice) -> Steps[Planes]:
        three = [one[rows] for one in (x, y, difference)]
        signs = []
        padded = -(-three[0].size // WORD_BITS) * WORD_BITS
        stacked = join_rings([_padded(one, padded) for one in three])
        all_signs = yield from _is_negative(node, stacked, None, WORD_BITS, spare_rounds(count))
        for at in range(3):
            one = all_signs.part(slice(at * padded, (at + 1) * padded))
            signs.append(Planes(one.planes, three[at].size))
        (less,) = yield from evaluate(node, overflow_circuit(), *signs)
        return less

    return join_planes((yield from chunked(count, part)))


def equal(node: Node, x: Ring, y: Ring, *, bits: int = WORD_BITS) -> Steps[Planes]:
    """Whether x = y, element by element.

    Args:
        bits: as in `less_than`; x - y is zero exactly when it is zero modulo 2^bits.

    Rounds, bytes: those of `is_zero`.
    """
    return _of_each(x, y, bits, lambda part, less: _is_zero(node, part, less, bits))


def is_zero(node: Node, x: Ring, *, bits: int = WORD_BITS) -> Steps[Planes]:
    """Whether each number of a column is 0 modulo 2^bits: x = u + x_2 is, when u = -x_2, so no adder is needed.

    Rounds: 1 and log2 bits: 7 for 64 bits. Bytes: bits - 1 bits an element, and by node 0 `bits` bits. Malicious: about three
    times as many, one round more.
    """
    return _of_each(x, None, bits, lambda part, less: _is_zero(node, part, less, bits))


def _of_each(x: Ring, y: Ring | None, bits: int, answer: Callable[[Ring, Ring | None], Steps[Planes]]) -> Steps[Planes]:
    """An answer for each element of x, or of x - y, in chunks that stay in the caches from the difference to the answer."""
    verify_width(bits)
    verify_column(x)
    if y is not None and y.shape != x.shape:
        raise ShapesDiffer(first=x.shape, second=y.shape)
    answers = yield from chunked(x.size, lambda rows: answer(x[rows], None if y is None else y[rows]), size=CIRCUIT_CHUNK)
    return join_planes(answers)


def _is_negative(node: Node, x: Ring, less: Ring | None, bits: int, extra: int) -> Steps[Planes]:
    terms = yield from summands(node, x, bits, less=less)
    (answer,) = yield from evaluate(node, sign_circuit(bits, len(terms), extra), *terms)
    return answer


def _is_zero(node: Node, x: Ring, less: Ring | None, bits: int) -> Steps[Planes]:
    if node.is_malicious:
        (answer,) = yield from evaluate(node, zero_circuit(bits, 3), *(yield from summands(node, x, bits, less=less)))
        return answer
    x = x if less is None else x - less
    u, negated = sum_of_node_zero(node, x), part_two(node, np.negative(x.shares))
    first = yield from planes_from_node_zero(node, planes_of(u, bits), bits, x.size)
    second = known_planes(node.me, 2, planes_of(negated, bits), bits, x.size)
    (answer,) = yield from evaluate(node, all_zero_circuit(bits), first ^ second)
    return answer


def _padded(x: Ring, count: int) -> Ring:
    if x.size == count:
        return x
    shares = np.zeros((2, count), np.uint64)
    shares[:, : x.size] = x.shares
    return Ring(shares)


@cache
def sign_circuit(bits: int, terms: int, extra: int) -> Circuit:
    """The top bit of the sum of two or three numbers."""
    build = CircuitBuilder()
    first, second = two_summands(build, [build.input(bits) for _ in range(terms)])
    return build.circuit([[top_bit_of_sum(build, first, second, extra=extra)]])


@cache
def all_zero_circuit(bits: int) -> Circuit:
    """Whether no bit is set."""
    build = CircuitBuilder()
    return build.circuit([[order.is_zero(build, build.input(bits))]])


@cache
def zero_circuit(bits: int, terms: int) -> Circuit:
    """Whether three numbers add up to 0 modulo 2^bits.

    a + b = 0 when no bit of the sum is set, that is when a_k ^ b_k is the carry that zeros below it leave: a_{k-1} | b_{k-1}.
    """
    build = CircuitBuilder()
    first, second = two_summands(build, [build.input(bits) for _ in range(terms)])
    below = [build.constant(0), *(build.disjunction(*pair) for pair in zip(first[:-1], second[:-1], strict=True))]
    return build.circuit([[order.is_zero(build, [build.parity_of(three) for three in zip(first, second, below, strict=True)])]])


@cache
def overflow_circuit() -> Circuit:
    """Signs of x, y and x - y modulo 2^64 to whether x < y: where the signs differ, x's own tells."""
    build = CircuitBuilder()
    (x,), (y,), (difference,) = build.input(1), build.input(1), build.input(1)
    return build.circuit([[build.choose(build.xor(x, y), x, difference)]])
