"""A check that is not answered: the later version stands under review until it is made good."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.ledger.checks import SAMPLE_CAP, Stage
from atoll.ledger.records import (
    Check,
    DatasetState,
    check_id,
)
from atoll.ledger.rules.check import (
    MOST_ATTEMPTS,
    MOST_CURES,
)
from atoll.ledger.rules.dispute import DecideDispute, OpenDispute, Outcome
from atoll.ledger.rules.errors import CheckRefused
from atoll.ledger.rules.job import ExpireJob, FailJob, RefuseJob
from tests.unit.rules.checks import (
    SAMPLE,
    asking,
    check,
    complete,
    owned_by,
    registered,
    rows_job,
    run,
)
from tests.unit.rules.lagoon import CUSTOMERS, DEADLINE, FILES, Lagoon, consent, receipt


def refusal(lagoon: Lagoon) -> None:
    lagoon.do("bureau", RefuseJob(job_id=SAMPLE, code="policy.local"))


def silence(lagoon: Lagoon) -> None:
    lagoon.do("bank", consent(job_id=SAMPLE)).later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


def failure(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bureau", FailJob(job_id=SAMPLE, code="node.fault"))


def withheld(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bank", receipt(job_id=SAMPLE))
    lagoon.later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


def broken_off(lagoon: Lagoon) -> None:
    """After START, by the other side: it cannot be seen here who kept silent."""
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).do("bank", FailJob(job_id=SAMPLE, code="node.fault"))


def dumb(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=SAMPLE).start(SAMPLE).later(seconds=DEADLINE).do("bank", ExpireJob(job_id=SAMPLE))


@pytest.mark.parametrize("evade", [refusal, silence, failure, withheld, broken_off, dumb])
def test_a_registrant_that_evades_a_check_stands_under_review(evade: Any) -> None:
    lagoon = registered().do("bank", check())
    evade(lagoon)
    found = lagoon.dataset(FILES)
    assert (found.state, found.unanswered) == (DatasetState.REVIEW, 1)
    assert lagoon.get(Check, check_id(FILES, CUSTOMERS, Stage.SAMPLE)).is_unanswered
    assert found.is_usable_by("bank")


def test_what_the_incumbent_takes_back_before_start_is_not_held_against_the_newcomer() -> None:
    lagoon = registered().do("bank", check()).do("bank", RefuseJob(job_id=SAMPLE, code="job.by_person"))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_a_check_made_good_ends_the_review() -> None:
    lagoon = registered().do("bank", check())
    refusal(lagoon)
    complete(lagoon, check(b"\xb3" * 16))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).unanswered) == (DatasetState.ACTIVE, 0)


def test_what_was_not_answered_can_be_made_good_after_the_last_attempt() -> None:
    lagoon = registered()
    for number in range(MOST_ATTEMPTS):
        job = rows_job(number)
        lagoon.do("bank", check(job)).do("bureau", RefuseJob(job_id=job, code="policy.local"))
    assert lagoon.dataset(FILES).state is DatasetState.REVIEW
    complete(lagoon, check())
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_cures_are_bounded_too() -> None:
    lagoon = registered()
    for number in range(MOST_CURES):
        job = rows_job(number)
        lagoon.do("bank", check(job)).do("bureau", RefuseJob(job_id=job, code="policy.local"))
    lagoon.refused(CheckRefused, "bank", check())


def test_a_decision_ends_a_review_for_want_of_an_answer() -> None:
    lagoon = owned_by("bank").do("bank", asking("bank/set0/1", SAMPLE, SAMPLE_CAP)).later(seconds=0)
    lagoon.do("bureau", RefuseJob(job_id=SAMPLE, code="policy.local"))
    case = b"\xd1" * 16
    lagoon.do("bureau", OpenDispute(dispute=case, subject=FILES, against="bank/set0/1", evidence=bytes(32)))
    lagoon.do("auditor", DecideDispute(dispute=case, outcome=Outcome.RELEASED, reason=bytes(32)))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).unanswered) == (DatasetState.ACTIVE, 0)
    run(lagoon, asking("bank/set0/1", b"\xb3" * 16, SAMPLE_CAP))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE
