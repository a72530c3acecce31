"""What a peer gains by making a run go back: nothing that it was not told the first time, and not without end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from atoll.errors import JobError
from atoll.ledger.rules.job import FailJob
from atoll.protocols.packets import Packet
from atoll.protocols.role import Checkpoint, Frame, Party, Receive, Role, Send
from atoll.transport import transcript
from atoll.transport.errors import (
    JobAborted,
    NotReplayable,
    RoleFailed,
    RunnerBroken,
    TooManyResumes,
    TrafficExceeded,
    TranscriptMismatch,
)
from atoll.transport.frames import Kind
from atoll.transport.journal import MemoryJournal
from atoll.transport.meeting import derive_service
from atoll.transport.memory import MemoryFabric
from atoll.transport.runner_messages import Abort
from atoll.transport.sealing import seal_session
from atoll.transport.session import Session
from atoll.transport.transcript import ANCHOR, DIGEST_BYTES, Direction
from atoll.wire.cbor import encode
from atoll.wire.message import encode_message
from tests.unit.transport.world import PLAN, Table, keys_for, org_of, until

ASKER, ORACLE = Party("asker"), Party("oracle")


def packets(*data: bytes) -> list[Packet]:
    return [Packet(True, one) for one in data]


def oracle() -> Role[None]:
    """Answers two questions with what only it can compute, a checkpoint between them."""
    for _ in range(2):
        question: Frame = yield Receive(ASKER, Frame)
        yield Send(ASKER, Frame(hashlib.sha256(b"secret" + question.data).digest()))
        yield Checkpoint(b"one")


def asker(questions: Iterator[bytes], answers: list[bytes]) -> Role[None]:
    for _ in range(2):
        yield Send(ORACLE, Frame(next(questions)))
        answer: Frame = yield Receive(ORACLE, Frame)
        answers.append(answer.data)
        while len(answers) == 1:
            yield Receive(ORACLE, Frame)  # there is none: a peer that stops to talk
        yield Checkpoint(b"one")


async def kill(fabric: MemoryFabric, tasks: dict[Party, asyncio.Task[Any]]) -> None:
    """All processes at once, without a last word."""
    for party, task in tasks.items():
        fabric.unplug(org_of(party))
        task.cancel()
    await asyncio.wait(tasks.values())
    for party in tasks:
        fabric.plug_in(org_of(party))


async def play_twice(
    roles: dict[Party, Callable[[bytes, bytes | None], Role[Any]]], forgetful: Party, *, midway: list[bytes]
) -> dict[Party, Any]:
    """Run until there is something in `midway`, kill both, run again with the journals, but one party has lost its own."""
    fabric = MemoryFabric()
    table = Table(fabric, roles)
    tasks = {party: asyncio.ensure_future(table.play(party)) for party in roles}
    await until(lambda: bool(midway))
    await asyncio.sleep(0.2)  # for what follows from it
    await kill(fabric, tasks)
    table.journals[forgetful] = MemoryJournal()
    return await table.play_all_to_the_end(seconds=30)


class TestAfterTheCrashOfTheSideThatChecks:
    async def test_other_questions_than_before_are_not_answered(self) -> None:
        """Else every crash would give the asker as many answers more as lie between two checkpoints."""
        answers: list[bytes] = []
        questions = iter([b"ann", b"bob", b"eve"])
        roles = {ASKER: lambda seed, resume: asker(questions, answers), ORACLE: lambda seed, resume: oracle()}
        ends = await play_twice(roles, ASKER, midway=answers)
        assert len(answers) == 1
        assert isinstance(ends[ORACLE], TranscriptMismatch)
        assert isinstance(ends[ASKER], JobAborted)

    async def test_the_same_questions_are(self) -> None:
        answers: list[bytes] = []

        def same(seed: bytes, resume: bytes | None) -> Role[None]:
            return asker(iter([b"ann", b"bob"]), answers)

        ends = await play_twice({ASKER: same, ORACLE: lambda seed, resume: oracle()}, ASKER, midway=answers)
        assert not any(isinstance(end, BaseException) for end in ends.values()), ends
        assert len(answers) == 3
        assert answers[0] == answers[1] != answers[2]

    async def test_a_role_that_says_something_else_than_before_is_stopped_before_it_speaks(self) -> None:
        heard: list[bytes] = []

        def listener(seed: bytes, resume: bytes | None) -> Role[None]:
            frame: Frame = yield Receive(ASKER, Frame)
            heard.append(frame.data)
            yield Receive(ASKER, Frame)

        questions = iter([b"ann", b"bob"])
        ends = await play_twice({ASKER: lambda seed, resume: asker(questions, []), ORACLE: listener}, ORACLE, midway=heard)
        assert isinstance(ends[ASKER], NotReplayable)
        assert heard == [b"ann"]


class TestRepetitions:
    def stand_again(self, direction: Direction) -> Direction:
        direction.start(0, packets=0, anchor=ANCHOR)
        return direction

    def test_a_repetition_that_differs_anywhere_is_refused(self) -> None:
        said = packets(b"a", b"b", b"c")
        for place in range(3):
            direction = self.stand_again(Direction())
            assert all(map(direction.take, said))
            self.stand_again(direction)
            again = [*said[:place], *packets(b"x"), *said[place + 1 :]]
            assert [direction.take(one) for one in again].index(False) == place

    def test_what_is_too_much_to_remember_cannot_be_said_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be compared could be anything."""
        monkeypatch.setattr(transcript, "MAX_REMEMBERED", 2)
        direction = self.stand_again(Direction())
        assert all(map(direction.take, packets(b"a", b"b", b"c")))
        self.stand_again(direction)
        assert [direction.take(one) for one in packets(b"a", b"b", b"x")] == [True, True, False]

    def test_what_was_noted_is_compared_in_another_life(self) -> None:
        first = self.stand_again(Direction())
        assert all(map(first.take, packets(b"a", b"b")))
        noted = first.drain()
        assert len(noted) == 2 * DIGEST_BYTES
        assert first.drain() == b""
        second = Direction()
        second.recall(0, noted)
        self.stand_again(second)
        assert [second.take(one) for one in packets(b"a", b"x")] == [True, False]


