"""Running roles through everything that can happen to them: cuts, kills, stalls, floods, liars, and the end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from atoll.errors import AtollError, PeerError
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.errors import UnexpectedPacket
from atoll.protocols.role import Checkpoint, Frame, Party, Progress, Receive, Role, Send
from atoll.transport.errors import (
    DeadlinePassed,
    JobAborted,
    JobStopped,
    LinkLost,
    NotReplayable,
    ResumeGap,
    RoleFailed,
    RunnerBroken,
    TranscriptMismatch,
)
from atoll.transport.frames import Kind
from atoll.transport.gathering import _raise_worst
from atoll.transport.journal import MemoryJournal, Saved
from atoll.transport.meeting import derive_service
from atoll.transport.memory import MemoryFabric
from atoll.transport.runner import Report
from atoll.transport.runner_messages import Abort, Finished, Held, Mark, Over, Passed, Resume, Start
from atoll.transport.sealing import SealedSession, seal_session
from atoll.transport.transcript import START_MARK
from atoll.wire.message import Message, Range, encode_message
from tests.unit.transport.virtual import run_virtually
from tests.unit.transport.world import PATIENCE_SECONDS, PLAN, Cable, Table, keys_for, org_of, tls_world, until

LEFT, RIGHT = Party("left"), Party("right")
PAIR = {LEFT: RIGHT, RIGHT: LEFT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Message):
    """Something said."""

    TAG: ClassVar[str] = "test-word/1"
    value: Annotated[int, Range(0, 2**32)] = 0


class WordRefused(PeerError):
    """A role found fault with another."""

    code = "test.word_refused"
    sentence = "The word {word} is not acceptable."


# -- roles -----------------------------------------------------------------------------------------------------------------


def swapper(me: Party, seed: bytes, resume: bytes | None, *, rounds: int = 12, size: int = 2000, every: int = 3) -> Role[bytes]:
    """Both sides send `rounds` random frames and words, checkpoint now and then, and return a little of all they heard."""
    peer = PAIR[me]
    done, heard = (0, b"") if resume is None else (resume[0], resume[1:])
    for round_ in range(done, rounds):
        yield Send(peer, Frame(SeededEntropy(seed).fork(f"frame {round_}").bytes(size)))
        yield Send(peer, Word(value=round_))
        frame: Frame = yield Receive(peer, Frame)
        word: Word = yield Receive(peer, Word)
        heard += frame.data[:4] + bytes((word.value,))
        yield Progress(round_ + 1, rounds, "rounds")
        if (round_ + 1) % every == 0:
            yield Checkpoint(bytes((round_ + 1,)) + heard)
    return heard


def swappers(**options: int) -> dict[Party, Callable[[bytes, bytes | None], Role[bytes]]]:
    return {me: lambda seed, resume, me=me: swapper(me, seed, resume, **options) for me in PAIR}  # type: ignore[misc]


def simple(
    left: Callable[[], Role[Any]], right: Callable[[], Role[Any]]
) -> dict[Party, Callable[[bytes, bytes | None], Role[Any]]]:
    """Two roles without seeds and checkpoints."""
    return {LEFT: lambda seed, resume: left(), RIGHT: lambda seed, resume: right()}


def say(*words: int, to: Party) -> Role[None]:
    for word in words:
        yield Send(to, Word(value=word))


def hear(count: int, *, of: Party) -> Role[list[int]]:
    heard = []
    for _ in range(count):
        word: Word = yield Receive(of, Word)
        heard.append(word.value)
    return heard


def aborted(end: object) -> JobAborted:
    """The same, when it is another party's doing."""
    assert isinstance(end, JobAborted)
    return end


def outputs(reports: Mapping[Party, Report[Any]]) -> dict[Party, Any]:
    return {party: report.output for party, report in reports.items()}


# -- it works --------------------------------------------------------------------------------------------------------------


class TestUndisturbed:
    async def test_the_report_says_how_it_went(self) -> None:
        told: list[tuple[Progress, int, int]] = []
        table = Table(MemoryFabric(), swappers(), on_progress=lambda *one: told.append(one))
        reports = await table.play_all()
        report = reports[LEFT]
        assert (report.checkpoints, report.reconnects) == (4, 0)
        assert report.marks[RIGHT].sent_packets == report.marks[RIGHT].heard_packets == 24
        assert 0 <= report.sent_bytes - reports[RIGHT].received_bytes <= 20  # the very last frame need not be read
        assert 24_000 < report.sent_bytes < 40_000
        assert 0 < report.seconds < PATIENCE_SECONDS
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


# -- one ends it for all ---------------------------------------------------------------------------------------------------


