"""Jobs as people look at them at their node."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.ledger.records import JobState
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import RefuseJob, WithdrawJob
from atoll.node.errors import JobEnded, NotAReceiver, NotForThisJob, TransactionRefused
from atoll.node.jobs import Jobs
from atoll.policy.local import LocalRules
from tests.unit.node.offices import GRANT, Offices


def desk(offices: Offices, org: str) -> Jobs:
    one = offices[org]
    return Jobs(one.context, one.bodies, one.consents, None)  # type: ignore[arg-type]


def test_a_job_is_shown_with_its_plan_and_what_it_would_take(offices: Offices) -> None:
    job = offices.propose()
    shown = desk(offices, "bank").show(job.job_id.hex())
    assert shown.plan is not None
    assert shown.estimate is not None
    assert shown.estimate["memory_mb"] > 0


@pytest.mark.parametrize(
    "lie", [{"protocol": "nope"}, {"program": {}}, {"program": {"output": 7}}, {"kind": "divination"}], ids=str
)
def test_a_plan_that_nobody_can_carry_out_is_shown_without_what_it_would_take(offices: Offices, lie: dict[str, Any]) -> None:
    job = offices.propose(offices.plan(**lie))
    shown = desk(offices, "bank").show(job.job_id.hex())
    assert shown.plan is not None
    assert shown.estimate is None


SAID: dict[str, Any] = {
    "approve": lambda jobs, job: jobs.approve(job, "person"),
    "bid": lambda jobs, job: jobs.bid(job, 7, "person"),
    "withhold": lambda jobs, job: jobs.withhold(job, "person"),
    "refuse": lambda jobs, job: jobs.refuse(job, "policy.refused_by_person", "person"),
    "cancel": lambda jobs, job: jobs.cancel(job, "person"),
}


@pytest.mark.parametrize("said", SAID)
async def test_what_has_ended_is_said_to_have_ended_and_nothing_goes_to_the_ledger(offices: Offices, said: str) -> None:
    job = offices.propose()
    offices.lagoon.do("bank", WithdrawJob(job_id=job.job_id))
    with pytest.raises(JobEnded, match="has ended withdrawn; nothing is left to"):
        await SAID[said](desk(offices, "bank"), job.job_id.hex())
    assert offices["bank"].engine.submitted == []


@pytest.mark.parametrize(
    ("said", "state", "why"),
    [
        ("cancel", JobState.PROPOSED, "is proposed; a job is stopped once it runs, and withdrawn before"),
        ("withhold", JobState.STARTED, "is started; there is no bid here that could stay closed"),
        ("bid", JobState.PROPOSED, "is proposed; it asks bank for no bid"),
        ("approve", JobState.STARTED, "no person here is asked for a consent"),
    ],
)
async def test_what_does_not_fit_where_the_job_stands_is_refused_in_words_before_the_ledger(
    offices: Offices, monkeypatch: pytest.MonkeyPatch, said: str, state: JobState, why: str
) -> None:
    job, context = offices.propose(), offices["bank"].context
    monkeypatch.setattr(type(context), "need", lambda *_: replace(job, state=state))
    with pytest.raises(NotForThisJob, match=why) as caught:
        await SAID[said](desk(offices, "bank"), job.job_id.hex())
    assert not isinstance(caught.value, JobEnded)
    assert offices["bank"].engine.submitted == []


async def test_what_a_person_approves_is_refused_where_the_rules_forbid_it_by_then(offices: Offices) -> None:
    job, bureau = offices.propose(), offices["bureau"]
    bureau.configure(LocalRules(automatic=False))
    await bureau.consents.consider(job)
    offices.lagoon.do("bureau", RevokeGrant(grant=GRANT))
    shown = await desk(offices, "bureau").approve(job.job_id.hex(), "person")
    assert (shown.state, shown.reason, shown.consents) == ("refused", "policy.no_grant", [])


def test_who_gets_no_result_is_told_who_does(offices: Offices) -> None:
    job = offices.propose().job_id.hex()
    jobs = {
        org: Jobs(one.context, one.bodies, one.consents, SimpleNamespace(result=lambda _: None))  # type: ignore[arg-type]
        for org, one in offices.open.items()
    }
    with pytest.raises(NotAReceiver, match=f"bureau does not receive of job {job}; bank does"):
        jobs["bureau"].result(job, 0, "person")
    with pytest.raises(NotForThisJob, match="is proposed; this node holds no receipted result of it"):
        jobs["bank"].result(job, 0, "person")


async def test_who_ended_a_job_is_read_off_the_log_and_nobody_who_tried_in_vain_is_named(offices: Offices) -> None:
    """Before it was refused by the bureau somebody who is no party tried, and afterwards the bank."""
    job = offices.propose()
    identifier = job.job_id.hex()
    why = desk(offices, "bank").why(identifier)
    assert (why.state, why.ended_by, why.waits_for) == ("proposed", "", ["bank", "bureau"])
    code = "policy.refused_by_person"
    with pytest.raises(TransactionRefused):
        await offices["auditor"].outbox.submit(RefuseJob(job_id=job.job_id, code=code))
    await offices["bureau"].consents.refuse(identifier, code, actor="person")
    with pytest.raises(TransactionRefused):
        await offices["bank"].outbox.submit(RefuseJob(job_id=job.job_id, code=code))
    [_, placed, _] = [one for _, one in offices.log]
    for org in ("bank", "bureau"):
        why = desk(offices, org).why(identifier)
        assert (why.state, why.ended_by, why.ended_height) == ("refused", "bureau", placed.height)
        assert why.waits_for == []
        assert desk(offices, org).show(identifier).ended_by == "bureau"