class TestBounds:
    async def test_a_peer_cannot_make_a_run_go_back_to_one_place_without_end(self) -> None:
        fabric = MemoryFabric()

        def cutting() -> Role[None]:
            yield Receive(ORACLE, Frame)
            fabric.cut(org_of(ASKER), org_of(ORACLE))
            yield Receive(ORACLE, Frame)

        def patient() -> Role[None]:
            yield Send(ASKER, Frame(b"again"))
            yield Receive(ASKER, Frame)

        roles = {ASKER: lambda seed, resume: cutting(), ORACLE: lambda seed, resume: patient()}
        ends = await Table(fabric, roles, resumes_per_checkpoint=2).play_all_to_the_end(seconds=30)
        assert any(isinstance(end, TooManyResumes) for end in ends.values())
        assert all(isinstance(end, TooManyResumes | JobAborted) for end in ends.values())

    async def test_a_party_sends_no_more_than_was_agreed(self) -> None:
        def talker() -> Role[None]:
            for _ in range(20):
                yield Send(ORACLE, Frame(bytes(1000)))

        def listener() -> Role[None]:
            for _ in range(20):
                yield Receive(ASKER, Frame)

        roles = {ASKER: lambda seed, resume: talker(), ORACLE: lambda seed, resume: listener()}
        ends = await Table(MemoryFabric(), roles, traffic_bytes=10_000).play_all_to_the_end(seconds=30)
        assert isinstance(ends[ASKER], TrafficExceeded)
        assert isinstance(ends[ORACLE], JobAborted)
        reports = await Table(MemoryFabric(), roles, traffic_bytes=20_000).play_all(seconds=30)
        assert reports[ORACLE].received_bytes > 20_000

    async def test_a_panic_in_the_native_core_ends_the_job_everywhere(self) -> None:
        """PyO3 raises panics past `except Exception`; unheard, they would kill the process, and a crash is a resume."""

        class PanicException(BaseException):
            pass

        def panicking() -> Role[None]:
            yield Receive(ORACLE, Frame)
            raise PanicException("index out of bounds")

        def waiting() -> Role[None]:
            yield Send(ASKER, Frame(b"hostile"))
            yield Receive(ASKER, Frame)

        roles = {ASKER: lambda seed, resume: panicking(), ORACLE: lambda seed, resume: waiting()}
        ends = await Table(MemoryFabric(), roles).play_all_to_the_end(seconds=30)
        assert isinstance(ends[ASKER], RoleFailed)
        assert isinstance(ends[ORACLE], JobAborted)