class TestErrors:
    async def test_a_lost_link_is_the_reason_only_if_there_is_no_other(self) -> None:
        async def fail(error: Exception) -> None:
            raise error

        refused = WordRefused(word=1)
        for errors in ([LinkLost(peer="a", problem=""), refused], [refused, LinkLost(peer="a", problem="")]):
            done = {asyncio.ensure_future(fail(error)) for error in errors}
            await asyncio.wait(done)
            with pytest.raises(WordRefused):
                _raise_worst(done)

    async def test_the_first_error_ends_the_job_everywhere_with_its_cause(self) -> None:
        third = Party("third")

        def refuser() -> Role[None]:
            word: Word = yield Receive(RIGHT, Word)
            raise WordRefused(word=word.value)

        roles = {
            LEFT: lambda seed, resume: refuser(),
            RIGHT: lambda seed, resume: chain(say(77, to=LEFT), hear(1, of=LEFT)),
            third: lambda seed, resume: hear(1, of=RIGHT),
        }
        ends = await Table(MemoryFabric(), roles).play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], WordRefused)
        for party in (RIGHT, third):
            end = ends[party]
            assert isinstance(end, JobAborted)
            assert (end.party, end.remote_code) == ("left/0", "test.word_refused")
            assert end.remote_sentence == "The word ... is not acceptable."

    async def test_a_fault_in_a_role_ends_the_job_and_logs_no_data(self, caplog: pytest.LogCaptureFixture) -> None:
        def buggy() -> Role[None]:
            yield Progress(0, 1, "steps")
            raise KeyError("row 17 holds a secret")

        ends = await Table(MemoryFabric(), simple(buggy, lambda: hear(1, of=LEFT))).play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], RoleFailed)
        assert aborted(ends[RIGHT]).remote_code == "transport.role_failed"
        assert "KeyError at test_runner.py" in caplog.text
        assert "secret" not in caplog.text

    async def test_a_full_disk_ends_the_job_everywhere(self) -> None:
        class FullDisk(MemoryJournal[Any]):
            def save_checkpoint(self, saved: Saved) -> None:
                raise OSError("no space left on device")

        table = Table(MemoryFabric(), swappers())
        table.journals[LEFT] = FullDisk()
        ends = await table.play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], RoleFailed)
        assert isinstance(ends[RIGHT], JobAborted)

    async def test_a_party_that_is_stopped_says_so(self) -> None:
        begun: list[Party] = []

        def wait_for(peer: Party) -> Role[None]:
            begun.append(peer)
            yield from hear(1, of=peer)

        table = Table(MemoryFabric(), simple(lambda: wait_for(RIGHT), lambda: wait_for(LEFT)))
        tasks = {me: asyncio.ensure_future(table.play(me)) for me in PAIR}
        await until(lambda: len(begun) == 2)
        tasks[LEFT].cancel()
        with pytest.raises(JobAborted) as caught:
            await tasks[RIGHT]
        assert caught.value.remote_code == JobStopped.code
        with pytest.raises(asyncio.CancelledError):
            await tasks[LEFT]

    async def test_a_party_that_was_not_connected_is_told_when_it_comes(self) -> None:
        def fail_at_once() -> Role[None]:
            raise WordRefused(word=1)
            yield Progress(0, 0, "")

        third = Party("third")
        fabric = MemoryFabric()
        roles = {
            LEFT: lambda seed, resume: fail_at_once(),
            RIGHT: lambda seed, resume: hear(1, of=third),
            third: lambda seed, resume: hear(1, of=RIGHT),
        }
        table = Table(fabric, roles)
        tasks = {me: asyncio.ensure_future(table.play(me, seconds=30)) for me in roles}
        await asyncio.sleep(0.0)
        ends = await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert [type(end) for end in ends] == [WordRefused, JobAborted, JobAborted]

    async def test_another_kind_of_packet_than_due_ends_the_job(self) -> None:
        def bulk() -> Role[None]:
            yield Send(RIGHT, Frame(b"not a word"))
            yield Receive(RIGHT, Word)

        ends = await Table(MemoryFabric(), simple(bulk, lambda: hear(1, of=LEFT))).play_all_to_the_end(seconds=30)
        assert isinstance(ends[RIGHT], UnexpectedPacket)
        assert isinstance(ends[LEFT], JobAborted)

    async def test_a_role_that_talks_to_a_stranger_fails(self) -> None:
        ends = await Table(
            MemoryFabric(), simple(lambda: say(1, to=Party("stranger")), lambda: hear(1, of=LEFT))
        ).play_all_to_the_end(seconds=30)
        assert isinstance(ends[LEFT], RoleFailed)


def chain(*roles: Role[Any]) -> Role[None]:
    for role in roles:
        yield from role


