"""The network in memory keeps its promises about what goes wrong, and replays from its seed."""

from __future__ import annotations

import asyncio

import pytest

from atoll.transport.errors import DialFailed, LinkLost
from atoll.transport.frames import HEADER_BYTES, Kind
from atoll.transport.memory import MemoryFabric, MemorySession
from atoll.transport.session import DIAL_SECONDS, LEDGER_SERVICE
from tests.unit.transport.virtual import run_virtually


async def meet(fabric: MemoryFabric) -> tuple[MemorySession, MemorySession]:
    link = fabric.connect("a", "b")
    return link.left, link.right


async def send_thrice(session: MemorySession) -> None:
    for _ in range(3):
        await session.send(Kind.BULK, bytes(10))
        await asyncio.sleep(0.01)


async def read_all(session: MemorySession) -> list[bytes]:
    """What arrives until the link is lost."""
    heard = []
    try:
        while True:
            heard.append((await session.receive()).data)
    except LinkLost:
        return heard


def test_a_frame_takes_its_time_and_keeps_its_place() -> None:
    async def work() -> list[float]:
        fabric = MemoryFabric(seed=1, delay_seconds=0.1, jitter_seconds=0.5)
        near, far = await meet(fabric)
        arrivals = []
        for number in range(20):
            await near.send(Kind.CONTROL, bytes((number,)))
        for number in range(20):
            assert (await far.receive()).data == bytes((number,))
            arrivals.append(asyncio.get_running_loop().time())
        return arrivals

    arrivals = run_virtually(work())
    assert arrivals == sorted(arrivals)
    assert 0.1 <= arrivals[0] <= 0.6
    assert arrivals == run_virtually(work())


def test_a_cut_comes_before_the_byte_it_was_set_to() -> None:
    async def work() -> None:
        for limit, arrived in ((0, 0), (HEADER_BYTES + 9, 0), (HEADER_BYTES + 10, 1), (2 * (HEADER_BYTES + 10), 2)):
            fabric = MemoryFabric()
            fabric.cut_after("a", "b", limit)
            near, far = await meet(fabric)
            with pytest.raises(LinkLost):
                await send_thrice(near)
            assert len(await read_all(far)) == arrived
            assert not fabric.armed

    run_virtually(work())


def test_what_is_under_way_is_lost_with_the_link() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=1)
        near, far = await meet(fabric)
        await near.send(Kind.BULK, b"arrives")
        await asyncio.sleep(0.9)
        await near.send(Kind.BULK, b"is lost")
        await asyncio.sleep(0.5)
        assert fabric.cut("a", "b") == 1
        assert await read_all(far) == [b"arrives"]
        assert fabric.cut("a", "b") == 0

    run_virtually(work())


def test_a_partition_holds_traffic_up_and_lets_no_dial_through() -> None:
    async def work() -> None:
        fabric = MemoryFabric()
        loop = asyncio.get_running_loop()
        await fabric.network("b").listen(LEDGER_SERVICE, lambda session: asyncio.sleep(3600))
        near, far = await meet(fabric)
        fabric.partition({"a"}, {"b", "c"})
        assert not fabric.is_parted("b", "c")
        assert not fabric.is_parted("a", "stranger")
        await near.send(Kind.BULK, b"held up")
        started = loop.time()
        with pytest.raises(DialFailed, match="no answer in time"):
            await fabric.network("a").dial("b", LEDGER_SERVICE)
        assert loop.time() - started == pytest.approx(DIAL_SECONDS)
        assert not near.is_closed
        fabric.heal()
        assert (await far.receive()).data == b"held up"
        await (await fabric.network("a").dial("b", LEDGER_SERVICE)).close()
        await fabric.network("b").close()

    run_virtually(work())


def test_a_machine_without_power_says_nothing_and_hears_nothing() -> None:
    async def work() -> None:
        fabric = MemoryFabric()
        for org in ("a", "b"):
            await fabric.network(org).listen(LEDGER_SERVICE, lambda session: asyncio.sleep(3600))
        near, far = await meet(fabric)
        fabric.unplug("b")
        for session in (near, far):
            with pytest.raises(LinkLost):
                await session.send(Kind.BULK, b"")
        for here, there in (("a", "b"), ("b", "a")):
            with pytest.raises(DialFailed):
                await fabric.network(here).dial(there, LEDGER_SERVICE)
        fabric.plug_in("b")
        await (await fabric.network("a").dial("b", LEDGER_SERVICE)).close()
        for network in fabric.networks.values():
            await network.close()

    run_virtually(work())


def test_chance_comes_from_the_seed() -> None:
    drawn = [[MemoryFabric(seed=seed).cut_within("a", "b", 1 << 30) for _ in range(2)] for seed in (1, 2)]
    assert drawn[0][0] == drawn[0][1] != drawn[1][0]
