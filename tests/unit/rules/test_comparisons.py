"""Which versions are compared, how often for one owner, and at which levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.checks import SAMPLE_CAP
from atoll.ledger.records import (
    CheckTally,
    LevelApproval,
    bound_id,
)
from atoll.ledger.rules.check import (
    CHECKS_A_DAY,
    DAY_SECONDS,
    LEAST_SECONDS,
    MOST_SAMPLED,
    MOST_STARTED,
)
from atoll.ledger.rules.errors import ApprovalMissing, CheckRefused, StatementRefused
from atoll.ledger.rules.job import FailJob, StartJob
from tests.unit.rules.checks import (
    LINES,
    ROWS,
    SAMPLE,
    asking,
    check,
    compare,
    complete,
    near,
    owned_by,
    registered,
    rows_job,
    run,
    tied,
)
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, consent, registration


def test_an_incumbent_asks_with_the_newest_version_of_a_lineage_and_no_other() -> None:
    second = "bank/customers/2"
    lagoon = Lagoon().do("bank", registration(CUSTOMERS)).later().do("bank", registration(second)).later()
    lagoon.do("bureau", registration(FILES)).later()
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.do("bank", asking(second, SAMPLE, SAMPLE_CAP))
    registered().do("bank", registration(second)).later().do("bank", check())


def test_an_incumbent_without_tags_does_not_ask_once_there_is_a_key_for_them() -> None:
    registered().with_oprf_key().refused(CheckRefused, "bank", check())
    lagoon = Lagoon().with_oprf_key().register(CUSTOMERS, "a").later().register(FILES, "b").later()
    lagoon.do("bank", check())


@pytest.mark.parametrize("version", [FILES, CUSTOMERS])
def test_core_data_are_compared_with_nothing_and_important_data_by_approval_alone(version: str) -> None:
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(version), level=5))
    lagoon.refused(CheckRefused, "bank", check())
    other = "bank" if version == FILES else "bureau"
    approval: dict[str, Any] = {"dataset": version, "regulator": "auditor", "reason_commitment": bytes(32)}
    lagoon.put(LevelApproval(parties=("telecom",), not_after=lagoon.time, **approval))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(LevelApproval(parties=(other,), not_after=lagoon.time - 1, **approval))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(LevelApproval(parties=(other,), not_after=lagoon.time, **approval))
    lagoon.put(replace(lagoon.dataset(version), level=6))
    lagoon.refused(CheckRefused, "bank", check())
    lagoon.put(replace(lagoon.dataset(version), level=5))
    lagoon.do("bank", check())


def test_what_is_made_of_core_data_is_compared_with_nothing() -> None:
    lagoon = Lagoon().do("bank", registration(CUSTOMERS)).do("telecom", registration(LINES)).later()
    lagoon.do("bureau", registration(FILES)).later()
    lagoon.put(replace(lagoon.dataset(FILES), parents=(LINES,)))
    lagoon.put(replace(lagoon.dataset(LINES), level=6))
    lagoon.refused(CheckRefused, "bank", check())


def test_a_level_that_rose_meanwhile_stops_a_check_at_start() -> None:
    lagoon = registered().do("bank", check()).consent(job_id=SAMPLE)
    lagoon.put(replace(lagoon.dataset(FILES), level=6))
    lagoon.refused(CheckRefused, "bank", StartJob(job_id=SAMPLE))
    lagoon.put(replace(lagoon.dataset(FILES), level=4))
    lagoon.refused(ApprovalMissing, "bank", StartJob(job_id=SAMPLE))


def test_a_check_of_data_of_level_g4_waits_for_a_person_of_their_owner() -> None:
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(FILES), level=4))
    lagoon.do("bank", check()).do("bank", consent(job_id=SAMPLE))
    lagoon.refused(ApprovalMissing, "bureau", consent(job_id=SAMPLE))


def test_all_rows_of_a_version_are_compared_three_times_for_an_owner_however_many_lineages_it_has() -> None:
    lagoon = owned_by(*["bank"] * (MOST_STARTED + 1))
    for number in range(MOST_STARTED):
        compare(lagoon, f"bank/set{number}/1", number + 1)
    last = f"bank/set{MOST_STARTED}/1"
    run(lagoon, asking(last, SAMPLE, SAMPLE_CAP))
    lagoon.refused(CheckRefused, "bank", asking(last, ROWS, 512))


def test_samples_of_a_version_are_compared_so_often_for_an_owner_and_those_tied_to_it() -> None:
    """Each count answers a question, of a sample too: many lineages are not many questions."""
    lagoon = tied(owned_by(*["bank"] * MOST_SAMPLED, "telecom"))
    for number in range(MOST_SAMPLED):
        if number % CHECKS_A_DAY == 0:
            lagoon.later(seconds=DAY_SECONDS)
        asked = asking(f"bank/set{number}/1", bytes([number, 1]) * 8, SAMPLE_CAP, not_after=lagoon.time + LEAST_SECONDS)
        run(lagoon, asked)
    assert lagoon.get(CheckTally, bound_id(FILES, "bank")).sampled == MOST_SAMPLED
    last = asking(f"telecom/set{MOST_SAMPLED}/1", SAMPLE, SAMPLE_CAP, not_after=lagoon.time + LEAST_SECONDS)
    assert "sampled" in str(lagoon.refused(CheckRefused, "telecom", last))


def test_a_comparison_that_was_started_counts_whatever_its_proposer_says_of_it_later() -> None:
    lagoon = complete(registered(), check())
    for number in range(MOST_STARTED):
        job = rows_job(number)
        lagoon.do("bank", check(job, rows=512)).consent(job_id=job).start(job).do(
            "bank", FailJob(job_id=job, code="node.fault")
        )
    assert lagoon.get(CheckTally, bound_id(FILES, "bank")).started == MOST_STARTED
    lagoon.refused(CheckRefused, "bank", check(ROWS, rows=512))


def test_those_who_are_tied_ask_and_speak_as_one() -> None:
    lagoon = tied(owned_by("bank", "bank", "telecom", "telecom"))
    for number, owner in ((0, "bank"), (1, "bank"), (2, "telecom")):
        compare(lagoon, f"{owner}/set{number}/1", number + 1)
    run(lagoon, asking("telecom/set3/1", SAMPLE, SAMPLE_CAP))
    lagoon.refused(CheckRefused, "telecom", asking("telecom/set3/1", ROWS, 512))
    lagoon.do("bank", near(600_000, incumbent="bank/set0/1", job_id=rows_job(1)))
    lagoon.refused(StatementRefused, "bank", near(incumbent="bank/set1/1", job_id=rows_job(2)))
    lagoon.refused(StatementRefused, "telecom", near(incumbent="telecom/set2/1", job_id=rows_job(3)))
