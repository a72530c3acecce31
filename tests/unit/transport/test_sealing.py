"""Sealed job frames, with a gateway in the middle that can do anything to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from atoll.protocols.role import MAX_FRAME_BYTES, Party
from atoll.transport.errors import LinkLost, SealBroken, StreamEnded
from atoll.transport.frames import Kind, Received
from atoll.transport.memory import MemoryFabric, MemorySession
from atoll.transport.sealing import JobKeys, SealedSession, seal_session
from atoll.transport.session import FrameQueue, Session
from tests.unit.transport.world import keys_for, org_of

OWNER, RECEIVER, OTHER = Party("owner"), Party("receiver"), Party("receiver", 1)
PARTIES = (OWNER, RECEIVER, OTHER)


class Gateway:
    """One end of a session that ends TLS and passes frames on by its own rules; it records what came through."""

    def __init__(self, inner: Session) -> None:
        self._inner = inner
        self.seen: list[Received] = []
        self.rule: Callable[[Received], list[Received]] = lambda frame: [frame]
        self._ready = FrameQueue()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def receive(self) -> Received:
        while not self._ready.held_bytes:
            frame = await self._inner.receive()
            self.seen.append(frame)
            for passed in self.rule(frame):
                self._ready.put(passed)
        return await self._ready.get()


async def links(fabric: MemoryFabric) -> tuple[MemorySession, MemorySession]:
    """An unsealed session between the owner's and the receiver's organisation."""
    link = fabric.connect(org_of(OWNER), org_of(RECEIVER))
    return link.left, link.right


@contextlib.asynccontextmanager
async def sealed(
    near_keys: JobKeys | None = None, far_keys: JobKeys | None = None
) -> AsyncIterator[tuple[SealedSession, SealedSession, Gateway]]:
    """The owner's end, the receiver's end, and the gateway on the way to the receiver."""
    near, far = await links(MemoryFabric())
    gateway = Gateway(far)
    mine, theirs = await asyncio.gather(
        seal_session(near, near_keys or keys_for(OWNER, PARTIES), expected=RECEIVER),
        seal_session(gateway, far_keys or keys_for(RECEIVER, PARTIES), expected=None),  # type: ignore[arg-type]
    )
    yield mine, theirs, gateway
    await mine.close()
    await theirs.close()


async def test_what_is_sealed_arrives_and_the_gateway_reads_none_of_it() -> None:
    secret = b"row 17: a name that must not be read on the way"
    async with sealed() as (near, far, gateway):
        await near.send(Kind.CONTROL, secret)
        await near.send(Kind.BULK, bytes(MAX_FRAME_BYTES))
        await far.send(Kind.BULK, b"back")
        assert await far.receive() == (Kind.CONTROL, secret)
        assert await far.receive() == (Kind.BULK, bytes(MAX_FRAME_BYTES))
        assert await near.receive() == (Kind.BULK, b"back")
        assert (near.party, far.party) == (RECEIVER, OWNER)
        assert (near.peer, far.peer) == (org_of(RECEIVER), org_of(OWNER))
        assert not any(secret[:9] in frame.data for frame in gateway.seen)


def flipped(frame: Received, bit: int) -> Received:
    octets = bytearray(frame.data)
    octets[bit // 8 % len(octets)] ^= 1 << bit % 8
    return frame._replace(data=bytes(octets))


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(lambda frame: [flipped(frame, 0)], id="first bit flipped"),
        pytest.param(lambda frame: [flipped(frame, -1)], id="last bit flipped"),
        pytest.param(lambda frame: [frame._replace(kind=Kind.BULK)], id="another kind"),
        pytest.param(lambda frame: [frame._replace(data=frame.data[:-1])], id="cut by an octet"),
        pytest.param(lambda frame: [frame._replace(data=frame.data + b"\x00")], id="longer by an octet"),
        pytest.param(lambda frame: [frame._replace(data=b"")], id="emptied"),
        pytest.param(lambda frame: [frame._replace(kind=Kind.CLOSE)], id="made into an end"),
    ],
)
async def test_a_changed_frame_does_not_open(rule: Callable[[Received], list[Received]]) -> None:
    async with sealed() as (near, far, gateway):
        await near.send(Kind.CONTROL, b"first")
        await far.receive()
        gateway.rule = rule
        await near.send(Kind.CONTROL, b"second")
        with pytest.raises(SealBroken, match="owner/0"):
            await far.receive()


async def test_a_replayed_frame_does_not_open() -> None:
    async with sealed() as (near, far, gateway):
        gateway.rule = lambda frame: [frame, frame]
        await near.send(Kind.CONTROL, b"pay once")
        assert (await far.receive()).data == b"pay once"
        with pytest.raises(SealBroken):
            await far.receive()


async def test_frames_out_of_order_do_not_open() -> None:
    async with sealed() as (near, far, gateway):
        held: list[Received] = []

        def swap(frame: Received) -> list[Received]:
            held.append(frame)
            return held[::-1] if len(held) == 2 else []

        gateway.rule = swap
        await near.send(Kind.CONTROL, b"one")
        await near.send(Kind.CONTROL, b"two")
        with pytest.raises(SealBroken):
            await far.receive()


async def test_after_a_lost_frame_the_next_does_not_open() -> None:
    async with sealed() as (near, far, gateway):
        gateway.rule = lambda frame: []
        reading = asyncio.ensure_future(far.receive())
        await near.send(Kind.CONTROL, b"one")
        await asyncio.sleep(0.01)
        gateway.rule = lambda frame: [frame]
        await near.send(Kind.CONTROL, b"two")
        with pytest.raises(SealBroken):
            await reading


async def test_a_broken_session_stays_broken() -> None:
    async with sealed() as (near, far, gateway):
        gateway.rule = lambda frame: [flipped(frame, 3)]
        await near.send(Kind.CONTROL, b"one")
        with pytest.raises(SealBroken):
            await far.receive()
        gateway.rule = lambda frame: [frame]
        with pytest.raises(SealBroken):
            await far.receive()
        with pytest.raises(SealBroken):
            await far.send(Kind.CONTROL, b"never mind")


async def test_a_frame_of_the_other_direction_does_not_open() -> None:
    async with sealed() as (near, far, gateway):
        await near.send(Kind.CONTROL, b"question")
        await far.receive()
        reflected = gateway.seen[-1]
        gateway.rule = lambda frame: [reflected]
        await near.send(Kind.CONTROL, b"question")
        with pytest.raises(SealBroken):
            await far.receive()


async def test_a_recorded_connection_cannot_be_played_back() -> None:
    """Same keys, same job, same direction, the recorded opening too: only the freshness of the receiver's own half tells."""
    async with sealed() as (near, far, gateway):
        await near.send(Kind.CONTROL, b"recorded")
        await far.receive()
        recording = list(gateway.seen)
    player, victim = await links(MemoryFabric())
    for frame in recording:
        await player.send(frame.kind, frame.data)
    again = await seal_session(victim, keys_for(RECEIVER, PARTIES), expected=None)
    assert again.party == OWNER
    with pytest.raises(SealBroken):
        await again.receive()
    await player.close()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"plan_digest": bytes(32)}, id="another plan"),
        pytest.param({"attempt": 2}, id="another attempt"),
        pytest.param({"secret": keys_for(OTHER, PARTIES).secret}, id="another consent key"),
    ],
)
async def test_frames_of_another_job_do_not_open(change: dict[str, object]) -> None:
    async with sealed(near_keys=replace(keys_for(OWNER, PARTIES), **change)) as (near, far, _):  # type: ignore[arg-type]
        await near.send(Kind.CONTROL, b"from elsewhere")
        with pytest.raises(SealBroken):
            await far.receive()
        await far.close()


