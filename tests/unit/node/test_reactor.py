"""What a node does when the ledger moves, whatever the others do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.records import (
    Dataset,
    DatasetState,
    Hold,
    JobState,
    LevelApproval,
    LevelFloor,
    Member,
    MemberState,
    Right,
    RightState,
    TargetKind,
    root_right_id,
)
from atoll.ledger.rules.errors import ResultMismatch
from atoll.ledger.rules.job import ConsentJob, RefuseJob, StartJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.node.bodies import Bodies
from atoll.node.config import Home
from atoll.node.consents import is_open
from atoll.node.pauses import FIRST_SECONDS, grounds
from atoll.node.reactor import Reactor
from atoll.node.runs import Runs
from atoll.ordering.engine import AgreedBlock, View
from atoll.storage.errors import StoreFull
from atoll.wire.message import Message
from tests.unit.node.offices import FILES, JOB, Office, Offices
from tests.unit.rules.lagoon import permission

DONE = Outcome(0, "", "")
NO_BLOCKS: list[AgreedBlock] = []


def blocks_with(offices: Offices, *bodies: Message) -> list[AgreedBlock]:
    """Blocks that agreed, one a transaction of the bureau."""
    found = []
    for height, body in enumerate(bodies, 1):
        data = offices.lagoon.founding.sign("bureau", body)
        assert offices.lagoon.submit(data).ok
        block = Block(height=height, term=1, time=1, transactions=(data,))
        summary = BlockSummary(height=height, term=1, time=1, first=2, outcomes=b"\0", state_root=bytes(32))
        found.append(AgreedBlock(block, summary, (DONE,)))
    return found


async def followed(offices: Offices, blocks: list[AgreedBlock], fetch: Any) -> int:
    """How many blocks the bank's reactor has followed once everything that can has happened."""
    bank = offices["bank"]

    async def follow(_: int) -> AsyncIterator[AgreedBlock]:
        for block in blocks:
            yield block
        await asyncio.Event().wait()

    class SlowBodies(Bodies):
        async def fetch(self, view: View, kind: Any, identifier: str, holders: Any, **_: Any) -> bytes | None:
            await fetch()
            return None

    seen = 0

    def on_block() -> None:
        nonlocal seen
        seen += 1

    bank.engine.follow = follow  # type: ignore[attr-defined]
    bodies = SlowBodies(org="bank", store=bank.store, links=None)  # type: ignore[arg-type]
    reactor = Reactor(bank.context, bodies, bank.consents, None, on_block)  # type: ignore[arg-type]
    task = asyncio.create_task(reactor.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done(), task
    task.cancel()
    reactor.stop()
    await asyncio.gather(task, return_exceptions=True)
    return seen


async def test_a_grantor_that_does_not_answer_keeps_no_block_waiting(offices: Offices) -> None:
    """Every look at who is a member, and whose certificate was revoked, hangs on following."""
    blocks = blocks_with(offices, permission(grant=b"\x71" * 16), permission(grant=b"\x72" * 16))
    assert await followed(offices, blocks, asyncio.Event().wait) == 2


async def test_a_full_disk_ends_no_following(offices: Offices) -> None:
    async def full() -> None:
        raise StoreFull(reason="no space left")

    assert issubclass(StoreFull, AtollError)
    assert await followed(offices, blocks_with(offices, permission(grant=b"\x71" * 16)), full) == 1


# -- jobs that have ended ------------------------------------------------------------------------------------------------------


async def end_a_job(offices: Offices, home: Path) -> tuple[Runs, Path]:
    """A job that both consented to and the bank then withdrew; the bank's runs, and its seed of the attempt."""
    bank = offices["bank"]
    offices.propose()
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    await bank.outbox.submit(RefuseJob(job_id=JOB, code="policy.local"))
    assert not is_open(offices.job())
    bank.context = replace(bank.context, config=replace(bank.context.config, home=Home(home)))
    seed = home / "jobs" / JOB.hex() / "1-receiver-0.seed"
    seed.parent.mkdir(parents=True)
    seed.write_bytes(b"sealed")
    nothing: Any = None  # no process was started
    return Runs(bank.context, bank.bodies, bank.consents, nothing, nothing), seed


class Quiet:
    """Runs that have nothing to do."""

    def remembers(self, _: str) -> bool:
        return False

    async def ensure(self, _: Any) -> None:
        """It runs."""

    async def ended(self, _: Any) -> None:
        """Nothing was under way."""


class Silent(Bodies):
    """Nobody gives a document, and nobody says so."""

    async def fetch(self, view: View, kind: Any, identifier: str, holders: Any, **_: Any) -> bytes | None:
        await asyncio.Event().wait()
        return None


@asynccontextmanager
async def reacting(
    offices: Offices, bodies: Bodies, runs: Runs, agreed: asyncio.Queue[AgreedBlock] | None = None
) -> AsyncIterator[None]:
    """The bank's reactor at work on a ledger that does not move unless a block is put there."""
    bank = offices["bank"]
    blocks = agreed or asyncio.Queue()

    async def follow(_: int) -> AsyncIterator[AgreedBlock]:
        while True:
            yield await blocks.get()

    bank.engine.follow = follow  # type: ignore[attr-defined]
    reactor = Reactor(bank.context, bodies, bank.consents, runs, lambda: None)
    task = asyncio.create_task(reactor.run())
    try:
        yield
    finally:
        task.cancel()
        reactor.stop()
        await asyncio.gather(task, return_exceptions=True)


async def soon(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - whatever it is, it tells nobody
            await asyncio.sleep(0.001)


async def test_who_gives_no_document_keeps_no_secret_of_a_job_that_has_ended_alive(
    offices: Offices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A party that reads all documents, too: what it has yet to be given comes second."""
    monkeypatch.setattr(Reactor, "_reads_all", lambda _: True)
    bank = offices["bank"]
    runs, seed = await end_a_job(offices, tmp_path)
    assert runs.remembers(JOB.hex())
    async with reacting(offices, Silent(org="bank", store=bank.store, links=None), runs):  # type: ignore[arg-type]
        await soon(lambda: not runs.remembers(JOB.hex()))
    assert not seed.exists()


async def test_secrets_that_a_full_disk_has_kept_alive_are_destroyed_as_soon_as_there_is_room(
    offices: Offices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.node.reactor.SWEEP_SECONDS", 0.001)
    bank = offices["bank"]
    runs, seed = await end_a_job(offices, tmp_path)
    tried = asyncio.Event()

    def full(*_: Any, **__: Any) -> None:
        tried.set()
        raise StoreFull(reason="no space left")

    with monkeypatch.context() as disk:
        disk.setattr(bank.store, "update_job", full)
        async with reacting(offices, Silent(org="bank", store=bank.store, links=None), runs):  # type: ignore[arg-type]
            await soon(tried.is_set)
            assert not seed.exists(), "to destroy a file takes no room"
            assert runs.remembers(JOB.hex())
            disk.undo()
            await soon(lambda: not runs.remembers(JOB.hex()))
    local = bank.store.job(JOB.hex())
    assert local is not None
    assert local.phase == "done"


async def test_a_block_between_the_first_look_and_the_following_is_not_missed(offices: Offices) -> None:
    bank = offices["bank"]
    asked: list[int] = []

    async def follow(from_height: int) -> AsyncIterator[AgreedBlock]:
        asked.append(from_height)
        await asyncio.Event().wait()
        for block in NO_BLOCKS:
            yield block

    bank.engine.follow = follow  # type: ignore[attr-defined]
    seen = bank.view.height
    reactor = Reactor(bank.context, bank.bodies, bank.consents, None, lambda: None)  # type: ignore[arg-type]
    task = asyncio.create_task(reactor.run())
    await asyncio.sleep(0)  # it has looked, and does not follow yet
    assert not asked
    offices.lagoon.later(seconds=1)
    await soon(lambda: bool(asked))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert bank.view.height > seen
    assert asked == [seen + 1]


# -- what the ledger refuses ---------------------------------------------------------------------------------------------------


@dataclass
class Still:
    """A clock that stands where it is put."""

    time: int
    seconds: float = 0.0

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def sent(offices: Offices, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[int]]:
    """How much the bank has submitted in all, once it has looked at all jobs a few times more."""
    sweeps = 0

    def swept(_: Any) -> None:
        nonlocal sweeps
        sweeps += 1

    async def some_sweeps() -> int:
        seen = sweeps
        await soon(lambda: sweeps > seen + 5)
        return len(offices["bank"].engine.submitted)

    monkeypatch.setattr("atoll.node.reactor.SWEEP_SECONDS", 0.001)
    monkeypatch.setattr("atoll.node.reactor.forget_what_ended", swept)
    return some_sweeps


async def test_a_consent_that_a_rule_refuses_is_sent_ever_less_often_until_the_deadline(
    offices: Offices, sent: Callable[[], Awaitable[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.node.consents.outside_nodes", lambda *_: ("nobody",))  # which the ledger takes from no party
    offices.propose()
    bank = offices["bank"]
    clock = Still(offices.lagoon.time)
    bank.context = replace(bank.context, clock=clock)
    agreed: asyncio.Queue[AgreedBlock] = asyncio.Queue()
    async with reacting(offices, bank.bodies, Quiet(), agreed):  # type: ignore[arg-type]
        assert await sent() == 1
        assert await every_hundred_seconds(clock, sent, 12) == [2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 8]
        [moved] = blocks_with(
            offices,
            ConsentJob(job_id=JOB, plan_digest=offices.job().plan_digest, job_key=bytes(32), software="one", build="one"),
        )
        agreed.put_nowait(moved)
        assert await sent() == 9, "another party's consent may have changed what was in the way"
        clock.seconds += 100
        assert await sent() == 10
        offices.lagoon.later(seconds=10_000)
        clock.time = offices.lagoon.time
        await sent()
    assert offices.job().state is JobState.EXPIRED, "a deadline is noted whatever was refused before"


async def test_a_receipt_that_is_refused_is_sent_ever_less_often_and_the_log_says_so(
    offices: Offices, sent: Callable[[], Awaitable[int]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One that commits to another result than the other party's is refused for as long as the job lasts."""
    nothing: Any = None  # no process is started
    bank, clock = await started(offices, tmp_path), Still(offices.lagoon.time)
    bank.store.update_job(JOB.hex(), phase="done", commitment="0e" * 32, sent_bytes=1, received_bytes=1, seconds=1.0)
    digest = offices.job().plan_digest
    theirs = GiveReceipt(job_id=JOB, plan_digest=digest, result_commitment=b"\x0f" * 32, detail_commitment=bytes(32))
    await offices["bureau"].outbox.submit(theirs)
    bank.context = replace(bank.context, clock=clock)
    runs, before = Runs(bank.context, bank.bodies, bank.consents, nothing, nothing), len(bank.engine.submitted)
    with caplog.at_level("INFO", "atoll.reactor"):
        async with reacting(offices, bank.bodies, runs):
            assert await sent() == before + 1
            counts = await every_hundred_seconds(clock, sent, 12)
    assert [one - before for one in counts] == [2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 8]
    told = [vars(one) for one in caplog.records if "asked again" in one.message]
    assert [(one["levelname"], one["seconds"]) for one in told[:3]] == [("INFO", 4), ("WARNING", 8), ("WARNING", 16)]
    assert {(one["job"], one["code"]) for one in told} == {(JOB.hex(), ResultMismatch.code)}
    assert all("The ledger refused job.receipt/1" in one["error"] for one in told)


async def test_what_was_refused_is_sent_again_at_once_when_what_the_job_rests_on_has_changed(
    offices: Offices, sent: Callable[[], Awaitable[int]]
) -> None:
    """And ever later from there on, if it is refused again."""
    offices.propose()
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    bank, clock, lagoon = offices["bank"], Still(offices.lagoon.time), offices.lagoon
    bank.context = replace(bank.context, clock=clock)
    files = lagoon.get(Dataset, FILES)
    lagoon.put(replace(files, state=DatasetState.BLOCKED))
    before = len(bank.engine.submitted)
    async with reacting(offices, bank.bodies, Quiet()):  # type: ignore[arg-type]
        assert await sent() == before + 1
        await every_hundred_seconds(clock, sent, 12)
        rested = await sent()
        lagoon.put(replace(lagoon.get(Member, "auditor"), title="Another name"))
        assert await sent() == rested, "nothing of this job rests on it"
        lagoon.put(replace(files, state=DatasetState.BLOCKED, level=files.level + 1))
        assert await sent() == rested + 1
        clock.seconds += FIRST_SECONDS
        assert await sent() == rested + 2
        clock.seconds += FIRST_SECONDS
        assert await sent() == rested + 2
        assert offices.job().state is JobState.CONSENTED
        lagoon.put(files)
        await sent()
        assert offices.job().state is JobState.STARTED


def test_orders_and_all_that_a_job_rests_on_are_its_grounds(offices: Offices) -> None:
    job, lagoon = offices.propose(), offices.lagoon
    seen = [grounds(lagoon.state, job)]
    frozen = Hold(target_kind=TargetKind.LINEAGE, target="bureau/files", freezes=(bytes(16),), recall=b"")
    root = root_right_id("bureau/files").hex()
    approval = LevelApproval(dataset=FILES, regulator="auditor", parties=(), not_after=1, reason_commitment=bytes(32))
    for changed in (
        frozen,
        replace(frozen, freezes=()),
        replace(frozen, target_kind=TargetKind.MEMBER, target="bank"),
        replace(lagoon.grant(), not_after=lagoon.time),
        replace(lagoon.get(Right, root), state=RightState.FROZEN),
        replace(lagoon.get(Member, "bank"), state=MemberState.LEFT),
        LevelFloor(lineage="bureau/files", floor=3, by="auditor", height=1),
        approval,
    ):
        lagoon.put(changed)
        now = grounds(lagoon.state, job)
        assert now not in seen, changed
        seen.append(now)


async def started(offices: Offices, home: Path) -> Office:
    """The bank, where a job has started that both consented to."""
    offices.propose()
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    bank = offices["bank"]
    await bank.outbox.submit(StartJob(job_id=JOB))
    bank.context = replace(bank.context, config=replace(bank.context.config, home=Home(home)))
    return bank


async def every_hundred_seconds(clock: Still, sent: Callable[[], Awaitable[int]], times: int) -> list[int]:
    """How much was submitted in all, a hundred seconds later each time."""
    found = []
    for _ in range(times):
        clock.seconds += 100
        found.append(await sent())
    return found
