"""Transactions at the door of the embedded engine: looked at together, and let in in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from atoll.ordering.embedded.forwarder import Forwarder
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.offload import inline
from atoll.ordering.waiting import Waiting
from atoll.ports import SystemClock
from atoll.testing.members import MemberNetwork
from atoll.testing.virtual import run_virtually


def make_forwarder(warmed: list[list[bytes]]) -> Forwarder:
    def warm(transactions: Sequence[bytes], height: int) -> None:
        assert height == 8
        warmed.append(list(transactions))

    replica = SimpleNamespace(org="bank", tip=SimpleNamespace(height=7), warm=warm)
    port = MemberNetwork().port("bank")
    return Forwarder(cast("Replica", replica), Waiting(), port, SystemClock(), list, inline)


def test_those_that_come_together_are_verified_together_and_go_on_in_their_order() -> None:
    warmed: list[list[bytes]] = []
    order: list[int] = []

    async def check() -> None:
        forwarder = make_forwarder(warmed)

        async def come(number: int) -> None:
            await forwarder.verify((b"%d" % number,))
            order.append(number)

        for _ in range(3):
            coming = [asyncio.create_task(come(number)) for number in range(40)]
            await asyncio.sleep(0.001)
            coming += [asyncio.create_task(come(number)) for number in range(40, 80)]
            await asyncio.gather(*coming)

    run_virtually(check())
    assert order == 3 * list(range(80))
    assert [data for taken in warmed for data in taken] == 3 * [b"%d" % number for number in range(80)]
    assert len(warmed) <= 6


def test_one_that_waits_no_longer_keeps_nobody_else_from_being_verified() -> None:
    warmed: list[list[bytes]] = []

    async def check() -> None:
        forwarder = make_forwarder(warmed)
        await forwarder.verify((b"before",))
        first = asyncio.create_task(forwarder.verify((b"first",)))
        second = asyncio.create_task(forwarder.verify((b"second",)))
        await asyncio.sleep(0.001)
        first.cancel()
        await second
        assert first.cancelled()

    run_virtually(check())
    assert warmed == [[b"before"], [b"first", b"second"]]


def test_what_goes_wrong_with_one_batch_hurts_nobody_in_it_and_none_after_it() -> None:
    """Signatures are verified ahead to save time; those that were not are verified at the door."""
    warmed: list[list[bytes]] = []

    async def check() -> None:
        forwarder = make_forwarder(warmed)
        real = forwarder.replica.warm

        def warm(transactions: Sequence[bytes], height: int) -> None:
            if b"strange" in transactions:
                raise RuntimeError("cannot schedule new futures after shutdown")
            real(transactions, height)

        forwarder.replica.warm = warm  # type: ignore[method-assign]
        await forwarder.verify((b"before",))
        await asyncio.gather(forwarder.verify((b"strange",)), forwarder.verify((b"beside it",)))
        await forwarder.verify((b"after",))

    run_virtually(check())
    assert warmed == [[b"before"], [b"after"]]


def test_nothing_is_verified_after_the_end_and_whoever_waited_goes_on() -> None:
    warmed: list[list[bytes]] = []

    async def check() -> None:
        forwarder = make_forwarder(warmed)
        await forwarder.verify((b"before",))
        waits = asyncio.create_task(forwarder.verify((b"late",)))
        await asyncio.sleep(0)
        await forwarder.stop()
        await waits
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await forwarder.verify((b"another life",))

    run_virtually(check())
    assert warmed == [[b"before"], [b"another life"]]
