"""Running roles undisturbed, through lost links, and on from checkpoints that may not fit."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.protocols.role import Checkpoint, Flush, Frame, Party, Progress, Receive, Role, Send
from atoll.transport.errors import JobAborted, NotReplayable, ResumeGap, TranscriptMismatch
from atoll.transport.journal import MemoryJournal, Saved
from atoll.transport.memory import MemoryFabric
from atoll.transport.runner_messages import Mark
from tests.unit.transport.roles import LEFT, PAIR, RIGHT, Word, aborted, hear, outputs, say, simple, swapper, swappers
from tests.unit.transport.virtual import run_virtually
from tests.unit.transport.world import PATIENCE_SECONDS, Cable, Table, org_of, tls_world, until

# -- it works --------------------------------------------------------------------------------------------------------------


class TestUndisturbed:
    async def test_the_report_says_how_it_went(self) -> None:
        told: list[tuple[Progress, int, int]] = []
        table = Table(MemoryFabric(), swappers(), on_progress=lambda *one: told.append(one))
        began = time.monotonic()
        reports = await table.play_all()
        took = time.monotonic() - began
        report = reports[LEFT]
        assert (report.checkpoints, report.reconnects) == (4, 0)
        assert report.marks[RIGHT].sent_packets == report.marks[RIGHT].heard_packets == 24
        assert 0 <= report.sent_bytes - reports[RIGHT].received_bytes <= 20  # the very last frame need not be read
        assert 24_000 < report.sent_bytes < 40_000
        assert 0 < report.seconds <= took
        assert [one.done for one, _, _ in told if one.total] == sorted([*range(1, 13), *range(1, 13)])
        sent = [sent for one, sent, _ in told if one.done == 12]
        assert 20_000 < sent[0] <= report.sent_bytes
        assert [received for _, _, received in told][-1] > 20_000

    async def test_both_may_send_much_before_they_read(self) -> None:
        def flood_first(peer: Party) -> Role[int]:
            for _ in range(20):
                yield Send(peer, Frame(bytes(1 << 20)))
            total = 0
            for _ in range(20):
                frame: Frame = yield Receive(peer, Frame)
                total += len(frame.data)
            return total

        reports = await Table(MemoryFabric(), simple(lambda: flood_first(RIGHT), lambda: flood_first(LEFT))).play_all()
        assert outputs(reports) == {LEFT: 20 << 20, RIGHT: 20 << 20}

    async def test_the_loop_goes_on_while_a_role_computes(self) -> None:
        ticks = 0
        meanwhile: list[int] = []

        def compute() -> Role[None]:
            yield Progress(0, 1, "steps")
            before, ends = ticks, time.monotonic() + PATIENCE_SECONDS
            while ticks < before + 2 and time.monotonic() < ends:
                time.sleep(0.01)
            meanwhile.append(ticks - before)

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        await Table(MemoryFabric(), simple(compute, compute)).play_all()
        ticking.cancel()
        assert len(meanwhile) == 2
        assert min(meanwhile) >= 2  # none where it stands still

    async def test_what_is_flushed_leaves_while_the_role_computes(self) -> None:
        heard = threading.Event()

        def speak() -> Role[bool]:
            yield Send(RIGHT, Word())
            yield Flush()
            return heard.wait(PATIENCE_SECONDS / 2)

        def listen() -> Role[None]:
            yield Receive(LEFT, Word)
            heard.set()

        reports = await Table(MemoryFabric(), simple(speak, listen)).play_all()
        assert outputs(reports)[LEFT]

    async def test_a_flush_of_nothing_changes_nothing(self) -> None:
        def speak() -> Role[None]:
            yield Flush()
            yield Send(RIGHT, Word(value=3))
            yield Flush()
            yield Flush()

        reports = await Table(MemoryFabric(), simple(speak, lambda: hear(1, of=LEFT))).play_all()
        assert outputs(reports)[RIGHT] == [3]

    def test_under_a_virtual_clock_a_run_replays_exactly(self) -> None:
        async def work() -> tuple[float, dict[Party, Any], list[int]]:
            fabric = MemoryFabric(seed=5, delay_seconds=0.05, jitter_seconds=0.01)
            fabric.cut_within(org_of(LEFT), org_of(RIGHT), 20_000)
            reports = await Table(fabric, swappers(), threads=False).play_all(seconds=3600)
            return asyncio.get_running_loop().time(), outputs(reports), [one.sent_bytes for one in reports.values()]

        first, second = run_virtually(work()), run_virtually(work())
        assert first[1:] == second[1:]
        assert 1 < first[0] < 60

    async def test_a_sender_runs_ahead_by_one_checkpoint_and_no_more(self) -> None:
        def stream(peer: Party) -> Role[None]:
            for number in range(1, 7):
                yield Send(peer, Word(value=number))
                yield Checkpoint(bytes((number,)))

        def slow(peer: Party) -> Role[None]:
            for number in range(1, 7):
                yield Receive(peer, Word)
                ahead.append(table.journals[LEFT].load_checkpoints()[-1:])
                time.sleep(0.02)
                yield Checkpoint(bytes((number,)))

        ahead: list[tuple[Saved, ...]] = []
        table = Table(MemoryFabric(), simple(lambda: stream(RIGHT), lambda: slow(LEFT)))
        await table.play_all()
        for here, saved in enumerate(ahead):
            assert all(one.number <= here + 1 for one in saved)
        assert [one.number for one in table.journals[LEFT].load_checkpoints()] == [5, 6]


# -- links break -----------------------------------------------------------------------------------------------------------


class TestLostLinks:
    @pytest.mark.parametrize("seed", range(12))
    async def test_cut_after_a_random_number_of_bytes_it_resumes_to_the_same(self, seed: int) -> None:
        undisturbed = await Table(MemoryFabric(), swappers()).play_all()
        fabric = MemoryFabric(seed=seed)
        fabric.cut_within(org_of(LEFT), org_of(RIGHT), 60_000)
        reports = await Table(fabric, swappers()).play_all()
        assert outputs(reports) == outputs(undisturbed)
        assert {me: report.marks for me, report in reports.items()} == {me: one.marks for me, one in undisturbed.items()}

    async def test_cut_again_and_again_it_still_gets_there(self) -> None:
        """Every 9,000 bytes, which is a little more than it takes from one checkpoint to the next."""
        fabric = MemoryFabric(seed=3)
        table = Table(fabric, swappers(size=1000))

        async def cutter() -> None:
            while True:
                if not fabric.armed:
                    fabric.cut_after(org_of(LEFT), org_of(RIGHT), 9_000)
                await asyncio.sleep(0.001)

        cutting = asyncio.ensure_future(cutter())
        reports = await table.play_all(seconds=60)
        cutting.cancel()
        assert min(report.reconnects for report in reports.values()) >= 2
        assert outputs(reports) == outputs(await Table(MemoryFabric(), swappers(size=1000)).play_all())

    @pytest.mark.parametrize("byte_count", [0, 100, 1_500, 9_000, 30_000])
    async def test_over_tls_a_cut_cable_is_mended(self, byte_count: int) -> None:
        async with (
            tls_world(org_of(LEFT), org_of(RIGHT)) as world,
            Cable(world.addresses[org_of(RIGHT)], cut_after=byte_count) as cable,
        ):
            world.addresses[org_of(RIGHT)] = cable.address
            reports = await Table(world, swappers()).play_all()
            assert cable.cuts == 1
        assert outputs(reports) == outputs(await Table(MemoryFabric(), swappers()).play_all())

    @pytest.mark.parametrize("begins", [0.0, 0.5])
    def test_a_partition_is_waited_out(self, begins: float) -> None:
        """Before the parties have met, and in the middle of the conversation, which goes on where it stood."""

        async def work() -> None:
            fabric = MemoryFabric(delay_seconds=0.05)
            playing = asyncio.ensure_future(Table(fabric, swappers(), threads=False).play_all(seconds=3600))
            await asyncio.sleep(begins)
            fabric.partition({org_of(LEFT)}, {org_of(RIGHT)})
            await asyncio.sleep(600)
            assert not playing.done()
            fabric.heal()
            reports = await playing
            assert {report.reconnects for report in reports.values()} == {0}

        run_virtually(work())

    def test_a_link_that_is_lost_before_everybody_has_come_is_simply_replaced(self) -> None:
        third = Party("third")

        def idle() -> Role[None]:
            yield Progress(0, 0, "")

        async def work() -> None:
            fabric = MemoryFabric(delay_seconds=0.02)
            table = Table(fabric, {**swappers(every=100), third: lambda seed, resume: idle()}, threads=False)
            early = [asyncio.ensure_future(table.play(me, seconds=600)) for me in PAIR]
            await asyncio.sleep(5)
            assert fabric.cut(org_of(LEFT), org_of(RIGHT)) == 1
            reports = [await table.play(third, seconds=600), *(await asyncio.gather(*early))]
            assert [report.reconnects for report in reports] == [0, 0, 0]

        run_virtually(work())

    async def test_both_killed_in_turn_and_at_once_they_still_agree(self) -> None:
        fabric = MemoryFabric()
        table = Table(fabric, swappers(rounds=30, size=20_000))
        tasks = {me: asyncio.ensure_future(table.play(me)) for me in PAIR}
        for victims in ([LEFT], [RIGHT], [LEFT, RIGHT]):
            await asyncio.sleep(0.03)
            for me in victims:
                fabric.unplug(org_of(me))
                tasks[me].cancel()
            await asyncio.wait([tasks[me] for me in victims])
            for me in victims:
                fabric.plug_in(org_of(me))
                tasks[me] = asyncio.ensure_future(table.play(me))
        ends = {me: (await task).output for me, task in tasks.items()}
        assert ends == outputs(await Table(MemoryFabric(), swappers(rounds=30, size=20_000)).play_all())


# -- checkpoints that do not fit -------------------------------------------------------------------------------------------


class TestResumeChecks:
    async def test_a_role_that_does_not_repeat_itself_is_stopped_before_it_speaks(self) -> None:
        def moody(peer: Party) -> Role[None]:
            yield Send(peer, Frame(os.urandom(16)))
            yield Receive(peer, Word)

        def cut_in(peer: Party) -> Role[None]:
            yield Receive(peer, Frame)
            fabric.cut(org_of(LEFT), org_of(RIGHT))
            yield Send(peer, Word())

        fabric = MemoryFabric()
        ends = await Table(fabric, simple(lambda: moody(RIGHT), lambda: cut_in(LEFT))).play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], NotReplayable)
        assert aborted(ends[RIGHT]).remote_code == "transport.not_replayable"

    async def test_a_party_that_comes_back_with_another_story_is_found_out(self) -> None:
        """It lost its journal, so its seed is another one; the side that lived remembers what it said."""
        fabric = MemoryFabric()
        table = Table(fabric, swappers(every=100))
        playing = {me: asyncio.ensure_future(table.play(me)) for me in PAIR}
        await until(lambda: any(link.left.received_bytes + link.right.received_bytes > 8_000 for link in fabric._links))
        fabric.unplug(org_of(LEFT))
        playing[LEFT].cancel()
        await asyncio.wait([playing[LEFT]])
        fabric.plug_in(org_of(LEFT))
        forgetful = MemoryJournal[Any]()
        forgetful.save_seed(bytes(32))
        again = asyncio.ensure_future(table.play(LEFT, journal=forgetful))
        with pytest.raises(TranscriptMismatch):
            await playing[RIGHT]
        with pytest.raises(JobAborted):
            await again

    @pytest.mark.parametrize("field", ["sent_digest", "heard_digest", "sent_packets"])
    async def test_checkpoints_with_different_transcripts_end_the_job(self, field: str) -> None:
        table = Table(MemoryFabric(), swappers())
        await table.play_all()
        journal = table.journals[LEFT]
        changed = {field: bytes(32) if "digest" in field else 1}
        for saved in journal.load_checkpoints():
            journal.save_checkpoint(Saved(number=saved.number, state=saved.state, marks=_changed(saved.marks, changed)))
        table.journals[LEFT]._output.clear()
        table.journals[RIGHT]._output.clear()
        begun: list[Party] = []
        table.roles = {me: lambda seed, resume, me=me: begun.append(me) for me in PAIR}  # type: ignore[misc]
        ends = await table.play_all_to_the_end(seconds=30)
        assert {type(end) for end in ends.values()} <= {TranscriptMismatch, JobAborted}
        assert any(isinstance(end, TranscriptMismatch) and end.operands["number"] == 4 for end in ends.values())
        assert begun == []

    @pytest.mark.parametrize(("changed", "error"), [(LEFT, NotReplayable), (RIGHT, TranscriptMismatch)])
    async def test_a_checkpoint_reached_again_must_stand_where_it_stood(self, changed: Party, error: type[AtollError]) -> None:
        """Left holds checkpoint 4, right only 3; both are restarted, and one of them says something else this time."""

        class Last(MemoryJournal[Any]):
            """Loses the latest checkpoint, as if the power had gone just before it was durable."""

            def save_checkpoint(self, saved: Saved) -> None:
                if saved.number < 4:
                    super().save_checkpoint(saved)

        table = Table(MemoryFabric(), swappers())
        table.journals[RIGHT] = Last()
        await table.play_all()
        for journal in table.journals.values():
            journal._output.clear()
            journal._notes.clear()  # what it would know from them it must find by itself
        table.roles = {**table.roles, changed: lambda seed, resume: swapper(changed, bytes(32), resume)}
        ends = await table.play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], error)
        assert aborted(ends[RIGHT]).remote_code == error.code

    async def test_parties_without_a_common_checkpoint_end_the_job(self) -> None:
        table = Table(MemoryFabric(), swappers())
        await table.play_all()
        table.journals[LEFT] = MemoryJournal()
        table.journals[RIGHT]._output.clear()
        ends = await table.play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], ResumeGap | JobAborted)
        assert any(isinstance(end, ResumeGap) for end in ends.values())

    async def test_a_checkpoint_that_is_not_a_consistent_cut_is_found_at_once(self) -> None:
        def early(peer: Party) -> Role[None]:
            yield Send(peer, Word())
            yield Checkpoint(b"")
            yield Receive(peer, Word)

        table = Table(MemoryFabric(), simple(lambda: early(RIGHT), lambda: early(LEFT)))
        ends = await table.play_all_to_the_end(seconds=30)
        assert any(isinstance(end, TranscriptMismatch) for end in ends.values())

    async def test_words_that_nobody_read_are_found_at_the_end(self) -> None:
        table = Table(MemoryFabric(), simple(lambda: say(1, 2, to=RIGHT), lambda: hear(1, of=LEFT)))
        ends = await table.play_all_to_the_end(seconds=30)
        assert any(isinstance(end, TranscriptMismatch) and "the end" in str(end) for end in ends.values())


def _changed(marks: Mapping[Party, Mark], changes: dict[str, Any]) -> dict[Party, Mark]:
    return {party: Mark(**{**mark.to_map(), **changes}) for party, mark in marks.items()}
