"""Rows in order: against Python's sorted, and what is opened on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll._core import Ranking
from atoll.protocols.mpc import Adversary, Node, Ring, Steps
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.shuffling import Column
from tests.unit.mpc_tables.three import numbers, planes, ring, run

CASES = {
    "empty": [],
    "one": [5],
    "two": [9, 3],
    "equal": [7] * 130,
    "sorted": list(range(200)),
    "reversed": list(range(200))[::-1],
    "many equal": [at * 7 % 5 for at in range(500)],
    "wide": [at * 0x9E3779B97F4A7C15 % (1 << 64) for at in range(300)],
}


def ordered(
    keys: Sequence[int],
    wanted: Sequence[int] | None = None,
    seed: int = 0,
    adversary: Adversary = Adversary.SEMI_HONEST,
) -> tuple[list[int], int]:
    """The rows in order, and the rounds it took."""
    key, row = planes(keys, max(max(keys, default=0).bit_length(), 1)), ring(np.arange(len(keys)))

    def program(node: Node, index: int) -> Steps[Column]:
        _, (moved,) = yield from order(node, key[index], [row[index]], wanted=wanted)
        return moved

    ran = run(program, seed=seed, adversary=adversary)
    return [int(one) for one in numbers(ran.outputs)], ran.rounds


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", CASES)
def test_gives_the_stable_order(name: str, adversary: Adversary) -> None:
    keys = CASES[name]
    assert ordered(keys, adversary=adversary)[0] == sorted(range(len(keys)), key=lambda row: keys[row])


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("wanted", [[0], [4999], [2500], [0, 1, 2], [10, 4000], []])
def test_gives_wanted_ranks_alone(wanted: list[int], adversary: Adversary) -> None:
    keys = [int(one) for one in np.random.default_rng(4).integers(0, 500, 5000)]
    expected = sorted(range(5000), key=lambda row: keys[row])
    assert ordered(keys, wanted, adversary=adversary)[0] == [expected[rank] for rank in wanted]


def test_the_least_of_many_takes_few_rounds() -> None:
    assert ordered([int(one) for one in np.random.default_rng(4).integers(0, 500, 20_000)], [0])[1] <= 45


def test_other_columns_follow_and_go_back() -> None:
    keys = [5, 1, 4, 1, 3]
    key, other = planes(keys, 3), ring([50, 10, 40, 11, 30])

    def program(node: Node, index: int) -> Steps[tuple[Column, Column]]:
        ordering, _ = yield from order(node, key[index])
        (there,) = yield from ordering.apply(node, other[index])
        (back,) = yield from ordering.undo(node, there)
        return there, back

    there, back = (numbers(held) for held in zip(*run(program).outputs, strict=True))
    assert list(there) == [10, 11, 30, 40, 50]
    assert list(back) == [50, 10, 40, 11, 30]


OPENED_INPUTS = {"equal": [1, 1, 1, 1], "sorted": [0, 1, 2, 3], "reversed": [3, 2, 1, 0], "mixed": [2, 0, 2, 1]}


@pytest.mark.parametrize("name", OPENED_INPUTS)
def test_what_is_opened_does_not_depend_on_the_data(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the 24 orders of four rows is opened equally often, whatever the keys are."""
    opened = opened_patterns(OPENED_INPUTS[name], 480, monkeypatch)
    expected = 480 / 24
    assert len(opened) == 24
    assert sum((seen - expected) ** 2 / expected for seen in opened.values()) < 59.0  # chi-square, 23 degrees, 5e-5


def opened_patterns(keys: list[int], runs: int, monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """How often each list of answers was opened."""
    from atoll.protocols.mpc import ordering

    patterns: Counter[bytes] = Counter()

    class Watched:
        def __init__(self, count: int, wanted: list[int] | None) -> None:
            self._ranking = Ranking(count, wanted)
            self._seen = b""

        @property
        def open(self) -> int:
            return self._ranking.open

        @property
        def order(self) -> NDArray[np.uint32]:
            patterns[self._seen] += 1
            return self._ranking.order

        def ask(self, pivots: int, short: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
            return self._ranking.ask(pivots, short)

        def settle(self) -> NDArray[np.uint32]:
            return self._ranking.settle()

        def learn(self, below: NDArray[np.uint64]) -> None:
            self._seen += below.tobytes()
            self._ranking.learn(below)

    monkeypatch.setattr(ordering, "Ranking", Watched)
    for seed in range(runs):
        ordered(keys, seed=seed)
    return Counter({pattern: seen // 3 for pattern, seen in patterns.items()})


def test_a_moved_column_is_still_a_column() -> None:
    key = planes([2, 1], 2)
    (column,) = run(lambda node, index: order(node, key[index], [ring([5, 6])[index]])).outputs[0][1]
    assert isinstance(column, Ring)
