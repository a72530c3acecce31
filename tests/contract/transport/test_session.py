"""What every session promises, run on TLS over loopback and on the twin in memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import TypeAlias

import pytest

from atoll.errors import AccessError, UnavailableError
from atoll.transport.errors import DialFailed, FrameTooLarge, LinkLost
from atoll.transport.frames import HEADER_BYTES, MAX_PAYLOAD, Kind
from atoll.transport.memory import MemoryFabric
from atoll.transport.session import LEDGER_SERVICE, SESSION_BUFFER_BYTES, Network, Session, job_service
from tests.unit.transport.world import TlsWorld, tls_world

World: TypeAlias = MemoryFabric | TlsWorld


@pytest.fixture(params=["memory", "tls"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Two organisations, a and b, that can reach each other."""
    if request.param == "memory":
        fabric = MemoryFabric(delay_seconds=0.0001)
        yield fabric
        for network in fabric.networks.values():
            await network.close()
    else:
        async with tls_world("a", "b") as tls:
            yield tls


@contextlib.asynccontextmanager
async def connected(world: World, dialler: str = "a", listener: str = "b") -> AsyncIterator[tuple[Session, Session]]:
    """Both ends of a session: the dialler's, then the listener's."""
    here, there = network(world, dialler), network(world, listener)
    arrived: asyncio.Queue[Session] = asyncio.Queue()
    done = asyncio.Event()

    async def keep(session: Session) -> None:
        arrived.put_nowait(session)
        await done.wait()

    await there.listen(LEDGER_SERVICE, keep)
    near = await here.dial(listener, LEDGER_SERVICE)
    try:
        yield near, await arrived.get()
    finally:
        await near.close()
        done.set()


def network(world: World, org: str) -> Network:
    return world.network(org)


async def test_frames_arrive_whole_in_order_and_once(world: World) -> None:
    payloads = [b"", b"x", os.urandom(65_535), os.urandom(MAX_PAYLOAD), b"end"]
    async with connected(world) as (near, far):
        for payload in payloads:
            await near.send(Kind.BULK, payload)
        await near.send(Kind.CONTROL, b"last")
        assert [(await far.receive()) for _ in payloads] == [(Kind.BULK, payload) for payload in payloads]
        assert await far.receive() == (Kind.CONTROL, b"last")


@pytest.mark.parametrize(("dialler", "listener"), [("a", "b"), ("b", "a")])
async def test_either_side_may_dial_and_each_knows_the_other(world: World, dialler: str, listener: str) -> None:
    async with connected(world, dialler, listener) as (near, far):
        assert (near.peer, far.peer) == (listener, dialler)
        await far.send(Kind.CONTROL, b"from the listener")
        assert await near.receive() == (Kind.CONTROL, b"from the listener")


async def test_both_directions_move_at_once(world: World) -> None:
    frame, count = os.urandom(1 << 20), 12

    async def send(session: Session) -> None:
        for _ in range(count):
            await session.send(Kind.BULK, frame)

    async def read(session: Session) -> int:
        return sum([len((await session.receive()).data) for _ in range(count)])

    async with connected(world) as (near, far):
        _, _, back, forth = await asyncio.gather(send(near), send(far), read(near), read(far))
    assert (back, forth) == (count << 20, count << 20)


async def test_bytes_are_counted_with_their_headers(world: World) -> None:
    async with connected(world) as (near, far):
        before = near.sent_bytes, far.received_bytes
        await near.send(Kind.CONTROL, b"12345")
        await far.receive()
        after = near.sent_bytes, far.received_bytes
        assert after == (before[0] + HEADER_BYTES + 5, before[1] + HEADER_BYTES + 5)


async def test_a_payload_above_the_limit_is_refused_and_the_session_lives(world: World) -> None:
    async with connected(world) as (near, far):
        with pytest.raises(FrameTooLarge):
            await near.send(Kind.BULK, bytes(MAX_PAYLOAD + 1))
        await near.send(Kind.BULK, b"fine")
        assert (await far.receive()).data == b"fine"


async def test_a_peer_that_does_not_read_stops_the_sender_and_not_the_other_direction(world: World) -> None:
    frame = bytes(1 << 20)
    async with connected(world) as (near, far):

        async def flood() -> None:
            for _ in range(64):
                await near.send(Kind.BULK, frame)

        flooding = asyncio.ensure_future(flood())
        await asyncio.sleep(0.3)
        assert not flooding.done()
        assert near.sent_bytes < 10 * SESSION_BUFFER_BYTES
        await far.send(Kind.CONTROL, b"still here")
        assert (await near.receive()).data == b"still here"
        for _ in range(64):
            assert (await far.receive()).data == frame
        await flooding


async def test_a_closed_session_ends_for_both_after_what_was_sent(world: World) -> None:
    async with connected(world) as (near, far):
        await near.send(Kind.CONTROL, b"last words")
        await near.close()
        assert near.is_closed
        assert (await far.receive()).data == b"last words"
        for session in (near, far):
            with pytest.raises(LinkLost):
                await session.receive()
            with pytest.raises(LinkLost):
                await session.send(Kind.CONTROL, b"too late")
        await near.close()


async def test_a_reader_and_a_blocked_sender_learn_of_the_loss(world: World) -> None:
    async with connected(world) as (near, far):

        async def flood() -> None:
            while True:
                await near.send(Kind.BULK, bytes(1 << 20))

        flooding, reading = asyncio.ensure_future(flood()), asyncio.ensure_future(near.receive())
        await asyncio.sleep(0.1)
        await far.close()
        for waiting in (flooding, reading):
            with pytest.raises(LinkLost):
                await asyncio.wait_for(waiting, 30)


async def test_a_key_that_the_ledger_drops_is_noticed(world: World) -> None:
    async with connected(world) as (near, far):
        assert near.is_current()
        assert far.is_current()
        if isinstance(world, MemoryFabric):
            world.revoked.add("b")
        else:
            world.pins["b"] = ()
        assert not near.is_current()
        assert far.is_current()


async def test_nobody_is_reached_where_nothing_is_offered(world: World) -> None:
    await network(world, "b").listen(LEDGER_SERVICE, lambda session: session.close())
    with pytest.raises((UnavailableError, AccessError)):
        await network(world, "a").dial("b", job_service("0" * 32))
    with pytest.raises(DialFailed):
        await network(world, "a").dial("nobody", LEDGER_SERVICE)


async def test_a_network_that_is_closed_lets_nobody_in(world: World) -> None:
    async with connected(world):
        pass
    await network(world, "b").close()
    with pytest.raises((UnavailableError, AccessError)):
        await network(world, "a").dial("b", LEDGER_SERVICE)