def test_the_errors_are_of_families_that_end_a_job() -> None:
    """A run is tried again after an `UnavailableError` only."""
    assert issubclass(TooManyResumes, JobError)
    assert issubclass(TrafficExceeded, JobError)


@pytest.mark.parametrize("code", ["x", "no", "shouting.LOUD", "nodot", "a." + "b" * 80, ""])
async def test_a_cause_that_could_not_stand_on_the_ledger_is_not_believed(code: str) -> None:
    """The party that hears it fails the job on the ledger with this code; could it not, it would start the job again."""
    end = await hear_from_a_liar(encode([Abort.TAG, {"role": "oracle", "index": 0, "code": code, "sentence": "No."}]))
    assert isinstance(end, RunnerBroken)
    assert FailJob(job_id=bytes(16), code=end.code).code == "transport.runner_broken"


async def test_every_cause_that_travels_fits_the_ledger() -> None:
    for code in ("a.b", "a." + "b" * 78, "transport.role_failed"):
        message = Abort(role="oracle", index=0, code=code, sentence="No.")
        end = await hear_from_a_liar(encode_message(message))
        assert isinstance(end, JobAborted)
        assert FailJob(job_id=bytes(16), code=end.remote_code).code == code


async def hear_from_a_liar(said: bytes) -> BaseException | None:
    """How a run ends whose other party has all keys and says just this."""
    fabric = MemoryFabric()
    table = Table(fabric, {ASKER: lambda seed, resume: asker(iter([b"ann"]), []), ORACLE: lambda seed, resume: oracle()})

    async def lie(session: Session) -> None:
        sealed = await seal_session(session, keys_for(ORACLE, [ASKER, ORACLE]), expected=None)
        await sealed.send(Kind.RUNNER, said)
        await sealed.receive()

    await fabric.network(org_of(ORACLE)).listen(derive_service(PLAN, 1, ORACLE), lie)
    end = (await asyncio.gather(table.play(ASKER, seconds=30), return_exceptions=True))[0]
    await fabric.network(org_of(ORACLE)).close()
    return end if isinstance(end, BaseException) else None


async def test_the_seed_is_durable_before_the_role_begins_and_the_same_in_every_life() -> None:
    seeds: list[tuple[bytes, bytes | None]] = []

    def noting(seed: bytes, resume: bytes | None) -> Role[None]:
        seeds.append((seed, table.journals[ASKER].load_seed()))
        return asker(iter([b"ann", b"bob"]), [])

    table = Table(MemoryFabric(), {ASKER: noting, ORACLE: lambda seed, resume: oracle()})
    for life in range(2):
        tasks = {party: asyncio.ensure_future(table.play(party)) for party in table.roles}
        await until(lambda life=life: len(seeds) > life)  # type: ignore[misc]
        assert isinstance(table.world, MemoryFabric)
        await kill(table.world, tasks)
    assert len(seeds) == 2
    assert {drawn for drawn, _ in seeds} == {kept for _, kept in seeds} == {seeds[0][0]}
