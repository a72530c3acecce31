"""Checks for near duplicates: who may make them, how often, what a refusal leaves, what may be stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.checks import LEAST_CAP
from atoll.ledger.records import (
    JobState,
)
from atoll.ledger.rules.budget import RefundBudget, SetBudget
from atoll.ledger.rules.check import (
    CHECK_DAYS,
    CHECKS_A_DAY,
    DAY_SECONDS,
    LEAST_SECONDS,
    MOST_ATTEMPTS,
)
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import CheckRefused, NotAllowed
from atoll.ledger.rules.job import FailJob, RefuseJob, StartJob
from atoll.wire.errors import MessageError
from tests.unit.rules.checks import (
    ROWS,
    SAMPLE,
    asked_of,
    check,
    compared,
    complete,
    many,
    registered,
    taken,
)
from tests.unit.rules.lagoon import CUSTOMERS, FILES, registration


def test_a_check_needs_no_grant_and_takes_nothing_of_what_the_lineages_owners_give() -> None:
    lagoon = compared(registered().cap(FILES, "uses", 0).cap(FILES, "rows", 0).cap(CUSTOMERS, "uses", 0))
    assert lagoon.job(ROWS).state is JobState.COMPLETED
    assert [lagoon.lineage(*one) for one in (("bureau/files", "uses"), ("bank/customers", "uses"))] == [(0, 0), (0, 0)]


def test_start_of_a_check_takes_from_the_days_account_and_however_it_ends_it_stays_taken() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE).start(SAMPLE)
    assert taken(lagoon) == 1
    lagoon.do("bank", FailJob(job_id=SAMPLE, code="node.fault"))
    assert taken(lagoon) == 1
    again = b"\xb3" * 16
    assert taken(complete(lagoon, check(again))) == 2


def test_a_days_checks_are_bounded_and_one_members_do_not_use_up_anothers() -> None:
    lagoon = many(CHECKS_A_DAY + 1)
    for number in range(CHECKS_A_DAY):
        asked = replace(asked_of(f"bank/t{number}/1", number), not_after=lagoon.time + LEAST_SECONDS)
        lagoon.do("bank", asked).consent(job_id=asked.job_id).start(asked.job_id)
    last = asked_of(f"bank/t{CHECKS_A_DAY}/1", CHECKS_A_DAY)
    lagoon.do("bank", replace(last, not_after=lagoon.time + 2 * DAY_SECONDS)).consent(job_id=last.job_id)
    assert f"{CHECKS_A_DAY} checks" in lagoon.refused(CheckRefused, "bank", StartJob(job_id=last.job_id))
    other = replace(asked_of("telecom/calls/1", 1000), not_after=lagoon.time + LEAST_SECONDS)
    lagoon.do("telecom", other).consent(job_id=other.job_id).do("telecom", StartJob(job_id=other.job_id))
    lagoon.later(seconds=DAY_SECONDS).start(last.job_id)
    assert (taken(lagoon), lagoon.job(last.job_id).state) == (1, JobState.STARTED)


def test_nobody_sets_or_gives_back_what_checks_take() -> None:
    with pytest.raises(MessageError):
        SetBudget(name="files", unit="checks", limit=0)
    lagoon = registered().cap(FILES, "uses", 5)
    complete(lagoon, check())
    lagoon.refused(NotAllowed, "bureau", RefundBudget(job_id=SAMPLE, name="files"))


def test_no_other_kind_of_job_goes_without_a_grant() -> None:
    lagoon = registered().do("bank", check(kind="intersection")).consent(job_id=SAMPLE)
    outcome = lagoon.submit(lagoon.founding.sign("bank", StartJob(job_id=SAMPLE)))
    assert not outcome.ok


def test_only_the_owner_of_the_earlier_version_checks() -> None:
    asked = check()
    turned = tuple(replace(one, receiver="bureau") for one in asked.inputs)
    registered().refused(CheckRefused, "bureau", replace(asked, inputs=turned, receivers=("bureau",)))


@pytest.mark.parametrize(
    "change",
    [
        {"grant": b"\x61" * 16},
        {"epsilon_micro": 1},
        {"rows_cap": LEAST_CAP - 1},
        {"rows_cap": 500},
    ],
)
def test_an_input_of_a_check_says_nothing_but_its_size(change: dict[str, Any]) -> None:
    asked = check()
    lines = (replace(asked.inputs[0], **change), asked.inputs[1])
    registered().refused(CheckRefused, "bank", replace(asked, inputs=lines))


def test_versions_of_one_owner_are_no_pair() -> None:
    lagoon = registered().do("bank", registration("bank/others/1")).later()
    lines = (replace(check().inputs[1], dataset="bank/others/1"), check().inputs[1])
    lagoon.refused(CheckRefused, "bank", check(inputs=lines))


def test_a_withdrawn_version_is_not_compared() -> None:
    lagoon = registered().do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(CheckRefused, "bank", check())


def test_after_thirty_days_nobody_has_to_answer() -> None:
    lagoon = registered().later(seconds=CHECK_DAYS * DAY_SECONDS - 1)
    lagoon.do("bank", check(not_after=lagoon.time + LEAST_SECONDS))
    late = registered().later(seconds=CHECK_DAYS * DAY_SECONDS)
    late.refused(CheckRefused, "bank", check(not_after=late.time + LEAST_SECONDS))


def test_start_looks_again() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE).do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(CheckRefused, "bank", StartJob(job_id=SAMPLE))


def test_rows_are_compared_only_after_a_sample() -> None:
    lagoon = registered()
    lagoon.refused(CheckRefused, "bank", check(ROWS, rows=512))
    complete(lagoon, check()).do("bank", check(ROWS, rows=512))


def test_a_pair_is_checked_once_a_stage() -> None:
    complete(registered(), check()).refused(CheckRefused, "bank", check(b"\xb3" * 16))


def test_an_open_check_has_no_second_beside_it() -> None:
    registered().do("bank", check()).refused(CheckRefused, "bank", check(b"\xb3" * 16))


def test_attempts_are_bounded() -> None:
    lagoon = registered()
    for attempt in range(MOST_ATTEMPTS):
        job = bytes([attempt]) * 16
        lagoon.do("bank", check(job)).do("bank", RefuseJob(job_id=job, code="job.by_person"))
    lagoon.refused(CheckRefused, "bank", check(b"\xb3" * 16))


def test_a_check_leaves_time_for_an_answer() -> None:
    lagoon = registered()
    lagoon.refused(CheckRefused, "bank", check(not_after=lagoon.time + LEAST_SECONDS - 1))
    lagoon.do("bank", check(not_after=lagoon.time + LEAST_SECONDS))
