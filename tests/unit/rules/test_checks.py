"""Checks for near duplicates: who may make them, how often, what a refusal leaves, what may be stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Check, DatasetState, Finding, JobInput, JobState, Stage, check_id
from atoll.ledger.rules.check import BAND_ROWS, CHECK_DAYS, DAY_SECONDS, MOST_ATTEMPTS, STATE_DAYS, StateNear
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import CheckRefused, DatasetBlocked, StatementRefused
from atoll.ledger.rules.job import ExpireJob, FailJob, ProposeJob, RefuseJob, StartJob
from tests.unit.rules.lagoon import CUSTOMERS, DEADLINE, FILES, Lagoon, consent, permission, proposal, receipt, registration

BANDS, ROWS = b"\xb1" * 16, b"\xb2" * 16


def registered() -> Lagoon:
    """The bank first, the bureau later."""
    return Lagoon().do("bank", registration(CUSTOMERS)).later().do("bureau", registration(FILES)).later()


def check(job: bytes = BANDS, *, rows: int = BAND_ROWS, **changes: Any) -> ProposeJob:
    """The bank asks what the bureau's version has in common with its own."""
    lines = {"grant": b"", "grant_version": 0, "rows_cap": rows, "receiver": "bank"}
    asked = proposal(
        job_id=job,
        kind="similarity",
        inputs=(JobInput(dataset=FILES, user="bureau", **lines), JobInput(dataset=CUSTOMERS, user="bank", **lines)),
    )
    return replace(asked, **changes)


def complete(lagoon: Lagoon, asked: ProposeJob) -> Lagoon:
    job = asked.job_id
    lagoon.do("bank", asked).consent(job_id=job).start(job)
    return lagoon.do("bank", receipt(job_id=job)).do("bureau", receipt(job_id=job))


def compared(lagoon: Lagoon | None = None) -> Lagoon:
    """Both stages are over."""
    return complete(complete(lagoon or registered(), check()), check(ROWS, rows=512))


def near(jaccard: int = 900_000, containment: int = 950_000, **changes: Any) -> StateNear:
    said = StateNear(new=FILES, incumbent=CUSTOMERS, job_id=ROWS, jaccard_ppm=jaccard, containment_ppm=containment)
    return replace(said, **changes)


def test_a_check_needs_no_grant_and_charges_no_budget() -> None:
    lagoon = compared(registered().cap(FILES, "uses", 0))
    assert lagoon.job(ROWS).state is JobState.COMPLETED
    assert lagoon.lineage("bureau/files", "uses") == (0, 0)


def test_no_other_kind_of_job_goes_without_a_grant() -> None:
    lagoon = registered().do("bank", check(kind="intersection")).consent(job_id=BANDS)
    outcome = lagoon.submit(lagoon.founding.sign("bank", StartJob(job_id=BANDS)))
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
        {"rows_cap": BAND_ROWS - 1},
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
    lagoon.do("bank", check(not_after=lagoon.time + 600))
    late = registered().later(seconds=CHECK_DAYS * DAY_SECONDS)
    late.refused(CheckRefused, "bank", check(not_after=late.time + 600))


def test_start_looks_again() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=BANDS).do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(CheckRefused, "bank", StartJob(job_id=BANDS))


def test_rows_are_compared_only_after_bands() -> None:
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


def refusal(lagoon: Lagoon) -> None:
    lagoon.do("bureau", RefuseJob(job_id=BANDS, code="policy.local"))


def silence(lagoon: Lagoon) -> None:
    lagoon.do("bank", consent(job_id=BANDS)).later(seconds=DEADLINE).do("bank", ExpireJob(job_id=BANDS))


def failure(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=BANDS).start(BANDS).do("bureau", FailJob(job_id=BANDS, code="node.fault"))


def withheld(lagoon: Lagoon) -> None:
    lagoon.consent(job_id=BANDS).start(BANDS).do("bank", receipt(job_id=BANDS))
    lagoon.later(seconds=DEADLINE).do("bank", ExpireJob(job_id=BANDS))