# -- time and memory -------------------------------------------------------------------------------------------------------


class TestLimits:
    def test_a_stall_ends_at_the_deadline_and_says_who_was_waited_for(self) -> None:
        table = Table(MemoryFabric(), simple(lambda: hear(1, of=RIGHT), lambda: hear(1, of=LEFT)), threads=False)
        ends = run_virtually(table.play_all_to_the_end(seconds=2))
        for me, end in ends.items():
            assert isinstance(end, DeadlinePassed)
            assert f"waiting for Word from {PAIR[me]}" in str(end)

    def test_a_party_that_never_comes_is_named(self) -> None:
        with pytest.raises(DeadlinePassed, match=r"right/0 \(transport.dial_failed\)"):
            run_virtually(Table(MemoryFabric(), swappers(), threads=False).play(LEFT, seconds=1))

    async def test_a_deadline_that_has_passed_ends_it_at_once(self) -> None:
        with pytest.raises(DeadlinePassed):
            await Table(MemoryFabric(), swappers()).play(LEFT, seconds=-1)

    async def test_a_flood_is_held_back_and_not_stored(self) -> None:
        """The receiver's role waits for something else; what it does not read stays with the sender."""
        sent = 0

        def flood() -> Role[None]:
            nonlocal sent
            while True:
                sent += 1
                yield Send(RIGHT, Frame(bytes(1 << 20)))

        def busy() -> Role[None]:
            yield Progress(0, 1, "steps")
            time.sleep(2.5)

        table = Table(MemoryFabric(), simple(flood, busy), buffer_bytes=4 << 20)
        ends = await table.play_all_to_the_end(seconds=2)
        assert sent <= 4 + 8 + 2 * 4 + 4 + 8
        assert isinstance(ends[LEFT], DeadlinePassed)
        assert "sending to right/0" in str(ends[LEFT])

    async def test_a_receiver_that_is_late_gets_everything(self) -> None:
        def flood() -> Role[None]:
            for _ in range(40):
                yield Send(RIGHT, Frame(bytes(1 << 20)))

        def late() -> Role[int]:
            time.sleep(0.3)
            total = 0
            for _ in range(40):
                frame: Frame = yield Receive(LEFT, Frame)
                total += len(frame.data)
            return total

        reports = await Table(MemoryFabric(), simple(flood, late), buffer_bytes=2 << 20).play_all()
        assert reports[RIGHT].output == 40 << 20


# -- the end ---------------------------------------------------------------------------------------------------------------


class TestTheEnd:
    async def test_a_finished_party_stays_for_one_that_has_to_go_back(self) -> None:
        """Right dies before its output is durable; left, which has its own already, plays the tail again for it."""

        class Dying(MemoryJournal[Any]):
            died = False

            def save_output(self, output: Any) -> None:
                if not self.died:
                    self.died = True
                    loop.call_soon_threadsafe(dead.set)
                    time.sleep(0.1)
                    return
                super().save_output(output)

        loop, dead, fabric = asyncio.get_running_loop(), asyncio.Event(), MemoryFabric()
        table = Table(fabric, swappers(), linger_seconds=30)
        table.journals[RIGHT] = Dying()
        tasks = {me: asyncio.ensure_future(table.play(me)) for me in PAIR}
        await dead.wait()
        await until(table.journals[LEFT].is_finished)
        fabric.unplug(org_of(RIGHT))
        tasks[RIGHT].cancel()
        await asyncio.wait([tasks[RIGHT]])
        await asyncio.sleep(0.05)
        assert not tasks[LEFT].done()
        fabric.plug_in(org_of(RIGHT))
        reports = {RIGHT: await table.play(RIGHT), LEFT: await tasks[LEFT]}
        assert outputs(reports) == outputs(await Table(MemoryFabric(), swappers()).play_all())

    async def test_a_finished_party_waits_for_a_dead_one_only_so_long(self) -> None:
        """Its output is durable; the other one has until `linger_seconds` to come back, not until the deadline."""

        def last_word() -> Role[int]:
            yield Send(RIGHT, Word(value=1))
            return 5

        def deaf() -> Role[None]:
            yield Receive(LEFT, Word)
            yield Receive(LEFT, Word)

        fabric = MemoryFabric()
        table = Table(fabric, simple(last_word, deaf), linger_seconds=0.3)
        tasks = {me: asyncio.ensure_future(table.play(me, seconds=60)) for me in PAIR}
        await until(table.journals[LEFT].is_finished)
        fabric.unplug(org_of(RIGHT))
        tasks[RIGHT].cancel()
        await asyncio.wait([tasks[RIGHT]])
        report = await asyncio.wait_for(tasks[LEFT], 30)
        assert report.output == 5

    async def test_restarted_after_it_finished_it_gives_the_stored_output(self) -> None:
        table = Table(MemoryFabric(), swappers(), linger_seconds=0.1)
        reports = await table.play_all()
        again = await table.play(LEFT, seconds=30)
        assert again.output == reports[LEFT].output

    @pytest.mark.parametrize("seed", range(8))
    def test_a_cut_among_the_last_words_loses_nothing(self, seed: int) -> None:
        whole = run_virtually(Table(MemoryFabric(), swappers(rounds=3), threads=False).play_all())
        total = sum(report.sent_bytes for report in whole.values())
        fabric = MemoryFabric()
        fabric.cut_after(org_of(LEFT), org_of(RIGHT), total - 60 * seed)
        reports = run_virtually(Table(fabric, swappers(rounds=3), linger_seconds=0.2, threads=False).play_all())
        assert outputs(reports) == outputs(whole)


