"""A party against somebody who has all keys and breaks the runner's rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from atoll.protocols.errors import UnexpectedPacket
from atoll.transport.errors import DeadlinePassed, JobAborted, RunnerBroken, TranscriptMismatch
from atoll.transport.frames import Kind
from atoll.transport.meeting import derive_service
from atoll.transport.memory import MemoryFabric
from atoll.transport.runner_messages import Abort, Finished, Held, Over, Passed, Resume, Start
from atoll.transport.sealing import SealedSession, seal_session
from atoll.transport.transcript import START_MARK
from atoll.wire.message import Message, encode_message
from tests.unit.transport.roles import LEFT, RIGHT, hear
from tests.unit.transport.world import PLAN, Table, keys_for, org_of


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
