"""The Role interface, proved on the two shapes that strain it most: many rounds between three parties, and a sum among all.

The protocols here are real but small: a sum by additive shares, and the comparison of two shared numbers by a ripple of 64
rounds on replicated boolean shares (Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016), put together by `yield from`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, TypeAlias

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import CheckpointsDiffer, RolesStalled, UnexpectedPacket
from atoll.protocols.packets import Packet
from atoll.protocols.pump import Pumped, Said, pump
from atoll.protocols.role import Checkpoint, Flush, Frame, Party, Progress, Receive, Role, Send
from atoll.transport.journal import MemoryJournal, Saved
from atoll.transport.memory import MemoryFabric
from atoll.transport.runner import Report
from atoll.transport.transcript import ANCHOR, Direction
from atoll.wire.cbor import decode, encode
from atoll.wire.message import Message, Range
from tests.unit.transport.world import Table, org_of, seed_of, tls_world

BITS = 64
MASK = 2**BITS - 1
PARTIES = tuple(Party("computer", index) for index in range(3))
SEEDS = {party: seed_of(party) for party in PARTIES}
"""The seeds that `Table` gives, so that the pump and the runner can be compared."""

Factory: TypeAlias = Callable[[bytes, bytes | None], Role[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Message):
    """One number of 64 bits."""

    TAG: ClassVar[str] = "test-share/1"
    value: Annotated[int, Range(0, MASK)]


# -- a three-party sum ---------------------------------------------------------------------------------------------------------


def adder(me: Party, number: int, seed: bytes, resume: bytes | None) -> Role[int]:
    """Everybody learns the sum modulo 2^64 and nothing else. Two checkpoints; messages before the first, frames after it."""
    peers = [party for party in PARTIES if party != me]
    stage, held = (0, 0) if resume is None else decode(resume)
    if stage == 0:
        entropy = SeededEntropy(seed)
        masks = [int.from_bytes(entropy.bytes(8), "big") for _ in peers]
        for peer, mask in zip(peers, masks, strict=True):
            yield Send(peer, Share(value=mask))
        held = (number - sum(masks)) & MASK
        for peer in peers:
            share: Share = yield Receive(peer, Share)
            held = (held + share.value) & MASK
        yield Checkpoint(encode([1, held]))
    if stage <= 1:
        for peer in peers:
            yield Send(peer, Frame(held.to_bytes(8, "big")))
        yield Flush()
        for peer in peers:
            frame: Frame = yield Receive(peer, Frame)
            held = (held + int.from_bytes(frame.data, "big")) & MASK
        yield Progress(2, 2, "rounds")
        yield Checkpoint(encode([2, held]))
    return held


# -- a block of 64 rounds ------------------------------------------------------------------------------------------------------
#
# A bit x is x0 ^ x1 ^ x2, and party i holds (x_i, x_{i+1}). XOR is local. AND costs one bit to a neighbour: everybody computes
# its part of the product, masked by its part of a zero that nobody knows all of, and sends it to the party before it.

Bit: TypeAlias = tuple[int, int]


def pass_back(me: Party, bit: int) -> Role[int]:
    """Give one bit to the party before, get one from the party after."""
    yield Send(PARTIES[me.index - 1], Share(value=bit))
    share: Share = yield Receive(PARTIES[(me.index + 1) % 3], Share)
    return share.value


def and_gate(me: Party, x: Bit, y: Bit, zero: int) -> Role[Bit]:
    """One round."""
    mine = (x[0] & y[0]) ^ (x[0] & y[1]) ^ (x[1] & y[0]) ^ zero
    return (mine, (yield from pass_back(me, mine)))


def zero_share(keys: tuple[bytes, bytes], round_: int) -> int:
    """This party's part of a zero: its neighbours hold one of the two keys each, so the three parts cancel out."""
    draws = (SeededEntropy(key).fork(f"zero {round_}").bytes(1)[0] & 1 for key in keys)
    return next(draws) ^ next(draws)


def ripple(
    me: Party, x: list[Bit], y: list[Bit], keys: tuple[bytes, bytes], start: int, borrow: Bit, *, every: int
) -> Role[Bit]:
    """Shares of [x < y]: borrow' = borrow ^ (x ^ borrow ^ 1)(y ^ borrow), from bit 0 up; a checkpoint every so many rounds."""
    one = (int(me.index == 0), int(me.index == 2))
    for round_ in range(start, BITS):
        left = (x[round_][0] ^ borrow[0] ^ one[0], x[round_][1] ^ borrow[1] ^ one[1])
        right = (y[round_][0] ^ borrow[0], y[round_][1] ^ borrow[1])
        product = yield from and_gate(me, left, right, zero_share(keys, round_))
        borrow = (borrow[0] ^ product[0], borrow[1] ^ product[1])
        if (round_ + 1) % every == 0:
            yield Checkpoint(encode([round_ + 1, *borrow, *keys]))
    return borrow


