"""What the operations on tables hold at a compute node beside their operands and results, in bytes at most.

Arguments are those of `table_traffic`. What malicious mode notes of products comes on top (`traffic.Notes`). What a row takes
was measured, buffers of rounds in flight included, and rounded up: tests/unit/programs/test_memory.py holds it against runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll.protocols.mpc import table_traffic
from atoll.protocols.mpc.shares import WORD_BITS

MOVED_BYTES = 64
"""Of a number or word a row: shares before and after a step, what is said of them, and shares in a public order."""
ROW_BYTES = 64
"""Of a row that is ordered: permutations, places, and its part of the next level's questions."""
KEPT_BYTES = 112
"""Of a column and row of a join: as it was parted, as steps, and moved back twice."""


def shuffle(count: int, numbers: int, planes: int = 0) -> int:
    """`Shuffle.apply`, `Shuffle.undo`."""
    return count * (16 + MOVED_BYTES * (numbers + -(-planes // WORD_BITS)))


def order(count: int, width: int, numbers: int, planes: int = 0, *, wanted: Sequence[int] | None = None) -> int:
    """`order`: its shuffle, then its largest level, in either model; both keys are held as planes and as words."""
    full = table_traffic.key_width(count, width)
    words = -(-full // WORD_BITS)
    ranks = None if wanted is None else tuple(wanted)
    compared = max(table_traffic.largest_level(count, full, ranks, malicious=malicious) for malicious in (False, True))
    return shuffle(count, numbers, full + planes) + count * (ROW_BYTES + full // 2) + compared * (full + 48 * words)


def by_code(count: int, groups: int, width: int, within: int, counted: bool, sums: int, ends: int) -> int:
    """`grouping.by_code`: the order, and what is moved back."""
    total = count + groups
    return order(total, width + 1 + within, sums + ends) + shuffle(total, counted + sums + 2 * ends)


def by_key(count: int, width: int, within: int, keys: int, sums: int, ends: int) -> int:
    """`grouping.by_key`: the order, and what is parted and masked."""
    answers = 1 + sums + keys + 2 * ends
    return order(count, width + within, keys + sums + ends) + shuffle(count, answers + 2, 1)


def join(left: int, right: int, width: int, columns: int, multiplicity: int) -> int:
    """`joining.join`."""
    total = left + right
    words = -(-(width + 1) // WORD_BITS)
    return order(total, width + 1, columns) + KEPT_BYTES * total * (columns + words) * multiplicity


def gather_by_products(entries: int, questions: int) -> int:
    """`gathering.by_products`: for each entry and question a bit, made a number."""
    return MOVED_BYTES * entries * questions


def gather_by_order(entries: int, questions: int, width: int, columns: int) -> int:
    """`gathering.by_order`."""
    total = entries + questions
    return order(total, width + 1, columns) + shuffle(total, columns)
