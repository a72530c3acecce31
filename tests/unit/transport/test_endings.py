"""How a job ends: by an error of one party, at a deadline, in memory's bounds, and in order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from atoll.protocols.errors import UnexpectedPacket
from atoll.protocols.role import Frame, Party, Progress, Receive, Role, Send
from atoll.transport.errors import DeadlinePassed, JobAborted, JobStopped, LinkLost, RoleFailed
from atoll.transport.gathering import _raise_worst
from atoll.transport.journal import MemoryJournal, Saved
from atoll.transport.memory import MemoryFabric
from tests.unit.transport.roles import LEFT, PAIR, RIGHT, Word, WordRefused, aborted, hear, outputs, say, simple, swappers
from tests.unit.transport.virtual import run_virtually
from tests.unit.transport.world import Table, org_of, until


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
        assert "KeyError at test_endings.py" in caplog.text
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

    @pytest.mark.parametrize(
        ("why", "code"),
        [({}, JobStopped.code), ({"why_stopped": lambda: WordRefused(word=1)}, WordRefused.code)],
        ids=["unasked", "asked"],
    )
    async def test_a_party_that_is_stopped_says_so_or_why(self, why: dict[str, Any], code: str) -> None:
        begun: list[Party] = []

        def wait_for(peer: Party) -> Role[None]:
            begun.append(peer)
            yield from hear(1, of=peer)

        table = Table(MemoryFabric(), simple(lambda: wait_for(RIGHT), lambda: wait_for(LEFT)), **why)
        tasks = {me: asyncio.ensure_future(table.play(me)) for me in PAIR}
        await until(lambda: len(begun) == 2)
        tasks[LEFT].cancel()
        with pytest.raises(JobAborted) as caught:
            await tasks[RIGHT]
        assert caught.value.remote_code == code
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