def comparer(me: Party, x: int, y: int, seed: bytes, resume: bytes | None, *, every: int = 16) -> Role[bool]:
    """Compare two numbers that are shared among the three: agree on keys, ripple, open."""
    own = SeededEntropy(seed).fork("key").bytes(32)
    round_, borrow, keys = 0, (0, 0), (own, b"")
    if resume is None:
        yield Send(PARTIES[me.index - 1], Frame(own))
        frame: Frame = yield Receive(PARTIES[(me.index + 1) % 3], Frame)
        keys = (own, frame.data)
    else:
        round_, *rest = decode(resume)
        borrow, keys = (rest[0], rest[1]), (rest[2], rest[3])
    borrow = yield from ripple(me, deal(x, me), deal(y, me), keys, round_, borrow, every=every)
    return bool(borrow[0] ^ borrow[1] ^ (yield from pass_back(me, borrow[1])))


def deal(number: int, me: Party) -> list[Bit]:
    """This party's shares of a number, lowest bit first, from a dealer that the test trusts."""
    entropy = SeededEntropy(number.to_bytes(32, "big"))
    shares = [int.from_bytes(entropy.bytes(8), "big"), int.from_bytes(entropy.bytes(8), "big")]
    shares.append(number ^ shares[0] ^ shares[1])
    first, second = shares[me.index], shares[(me.index + 1) % 3]
    return [(first >> bit & 1, second >> bit & 1) for bit in range(BITS)]


# -- both, as the tests take them ----------------------------------------------------------------------------------------------

NUMBERS = dict(zip(PARTIES, (11, MASK, 2**40), strict=True))


def adders() -> dict[Party, Factory]:
    return {me: partial(adder, me, NUMBERS[me]) for me in PARTIES}


def comparers(x: int = 2**63, y: int = 2**63 + 1) -> dict[Party, Factory]:
    return {me: partial(comparer, me, x, y) for me in PARTIES}


PROTOCOLS = {"sum": (adders, sum(NUMBERS.values()) & MASK, 2), "compare": (comparers, True, 4)}
"""Name -> factories, expected output, number of checkpoints."""


def begin(factories: Mapping[Party, Factory]) -> dict[Party, Role[Any]]:
    return {party: factory(SEEDS[party], None) for party, factory in factories.items()}


@pytest.fixture(params=sorted(PROTOCOLS))
def protocol(request: pytest.FixtureRequest) -> tuple[dict[Party, Factory], object, int]:
    factories, expected, checkpoints = PROTOCOLS[request.param]
    return factories(), expected, checkpoints


class TestPump:
    def test_three_parties_learn_the_sum(self) -> None:
        assert set(pump(begin(adders())).outputs.values()) == {sum(NUMBERS.values()) & MASK}

    @pytest.mark.parametrize(
        ("x", "y"), [(0, 0), (0, 1), (1, 0), (MASK, MASK), (MASK - 1, MASK), (2**63, 2**63 - 1), (5, 2**40)]
    )
    def test_sixty_four_rounds_compare(self, x: int, y: int) -> None:
        assert set(pump(begin(comparers(x, y))).outputs.values()) == {x < y}

    def test_equal_seeds_give_equal_transcripts(self) -> None:
        assert pump(begin(comparers())).transcript == pump(begin(comparers())).transcript

    def test_resumed_from_any_checkpoint_the_same_is_said(self, protocol: tuple[dict[Party, Factory], object, int]) -> None:
        factories, expected, checkpoints = protocol
        whole = pump(begin(factories))
        for number in range(1, checkpoints + 1):
            again = pump({me: make(SEEDS[me], whole.checkpoints[me][number - 1]) for me, make in factories.items()})
            assert set(again.outputs.values()) == {expected}
            for sender in PARTIES:
                for recipient in PARTIES:
                    assert again.said(sender, recipient) == whole.said(sender, recipient, after=number)

    def test_progress_is_recorded_and_never_sent(self) -> None:
        ran = pump(begin(adders()))
        assert ran.progress[PARTIES[0]] == [Progress(2, 2, "rounds")]
        assert len(ran.transcript) == 12

    def test_a_lost_packet_stalls_and_the_error_names_who_waits_for_whom(self) -> None:
        def lose_first(said: Said) -> Packet | None:
            return None if (said.sender, said.recipient) == (PARTIES[0], PARTIES[1]) else said.packet

        with pytest.raises(RolesStalled, match="computer/1 waits for Share from computer/0"):
            pump(begin(adders()), tamper=lose_first)

    def test_a_frame_in_place_of_a_message_is_refused(self) -> None:
        with pytest.raises(UnexpectedPacket):
            pump(begin(adders()), tamper=lambda said: Packet(True, said.packet.data))

    def test_checkpoints_that_cut_a_message_in_two_are_found(self) -> None:
        def early(me: Party, peer: Party) -> Role[None]:
            yield Send(peer, Share(value=1))
            yield Checkpoint(b"")
            yield Receive(peer, Share)

        left, right = PARTIES[:2]
        with pytest.raises(CheckpointsDiffer, match="not a consistent cut"):
            pump({left: early(left, right), right: early(right, left)})

    def test_a_party_without_the_checkpoint_is_found(self) -> None:
        def idle() -> Role[None]:
            yield Progress(1, 1, "rounds")

        def busy() -> Role[None]:
            yield Checkpoint(b"")

        with pytest.raises(CheckpointsDiffer, match="not every role"):
            pump({PARTIES[0]: idle(), PARTIES[1]: busy()})


