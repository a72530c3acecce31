"""What the operations on tables say: as `traffic`, exactly, but for the comparisons of a sort.

How many comparisons a sort asks for is settled by its shuffle, which is random and no function of the data. `order` says what
one draw of it takes; others differ by a few hundredths (and by some rounds), and `most_levels` bounds the worst. `order_after`
says exactly what a run took whose levels are known.
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
from atoll.protocols.mpc.opening import DIGEST_BYTES
from atoll.protocols.mpc.ordering import comparison_circuit
from atoll.protocols.mpc.pivots import ROUND_BYTES, choose_pivots, spare_comparison_rounds
from atoll.protocols.mpc.shares import WORD_BITS, word_count
from atoll.protocols.mpc.traffic import NUMBER_BYTES, Traffic, even

_PLAYED = 1 << 16
"""Rows of the sort that is played through to count; longer ones are estimated by it."""


def shuffle(count: int, words: int) -> Traffic:
    """`Shuffle.apply`, `Shuffle.undo`: `words` are the numbers, words, and 64 bits of planes of a row."""
    size = NUMBER_BYTES * count * words
    return Traffic(2 if size else 0, (size, size, 2 * size))


def words_of(numbers: int, planes: int) -> int:
    """Words of a row that a shuffle moves."""
    return numbers + -(-planes // WORD_BITS)


def order(count: int, width: int, numbers: int, planes: int = 0, *, wanted: Sequence[int] | None = None) -> Traffic:
    """`order` by a key of `width` bits, as one draw of the shuffle has it.

    Args:
        numbers, planes: what is moved along of a row.
    """
    full = key_width(count, width)
    return order_after(count, width, numbers, planes, levels=levels(count, full, None if wanted is None else tuple(wanted)))


def order_after(count: int, width: int, numbers: int, planes: int = 0, *, levels: Sequence[int]) -> Traffic:
    """`order`, exactly, when it asked for so many comparisons level by level."""
    full = key_width(count, width)
    circuit = comparison_circuit(full, spare_comparison_rounds(count, full))
    compared = Traffic()
    for pairs in levels:
        compared = compared + traffic.circuit(circuit, pairs) + even(1, NUMBER_BYTES * word_count(pairs) + DIGEST_BYTES)
    return shuffle(count, words_of(numbers, full + planes)) + compared


def key_width(count: int, width: int) -> int:
    """Bits of a key with the row's number below it."""
    return width + max(count - 1, 1).bit_length() if count > 1 else width


@cache
def levels(count: int, width: int, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
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
        choice = choose_pivots(math.ceil(ranking.open * scale), circuit.and_gates, circuit.depth)
        left, right = ranking.ask(choice.pivots, choice.short)
        asked.append(math.ceil(len(left) * scale))
        below = np.packbits(keys[left] < keys[right], bitorder="little")
        answers = np.zeros(8 * word_count(len(left)), np.uint8)
        answers[: len(below)] = below
        ranking.learn(answers.view(np.uint64))
    if wanted is None and scale > 1:
        asked = [count] * math.ceil(math.log2(scale)) + asked
    return tuple(asked)


def most_levels(count: int, width: int, *, log2_failure: float = -40.0) -> int:
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
    short = choose_pivots(count, circuit.and_gates, circuit.depth).short
    if count <= short:
        return 1
    cuts = math.inf
    for t in range(1, short + 1):
        weight = sum(math.log2(max(count - at, 1)) for at in range(t + 1))
        least = math.log2(short + 1) + sum(math.log2(short - at) for at in range(t))
        cuts = min(cuts, (weight - least - log2_failure) / math.log2((t + 2) / 2))
    return 2 * math.ceil(cuts) + 1


def partition(count: int, numbers: int, planes: int = 0) -> Traffic:
    """`partition`, of columns of so many numbers and bits a row."""
    if not count:
        return Traffic()
    moved = shuffle(count, words_of(numbers + 2, planes))
    return traffic.from_bit(count) + traffic.multiply(count) + moved + traffic.open_ring(count)


def by_code(count: int, groups: int, width: int, within: int, counted: bool, sums: int, ends: int) -> Traffic:
    """`grouping.by_code` by codes of `width` bits; `within`: bits that order rows of a group."""
    total = count + groups
    return order(total, width + 1 + within, sums + ends) + shuffle(total, counted + sums + 2 * ends)


def by_key(count: int, width: int, within: int, keys: int, sums: int, ends: int) -> Traffic:
    """`grouping.by_key` by a key of `width` bits, given as so many numbers."""
    answers = 1 + sums + keys + 2 * ends
    parted = traffic.circuit(all_zero_circuit(width), count) + partition(count, answers, 1)
    return order(count, width + within, keys + sums + ends) + parted + even(1, NUMBER_BYTES * count * answers)


def join(left: int, right: int, width: int, columns: int, multiplicity: int) -> Traffic:
    """`join` of so many rows by keys of `width` bits."""
    total = left + right
    said = order(total, width + 1, columns) + partition(total, columns, width)
    if right > multiplicity:
        pairs = right - multiplicity
        said = said + traffic.circuit(all_zero_circuit(width), pairs) + traffic.from_bit(pairs)
        said = said + traffic.is_zero(1, bits=pairs.bit_length() + 1) + traffic.open_planes(1, 1)
    moved = shuffle(total, words_of(columns * multiplicity, (width + 1) * multiplicity))
    return said + moved + moved + _matched(left, width, columns, multiplicity)


def _matched(left: int, width: int, columns: int, multiplicity: int) -> Traffic:
    one = traffic.circuit(all_zero_circuit(width + 1), left)
    if columns:
        one = one + traffic.from_bit(left) + even(1, NUMBER_BYTES * left * columns)
    said = Traffic()
    for _ in range(multiplicity):
        said = said | one
    return said


def gather_by_products(entries: int, questions: int, width: int, columns: int, *, malicious: bool = False) -> Traffic:
    """`gathering.by_products`."""
    hot = traffic.circuit(one_hot_circuit(width, entries), questions)
    return hot + traffic.from_bit(questions, width=entries, malicious=malicious) + traffic.multiply(columns * questions)


def gather_by_order(entries: int, questions: int, width: int, columns: int) -> Traffic:
    """`gathering.by_order`."""
    total = entries + questions
    return order(total, width + 1, columns) + shuffle(total, columns)


def in_bytes(said: Traffic) -> int:
    """One figure to choose between ways by: bytes, rounds as bytes that could have been sent meanwhile."""
    return max(said.sent) + ROUND_BYTES * said.rounds
