"""Transactions at the door of the embedded engine: looked at together, and let in in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from atoll.ledger.apply import ADMITTED, Outcome
from atoll.ledger.rules.errors import StaleNonce
from atoll.ledger.transaction import transaction_id
from atoll.ordering.embedded.door import FEW, GATHER_SECONDS, Door
from atoll.ordering.embedded.messages import Submit, Submitted
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged, NotAdmitted, StoreFull
from atoll.ordering.members import encode_payload, parse_payload
from atoll.ordering.offload import inline
from atoll.ordering.waiting import Waiting
from atoll.ports import SystemClock
from atoll.testing.virtual import run_virtually

STALE = Outcome(StaleNonce.number, StaleNonce.code, "used")


@dataclass
class Desk:
    """A door at the seventh block of a ledger that holds what is in `placed`."""

    sequencer: str = "operator"
    agreed_height: int = 7
    placed: dict[bytes, Acknowledged] = field(default_factory=dict)
    full: bool = False
    warmed: list[list[bytes]] = field(default_factory=list)
    stale: set[bytes] = field(default_factory=set)
    waiting: Waiting = field(default_factory=Waiting)

    def door(self) -> Door:
        tip = SimpleNamespace(height=7, after=SimpleNamespace(sequencer=self.sequencer))
        store = SimpleNamespace(placed=self._find)
        replica = SimpleNamespace(org="bank", tip=tip, warm=self._warm, store=store, agreed_height=self.agreed_height)
        door = _Door(cast("Replica", replica), self.waiting, SystemClock(), inline, self.placed.get)
        door.stale = self.stale
        return door

    def _warm(self, transactions: Sequence[bytes], height: int) -> None:
        assert height == 8
        if b"strange" in transactions:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self.warmed.append(list(transactions))

    def _find(self, identifiers: Sequence[bytes]) -> set[bytes]:
        if self.full:
            raise StoreFull(reason="no room")
        return set(identifiers) & self.placed.keys()

    def held(self) -> list[bytes]:
        return [one.data for one in self.waiting.all()]


class _Door(Door):
    stale: set[bytes]

    def admit(self, data: bytes) -> Outcome:
        return STALE if data in self.stale else ADMITTED


def submit(door: Door, data: bytes) -> asyncio.Task[Acknowledged]:
    return asyncio.create_task(door.submit(data, 30.0))


def test_those_that_come_together_are_verified_together_and_let_in_in_their_order() -> None:
    desk = Desk()
    sent = [b"%d" % number for number in range(240)]

    async def check() -> None:
        door, coming = desk.door(), []
        for at in range(0, 240, 40):
            coming += [submit(door, data) for data in sent[at : at + 40]]
            await asyncio.sleep(GATHER_SECONDS / 4)
        await asyncio.sleep(1.0)
        assert desk.held() == sent
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        await asyncio.gather(*coming, return_exceptions=True)

    run_virtually(check())
    assert [data for taken in desk.warmed for data in taken] == sent
    assert len(desk.warmed) <= 3


def test_what_another_member_forwards_is_let_in_as_it_comes() -> None:
    desk = Desk(sequencer="bank", stale={b"stale"})
    there = [b"%d" % number for number in range(FEW + 1)]

    async def check() -> Submitted:
        door = desk.door()
        for data in (b"first", b"second"):  # the second one is being gathered
            submit(door, data)
            await asyncio.sleep(0.001)
        before = asyncio.get_running_loop().time()
        payload = encode_payload(Submit(transactions=(*there, b"stale", there[0])))
        answer = await door.on_submit("bureau", payload)
        assert asyncio.get_running_loop().time() == before
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        await door.stop()
        return parse_payload("bank", answer, Submitted)

    answers = run_virtually(check()).answers
    assert [one.refusal for one in answers] == [*("" for _ in there), StaleNonce.code, ""]
    assert desk.warmed == [[b"first"], [*there, b"stale", there[0]]]


def test_one_that_waits_no_longer_keeps_nobody_else_out_and_is_not_let_in() -> None:
    desk = Desk()

    async def check() -> None:
        door = desk.door()
        coming = [submit(door, b"before")]
        await asyncio.sleep(0.001)
        first, second = submit(door, b"first"), submit(door, b"second")
        await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.sleep(1.0)
        assert desk.held() == [b"before", b"second"]
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        await asyncio.gather(*coming, second, return_exceptions=True)

    run_virtually(check())


def test_what_goes_wrong_with_verifying_together_hurts_nobody() -> None:
    """Signatures are verified ahead to save time; those that were not are verified one by one."""
    desk = Desk()

    async def check() -> None:
        door = desk.door()
        coming = [submit(door, data) for data in (b"strange", b"beside it")]
        await asyncio.sleep(1.0)
        coming.append(submit(door, b"after"))
        await asyncio.sleep(1.0)
        assert desk.held() == [b"strange", b"beside it", b"after"]
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        await asyncio.gather(*coming, return_exceptions=True)

    run_virtually(check())
    assert desk.warmed == [[b"after"]]


def test_nobody_is_let_in_after_the_end_and_whoever_stands_there_is_told() -> None:
    desk = Desk()

    async def check() -> None:
        door = desk.door()
        coming = [submit(door, b"before")]
        await asyncio.sleep(0.001)
        waits = submit(door, b"late")
        await asyncio.sleep(0)
        await door.stop()
        with pytest.raises(NotAcknowledged):
            await waits
        with pytest.raises(NotAcknowledged):
            await door.submit(b"too late", 30.0)
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        await asyncio.gather(*coming, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtually(check())
    assert desk.warmed == [[b"before"]]


def test_what_is_in_an_agreed_block_is_answered_and_what_is_in_another_waits_for_a_quorum() -> None:
    agreed, ordered = (Acknowledged(transaction_id(data), at, 30, ADMITTED) for data, at in ((b"agreed", 7), (b"new", 8)))
    desk = Desk(placed={one.transaction_id: one for one in (agreed, ordered)}, stale={b"agreed", b"new"})

    async def check() -> None:
        door = desk.door()
        answered, waits = submit(door, b"agreed"), submit(door, b"new")
        assert await answered == agreed
        assert desk.held() == [b"new"]
        assert desk.waiting.all_unplaced() == []
        desk.waiting.settle(ordered)
        assert await waits == ordered

    run_virtually(check())


@pytest.mark.parametrize("sequencer", ["bank", "operator"])
def test_only_the_sequencer_has_the_last_word_on_a_nonce(sequencer: str) -> None:
    desk = Desk(sequencer=sequencer, stale={b"stale"})

    async def check() -> None:
        coming = submit(desk.door(), b"stale")
        await asyncio.sleep(1.0)
        desk.waiting.refuse_all(NotAcknowledged(seconds=0))
        with pytest.raises(NotAdmitted if sequencer == "bank" else NotAcknowledged):
            await coming

    run_virtually(check())


def test_a_store_that_cannot_be_read_is_told_to_everybody_at_the_door() -> None:
    desk = Desk(full=True)

    async def check() -> None:
        door = desk.door()
        said = await asyncio.gather(submit(door, b"one"), submit(door, b"two"), return_exceptions=True)
        assert [type(one) for one in said] == [StoreFull, StoreFull]

    run_virtually(check())
    assert desk.held() == []
