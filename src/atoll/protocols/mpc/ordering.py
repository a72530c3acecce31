"""Putting rows in order: shuffle, then compare in the open.

Keys are made distinct by the row's number below them, which also makes the order stable. After an oblivious shuffle the order
in which distinct keys lie is uniformly random and independent of everything, so the outcomes of comparisons among them are
those of a random order: they may be opened, and say nothing of the data. Each level of the quicksort (`_core.Ranking`) asks
for many comparisons at once and costs the rounds of one.

    order(node, key, columns)                 the columns in order, and an `Ordering` to move others, or move back
    order(..., wanted=[0])                    only the rows of some ranks, for about 2 n comparisons

Rounds and bytes depend on the shuffle alone, never on the data; `specs/mpc-tables.md` gives their mean and a bound that is
exceeded with probability 2^-40 at most.

Leaks: nothing. In malicious mode the shuffle and the comparisons of a level are verified before their outcomes are opened.
Never compare rows in the open under a shuffle that was used for other keys: both patterns together would say how the two orders
relate. `order` draws a fresh one each time.
Sources: Hamada, Kikuchi, Ikarashi, Chida, Takahashi, "Practically Efficient Multi-party Sorting Protocols from Comparison Sort
Algorithms", ICISC 2012, LNCS 7839, sections 3 and 4; the shuffle: see `shuffling`. Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from atoll._core import Ranking
from atoll.primitives import replicated
from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits import order as ordered
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.opening import hide_the_rest, open_words
from atoll.protocols.mpc.pivots import VERIFYING_ROUNDS, choose_pivots, spare_comparison_rounds
from atoll.protocols.mpc.rounds import CHUNK, Steps, parallel
from atoll.protocols.mpc.shares import (
    WORD_BITS,
    Planes,
    Words,
    Words64,
    join_planes,
    public_planes,
    stack_planes,
)
from atoll.protocols.mpc.shuffling import Column, Places, Shuffle, moved_by


@dataclass(frozen=True, slots=True)
class Ordering:
    """A secret order of rows: a shuffle that no node knows, then places that everybody knows."""

    shuffle: Shuffle = field(repr=False)
    places: Places = field(repr=False)
    """Rank to place after the shuffle; all ranks, or those that were wanted."""

    def apply(self, node: Node, *columns: Column) -> Steps[tuple[Column, ...]]:
        """Other columns of the same rows in this order.

        Rounds: 2, malicious 3. Bytes: those of `Shuffle.apply`.
        """
        moved = yield from self.shuffle.apply(node, *columns)
        return tuple(moved_by(column, self.places) for column in moved)

    def undo(self, node: Node, *columns: Column) -> Steps[tuple[Column, ...]]:
        """Columns that are in this order, back in the order of the rows. Only where all ranks were found.

        Rounds: 2, malicious 3. Bytes: those of `Shuffle.undo`.
        """
        back = replicated.invert(self.places)
        return (yield from self.shuffle.undo(node, *(moved_by(column, back) for column in columns)))


def order(
    node: Node, key: Planes, columns: Sequence[Column] = (), *, wanted: Sequence[int] | None = None
) -> Steps[tuple[Ordering, tuple[Column, ...]]]:
    """Rows by their keys as unsigned numbers, ascending; rows with equal keys keep their order.

    Args:
        key: any width from 1 bit; `sort_key` makes one of several columns.
        columns: moved along, of as many rows.
        wanted: the ranks whose rows to give, ascending; all unless given.

    Returns:
        The order, and the columns in it: row r of each is the row of rank r, or of the r-th wanted rank.

    Rounds and bytes: `table_traffic.order` on average.
    """
    ordering, _, moved = yield from order_with_key(node, key, columns, wanted=wanted)
    return ordering, moved


def order_with_key(
    node: Node, key: Planes, columns: Sequence[Column] = (), *, wanted: Sequence[int] | None = None
) -> Steps[tuple[Ordering, Planes, tuple[Column, ...]]]:
    """As `order`, with the key in order too, at no further cost."""
    count = key.count
    numbered = stack_planes([row_numbers(node, count), key]) if count > 1 else key
    shuffle = Shuffle.draw(node, count)
    shuffled, *moved = yield from shuffle.apply(node, numbered, *columns)
    assert isinstance(shuffled, Planes)
    places = yield from rank_shuffled(node, shuffled, wanted=wanted)
    if wanted is not None:
        places = np.ascontiguousarray(places[np.asarray(wanted, dtype=np.int64)])
    in_order = moved_by(shuffled.bits(numbered.width - key.width, numbered.width), places)
    assert isinstance(in_order, Planes)
    return Ordering(shuffle, places), in_order, tuple(moved_by(column, places) for column in moved)


def row_numbers(node: Node, count: int) -> Planes:
    """Each row's number, in as few bits as hold it."""
    return public_planes(node.me, np.arange(count, dtype=np.uint64), max(count - 1, 1).bit_length())


def rank_shuffled(node: Node, keys: Planes, *, wanted: Sequence[int] | None = None) -> Steps[Places]:
    """The places of the ranks of distinct keys whose rows no node can tell apart; only the `wanted` ones are sure if given.

    The outcomes of the comparisons are opened: see the module for when that shows nothing.
    """
    words = [keys.bits(low, min(low + WORD_BITS, keys.width)).to_words() for low in range(0, keys.width, WORD_BITS)]
    table = np.stack([one.shares for one in words])  # (words, 2, rows)
    circuit = comparison_circuit(keys.width, spare_comparison_rounds(keys.count, keys.width))
    ranking = Ranking(keys.count, None if wanted is None else list(wanted))
    while ranking.open:
        depth = comparison_depth(circuit, malicious=node.is_malicious)
        choice = choose_pivots(ranking.open, circuit.and_gates, depth)
        left, right = ranking.ask(choice.pivots, choice.short)
        ranking.learn((yield from _compare(node, circuit, table, left, right)))
        if wanted is None:
            table = replicated.permute(table, ranking.settle())  # so that the next level reads its stretches in a row
    return ranking.order


def _compare(node: Node, circuit: Circuit, table: Words64, left: Places, right: Places) -> Steps[Words64]:
    """Whether the left key of each pair is below the right one, 64 answers a word, at every node."""
    width = circuit.inputs[0]

    def part(rows: slice) -> Steps[Planes]:
        (below,) = yield from evaluate(node, circuit, *(_gathered(table, places[rows], width) for places in (left, right)))
        return below

    chunks = [part(slice(start, start + CHUNK)) for start in range(0, len(left), CHUNK)]
    below = join_planes((yield from parallel(*chunks)))
    return (yield from open_words(node, Words(hide_the_rest(below)[:, 0])))


def _gathered(table: Words64, places: Places, width: int) -> Planes:
    parts = [
        replicated.to_planes(replicated.permute(words, places), min(WORD_BITS, width - WORD_BITS * at))
        for at, words in enumerate(table)
    ]
    return Planes(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1), len(places))


@cache
def comparison_circuit(width: int, extra: int) -> Circuit:
    """Whether one unsigned word is below another."""
    build = CircuitBuilder()
    left, right = build.input(width), build.input(width)
    return build.circuit([[ordered.less_than(build, left, right, extra=extra)]])


def comparison_depth(circuit: Circuit, *, malicious: bool) -> int:
    """Rounds before the outcomes can be opened: malicious mode verifies first."""
    return circuit.depth + (VERIFYING_ROUNDS if malicious else 0)
