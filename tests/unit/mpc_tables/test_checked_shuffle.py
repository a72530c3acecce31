"""A shuffle of malicious mode: whatever one node does on the way, nothing is opened of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll.errors import PeerError
from atoll.primitives.replicated import Order
from atoll.protocols.mpc import Adversary, Node, Planes, Ring, Steps, open_ring, open_words, run_together, table_traffic
from atoll.protocols.mpc.errors import ProductsDisputed
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.mpc.shuffling import Column, Places, Shuffle
from atoll.protocols.mpc.traffic import Traffic
from atoll.protocols.mpc.traffic import open_ring as opening
from atoll.protocols.mpc.verification import verify
from tests.unit.mpc_tables.three import nodes, planes, ring, run, words

ROWS = 40
X, Y, BITS = ring(np.arange(ROWS) * 3), ring(np.arange(ROWS) + 100), words(np.arange(ROWS) * 5)
Said = NDArray[np.uint64]
Lie = Callable[[list[Said]], Said]
"""What a node says instead of its last message, from all that it said to that neighbour so far."""

SENT = 6
"""Messages that a node sends of three columns: of each step that it has a part in, two of three, one a column."""


def caught_by(liar: int, move: Callable[[Node, int], Steps[tuple[Column, ...]]], tap: Any = None) -> list[str]:
    """What the two honest nodes say when they would open the first column; nothing of it is said by then.

    Where wires lie, the liar goes on with another part than its neighbour: that can make an honest node's proof look wrong to
    one of the two, who stops all the same.
    """

    def honest(node: Node, at: int) -> Steps[Any]:
        (first, *_) = yield from move(node, at)
        assert not isinstance(first, Planes)
        with pytest.raises(ProductsDisputed) as disputed:
            yield from open_ring(node, first) if isinstance(first, Ring) else open_words(node, first)
        return str(disputed.value)

    def careless(node: Node, at: int) -> Steps[Any]:
        yield from move(node, at)
        with suppress(PeerError):
            yield from node.verify()

    seats = nodes(0, Adversary.MALICIOUS)
    ran = run_together([(careless if at == liar else honest)(seats[at], at) for at in range(3)], tap=tap)
    return [ran.outputs[at] for at in range(3) if at != liar]


def three_columns(node: Node, at: int) -> Steps[tuple[Column, ...]]:
    return (yield from Shuffle.draw(node, ROWS).apply(node, X[at], Y[at], BITS[at]))


class Liar:
    """Says something else than its n-th message to the previous node, and listens for what is opened."""

    def __init__(self, sender: int, which: int, lie: Lie) -> None:
        self.sender, self.which, self.lie = sender, which, lie
        self.said: list[Said] = []
        self.told: Said = np.zeros(0, np.uint64)
        self.done = False

    def __call__(self, sender: int, to: int, data: bytes) -> bytes:
        if (sender, to) != (self.sender, (self.sender + 2) % 3):
            return data
        self.said.append(np.frombuffer(data, np.uint64).copy())
        if len(self.said) - 1 != self.which:
            return data
        self.told = self.lie(self.said)
        self.done = not np.array_equal(self.told, self.said[-1])
        return self.told.tobytes()


def changed(row: int, by: int) -> Lie:
    def lie(said: list[Said]) -> Said:
        wrong = said[-1].copy()
        wrong[row : row + 1] += np.uint64(by)  # a slice: single numbers would warn that they wrap
        return wrong

    return lie


def _rows_exchanged(said: list[Said]) -> Said:
    wrong = said[-1].copy()
    wrong[[4, 5]] = wrong[[5, 4]]
    return wrong


def _cancelling(said: list[Said]) -> Said:
    wrong = said[-1].copy()
    wrong[7:8] += np.uint64(9)
    wrong[8:9] -= np.uint64(9)
    return wrong


LIES: dict[str, Lie] = {
    "a lowest bit": changed(0, 1),
    "a highest bit": changed(ROWS - 1, 1 << 63),
    "rows exchanged": _rows_exchanged,
    "another order": lambda said: said[-1][::-1].copy(),
    "errors that add up to nothing": _cancelling,
    "every highest bit": lambda said: said[-1] ^ np.uint64(1 << 63),
    "zeros": lambda said: np.zeros_like(said[-1]),
}


@pytest.mark.parametrize("sender", range(3))
@pytest.mark.parametrize("lie", LIES)
def test_a_row_that_is_altered_on_its_way_is_noticed_by_both_others_before_anything_is_opened(lie: str, sender: int) -> None:
    for which in range(SENT):
        liar = Liar(sender, which, LIES[lie])
        verdicts = caught_by(sender, three_columns, liar)
        assert liar.done
        assert any(f"The products of compute/{sender}," in verdict for verdict in verdicts), verdicts


@pytest.mark.parametrize("sender", range(3))
def test_messages_of_other_columns_steps_and_runs_are_noticed(sender: int) -> None:
    before = Liar(sender, -1, lambda said: said[-1])
    run(three_columns, seed=1, tap=before, adversary=Adversary.MALICIOUS)
    lies: list[Lie] = [lambda said: said[-2], lambda said: said[0], lambda said: before.said[len(said) - 1]]
    for lie in lies:
        for which in range(1, SENT):
            verdicts = caught_by(sender, three_columns, Liar(sender, which, lie))
            assert any(f"The products of compute/{sender}," in verdict for verdict in verdicts), (which, verdicts)


@pytest.mark.parametrize("sender", range(3))
@pytest.mark.parametrize("by", [1, 1 << 63])
def test_a_node_that_goes_on_with_its_own_error_as_if_it_were_right_is_named_by_both_others(by: int, sender: int) -> None:
    """One claim is wrong, all that follows from it is not: numbers, then words."""
    for column, bits in ((X, False), (BITS, True)):
        for which in range(2):
            liar = Liar(sender, which, changed(3, by))

            def move(node: Node, at: int, liar: Liar = liar, column: Any = column) -> Steps[tuple[Column, ...]]:
                if at == liar.sender:
                    node.log = _Consistent(liar)
                    node.verify = partial(verify, node, node.log)
                return (yield from Shuffle.draw(node, ROWS).apply(node, column[at]))

            verdicts = caught_by(sender, move, liar)
            assert liar.done
            assert all(f"The products of compute/{sender}," in verdict for verdict in verdicts), (bits, which, verdicts)


class _Consistent(Notes):
    """Puts what was said in the place of what was computed."""

    def __init__(self, liar: Liar) -> None:
        super().__init__()
        self._liar = liar
        self._said = 0

    def move(self, ticket: int, x: Words64, z: Words64, order: Order | None, *, is_own: bool, is_bits: bool) -> None:
        if order is not None:
            if self._said == self._liar.which:
                z[0] = self._liar.told
            self._said += 1
        super().move(ticket, x, z, order, is_own=is_own, is_bits=is_bits)


def _wrong(shuffle: Shuffle, part: int) -> Shuffle:
    """As `shuffle`, but two rows the other way round in one of the permutations."""
    orders: dict[int, Places] = {at: order.copy() for at, order in shuffle._orders.items()}
    orders[part][[0, 1]] = orders[part][[1, 0]]
    return replace(shuffle, _orders=orders)


@pytest.mark.parametrize("liar", range(3))
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("back", [False, True])
def test_a_node_that_believes_in_another_permutation_is_noticed(liar: int, part: int, back: bool) -> None:
    """It computes, notes, proves and verifies with it; the other holder of the permutation has the right one."""
    if (part - liar) % 3 == 2:
        return  # it does not hold this one

    def move(node: Node, at: int) -> Steps[tuple[Column, ...]]:
        shuffle = Shuffle.draw(node, ROWS)
        shuffle = _wrong(shuffle, part) if at == liar else shuffle
        return (yield from (shuffle.undo if back else shuffle.apply)(node, X[at], BITS[at]))

    verdicts = caught_by(liar, move)
    assert any(f"The products of compute/{liar}," in verdict for verdict in verdicts), verdicts


@pytest.mark.parametrize("to_next", [False, True])
def test_a_changed_bit_of_anything_that_a_sort_says_ends_it_at_an_honest_node(to_next: bool) -> None:
    """Messages of the shuffle, of the comparisons, of the proofs, coins, openings; three places of each."""
    key, column = planes([5, 1, 3, 3, 7, 2, 0], 3), ring(np.arange(7))

    def program(node: Node, at: int) -> Steps[Any]:
        _, (moved,) = yield from order(node, key[at], [column[at]])
        assert isinstance(moved, Ring)
        return (yield from open_ring(node, moved))

    for sender in range(3):
        which = 0
        while True:
            done = False
            for byte in (0, 9, -1):
                tap = _Flip(sender, which, byte, to_next)
                try:
                    run(program, tap=tap, adversary=Adversary.MALICIOUS)
                except PeerError:
                    assert tap.done
                else:
                    assert not tap.done, (sender, which, byte)
                done |= tap.done
            if not done:
                break
            which += 1
        assert which > (5 if to_next else 15)


class _Flip:
    def __init__(self, sender: int, which: int, byte: int, to_next: bool) -> None:
        self.wire, self.which, self.byte = (sender, (sender + (1 if to_next else 2)) % 3), which, byte
        self.done = False

    def __call__(self, sender: int, to: int, data: bytes) -> bytes:
        if (sender, to) != self.wire:
            return data
        self.which -= 1
        if self.which != -1:
            return data
        self.done = True
        wrong = bytearray(data)
        wrong[self.byte % len(data)] ^= 4
        return bytes(wrong)


def test_a_shuffle_costs_what_is_foretold_and_so_does_its_proof() -> None:
    def program(node: Node, at: int) -> Steps[Any]:
        moved: tuple[Column, ...] = yield from Shuffle.draw(node, ROWS).apply(node, X[at], BITS[at], Y[at])
        assert isinstance(moved[0], Ring)
        return (yield from open_ring(node, moved[0]))

    ran = run(program, adversary=Adversary.MALICIOUS)
    shuffled = table_traffic.shuffle(ROWS, 2, 64, malicious=True)
    assert (shuffled.rounds, shuffled.sent) == (3, (48 * ROWS,) * 3)
    told = shuffled + opening(ROWS)
    assert Traffic(ran.rounds, ran.bytes_by_node) == told + told.proofs()


def test_a_shuffle_of_one_row_is_verified_too() -> None:
    column = ring([7])
    for sender in range(3):
        tap = Liar(sender, 0, changed(0, 1))
        assert len(caught_by(sender, lambda node, at: Shuffle.draw(node, 1).apply(node, column[at]), tap)) == 2
        assert tap.done
