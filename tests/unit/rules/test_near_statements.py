"""What a check found, stated: by whom, when, and what it blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import (
    DatasetState,
    Finding,
)
from atoll.ledger.rules.check import (
    DAY_SECONDS,
    STATE_DAYS,
    StateNear,
)
from atoll.ledger.rules.dispute import OVERTURNED_DAYS, DecideDispute, OpenDispute, Outcome
from atoll.ledger.rules.errors import CheckRefused, DatasetBlocked, StatementRefused
from tests.unit.rules.checks import (
    LINES,
    ROWS,
    SAMPLE,
    check,
    compare,
    compared,
    complete,
    near,
    owned_by,
    registered,
    rows_job,
    tied,
)
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, permission, registration


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
        near(job_id=SAMPLE),
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
    lagoon = Lagoon().do("telecom", registration(LINES)).later()
    lagoon = compared(lagoon.do("bank", registration(CUSTOMERS)).later().do("bureau", registration(FILES)).later())
    compare(lagoon.do("bank", near()), LINES, 7)
    found = lagoon.do("telecom", near(600_000, 700_000, incumbent=LINES, job_id=rows_job(7))).dataset(FILES)
    assert (found.state, found.finding, found.first) == (DatasetState.BLOCKED, Finding.NEAR, CUSTOMERS)


def overturned() -> Lagoon:
    """The bank's word was found to be wrong."""
    lagoon = compare(owned_by("bank", "bank"), "bank/set0/1", 1).do("bank", near(incumbent="bank/set0/1", job_id=rows_job(1)))
    case = b"\xd1" * 16
    lagoon.do("bureau", OpenDispute(dispute=case, subject=FILES, against="bank/set0/1", evidence=bytes(32)))
    return lagoon.do("auditor", DecideDispute(dispute=case, outcome=Outcome.RELEASED, reason=bytes(32)))


def test_what_was_released_is_not_blocked_again_by_those_it_was_released_against() -> None:
    lagoon = compare(tied(overturned()), "bank/set1/1", 2)
    lagoon.refused(StatementRefused, "bank", near(incumbent="bank/set1/1", job_id=rows_job(2)))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


@pytest.mark.parametrize(
    ("days", "state"), [(OVERTURNED_DAYS, DatasetState.REVIEW), (OVERTURNED_DAYS + 1, DatasetState.BLOCKED)]
)
def test_whose_statement_was_overturned_blocks_nobody_for_a_year(days: int, state: DatasetState) -> None:
    lagoon = overturned().later(seconds=days * DAY_SECONDS)
    newcomer = LINES
    lagoon.do("telecom", registration(newcomer)).later(seconds=0)
    compare(lagoon, "bank/set1/1", 2, newcomer)
    lagoon.do("bank", near(new=newcomer, incumbent="bank/set1/1", job_id=rows_job(2)))
    assert (lagoon.dataset(newcomer).state, lagoon.dataset(newcomer).finding) == (state, Finding.NEAR)


def test_versions_of_one_block_are_not_compared_and_a_blocked_one_speaks_for_nobody() -> None:
    together = Lagoon().do("bank", registration(CUSTOMERS)).do("bureau", registration(FILES)).later()
    together.refused(CheckRefused, "bank", check())
    lagoon = registered()
    lagoon.put(replace(lagoon.dataset(CUSTOMERS), state=DatasetState.BLOCKED))
    lagoon.refused(CheckRefused, "bank", check())
