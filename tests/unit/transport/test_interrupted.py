"""Attempts of kinds that are not resumed: whatever interrupts one ends it, for everybody, and it never begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from atoll.protocols.role import Checkpoint, Frame, Party, Receive, Role, Send
from atoll.transport.errors import AttemptInterrupted, JobAborted
from atoll.transport.journal import MemoryJournal
from atoll.transport.memory import MemoryFabric
from atoll.transport.options import Report, RunOptions
from atoll.transport.transcript import ANCHOR
from tests.unit.transport.world import Cable, Table, org_of, tls_world

NODES = [Party("compute", index) for index in range(3)]
ONCE: dict[str, Any] = {"resumable": False, "digested": False}
Factories = Mapping[Party, Callable[[bytes, bytes | None], Role[Any]]]


def rounds(me: Party, count: int, *, size: int = 1000) -> Role[int]:
    """Each round passes bytes to the previous node and hears some of the next."""
    heard = 0
    for _ in range(count):
        yield Send(NODES[me.index - 1], Frame(bytes(size)))
        frame: Frame = yield Receive(NODES[(me.index + 1) % 3], Frame)
        heard += len(frame.data)
        yield Checkpoint(b"a state that nobody keeps")
    return heard


def all_rounds(count: int, *, size: int = 1000, begun: list[tuple[Party, bytes]] | None = None) -> Factories:
    """`begun` hears of every role that is made, with its seed."""

    def make(me: Party) -> Callable[[bytes, bytes | None], Role[int]]:
        def factory(seed: bytes, resume: bytes | None) -> Role[int]:
            assert resume is None
            if begun is not None:
                begun.append((me, seed))
            return rounds(me, count, size=size)

        return factory

    return {me: make(me) for me in NODES}


def assert_interrupted(ends: Mapping[Party, object]) -> None:
    """Everybody knows that, and by which code; nobody has an output."""
    for end in ends.values():
        assert isinstance(end, AttemptInterrupted | JobAborted)
        assert not isinstance(end, JobAborted) or end.remote_code == AttemptInterrupted.code


class Flaky(MemoryJournal[Any]):
    """Loses the link to another organisation in the moment in which the output is durable."""

    def __init__(self, cut: Callable[[], object]) -> None:
        super().__init__()
        self._cut = cut

    def save_output(self, output: Any) -> None:
        super().save_output(output)
        self._cut()


async def test_it_runs_and_keeps_neither_seed_nor_checkpoint() -> None:
    table = Table(MemoryFabric(), all_rounds(20), **ONCE)
    reports = await table.play_all()
    for me, report in reports.items():
        journal = table.journals[me]
        assert (report.output, report.checkpoints) == (20_000, 0)
        assert (journal.load_seed(), journal.load_checkpoints(), journal.load_notes(0)) == (b"", (), {})


async def test_marks_count_packets_and_digest_nothing() -> None:
    reports = await Table(MemoryFabric(), all_rounds(20), **ONCE).play_all()
    mark = reports[NODES[1]].marks[NODES[0]]
    assert (mark.sent_packets, mark.heard_packets, mark.sent_digest) == (20, 0, ANCHOR)


async def test_digests_are_kept_where_they_are_wanted() -> None:
    reports = await Table(MemoryFabric(), all_rounds(20), resumable=False).play_all()
    ours, theirs = reports[NODES[1]].marks[NODES[0]], reports[NODES[0]].marks[NODES[1]]
    assert ours.sent_digest == theirs.heard_digest != ANCHOR


def test_without_digests_nothing_can_be_resumed() -> None:
    with pytest.raises(ValueError, match="resumed"):
        RunOptions(digested=False)


async def test_the_mark_that_it_has_begun_is_durable_before_the_first_frame() -> None:
    marked: list[bytes | None] = []

    def speak(me: Party) -> Role[int]:
        marked.append(table.journals[me].load_seed())
        return (yield from rounds(me, 1))

    table = Table(MemoryFabric(), {me: lambda seed, resume, me=me: speak(me) for me in NODES}, **ONCE)  # type: ignore[misc]
    await table.play_all()
    assert marked == [b"", b"", b""]


@pytest.mark.parametrize("byte_count", [3_000, 30_000, 300_000])
async def test_a_lost_link_ends_it_for_everybody(byte_count: int) -> None:
    begun: list[tuple[Party, bytes]] = []
    fabric = MemoryFabric()
    fabric.cut_after(org_of(NODES[0]), org_of(NODES[1]), byte_count)
    assert_interrupted(await Table(fabric, all_rounds(1000, begun=begun), **ONCE).play_all_to_the_end())
    assert sorted(party for party, _ in begun) == NODES  # each once


async def test_over_tls_a_cut_cable_ends_it_for_everybody_long_before_the_deadline() -> None:
    orgs = [org_of(me) for me in NODES]
    async with tls_world(*orgs) as world, Cable(world.addresses[orgs[1]], cut_after=2_000_000) as cable:
        world.addresses[orgs[1]] = cable.address
        async with asyncio.timeout(60):
            ends = await Table(world, all_rounds(1000, size=10_000), **ONCE).play_all_to_the_end(seconds=600)
        assert cable.cuts == 1
    assert_interrupted(ends)


async def test_a_killed_process_ends_it_and_its_next_life_does_not_begin_again() -> None:
    begun: list[tuple[Party, bytes]] = []
    fabric = MemoryFabric()
    table = Table(fabric, all_rounds(100_000, begun=begun), **ONCE)
    tasks = {me: asyncio.ensure_future(table.play(me, seconds=600)) for me in NODES}
    while len(begun) < 3:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    fabric.unplug(org_of(NODES[0]))
    tasks[NODES[0]].cancel()
    await asyncio.wait([tasks[NODES[0]]])
    fabric.plug_in(org_of(NODES[0]))
    with pytest.raises(AttemptInterrupted):
        await table.play(NODES[0])
    async with asyncio.timeout(60):
        ends = await asyncio.gather(*(tasks[me] for me in NODES[1:]), return_exceptions=True)
    assert_interrupted(dict(zip(NODES[1:], ends, strict=True)))
    assert len(begun) == 3


async def test_a_link_lost_before_anybody_has_begun_is_replaced() -> None:
    begun: list[tuple[Party, bytes]] = []
    fabric = MemoryFabric()
    table = Table(fabric, all_rounds(20, begun=begun), **ONCE)
    early = [asyncio.ensure_future(table.play(me)) for me in NODES[:2]]
    while not fabric.cut(org_of(NODES[0]), org_of(NODES[1])):  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    assert not begun
    reports = [await table.play(NODES[2]), *(await asyncio.gather(*early))]
    assert [report.output for report in reports] == [20_000] * 3


async def test_who_is_finished_says_so_again_after_a_lost_link() -> None:
    """The output is durable, so no role has to be run again; only the last words were lost."""
    fabric = MemoryFabric()
    begun: list[tuple[Party, bytes]] = []
    table = Table(fabric, all_rounds(20, begun=begun), **ONCE)
    finished: list[Party] = []

    loop = asyncio.get_running_loop()

    def cut_once() -> None:  # in the thread that keeps outputs; links are the loop's
        finished.append(NODES[0])
        if len(finished) == 3:
            loop.call_soon_threadsafe(fabric.cut, org_of(NODES[0]), org_of(NODES[1]))

    table.journals = {me: Flaky(cut_once) for me in NODES}
    ends = await table.play_all_to_the_end()
    assert [end.output for end in ends.values() if isinstance(end, Report)] == [20_000] * 3
    assert len(begun) == 3


async def test_another_life_of_a_finished_party_only_hears_the_end() -> None:
    table = Table(MemoryFabric(), all_rounds(20), **ONCE)
    await table.play_all()
    begun: list[tuple[Party, bytes]] = []
    table.roles = all_rounds(20, begun=begun)
    assert {report.output for report in (await table.play_all()).values()} == {20_000}
    assert not begun


async def test_short_rounds_do_not_enter_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entering one takes longer than the round itself; a few times at the beginning and the end it does."""
    entered = 0
    into_thread = asyncio.to_thread

    async def count(*arguments: Any) -> Any:
        nonlocal entered
        entered += 1
        return await into_thread(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", count)
    await Table(MemoryFabric(), all_rounds(300), **ONCE).play_all()
    assert entered < 300  # of 900 steps
