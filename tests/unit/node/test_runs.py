"""A started job at one node: what is looked at once more before its process begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.jobs.errors import WrongPeriod
from atoll.jobs.intersection import Intersection
from atoll.jobs.kind import JobKind
from atoll.jobs.periods import period_of
from atoll.ledger.records import JobState
from atoll.ledger.rules.job import FailJob, StartJob
from atoll.node.config import Home
from atoll.node.errors import TransactionRefused
from atoll.node.jobs import Jobs
from atoll.node.outbox import NONCE_RETRIES
from atoll.node.runs import Runs
from atoll.policy.local import LocalRules
from atoll.protocols.psi_sum.errors import TotalTooWide
from atoll.transport.errors import EndedUntold
from tests.unit.node.offices import JOB, SPEC, Offices


async def test_a_job_that_starts_after_the_period_of_its_tables_is_not_begun(
    offices: Offices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = offices["bureau"]
    old = Intersection().draft(replace(SPEC, protocol="psi-oprf-ristretto255", epoch=period_of(bureau.clock.time) - 1))
    offices.propose(replace(offices.plan(), **old.to_fields()))
    with monkeypatch.context() as then:  # consented to while the period lasted
        then.setattr(JobKind, "verify_period", lambda *_: None)
        for org in ("bureau", "bank"):
            await offices[org].consents.consider(offices.job())
    await offices["bank"].outbox.submit(StartJob(job_id=JOB))
    bureau.context = replace(bureau.context, config=replace(bureau.context.config, home=Home(tmp_path)))
    nothing: Any = None  # neither an order is written nor a process started
    runs = Runs(bureau.context, bureau.bodies, bureau.consents, nothing, nothing)
    await runs.ensure(offices.job())
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=60)
    assert (offices.job().state, offices.job().reason) == (JobState.FAILED, WrongPeriod.code)


async def test_what_has_ended_between_consent_and_start_is_not_begun(offices: Offices, tmp_path: Path) -> None:
    bureau = offices["bureau"]
    offices.propose(replace(offices.plan(), not_after=bureau.clock.time + 600))
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    await offices["bank"].outbox.submit(StartJob(job_id=JOB))
    only_now = LocalRules(hours=(bureau.clock.time // 3600 % 24, bureau.clock.time // 3600 % 24 + 1))
    bureau.configure(only_now)
    assert bureau.consents.find_withdrawal(offices.plan(), "bank") == ""
    bureau.configure(LocalRules(purposes=frozenset({"research"})))
    bureau.context = replace(bureau.context, config=replace(bureau.context.config, home=Home(tmp_path)))
    nothing: Any = None  # neither an order is written nor a process started
    runs = Runs(bureau.context, bureau.bodies, bureau.consents, nothing, nothing)
    await runs.ensure(offices.job())
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=60)
    assert (offices.job().state, offices.job().reason) == (JobState.FAILED, "policy.local")


class Chatterbox:
    """A job's process that invents names of events."""

    @asynccontextmanager
    async def start(self, *_: Any) -> AsyncIterator[Chatterbox]:
        yield self

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        for number in range(9):
            yield {"event": f"invented {number}"}
        yield {"event": "failed", "code": "test.first"}
        yield {"event": "failed", "code": "test.last"}

    async def wait(self) -> int:
        return 1


async def test_nothing_is_kept_of_events_whose_names_a_process_invents(offices: Offices, tmp_path: Path) -> None:
    """It reads what others send, and may have been taken over: it must not fill this node's memory."""
    bureau = offices["bureau"]
    offices.propose()
    await bureau.consents.consider(offices.job())
    bureau.context = replace(bureau.context, config=replace(bureau.context.config, home=Home(tmp_path)))
    orders, starter = SimpleNamespace(write=lambda *_, **__: None), Chatterbox()
    runs = Runs(bureau.context, bureau.bodies, bureau.consents, orders, starter)  # type: ignore[arg-type]
    ended = await runs._one_life(offices.job(), offices.plan())
    assert ended.events == {"failed": {"event": "failed", "code": "test.last"}}


async def test_a_code_that_tells_of_rows_stays_at_its_node(offices: Offices, tmp_path: Path) -> None:
    """The ledger hears that the job ended, the node's own people hear why."""
    bureau = offices["bureau"]
    offices.propose()
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    await offices["bank"].outbox.submit(StartJob(job_id=JOB))
    bureau.context = replace(bureau.context, config=replace(bureau.context.config, home=Home(tmp_path)))
    nothing: Any = None
    runs = Runs(bureau.context, bureau.bodies, bureau.consents, nothing, nothing)
    await runs._fail(offices.job(), TotalTooWide.code)
    assert offices.job().reason == EndedUntold.code
    local = bureau.store.job(JOB.hex())
    assert local is not None
    assert local.error == TotalTooWide.code
    assert Jobs(bureau.context, bureau.bodies, bureau.consents, runs).why(JOB.hex()).reason == TotalTooWide.code
    assert bureau.store.audit_trail()[-1][2:] == ("node", "job.fail", JOB.hex(), TotalTooWide.code)


async def test_a_failure_that_is_not_taken_is_heard_of_unless_another_party_was_first(offices: Offices, tmp_path: Path) -> None:
    """What is refused is asked again ever later, by whoever hears of it."""
    bureau = offices["bureau"]
    offices.propose()
    for org in ("bureau", "bank"):
        await offices[org].consents.consider(offices.job())
    await offices["bank"].outbox.submit(StartJob(job_id=JOB))
    bureau.context = replace(bureau.context, config=replace(bureau.context.config, home=Home(tmp_path)))
    nothing: Any = None
    runs = Runs(bureau.context, bureau.bodies, bureau.consents, nothing, nothing)
    bureau.engine.turned_away = NONCE_RETRIES
    with pytest.raises(TransactionRefused):
        await runs._fail(offices.job(), EndedUntold.code)
    await offices["bank"].outbox.submit(FailJob(job_id=JOB, code=EndedUntold.code))
    await runs._fail(offices.job(), EndedUntold.code)
    assert offices.job().state is JobState.FAILED