# -- hostile runners -------------------------------------------------------------------------------------------------------


async def face(*said: tuple[Kind, bytes] | Message, seconds: float = 30.0) -> tuple[BaseException, list[bytes]]:
    """Let a party run against somebody who has all keys and says just this; how it ended, and what it answered."""
    fabric = MemoryFabric()
    table = Table(fabric, {LEFT: lambda seed, resume: hear(2, of=RIGHT), RIGHT: lambda seed, resume: hear(1, of=LEFT)})
    heard: list[bytes] = []

    async def hostile(session: Any) -> None:
        sealed = await seal_session(session, keys_for(RIGHT, [LEFT, RIGHT]), expected=None)
        for one in said:
            await sealed.send(*(one if isinstance(one, tuple) else (Kind.RUNNER, encode_message(one))))
        await _note_all(sealed, heard)

    await fabric.network(org_of(RIGHT)).listen(derive_service(PLAN, 1, RIGHT), hostile)
    end = (await asyncio.gather(table.play(LEFT, seconds=seconds), return_exceptions=True))[0]
    await fabric.network(org_of(RIGHT)).close()
    assert isinstance(end, BaseException)
    return end, heard


async def _note_all(sealed: SealedSession, heard: list[bytes]) -> None:
    while True:
        heard.append((await sealed.receive()).data)


BEGUN = (Resume(held=(Held(number=0, mark=START_MARK),)), Start(number=0))


class TestHostileRunners:
    @pytest.mark.parametrize(
        "said",
        [
            pytest.param([(Kind.RUNNER, b"\xff garbage")], id="garbage"),
            pytest.param([Start(number=0)], id="start before resume"),
            pytest.param([BEGUN[0], BEGUN[0]], id="resume twice"),
            pytest.param([*BEGUN, Start(number=0)], id="start twice"),
            pytest.param([(Kind.BULK, b"early")], id="bulk before the start"),
            pytest.param([*BEGUN, Passed(number=2, mark=START_MARK)], id="a checkpoint left out"),
            pytest.param([*BEGUN, *(Passed(number=n, mark=START_MARK) for n in (1, 2))], id="two checkpoints ahead"),
            pytest.param([*BEGUN, Finished(mark=START_MARK), Finished(mark=START_MARK)], id="finished twice"),
            pytest.param([*BEGUN, Finished(mark=START_MARK), (Kind.BULK, b"more")], id="more after the end"),
            pytest.param([*BEGUN, (Kind.WELCOME, b"")], id="a frame of another layer"),
            pytest.param([Over()], id="over before it began"),
        ],
    )
    async def test_a_runner_that_breaks_the_rules_is_refused_and_told(self, said: list[Any]) -> None:
        end, heard = await face(*said)
        assert isinstance(end, RunnerBroken)
        assert b"transport.runner_broken" in heard[-1]

    async def test_another_start_than_agreed_is_a_mismatch(self) -> None:
        end, _ = await face(BEGUN[0], Start(number=1))
        assert isinstance(end, TranscriptMismatch)

    async def test_silence_ends_at_the_deadline(self) -> None:
        end, _ = await face(seconds=0.5)
        assert isinstance(end, DeadlinePassed)

    async def test_an_abort_is_believed_and_its_cause_kept(self) -> None:
        end, _ = await face(*BEGUN, Abort(role="owner", index=3, code="policy.refused", sentence="No."))
        assert isinstance(end, JobAborted)
        assert (end.party, end.remote_code) == ("owner/3", "policy.refused")

    async def test_empty_bulk_is_no_frame(self) -> None:
        end, _ = await face(*BEGUN, (Kind.BULK, b""))
        assert isinstance(end, UnexpectedPacket)
