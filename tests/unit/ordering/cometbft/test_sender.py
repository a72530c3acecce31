"""Transactions on their way into a block: in order, again while they are missing, and given up when they can be in none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from atoll.ledger.apply import Outcome
from atoll.ledger.rules.errors import StaleNonce
from atoll.ordering.cometbft import sender as module
from atoll.ordering.cometbft.asking import Asked
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.cometbft.sender import Door, Sender
from atoll.ordering.errors import NotAdmitted, ValidatorRefused
from atoll.ordering.waiting import Held, Waiting
from atoll.testing.virtual import VirtualClock, run_virtually

GOOD = Outcome(0, "", "")
STALE = Outcome(StaleNonce.number, StaleNonce.code, "too late")


class Mempool(Rpc):
    """Remembers what it was handed."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.taken: list[bytes] = []
        self.down = False

    async def broadcast(self, transactions: Sequence[bytes]) -> list[str]:
        if self.down:
            raise ValidatorRefused(method="broadcast_tx_async", reason="it is being started")
        self.taken += transactions
        return [""] * len(transactions)


class Desk:
    """A sender with everything around it."""

    def __init__(self) -> None:
        self.mempool = Mempool()
        self.waiting = Waiting()
        self.outcome = GOOD
        self.placed: set[bytes] = set()
        self.sender = Sender(
            self.mempool,
            self.waiting,
            VirtualClock(asyncio.get_running_loop()),
            check=lambda data: self.outcome,
            is_placed=lambda name: name in self.placed,
        )

    def hold(self, data: bytes) -> tuple[Held, asyncio.Future[object]]:
        held = self.waiting.hold(data)
        waiter = asyncio.get_running_loop().create_future()
        held.waiters.append(waiter)
        return held, waiter


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.03)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.005)


async def run_for(desk: Desk, seconds: float) -> None:
    running = asyncio.create_task(desk.sender.run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.wait([running])


def test_what_waits_is_handed_over_in_order_and_again_until_a_block_holds_it() -> None:
    async def test() -> None:
        desk = Desk()
        desk.hold(b"one")
        desk.hold(b"two")
        await run_for(desk, 0.02)
        assert desk.mempool.taken == [b"one", b"two"]
        desk.waiting.place([b"one"], placed=True)
        await run_for(desk, 0.06)
        assert desk.mempool.taken[2:] == [b"two"] * len(desk.mempool.taken[2:]) != []

    run_virtually(test())


def test_what_cannot_be_in_a_block_any_more_is_given_up_with_the_reason() -> None:
    async def test() -> None:
        desk = Desk()
        _, waiter = desk.hold(b"one")
        await run_for(desk, 0.02)
        desk.outcome = STALE
        await run_for(desk, 0.06)
        with pytest.raises(NotAdmitted, match="too late"):
            await waiter
        assert len(desk.waiting) == 0

    run_virtually(test())


def test_what_a_block_holds_already_is_not_given_up_for_its_own_nonce() -> None:
    async def test() -> None:
        desk = Desk()
        held, waiter = desk.hold(b"one")
        await run_for(desk, 0.02)
        desk.outcome = STALE
        desk.placed.add(held.id)
        await run_for(desk, 0.06)
        assert not waiter.done()

    run_virtually(test())


def test_while_cometbft_is_away_transactions_wait_and_after_its_start_they_go_at_once() -> None:
    async def test() -> None:
        desk = Desk()
        desk.hold(b"one")
        desk.mempool.down = True
        await run_for(desk, 0.02)
        assert desk.mempool.taken == []
        desk.mempool.down = False
        await run_for(desk, 0.01)
        desk.sender.forget()
        await run_for(desk, 0.01)
        assert desk.mempool.taken == [b"one", b"one"]

    run_virtually(test())


def test_the_door_looks_at_many_together_and_answers_in_the_order_of_arrival() -> None:
    async def test() -> None:
        batches: list[int] = []

        async def check_many(transactions: Sequence[Asked]) -> list[Outcome]:
            batches.append(len(transactions))
            await asyncio.sleep(0.01)
            return [STALE if one.data == b"7" else GOOD for one in transactions]

        door = Door(check_many)
        running = asyncio.create_task(door.run())
        order: list[bytes] = []

        async def submit(data: bytes) -> bool:
            outcome = await door.admit(data)
            order.append(data)
            return outcome.ok

        data = [str(number).encode() for number in range(20)]
        answers = await asyncio.gather(*map(submit, data))
        assert order == data
        assert answers == [one != b"7" for one in data]
        assert max(batches) > 1
        running.cancel()
        await asyncio.wait([running])

    run_virtually(test())
