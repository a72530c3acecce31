"""Standing consents on the ledger: counted with the consent that rests on one, within their term, until they are taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.errors import RuleError
from atoll.ledger.records import Budget, StandingConsent, budget_id, standing_account
from atoll.ledger.rules.errors import AlreadyExists, GrantExhausted, NotAllowed, StandingNotInForce, StandingTooLong, WrongState
from atoll.ledger.rules.standing import DAY_SECONDS, MOST_DAYS, GiveStanding, RevokeStanding
from tests.unit.rules.lagoon import Lagoon, consent

STANDING = b"\x05" * 16
OTHER_JOB = b"\x02" * 16


@pytest.fixture
def lagoon() -> Lagoon:
    return Lagoon().with_grant()


def given(lagoon: Lagoon, **changes: int) -> GiveStanding:
    """By the bureau, for two jobs within a day."""
    usual = GiveStanding(
        standing=STANDING, commitment=bytes(32), uses=2, not_before=lagoon.time, not_after=lagoon.time + DAY_SECONDS
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def left(lagoon: Lagoon) -> int:
    return lagoon.get(Budget, budget_id(standing_account(STANDING), "uses")).left()


def test_each_consent_that_names_it_takes_one_use(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon)).propose().do("bureau", consent(standing=STANDING))
    assert left(lagoon) == 1
    lagoon.propose(OTHER_JOB).do("bureau", consent(job_id=OTHER_JOB))
    assert left(lagoon) == 1


def test_two_jobs_never_share_the_last_use(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon, uses=1)).propose().propose(OTHER_JOB).do("bureau", consent(standing=STANDING))
    lagoon.refused(GrantExhausted, "bureau", consent(job_id=OTHER_JOB, standing=STANDING))
    assert "bureau" not in lagoon.job(OTHER_JOB).consents
    lagoon.do("bureau", consent(job_id=OTHER_JOB))


def test_a_refused_consent_takes_nothing(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon)).propose().do("bureau", consent(standing=STANDING))
    lagoon.refused(AlreadyExists, "bureau", consent(standing=STANDING))
    assert left(lagoon) == 1


def test_nobody_consents_by_somebody_elses(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon)).propose()
    assert "it is one of bureau" in lagoon.refused(StandingNotInForce, "bank", consent(standing=STANDING))


def test_one_that_was_taken_back_carries_nothing_more(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon)).propose().do("bureau", RevokeStanding(standing=STANDING))
    lagoon.refused(StandingNotInForce, "bureau", consent(standing=STANDING))
    lagoon.refused(WrongState, "bureau", RevokeStanding(standing=STANDING))


def test_only_its_owner_takes_it_back(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon)).refused(NotAllowed, "bank", RevokeStanding(standing=STANDING))


@pytest.mark.parametrize(("after", "carries"), [(99, True), (100, True), (101, False)])
def test_its_last_second_is_in_its_term_and_the_next_is_not(lagoon: Lagoon, after: int, carries: bool) -> None:
    lagoon.propose().do("bureau", given(lagoon, not_after=lagoon.time + 100)).later(seconds=after)
    if carries:
        lagoon.do("bureau", consent(standing=STANDING))
    else:
        lagoon.refused(StandingNotInForce, "bureau", consent(standing=STANDING))


def test_it_does_not_hold_before_its_first_second(lagoon: Lagoon) -> None:
    lagoon.propose().do("bureau", given(lagoon, not_before=lagoon.time + 1))
    lagoon.refused(StandingNotInForce, "bureau", consent(standing=STANDING))
    lagoon.later(seconds=1).do("bureau", consent(standing=STANDING))


@pytest.mark.parametrize(
    ("first", "last", "error"),
    [
        (0, MOST_DAYS * DAY_SECONDS, None),
        (0, MOST_DAYS * DAY_SECONDS + 1, StandingTooLong),
        (10, 9, StandingTooLong),
        (-10, -1, StandingTooLong),
        (-10, 0, None),
    ],
)
def test_a_term_ends_later_than_now_and_within_a_year(
    lagoon: Lagoon, first: int, last: int, error: type[RuleError] | None
) -> None:
    body = given(lagoon, not_before=lagoon.time + first, not_after=lagoon.time + last)
    if error is None:
        lagoon.do("bureau", body)
    else:
        lagoon.refused(error, "bureau", body)


def test_an_identifier_is_used_once(lagoon: Lagoon) -> None:
    lagoon.do("bureau", given(lagoon))
    lagoon.refused(AlreadyExists, "bank", given(lagoon))
    assert lagoon.get(StandingConsent, STANDING.hex()).owner == "bureau"
