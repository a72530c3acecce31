"""What the operations on tables say: as `traffic`, exactly, but for the comparisons of a sort.

How many comparisons a sort asks for is settled by its shuffle, which is random and no function of the data. `order` says what
one draw of it takes; others differ by a few hundredths (and by some rounds), and `most_levels` bounds the worst. `order_after`
says exactly what a run took whose levels are known.

Malicious mode verifies before each opening of a sort. That is counted here; what comes after the last opening, and what was
done before the operation began, is for the caller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from atoll._core import Ranking
from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.comparison import all_zero_circuit
from atoll.protocols.mpc.gathering import one_hot_circuit
from atoll.protocols.mpc.ordering import comparison_circuit, comparison_depth
from atoll.protocols.mpc.pivots import ROUND_BYTES, choose_pivots, spare_comparison_rounds
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.shares import WORD_BITS, word_count
from atoll.protocols.mpc.traffic import NUMBER_BYTES, Traffic, even, noted

NOTHING = Traffic()

_PLAYED = 1 << 16
"""Rows of the sort that is played through to count; longer ones are estimated by it."""


def shuffle(count: int, numbers: int, planes: int = 0, *, malicious: bool = False) -> Traffic:
    """`Shuffle.apply`, `Shuffle.undo`: of columns of so many numbers and bits a row."""
    words = -(-planes // WORD_BITS)
    size = NUMBER_BYTES * count * (numbers + words)
    if not size:
        return Traffic()
    if malicious:
        moved = NODES * count
        return noted(even(3, 2 * size), numbers=moved * numbers, moved=moved * words)
    return Traffic(2, (size, size, 2 * size))


def order(
    count: int,
    width: int,
    numbers: int,
    planes: int = 0,
    *,
    wanted: Sequence[int] | None = None,
    malicious: bool = False,
    before: Traffic = NOTHING,
) -> Traffic:
    """`order` by a key of `width` bits, as one draw of the shuffle has it.

    Args:
        numbers, planes: what is moved along of a row.
    """
    full = key_width(count, width)
    asked = levels(count, full, None if wanted is None else tuple(wanted), malicious=malicious)
    return order_after(count, width, numbers, planes, levels=asked, malicious=malicious, before=before)


def order_after(
    count: int,
    width: int,
    numbers: int,
    planes: int = 0,
    *,
    levels: Sequence[int],
    malicious: bool = False,
    before: Traffic = NOTHING,
) -> Traffic:
    """`order`, exactly, when it asked for so many comparisons level by level."""
    full = key_width(count, width)
    circuit = comparison_circuit(full, spare_comparison_rounds(count, full))
    said = before + shuffle(count, numbers, full + planes, malicious=malicious)
    for pairs in levels:
        compared = traffic.verified(said + traffic.circuit(circuit, pairs), malicious=malicious)
        said = compared + traffic.open_planes(1, pairs)
    return said


def key_width(count: int, width: int) -> int:
    """Bits of a key with the row's number below it."""
    return width + max(count - 1, 1).bit_length() if count > 1 else width