@pytest.mark.parametrize("evade", [refusal, silence, failure, withheld])
def test_a_registrant_that_evades_a_check_stands_under_review(evade: Any) -> None:
    lagoon = registered().do("bank", check())
    evade(lagoon)
    found = lagoon.dataset(FILES)
    assert (found.state, found.unanswered) == (DatasetState.REVIEW, 1)
    assert lagoon.get(Check, check_id(FILES, CUSTOMERS, Stage.BANDS)).is_unanswered
    assert found.is_usable_by("bank")


def test_what_the_incumbent_breaks_off_is_not_held_against_the_newcomer() -> None:
    lagoon = registered().do("bank", check()).do("bank", RefuseJob(job_id=BANDS, code="job.by_person"))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE
    lagoon.do("bank", check(ROWS)).consent(job_id=ROWS).start(ROWS).do("bank", FailJob(job_id=ROWS, code="node.fault"))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_a_check_made_good_ends_the_review() -> None:
    lagoon = registered().do("bank", check())
    refusal(lagoon)
    complete(lagoon, check(b"\xb3" * 16))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).unanswered) == (DatasetState.ACTIVE, 0)


@pytest.mark.parametrize(
    ("jaccard", "containment", "finding", "state"),
    [
        (900_000, 950_000, Finding.NEAR, DatasetState.BLOCKED),
        (800_000, 900_000, Finding.NEAR, DatasetState.BLOCKED),
        (790_000, 890_000, Finding.NEAR, DatasetState.REVIEW),
        (500_000, 700_000, Finding.NEAR, DatasetState.REVIEW),
        (100_000, 900_000, Finding.SUBSET, DatasetState.REVIEW),
    ],
)
def test_what_is_stated_decides_the_state(jaccard: int, containment: int, finding: Finding, state: DatasetState) -> None:
    found = compared().do("bank", near(jaccard, containment)).dataset(FILES)
    assert (found.finding, found.first, found.state) == (finding, CUSTOMERS, state)


def test_a_near_copy_cannot_be_granted() -> None:
    compared().do("bank", near()).refused(DatasetBlocked, "bureau", permission())


@pytest.mark.parametrize(
    "said",
    [
        near(490_000, 890_000),
        near(905_000, 950_000),
        near(900_000, 955_000),
        near(900_000, 890_000),
        near(job_id=BANDS),
    ],
)
def test_a_statement_that_cannot_be_is_refused(said: StateNear) -> None:
    compared().refused(StatementRefused, "bank", said)


def test_a_statement_rests_on_a_completed_check_of_all_rows() -> None:
    lagoon = complete(registered(), check())
    lagoon.refused(StatementRefused, "bank", near())
    lagoon.do("bank", check(ROWS, rows=512)).consent(job_id=ROWS).start(ROWS)
    lagoon.refused(StatementRefused, "bank", near())


def test_only_the_earlier_owner_states_and_only_once_and_in_time() -> None:
    lagoon = compared()
    lagoon.refused(StatementRefused, "bureau", near())
    lagoon.refused(StatementRefused, "telecom", near())
    lagoon.do("bank", near()).refused(StatementRefused, "bank", near())
    compared().later(seconds=STATE_DAYS * DAY_SECONDS).refused(StatementRefused, "bank", near())


def test_a_later_statement_of_another_does_not_hide_the_block() -> None:
    lagoon = compared().do("bank", near())
    assert lagoon.dataset(FILES).state is DatasetState.BLOCKED
    before = lagoon.dataset(FILES)
    lagoon.put(replace(before, finding=Finding.EXACT))
    lagoon.put(replace(lagoon.get(Check, check_id(FILES, CUSTOMERS, Stage.ROWS)), is_stated=False))
    found = lagoon.do("bank", near(600_000, 700_000)).dataset(FILES)
    assert (found.state, found.finding) == (DatasetState.BLOCKED, Finding.EXACT)
