"""How a job ends: all receipts, a failure, or a receipt that never came."""

from __future__ import annotations

import pytest

from atoll.ledger.records import JobState, ReceiptRecord
from atoll.ledger.rules.errors import (
    AlreadyExists,
    NotAllowed,
    PlanMismatch,
    ResultMismatch,
    TooEarly,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.job import ExpireJob, FailJob, StartJob, WithdrawJob
from tests.unit.rules.lagoon import DEADLINE, JOB, PARTIES, RECEIPT_TERM, RESULT, Lagoon, receipt

FAIL, EXPIRE = FailJob(job_id=JOB, code="job.memory"), ExpireJob(job_id=JOB)


def running() -> Lagoon:
    return Lagoon().with_grant().started()


# -- receipts ------------------------------------------------------------------------------------------------------------------


def test_the_last_receipt_completes_the_job() -> None:
    lagoon = running().do("bureau", receipt())
    assert (lagoon.job().state, lagoon.job().receipts) == (JobState.STARTED, ("bureau",))
    lagoon.do("bank", receipt())
    assert (lagoon.job().state, lagoon.job().receipts) == (JobState.COMPLETED, PARTIES)


def test_a_receipt_stands_on_the_ledger_as_a_commitment() -> None:
    lagoon = running().do("bureau", receipt(detail_commitment=b"\x44" * 32))
    record = lagoon.get(ReceiptRecord, f"{JOB.hex()}/bureau")
    assert (record.result_commitment, record.detail_commitment) == (RESULT, b"\x44" * 32)


def test_a_receipt_for_another_result_is_refused_and_the_first_one_stands() -> None:
    lagoon = running().do("bureau", receipt())
    sentence = lagoon.refused(ResultMismatch, "bank", receipt(result_commitment=b"\x55" * 32))
    assert sentence.startswith("bank's receipt")
    lagoon.do("bank", receipt())


def test_the_details_of_two_receipts_differ() -> None:
    running().do("bureau", receipt(detail_commitment=b"\x44" * 32)).do("bank", receipt(detail_commitment=b"\x45" * 32))


def test_a_party_signs_one_receipt() -> None:
    lagoon = running().do("bureau", receipt())
    lagoon.refused(AlreadyExists, "bureau", receipt())
    lagoon.refused(AlreadyExists, "bureau", receipt(result_commitment=b"\x55" * 32))


def test_there_is_no_receipt_before_start() -> None:
    lagoon = Lagoon().with_grant().propose()
    lagoon.refused(WrongState, "bank", receipt())
    lagoon.consent().refused(WrongState, "bank", receipt())


@pytest.mark.parametrize("org", ["telecom", "operator", "auditor"])
def test_whoever_took_no_part_signs_no_receipt(org: str) -> None:
    running().refused(NotAllowed, org, receipt())


def test_a_receipt_is_for_the_plan_that_was_consented_to() -> None:
    running().refused(PlanMismatch, "bank", receipt(plan_digest=b"\x1d" * 32))


def test_there_is_no_receipt_of_a_job_that_is_not_there() -> None:
    running().refused(Unknown, "bank", receipt(job_id=b"\x09" * 16))


def test_receipts_may_come_after_the_deadline_of_the_work() -> None:
    running().later(seconds=2000).do("bank", receipt()).do("bureau", receipt())


# -- failures ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("org", PARTIES)
def test_any_party_reports_a_failure_with_its_code(org: str) -> None:
    lagoon = running().do(org, FAIL)
    assert (lagoon.job().state, lagoon.job().reason) == (JobState.FAILED, "job.memory")


def test_a_stranger_to_the_job_fails_nothing() -> None:
    running().refused(NotAllowed, "telecom", FAIL)


def test_a_failed_job_takes_no_receipts_and_fails_once() -> None:
    lagoon = running().do("bank", FAIL)
    lagoon.refused(WrongState, "bureau", receipt())
    lagoon.refused(WrongState, "bureau", FAIL)
    assert lagoon.uses() == (0, 1)


# -- a silent receiver ---------------------------------------------------------------------------------------------------------


def test_a_receipt_that_never_comes_is_noted_after_its_term_and_the_use_is_spent() -> None:
    lagoon = running().do("bureau", receipt())
    lagoon.later(seconds=DEADLINE + RECEIPT_TERM - lagoon.time).refused(TooEarly, "telecom", EXPIRE)
    lagoon.later().do("telecom", EXPIRE)
    assert (lagoon.job().state, lagoon.uses()) == (JobState.UNACKNOWLEDGED, (0, 1))
    lagoon.refused(WrongState, "bank", receipt())


def test_the_deadline_alone_does_not_end_a_running_job() -> None:
    lagoon = running()
    lagoon.later(seconds=DEADLINE - lagoon.time + 1).refused(TooEarly, "bureau", EXPIRE)


def test_a_job_that_is_not_there_does_not_expire() -> None:
    running().refused(Unknown, "bank", ExpireJob(job_id=b"\x09" * 16))


def test_what_has_ended_stays_ended() -> None:
    completed = running().do("bank", receipt()).do("bureau", receipt())
    failed = running().do("bank", FAIL)
    silent = running()
    silent.later(seconds=DEADLINE + RECEIPT_TERM).do("bureau", EXPIRE)
    for lagoon in (completed, failed, silent):
        assert lagoon.uses() == (0, 1)
        lagoon.later(seconds=10_000)
        state = lagoon.job().state
        for body in (FAIL, EXPIRE, receipt(), WithdrawJob(job_id=JOB)):
            lagoon.refused(WrongState, "bank", body)
        assert (lagoon.job().state, lagoon.uses()) == (state, (0, 1))


def test_a_completed_job_cannot_be_started_again() -> None:
    lagoon = running().do("bank", receipt()).do("bureau", receipt())
    lagoon.refused(WrongState, "bank", StartJob(job_id=JOB))
