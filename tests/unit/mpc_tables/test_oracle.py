"""The engine against the slow oracle: the shuffle word by word, the rest by value."""

from __future__ import annotations

import doctest
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from atoll._core import Ranking
from atoll.protocols.mpc import Node, Planes, Steps
from atoll.protocols.mpc.shuffling import Column, Shuffle
from specs.reference import mpc_tables
from specs.reference.mpc import Held, Nodes, hold, parts_of
from tests.unit.mpc_tables.three import ring, run, words

SPECS = Path(__file__).parents[3] / "specs"
KEYS = [bytes([index, *bytes(15)]) for index in range(3)]
ROWS = 70


def test_the_examples_of_the_page_run() -> None:
    failed, ran = doctest.testfile(str(SPECS / "mpc-tables.md"), module_relative=False)
    assert not failed
    assert ran


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("bits", [False, True])
def test_every_word_that_a_shuffle_says_is_the_oracles(bits: bool, back: bool) -> None:
    column: Sequence[Column] = words(np.arange(ROWS) * 5) if bits else ring(np.arange(ROWS) * 5)
    said: dict[tuple[int, int], list[int]] = {}

    def program(node: Node, at: int) -> Steps[tuple[Column, ...]]:
        shuffle = Shuffle.draw(node, ROWS)
        return (yield from (shuffle.undo if back else shuffle.apply)(node, column[at]))

    def tap(sender: int, to: int, data: bytes) -> bytes:
        said.setdefault((sender, to), []).extend(np.frombuffer(data, np.uint64).tolist())
        return data

    moved = [one[0] for one in run(program, tap=tap).outputs]
    nodes = Nodes(KEYS)
    orders = mpc_tables.draw(nodes, ROWS)
    (expected,) = (mpc_tables.undo if back else mpc_tables.apply)(nodes, orders, _held(column), xor=bits)
    assert {wire: heard for wire, heard in nodes.said.items() if heard} == said
    assert parts_of(_held(moved)) == parts_of(expected)


def test_orders_partitions_and_entries_are_right_in_the_oracle_too() -> None:
    keys = [at * 37 % 101 for at in range(100)]
    for pivots, short in ((1, 2), (3, 6), (5, 200)):
        order, levels = mpc_tables.rank(lambda a, b: keys[a] < keys[b], 100, pivots, short)
        assert [keys[at] for at in order] == sorted(keys)
        assert sum(map(len, levels)) <= 100 * 99 / 2
    bits = [at % 3 % 2 for at in range(20)]
    assert np.argsort(mpc_tables.partition(bits)).tolist() == sorted(range(20), key=lambda at: -bits[at])
    assert mpc_tables.by_key([(5, 1), (2, 9), (5, 2)]) == [(2, 1, 9), (5, 2, 3), (0, 0, 0)]
    assert mpc_tables.join([3, 1], [(3, 10), (3, 20)], copy=1) == [10, None]
    assert mpc_tables.gather([7, -3, 5], [2, 2, 0]) == [5, 5, 7]


@pytest.mark.parametrize("short", [2, 9])
def test_the_levels_with_one_pivot_compare_no_pair_twice(short: int) -> None:
    keys, ranking = [at * 37 % 101 for at in range(100)], Ranking(100)
    seen: set[frozenset[int]] = set()
    while ranking.open:
        left, right = ranking.ask(1, short)
        pairs = {frozenset(pair) for pair in zip(left.tolist(), right.tolist(), strict=True)}
        assert len(pairs) == len(left)
        assert not pairs & seen
        seen |= pairs
        below = np.packbits([keys[a] < keys[b] for a, b in zip(left, right, strict=True)], bitorder="little")
        answers = np.zeros(-(-len(left) // 64) * 8, np.uint8)
        answers[: len(below)] = below
        ranking.learn(answers.view(np.uint64))
    assert [keys[at] for at in ranking.order] == sorted(keys)


def _held(column: Sequence[Column]) -> Held:
    shares = [one.shares for one in column if not isinstance(one, Planes)]
    return hold([one[0].tolist() for one in shares])
