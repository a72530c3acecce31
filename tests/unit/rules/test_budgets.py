"""Budgets: reserved at START, spent at the end, and never used twice."""

from __future__ import annotations

import pytest

from atoll.ledger.records import Budget, Dataset, JobInput, JobState, budget_id
from atoll.ledger.rules.budget import SetBudget
from atoll.ledger.rules.errors import GrantExhausted, NotAllowed, Unknown
from atoll.ledger.rules.job import FailJob, StartJob
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    GRANTED_INPUT,
    JOB,
    OWN_INPUT,
    Lagoon,
    permission,
    receipt,
    registration,
)

SECOND, THIRD = b"\x02" * 16, b"\x03" * 16


def finished(lagoon: Lagoon, job_id: bytes = JOB) -> Lagoon:
    """Both parties have signed receipts."""
    for org in ("bank", "bureau"):
        lagoon.do(org, receipt(job_id=job_id))
    return lagoon


# -- the last use --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "other"), [(JOB, SECOND), (SECOND, JOB)])
def test_of_two_jobs_that_race_for_the_last_use_exactly_one_starts(first: bytes, other: bytes) -> None:
    lagoon = Lagoon().with_grant(uses=1).consented(JOB).consented(SECOND)
    lagoon.start(first)
    assert "0 uses left" in lagoon.refused(GrantExhausted, "bank", StartJob(job_id=other))
    assert lagoon.uses() == (1, 0)
    assert lagoon.job(other).state is JobState.CONSENTED


def test_the_race_ends_the_same_way_in_one_block_and_in_two() -> None:
    blocks = []
    for heights in (0, 1):
        lagoon = Lagoon().with_grant(uses=1).consented(JOB).consented(SECOND)
        starts = [lagoon.founding.sign("bank", StartJob(job_id=one)) for one in (JOB, SECOND)]
        outcomes = [lagoon.submit(starts[0]).code]
        outcomes.append(lagoon.later(heights=heights).submit(starts[1]).code)
        blocks.append(outcomes)
    assert blocks == [["", GrantExhausted.code]] * 2


def test_a_job_that_did_not_start_for_want_of_uses_starts_when_there_are_some() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 0).consented()
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=JOB))
    lagoon.cap(FILES, "uses", 1).start()


def test_a_grant_carries_as_many_jobs_as_it_says() -> None:
    lagoon = Lagoon().with_grant(uses=2)
    finished(lagoon.started(JOB))
    finished(lagoon.started(SECOND), SECOND)
    assert lagoon.uses() == (0, 2)
    lagoon.consented(THIRD).refused(GrantExhausted, "bank", StartJob(job_id=THIRD))


# -- reserved, then spent ------------------------------------------------------------------------------------------------------


def test_start_reserves_and_completion_spends() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 9).cap(FILES, "rows", 5000).cap(CUSTOMERS, "rows", 700)
    lagoon.started()
    assert lagoon.uses() == lagoon.lineage("bureau/files", "uses") == (1, 0)
    assert lagoon.lineage("bureau/files", "rows") == (1000, 0)
    assert lagoon.lineage("bank/customers", "rows") == (500, 0)
    finished(lagoon)
    assert lagoon.uses() == lagoon.lineage("bureau/files", "uses") == (0, 1)
    assert lagoon.lineage("bureau/files", "rows") == (0, 1000)
    assert lagoon.lineage("bank/customers", "rows") == (0, 500)


def test_a_job_that_fails_has_used_what_it_reserved() -> None:
    lagoon = Lagoon().with_grant(uses=1).started().do("bureau", FailJob(job_id=JOB, code="job.died"))
    assert lagoon.uses() == (0, 1)
    lagoon.consented(SECOND).refused(GrantExhausted, "bank", StartJob(job_id=SECOND))


def test_a_refused_start_reserves_nothing_at_all_not_even_where_there_was_enough() -> None:
    """The grant and the first input's lineage suffice; the second input's does not."""
    lagoon = Lagoon().with_grant().cap(FILES, "uses", 9).cap(CUSTOMERS, "rows", 499).consented()
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=JOB))
    assert lagoon.uses() == lagoon.lineage("bureau/files", "uses") == lagoon.lineage("bank/customers", "rows") == (0, 0)