@cache
def levels(count: int, width: int, wanted: tuple[int, ...] | None, *, malicious: bool = False) -> tuple[int, ...]:
    """Comparisons of each level of one sort of `count` rows by distinct keys of `width` bits."""
    circuit = comparison_circuit(width, spare_comparison_rounds(count, width))
    scale = max(count / _PLAYED, 1.0)
    played = min(count, _PLAYED)
    ranks = None if wanted is None else sorted({int(rank / scale) for rank in wanted})
    keys = np.arange(1, played + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift in (30, 27, 31):  # an invertible mixing of 64 bits: distinct, and in no order
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(0xBF58476D1CE4E5B9)
    ranking, asked = Ranking(played, ranks), []
    while ranking.open:
        depth = comparison_depth(circuit, malicious=malicious)
        choice = choose_pivots(math.ceil(ranking.open * scale), circuit.and_gates, depth)
        left, right = ranking.ask(choice.pivots, choice.short)
        asked.append(math.ceil(len(left) * scale))
        below = np.packbits(keys[left] < keys[right], bitorder="little")
        answers = np.zeros(8 * word_count(len(left)), np.uint8)
        answers[: len(below)] = below
        ranking.learn(answers.view(np.uint64))
    if wanted is None and scale > 1:
        asked = [count] * math.ceil(math.log2(scale)) + asked
    return tuple(asked)


def most_levels(count: int, width: int, *, log2_failure: float = -40.0, malicious: bool = False) -> int:
    """Levels that a whole sort exceeds with probability 2^log2_failure at most.

    Give an element in a stretch of s elements the weight (s - 1)(s - 2) ... (s - t). A cut at a random pivot leaves of its
    weight 2 / (t + 2) in the mean, at most: that is how often t + 1 elements of a stretch all lie on one side of the pivot;
    pivots from a sample do better. So after d cuts a stretch longer than T is left with probability at most
    count (count - 1)...(count - t) (2 / (t + 2))^d / ((T + 1) T (T - 1)...(T - t + 1)), for each t up to T. Samples take a
    level before a cut, pairs the last one. Spec: specs/mpc-tables.md.
    """
    if count < 2:
        return 0
    circuit = comparison_circuit(width, spare_comparison_rounds(count, width))
    short = choose_pivots(count, circuit.and_gates, comparison_depth(circuit, malicious=malicious)).short
    if count <= short:
        return 1
    cuts = math.inf
    for t in range(1, short + 1):
        weight = sum(math.log2(max(count - at, 1)) for at in range(t + 1))
        least = math.log2(short + 1) + sum(math.log2(short - at) for at in range(t))
        cuts = min(cuts, (weight - least - log2_failure) / math.log2((t + 2) / 2))
    return 2 * math.ceil(cuts) + 1


def partition(count: int, numbers: int, planes: int = 0, *, malicious: bool = False, before: Traffic = NOTHING) -> Traffic:
    """`partition`, of columns of so many numbers and bits a row; after `before`, which its opening verifies too."""
    if not count:
        return before
    placed = before + traffic.from_bit(count, malicious=malicious) + traffic.multiply(count)
    moved = placed + shuffle(count, numbers + 2, planes, malicious=malicious)
    return traffic.verified(moved, malicious=malicious) + traffic.open_ring(count)


def by_code(
    count: int,
    groups: int,
    width: int,
    within: int,
    counted: bool,
    sums: int,
    ends: int,
    *,
    malicious: bool = False,
    before: Traffic = NOTHING,
) -> Traffic:
    """`grouping.by_code` by codes of `width` bits; `within`: bits that order rows of a group."""
    total = count + groups
    in_order = order(total, width + 1 + within, sums + ends, malicious=malicious, before=before)
    return in_order + shuffle(total, counted + sums + 2 * ends, malicious=malicious)


def by_key(
    count: int, width: int, within: int, keys: int, sums: int, ends: int, *, malicious: bool = False, before: Traffic = NOTHING
) -> Traffic:
    """`grouping.by_key` by a key of `width` bits, given as so many numbers."""
    answers = 1 + sums + keys + 2 * ends
    in_order = order(count, width + within, keys + sums + ends, malicious=malicious, before=before)
    last = in_order + traffic.circuit(all_zero_circuit(width), count)
    return partition(count, answers, 1, malicious=malicious, before=last) + traffic.multiply(count * answers)


def join(
    left: int, right: int, width: int, columns: int, multiplicity: int, *, malicious: bool = False, before: Traffic = NOTHING
) -> Traffic:
    """`join` of so many rows by keys of `width` bits."""
    total = left + right
    in_order = order(total, width + 1, columns, malicious=malicious, before=before)
    said = partition(total, columns, width, malicious=malicious, before=in_order)
    if right > multiplicity:
        pairs = right - multiplicity
        check = traffic.circuit(all_zero_circuit(width), pairs) + traffic.from_bit(pairs, malicious=malicious)
        check = check + traffic.is_zero(1, bits=pairs.bit_length() + 1, malicious=malicious)
        said = said + traffic.verified(check, malicious=malicious) + traffic.open_planes(1, 1)
    moved = shuffle(total, columns * multiplicity, (width + 1) * multiplicity, malicious=malicious)
    return said + moved + moved + _matched(left, width, columns, multiplicity, malicious)


def _matched(left: int, width: int, columns: int, multiplicity: int, malicious: bool) -> Traffic:
    one = traffic.circuit(all_zero_circuit(width + 1), left)
    if columns:
        one = one + traffic.from_bit(left, malicious=malicious) + traffic.multiply(left * columns)
    said = Traffic()
    for _ in range(multiplicity):
        said = said | one
    return said


def gather_by_products(entries: int, questions: int, width: int, columns: int, *, malicious: bool = False) -> Traffic:
    """`gathering.by_products`."""
    hot = traffic.circuit(one_hot_circuit(width, entries), questions)
    rows = traffic.from_bit(questions, width=entries, malicious=malicious)
    return hot + rows + traffic.matmul(columns, entries, questions)


def gather_by_order(
    entries: int, questions: int, width: int, columns: int, *, malicious: bool = False, before: Traffic = NOTHING
) -> Traffic:
    """`gathering.by_order`."""
    total = entries + questions
    in_order = order(total, width + 1, columns, malicious=malicious, before=before)
    return in_order + shuffle(total, columns, malicious=malicious)


def in_bytes(said: Traffic) -> int:
    """One figure to choose between ways by: bytes, rounds as bytes that could have been sent meanwhile."""
    return max(said.sent) + ROUND_BYTES * said.rounds
