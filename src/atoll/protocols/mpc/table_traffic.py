"""What the operations on tables say: as `traffic`, exactly, but for the comparisons of a sort.

How many comparisons a sort asks for is settled by its shuffle, which is random and no function of the data. `order` says what
one draw of it takes, and `Traffic.more` what others may take beyond; `most_levels` bounds the rounds of the worst.
`order_after` says exactly what a run took whose levels are known.

What malicious mode proves before each opening of a sort comes on top: `Traffic.proofs`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from atoll._core import Ranking
from atoll.protocols.mpc import traffic
from atoll.protocols.mpc.circuit import KEPT
from atoll.protocols.mpc.comparison import all_zero_circuit
from atoll.protocols.mpc.gathering import one_hot_circuit
from atoll.protocols.mpc.ordering import comparison_circuit, comparison_depth
from atoll.protocols.mpc.pivots import ROUND_BYTES, choose_pivots, spare_comparison_rounds
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.shares import WORD_BITS, word_count
from atoll.protocols.mpc.traffic import NUMBER_BYTES, Traffic, even, noted
from atoll.protocols.mpc.witness import signed_bytes

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
) -> Traffic:
    """`order` by a key of `width` bits, as one draw of the shuffle has it.

    Args:
        numbers, planes: what is moved along of a row.
    """
    ranks = None if wanted is None else tuple(wanted)
    full = key_width(count, width)
    asked = levels(count, full, ranks, malicious=malicious)
    said = order_after(count, width, numbers, planes, levels=asked, malicious=malicious)
    if len(asked) == 1:  # of all pairs
        return said
    enough = enough_levels(count, full, ranks, malicious=malicious)
    most = order_after(count, width, numbers, planes, levels=enough, malicious=malicious)
    return replace(said, more=_most_sent(most, malicious) - _most_sent(said, malicious))


def _most_sent(said: Traffic, malicious: bool) -> int:
    """By one node, proofs before openings included."""
    if not malicious:
        return max(said.sent)
    whole = said + said.proofs()
    return max(signed_bytes(whole.sent, whole.claims))


def order_after(
    count: int,
    width: int,
    numbers: int,
    planes: int = 0,
    *,
    levels: Sequence[int],
    malicious: bool = False,
) -> Traffic:
    """`order`, exactly, when it asked for so many comparisons level by level."""
    full = key_width(count, width)
    circuit = comparison_circuit(full, spare_comparison_rounds(count, full))
    said = shuffle(count, numbers, full + planes, malicious=malicious)
    for pairs in levels:
        said += traffic.circuit(circuit, pairs) + traffic.open_planes(1, pairs)
    return said


def key_width(count: int, width: int) -> int:
    """Bits of a key with the row's number below it."""
    return width + max(count - 1, 1).bit_length() if count > 1 else width


@lru_cache(maxsize=KEPT)
def levels(
    count: int, width: int, wanted: tuple[int, ...] | None, *, malicious: bool = False, draw: int = 0
) -> tuple[int, ...]:
    """Comparisons of each level of one sort of `count` rows by distinct keys of `width` bits; `draw` says of which one."""
    circuit = comparison_circuit(width, spare_comparison_rounds(count, width))
    scale = max(count / _PLAYED, 1.0)
    played = min(count, _PLAYED)
    ranks = None if wanted is None else sorted({int(rank / scale) for rank in wanted})
    keys = (np.arange(1, played + 1, dtype=np.uint64) + np.uint64(draw << 32)) * np.uint64(0x9E3779B97F4A7C15)
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


@lru_cache(maxsize=KEPT)
def enough_levels(count: int, width: int, wanted: tuple[int, ...] | None, *, malicious: bool = False) -> tuple[int, ...]:
    """Comparisons level by level, of which hardly any sort takes more altogether.

    Twice what one draw takes, in twice as many levels. Of whole sorts of 700 to 40,000 rows, by keys of 8 and 40 bits, in
    both models, this was 8 standard deviations or more above the mean of 37 to 150 draws each; the largest draw took three
    quarters of it. Where few ranks are wanted, what is left around them is compared pair by pair, and how much that is
    varies most: it counts as the most that there can be.
    """
    asked = levels(count, width, wanted, malicious=malicious)
    if len(asked) < 2:
        return asked
    left = [] if wanted is None else [_most_pairs(count, width, len(wanted), malicious)]
    return *(2 * pairs for pairs in asked), *([WORD_BITS] * len(asked)), *left