async def test_an_opening_for_another_party_or_from_another_organisation_is_refused() -> None:
    for near_keys, expected, far_keys in (
        (keys_for(OWNER, PARTIES), OTHER, keys_for(RECEIVER, PARTIES)),  # meant for the other receiver
        (keys_for(OTHER, PARTIES), RECEIVER, keys_for(RECEIVER, PARTIES)),  # a party, but not of this organisation
        (keys_for(Party("auditor"), PARTIES), RECEIVER, keys_for(RECEIVER, PARTIES)),  # not a party at all
    ):
        near, far = await links(MemoryFabric())
        ends = await asyncio.gather(
            seal_session(near, near_keys, expected=expected), seal_session(far, far_keys, expected=None), return_exceptions=True
        )
        assert isinstance(ends[1], SealBroken)
        assert isinstance(ends[0], LinkLost)
        assert far.is_closed


@pytest.mark.parametrize("first", [Received(Kind.CONTROL, b"hello"), Received(Kind.SEAL, b"garbage"), Received(Kind.SEAL, b"")])
async def test_what_is_no_opening_is_refused(first: Received) -> None:
    near, far = await links(MemoryFabric())
    await near.send(first.kind, first.data)
    with pytest.raises(SealBroken):
        await seal_session(far, keys_for(RECEIVER, PARTIES), expected=None)
    assert far.is_closed


async def test_who_dials_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.transport.sealing.DIAL_SECONDS", 0.05)
    _, far = await links(MemoryFabric())
    with pytest.raises(LinkLost, match="no opening in time"):
        await seal_session(far, keys_for(RECEIVER, PARTIES), expected=None)
    assert far.is_closed


async def test_a_proper_end_is_told_from_a_cut() -> None:
    async with sealed() as (near, far, _):
        await near.send(Kind.CONTROL, b"last")
        await near.close()
        assert (await far.receive()).data == b"last"
        with pytest.raises(StreamEnded):
            await far.receive()
    async with sealed() as (near, far, gateway):
        gateway.rule = lambda frame: [] if frame.kind is Kind.CLOSE else [frame]
        await near.send(Kind.CONTROL, b"last")
        await near.close()
        assert (await far.receive()).data == b"last"
        with pytest.raises(LinkLost):
            await far.receive()


async def test_every_connection_has_its_own_keys() -> None:
    """The same words to the same party, twice: nothing on the wire repeats."""
    wires = []
    for _ in range(2):
        async with sealed() as (near, far, gateway):
            await near.send(Kind.CONTROL, b"the same words")
            await far.receive()
            wires.append({frame.data for frame in gateway.seen})
    assert wires[0].isdisjoint(wires[1])


def test_keys_do_not_show_their_secret() -> None:
    keys = keys_for(OWNER, PARTIES)
    assert keys.secret.hex() not in repr(keys)
    assert repr(keys.secret) not in repr(keys)


def test_no_two_streams_are_sealed_for_the_same_purpose() -> None:
    """Job, attempt, direction and places; names that run into each other make no difference."""
    parties = [Party("a"), Party("a", 1), Party("a", 10), Party("b")]
    keys = [keys_for(OWNER, PARTIES, plan=bytes([plan] * 32), attempt=attempt) for plan in (1, 2) for attempt in (1, 2)]
    infos = {one.info(here, there) for one in keys for here in parties for there in parties}
    assert len(infos) == len(keys) * len(parties) ** 2