def test_an_input_taken_twice_is_charged_twice() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "rows", 1999)
    lagoon.consented(inputs=(GRANTED_INPUT, GRANTED_INPUT, OWN_INPUT))
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=JOB))
    lagoon.cap(FILES, "rows", 2000).start()
    assert lagoon.uses() == (2, 0)


# -- caps over a lineage -------------------------------------------------------------------------------------------------------


def test_one_cap_counts_all_versions_of_a_dataset_and_all_grants() -> None:
    lagoon = Lagoon().with_grant().do("bureau", registration("bureau/files/2")).cap(FILES, "uses", 1)
    other = b"\x62" * 16
    lagoon.do("bureau", permission(grant=other, dataset="bureau/files/2"))
    newer = JobInput(dataset="bureau/files/2", user="bureau", grant=other, grant_version=1, rows_cap=1, receiver="bank")
    lagoon.started().consented(SECOND, inputs=(newer,))
    assert "lineage:bureau/files" in lagoon.refused(GrantExhausted, "bank", StartJob(job_id=SECOND))


def test_a_lineage_without_a_cap_is_not_limited_and_nothing_is_counted() -> None:
    lagoon = Lagoon().with_grant(uses=2).started(JOB).started(SECOND)
    assert lagoon.state.get(Budget, budget_id("lineage:bureau/files", "uses")) is None
    assert lagoon.state.get(Budget, budget_id("lineage:bureau/files", "rows")) is None


def test_a_cap_on_rows_counts_the_most_that_may_take_part() -> None:
    lagoon = Lagoon().with_grant().cap(FILES, "rows", 1500).started()
    lagoon.consented(SECOND)
    assert "500 rows left; the job needs 1000" in lagoon.refused(GrantExhausted, "bank", StartJob(job_id=SECOND))


def test_a_lower_cap_stops_what_is_to_come_and_what_was_spent_stays_spent() -> None:
    lagoon = finished(Lagoon().with_grant().cap(FILES, "uses", 9).started()).cap(FILES, "uses", 1)
    assert lagoon.lineage("bureau/files", "uses") == (0, 1)
    lagoon.consented(SECOND).refused(GrantExhausted, "bank", StartJob(job_id=SECOND))
    lagoon.cap(FILES, "uses", 0)
    assert "0 uses left" in lagoon.refused(GrantExhausted, "bank", StartJob(job_id=SECOND))
    lagoon.cap(FILES, "uses", 2).start(SECOND)


def test_a_cap_set_while_a_job_runs_is_not_exceeded_by_those_that_start_after_it() -> None:
    lagoon = Lagoon().with_grant(uses=9).started(JOB).cap(FILES, "uses", 1).started(SECOND)
    finished(lagoon, JOB)
    lagoon.consented(THIRD).refused(GrantExhausted, "bank", StartJob(job_id=THIRD))
    finished(lagoon, SECOND)
    lagoon.refused(GrantExhausted, "bank", StartJob(job_id=THIRD))


def test_only_the_owner_caps_a_lineage_and_only_one_that_is_there() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(Unknown, "bank", SetBudget(name="files", unit="uses", limit=0))
    lagoon.refused(Unknown, "bureau", SetBudget(name="orders", unit="uses", limit=0))


def test_a_record_that_names_another_owner_is_not_capped_by_the_sender() -> None:
    lagoon = Lagoon().with_datasets()
    fields = lagoon.get(Dataset, CUSTOMERS).to_map() | {"owner": "telecom"}
    lagoon.put(Dataset.from_map(fields))
    lagoon.refused(NotAllowed, "bank", SetBudget(name="customers", unit="uses", limit=0))


def test_the_grants_own_count_is_not_changed_by_a_cap() -> None:
    lagoon = Lagoon().with_grant(uses=1).cap(FILES, "uses", 100)
    assert lagoon.get(Budget, budget_id(f"grant:{GRANT.hex()}", "uses")).limit == 1