def largest_level(count: int, width: int, wanted: tuple[int, ...] | None, *, malicious: bool = False) -> int:
    """Comparisons of which hardly any sort takes more in one level.

    Measured with `enough_levels`: below 2^14 rows twice that of one draw is 4.7 standard deviations above the mean or more,
    from there on the half more is 5.
    """
    asked = levels(count, width, wanted, malicious=malicious)
    if len(asked) < 2:
        return max(asked, default=0)
    largest = max(asked) * (4 if count < 1 << 14 else 3) // 2
    return largest if wanted is None else max(largest, _most_pairs(count, width, len(wanted), malicious))


def _most_pairs(count: int, width: int, wanted: int, malicious: bool) -> int:
    """The most that is compared pair by pair in the stretches of so many ranks, however many elements are open then."""
    circuit = comparison_circuit(width, spare_comparison_rounds(count, width))
    depth = comparison_depth(circuit, malicious=malicious)
    most, fewer = 0, 2
    while fewer < count:
        here = min(fewer * 9 // 8 + 1, count)
        short = choose_pivots(fewer, circuit.and_gates, depth).short  # the more are open, the shorter
        most = max(most, min(here, wanted * short) * (short - 1) // 2)
        fewer = here
    return most


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


def partition(count: int, numbers: int, planes: int = 0, *, malicious: bool = False) -> Traffic:
    """`partition`, of columns of so many numbers and bits a row."""
    if not count:
        return Traffic()
    placed = traffic.from_bit(count, malicious=malicious) + traffic.multiply(count)
    return placed + shuffle(count, numbers + 2, planes, malicious=malicious) + traffic.open_ring(count)


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
) -> Traffic:
    """`grouping.by_code` by codes of `width` bits; `within`: bits that order rows of a group."""
    total = count + groups
    in_order = order(total, width + 1 + within, sums + ends, malicious=malicious)
    return in_order + shuffle(total, counted + sums + 2 * ends, malicious=malicious)


def by_key(count: int, width: int, within: int, keys: int, sums: int, ends: int, *, malicious: bool = False) -> Traffic:
    """`grouping.by_key` by a key of `width` bits, given as so many numbers."""
    answers = 1 + sums + keys + 2 * ends
    in_order = order(count, width + within, keys + sums + ends, malicious=malicious)
    last = traffic.circuit(all_zero_circuit(width), count)
    return in_order + last + partition(count, answers, 1, malicious=malicious) + traffic.multiply(count * answers)


def join(left: int, right: int, width: int, columns: int, multiplicity: int, *, malicious: bool = False) -> Traffic:
    """`join` of so many rows by keys of `width` bits."""
    total = left + right
    in_order = order(total, width + 1, columns, malicious=malicious)
    said = in_order + partition(total, columns, width, malicious=malicious)
    if right > multiplicity:
        pairs = right - multiplicity
        check = traffic.circuit(all_zero_circuit(width), pairs) + traffic.from_bit(pairs, malicious=malicious)
        check = check + traffic.is_zero(1, bits=pairs.bit_length() + 1, malicious=malicious)
        said = said + check + traffic.open_planes(1, 1)
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


def gather_by_order(entries: int, questions: int, width: int, columns: int, *, malicious: bool = False) -> Traffic:
    """`gathering.by_order`."""
    total = entries + questions
    in_order = order(total, width + 1, columns, malicious=malicious)
    return in_order + shuffle(total, columns, malicious=malicious)


def in_bytes(said: Traffic) -> int:
    """One figure to choose between ways by: bytes, rounds as bytes that could have been sent meanwhile."""
    return max(said.sent) + ROUND_BYTES * said.rounds
