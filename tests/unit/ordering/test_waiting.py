"""Transactions that are not agreed yet."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.apply import Outcome
from atoll.ledger.transaction import Transaction, seal_transaction, transaction_id
from atoll.ordering import waiting as module
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged, ShareFull, TooManyWaiting
from atoll.ordering.waiting import Waiting

A, B, C = b"a", b"bb", b"ccc"


def test_what_waits_is_taken_in_order_of_arrival_and_within_the_limits() -> None:
    waiting = Waiting()
    for data in (A, B, C, A):
        waiting.hold(data)
    assert [one.data for one in waiting.unplaced(max_count=9, max_bytes=99)] == [A, B, C]
    assert [one.data for one in waiting.unplaced(max_count=2, max_bytes=99)] == [A, B]
    assert [one.data for one in waiting.unplaced(max_count=9, max_bytes=3)] == [A, B]
    assert [one.data for one in waiting.unplaced(max_count=9, max_bytes=0)] == [A]


def test_what_is_placed_is_not_taken_until_its_block_is_given_up() -> None:
    waiting = Waiting()
    waiting.hold(A)
    waiting.place([A, B], placed=True)
    assert waiting.unplaced(max_count=9, max_bytes=99) == []
    assert waiting.unplaced_count == 0
    waiting.hold(B)
    waiting.place([A, B], placed=False)
    assert [one.data for one in waiting.unplaced(max_count=9, max_bytes=99)] == [A, B]
    assert [one.data for one in waiting.all_unplaced()] == [A, B]
    assert waiting.unplaced_count == 2
    waiting.hold(C, placed=True)
    assert waiting.unplaced_count == 2


def test_there_is_room_for_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    waiting = Waiting()
    waiting.hold(A)
    waiting.hold(B)
    with pytest.raises(TooManyWaiting):
        waiting.hold(C)
    waiting.hold(A)  # is there already
    waiting.refuse(transaction_id(A), NotAcknowledged(seconds=0))
    waiting.hold(C)


def test_there_is_room_for_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 5)
    waiting = Waiting()
    waiting.hold(B)
    waiting.hold(C)
    with pytest.raises(TooManyWaiting):
        waiting.hold(A)
    waiting.refuse(transaction_id(B), NotAcknowledged(seconds=0))
    waiting.hold(A)


def from_member(org: str, number: int, size: int = 1) -> bytes:
    transaction = Transaction(sender=org, nonce=number, expiry_height=9, type="t/1", body={"filling": bytes(size)})
    return seal_transaction(
        transaction, kid=f"{org}/identity/1", sign=lambda _: bytes(64), chain_id="c", genesis_digest=bytes(32)
    )


def test_a_member_has_its_share_of_the_queue_and_the_others_have_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_MEMBER", 2)
    waiting = Waiting()
    first, second, third = (from_member("bank", number) for number in (1, 2, 3))
    waiting.hold(first)
    waiting.hold(second)
    with pytest.raises(ShareFull, match="2 transactions of bank"):
        waiting.hold(third)
    waiting.hold(second)  # is there already
    waiting.hold(from_member("bureau", 1))
    waiting.hold(third, unlimited=True)
    for one in (first, second):
        waiting.refuse(transaction_id(one), NotAcknowledged(seconds=0))
    waiting.hold(first)


def test_a_share_is_of_bytes_too_and_whoever_has_nothing_there_may_hand_in_one_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_OF_A_MEMBER", 1000)
    waiting = Waiting()
    waiting.hold(large := from_member("bank", 1, 2000))
    with pytest.raises(ShareFull):
        waiting.hold(from_member("bank", 2))
    waiting.refuse(transaction_id(large), NotAcknowledged(seconds=0))
    waiting.hold(from_member("bank", 2))


async def test_everybody_who_waits_is_told() -> None:
    waiting = Waiting()
    loop = asyncio.get_running_loop()
    settled, refused = loop.create_future(), loop.create_future()
    waiting.hold(A).waiters.append(settled)
    waiting.hold(B).waiters.append(refused)
    answer = Acknowledged(transaction_id(A), 1, 2, Outcome(0, "", ""))
    waiting.settle(answer)
    waiting.settle(answer)
    waiting.refuse(transaction_id(B), NotAcknowledged(seconds=0))
    assert await settled == answer
    with pytest.raises(NotAcknowledged):
        await refused
    assert len(waiting) == 0


async def test_who_waits_for_too_long_is_told_and_the_transaction_is_kept() -> None:
    waiting = Waiting()
    with pytest.raises(NotAcknowledged):
        await waiting.acknowledged(A, placed=False, timeout_seconds=0)
    assert [held.data for held in waiting.all()] == [A]


async def test_with_the_engine_ends_every_wait() -> None:
    waiting = Waiting()
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(_refused(waiting, data)) for data in (A, B, A)]
        await asyncio.sleep(0)
        waiting.refuse_all(NotAcknowledged(seconds=0))
    assert [wait.result() for wait in waits] == [True] * 3
    assert len(waiting) == 0


async def _refused(waiting: Waiting, data: bytes) -> bool:
    with pytest.raises(NotAcknowledged):
        await waiting.acknowledged(data, placed=False, timeout_seconds=60)
    return True