def verify_same_as_pumped(factories: Mapping[Party, Factory], reports: Mapping[Party, Report[Any]]) -> None:
    """Outputs and transcripts of the runners are those of the pump."""
    whole = pump(begin(factories))
    for me, report in reports.items():
        assert report.output == whole[me]
        for peer, mark in report.marks.items():
            assert (mark.sent_packets, mark.sent_digest) == digest_said(whole, me, peer)
            assert mark == reports[peer].marks[me].mirrored()


def digest_said(whole: Pumped, sender: Party, recipient: Party) -> tuple[int, bytes]:
    """Count and running digest of one direction, anchored at every checkpoint."""
    said, direction = whole.said(sender, recipient), Direction()
    for number in range(len(whole.checkpoints[sender]) + 1):
        direction.start(number, packets=direction.packets, anchor=direction.digest() if number else ANCHOR)
        last = number == len(whole.checkpoints[sender])
        until = len(said) if last else len(said) - len(whole.said(sender, recipient, after=number + 1))
        for packet in said[direction.packets : until]:
            direction.take(packet)
    return direction.packets, direction.digest()


class TestRunner:
    async def test_in_memory_it_is_the_pump_over_again(self, protocol: tuple[dict[Party, Factory], object, int]) -> None:
        factories, expected, checkpoints = protocol
        reports = await Table(MemoryFabric(delay_seconds=0.0001), factories).play_all()
        assert {report.output for report in reports.values()} == {expected}
        assert {report.checkpoints for report in reports.values()} == {checkpoints}
        assert {report.reconnects for report in reports.values()} == {0}
        verify_same_as_pumped(factories, reports)

    async def test_over_tls_too(self, protocol: tuple[dict[Party, Factory], object, int]) -> None:
        factories, expected, _ = protocol
        async with tls_world(*(org_of(party) for party in PARTIES)) as world:
            reports = await Table(world, factories).play_all()
        assert {report.output for report in reports.values()} == {expected}
        verify_same_as_pumped(factories, reports)

    @pytest.mark.parametrize("victim", PARTIES[:2], ids=str)
    async def test_killed_at_every_checkpoint_it_says_the_same(
        self, protocol: tuple[dict[Party, Factory], object, int], victim: Party
    ) -> None:
        factories, _, checkpoints = protocol
        undisturbed = await Table(MemoryFabric(), factories).play_all()
        for number in range(1, checkpoints + 1):
            fabric = MemoryFabric(seed=number)
            begun: list[bytes | None] = []
            table = Table(fabric, {**factories, victim: noting(factories[victim], begun)})
            reports = await play_with_a_kill(table, fabric, victim, number)
            states = [None, *pump(begin(factories)).checkpoints[victim]]
            assert begun[0] is None
            assert begun[-1] in states[number - 1 : number + 1]
            assert {report.reconnects > 0 for me, report in reports.items() if me != victim} == {True}
            assert {me: report.marks for me, report in reports.items()} == {me: one.marks for me, one in undisturbed.items()}
            assert {me: report.output for me, report in reports.items()} == {me: one.output for me, one in undisturbed.items()}


def noting(factory: Factory, begun: list[bytes | None]) -> Factory:
    """The same role, with a note of each state that it was begun from."""

    def make(seed: bytes, resume: bytes | None) -> Role[Any]:
        begun.append(resume)
        return factory(seed, resume)

    return make


class Fuse(MemoryJournal[Any]):
    """A journal that stops the process in the moment in which a checkpoint has become durable."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._released = threading.Event()
        self.blown = asyncio.Event()

    def save_checkpoint(self, saved: Saved) -> None:
        super().save_checkpoint(saved)
        if saved.number == self._number and not self.blown.is_set():
            self._loop.call_soon_threadsafe(self.blown.set)
            self._released.wait(5)

    def release(self) -> None:
        self._released.set()


async def play_with_a_kill(table: Table, fabric: MemoryFabric, victim: Party, number: int) -> dict[Party, Report[Any]]:
    """Run all; the victim dies when its checkpoint `number` is durable and comes back with nothing but its journal."""
    fuse = table.journals[victim] = Fuse(number)
    tasks = {party: asyncio.ensure_future(table.play(party)) for party in table.roles}
    await fuse.blown.wait()
    fabric.unplug(org_of(victim))
    tasks[victim].cancel()
    fuse.release()
    await asyncio.wait({tasks[victim]})
    fabric.plug_in(org_of(victim))
    tasks[victim] = asyncio.ensure_future(table.play(victim))
    return {party: await task for party, task in tasks.items()}
