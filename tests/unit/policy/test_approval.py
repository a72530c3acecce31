"""When a person is asked, and when a standing consent speaks for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.ledger.records import Dataset, StandingState
from atoll.policy.odrl import Performance
from atoll.policy.odrl.model import Duty
from atoll.policy.reasons import Decision
from atoll.policy.terms import Constraint, Operand, Operator
from tests.unit.policy.desk import FILES, GRANT, NOW, STANDING, Desk

PURPOSE = Constraint(left=Operand.PURPOSE, operator=Operator.EQ, right=("credit-check",))
ASK = ("ask", "policy.ask")


def asked() -> Desk:
    """A desk at which a person approves each job."""
    return Desk().say(automatic=False)


def spoken(decision: Decision) -> str:
    return next((one.observed for one in decision.reasons if one.constraint == "a person's approval"), "")


def test_a_standing_consent_speaks_for_a_person_and_the_decision_names_it() -> None:
    decision = asked().stand(PURPOSE).ask()
    assert (str(decision.verdict), decision.standing) == ("permit", STANDING)
    assert spoken(decision) == f"standing consent {STANDING.hex()}"


def test_where_nobody_is_asked_none_is_used() -> None:
    assert Desk().stand(PURPOSE).ask().standing == b""


OUTSIDE: dict[str, Callable[[Desk], object]] = {
    "there is none": lambda d: d,
    "another purpose": lambda d: d.stand(replace(PURPOSE, right=("marketing",))),
    "an operand that jobs do not have": lambda d: d.stand(replace(PURPOSE, left=Operand.SPATIAL)),
    "it was revoked": lambda d: d.stand(PURPOSE, state=StandingState.REVOKED),
    "it was revoked here, before the ledger knows": lambda d: d.stand(PURPOSE).revoked.add(STANDING),
    "it has ended": lambda d: d.stand(PURPOSE, not_after=NOW - 1),
    "it has not begun": lambda d: d.stand(PURPOSE, not_before=NOW + 1),
    "it has no use left": lambda d: d.stand(PURPOSE, uses=0),
    "it is somebody else's": lambda d: d.stand(PURPOSE, owner="bank"),
    "another output than identifiers is not named": lambda d: (
        d.stand(PURPOSE).change_output("cardinality").permit_output("cardinality")
    ),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_outside_its_bounds_a_person_is_asked(what: str) -> None:
    desk = asked()
    OUTSIDE[what](desk)
    assert desk.verdict() == ASK


def test_a_term_at_its_edges() -> None:
    assert asked().stand(PURPOSE, not_before=NOW, not_after=NOW).ask().standing == STANDING


def test_the_first_that_covers_the_job_is_taken() -> None:
    desk = asked().stand(replace(PURPOSE, right=("marketing",)))
    covering = replace(desk.standing[0], permissions=(replace(desk.standing[0].permissions[0], constraints=(PURPOSE,)),))
    desk.standing = (*desk.standing, covering)
    assert desk.ask().standing == STANDING


@pytest.mark.parametrize("level", [4, 5])
def test_high_levels_are_never_covered(level: int) -> None:
    """SECURITY 3.6: a person's approval, never a standing rule alone."""
    desk = Desk().stand(PURPOSE).change(Dataset, FILES, level=4)
    assert desk.verdict() == ASK
    assert desk.say(automatic=False).verdict() == ASK


def test_it_permits_nothing_that_is_forbidden() -> None:
    assert asked().stand(PURPOSE).use_grant(limit=0).verdict() == ("deny", "policy.budget")
    assert asked().stand(PURPOSE).terms_forbid(Operand.PURPOSE, Operator.EQ, "credit-check").verdict()[0] == "deny"


def test_a_duty_that_was_noted_as_done_lets_the_grant_be_used() -> None:
    desk = Desk()
    first = desk.terms[GRANT].permissions[0]
    rule = replace(first, duties=(Duty(uid="pay", action="compensate"),))
    desk.terms[GRANT] = replace(desk.terms[GRANT], permissions=(rule,))
    assert desk.verdict() == ("deny", "policy.terms")
    desk.performed["pay"] = Performance(done=True)
    assert desk.verdict() == ("permit", "policy.permit")


@pytest.mark.parametrize(("until", "code"), [(NOW - 1, "policy.column"), (NOW, "policy.permit"), (0, "policy.permit")])
def test_a_column_is_hidden_once_its_exposure_has_ended(until: int, code: str) -> None:
    desk = Desk()
    card = desk.cards[FILES]
    desk.cards[FILES] = replace(card, columns=tuple(replace(one, exposure_until=until) for one in card.columns))
    assert desk.verdict()[1] == code
