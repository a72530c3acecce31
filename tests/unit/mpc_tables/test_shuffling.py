"""The oblivious shuffle: every column in one order, which no node knows, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest

from atoll.primitives.replicated import Streams
from atoll.protocols.mpc import Adversary, Node, Ring, Steps
from atoll.protocols.mpc.errors import ShapesDiffer
from atoll.protocols.mpc.shuffling import Column, Shuffle
from tests.unit.mpc_tables.three import numbers, planes, ring, run, words

COUNTS = (0, 1, 2, 63, 64, 65, 1000)


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("count", COUNTS)
def test_all_columns_move_alike_and_come_back(count: int, adversary: Adversary) -> None:
    row = np.arange(count)
    pairs = np.stack([row, -row], axis=1)
    columns: list[Sequence[Column]] = [ring(row), words(row + 7), planes(row % 8, 3), ring(pairs), planes(row, 64)]

    def there(node: Node, index: int) -> Steps[tuple[Column, ...]]:
        return (yield from Shuffle.draw(node, count).apply(node, *(column[index] for column in columns)))

    def back(node: Node, index: int) -> Steps[tuple[Column, ...]]:
        shuffle = Shuffle.draw(node, count)
        moved = yield from shuffle.apply(node, *(column[index] for column in columns))
        return (yield from shuffle.undo(node, *moved))

    moved = [numbers(held) for held in zip(*run(there, adversary=adversary).outputs, strict=True)]
    order = moved[0].astype(np.int64)
    assert sorted(order) == list(row)
    assert count < 60 or list(order) != list(row)
    assert np.array_equal(moved[1], order + 7)
    assert np.array_equal(moved[2], order % 8)
    assert np.array_equal(moved[3].view(np.int64), np.stack([order, -order], axis=1))
    assert np.array_equal(moved[4], order)
    for held, column in zip(zip(*run(back, adversary=adversary).outputs, strict=True), columns, strict=True):
        assert np.array_equal(numbers(held), numbers(column))


def test_a_column_of_rows_without_numbers_moves_without_a_word() -> None:
    column, row = ring(np.zeros((5, 0))), ring(np.arange(5))
    for more in ([], [row]):
        ran = run(
            lambda node, index, more=more: Shuffle.draw(node, 5).apply(node, column[index], *(one[index] for one in more)),  # type: ignore[misc]
            adversary=Adversary.MALICIOUS,
        )
        assert [one[0].shares.shape for one in ran.outputs if isinstance(one[0], Ring)] == [(2, 5, 0)] * 3
        assert ran.bytes_by_node == (5 * 16 * len(more),) * 3


@pytest.mark.parametrize(("adversary", "rounds", "sent"), [("semi-honest", 2, (16, 16, 32)), ("malicious", 3, (32, 32, 32))])
def test_costs_few_rounds_and_few_words_a_row(adversary: str, rounds: int, sent: tuple[int, ...]) -> None:
    column = ring(np.arange(1000))

    def program(node: Node, index: int) -> Steps[tuple[Column, ...]]:
        return (yield from Shuffle.draw(node, 1000).apply(node, column[index], column[index]))

    ran = run(program, adversary=Adversary(adversary))
    assert ran.rounds == rounds
    assert ran.bytes_by_node == tuple(1000 * one for one in sent)


@pytest.mark.parametrize("adversary", Adversary)
def test_every_order_is_as_likely(adversary: Adversary) -> None:
    column = ring(np.arange(3))
    seen: Counter[tuple[int, ...]] = Counter()
    for seed in range(600):
        moved = run(lambda node, index: Shuffle.draw(node, 3).apply(node, column[index]), seed=seed, adversary=adversary)
        seen[tuple(int(one) for one in numbers([held[0] for held in moved.outputs]))] += 1
    assert sum((seen[order] - 100) ** 2 / 100 for order in permutations(range(3))) < 25.7  # chi-square, 5 degrees, 1e-4


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("node", range(3))
def test_two_keys_do_not_tell_the_order(node: int, adversary: Adversary) -> None:
    """With all but the third key equal, the order still changes."""
    column = ring(np.arange(50))
    orders = []
    for other in range(2):
        keys = [bytes([index]) * 16 for index in range(3)]
        keys[(node + 2) % 3] = bytes([100 + other]) * 16
        made = [Node(index, Streams(keys[index], keys[(index + 1) % 3]), adversary=adversary) for index in range(3)]
        moved = run(lambda _, index, made=made: Shuffle.draw(made[index], 50).apply(made[index], column[index]))  # type: ignore[misc]
        orders.append(list(numbers([held[0] for held in moved.outputs])))
    assert orders[0] != orders[1]


@pytest.mark.parametrize(("adversary", "messages"), [("semi-honest", 24), ("malicious", 36)])
def test_what_is_heard_is_masked_by_keys_the_hearer_lacks(adversary: str, messages: int) -> None:
    """The same column under the same permutations: everything that is said changes with the ticket of its mask."""
    column = ring(np.zeros(64, dtype=np.int64))
    heard: list[bytes] = []

    def program(node: Node, index: int) -> Steps[None]:
        shuffle = Shuffle.draw(node, 64)
        for _ in range(3):
            yield from shuffle.apply(node, column[index])
            yield from shuffle.undo(node, column[index])

    def tap(sender: int, to: int, said: bytes) -> bytes:
        heard.append(said)
        return said

    run(program, tap=tap, adversary=Adversary(adversary))
    assert len(heard) == len(set(heard)) == messages
    for said in heard:
        ones = int(np.unpackbits(np.frombuffer(said, np.uint8)).sum())
        assert abs(ones - 2048) < 5 * 32


def test_two_shuffles_of_a_run_are_two_orders() -> None:
    column = ring(np.arange(50))

    def program(node: Node, index: int) -> Steps[list[Column]]:
        first, second = Shuffle.draw(node, 50), Shuffle.draw(node, 50)
        return [*(yield from first.apply(node, column[index])), *(yield from second.apply(node, column[index]))]

    first, second = (list(numbers(held)) for held in zip(*run(program).outputs, strict=True))
    assert first != second


def test_refuses_columns_of_other_lengths() -> None:
    column = ring(np.arange(3))
    with pytest.raises(ShapesDiffer):
        run(lambda node, index: Shuffle.draw(node, 4).apply(node, column[index]))


def test_an_empty_list_of_columns_moves_nothing() -> None:
    assert run(lambda node, index: Shuffle.draw(node, 4).apply(node)).rounds == 0
    assert isinstance(ring([1])[0], Ring)
