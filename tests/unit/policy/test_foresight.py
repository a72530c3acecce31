"""What another party would say, foreseen: a refusal is one, and what cannot be known here is listed and refuses nothing."""

from __future__ import annotations

from dataclasses import replace

from atoll.ledger.records import Grant, GrantState
from atoll.policy.demand import Exposure
from atoll.policy.foresight import PROMISES, REVIEW, RULES, Foresight, foresee
from atoll.policy.terms import Duty
from tests.unit.policy.desk import FILES, GRANT, TERMS, Desk


def seen_from_bank(desk: Desk, org: str = "bureau") -> Foresight:
    """The bank looks ahead; the desk says what it holds."""
    return foresee(replace(desk.question(), me="bank"), org)


def test_the_own_decision_is_the_nodes_own() -> None:
    desk = Desk(me="bank").say(purposes=frozenset({"research"}))
    one = foresee(desk.question(), "bank")
    assert (one.decision.code, one.unknown) == ("policy.local", ())


def test_nothing_known_against_it_is_said_with_what_is_unknown() -> None:
    one = seen_from_bank(Desk())
    assert (one.decision.code, one.unknown) == ("policy.permit", (RULES, PROMISES))


def test_what_the_ledger_refuses_is_foreseen() -> None:
    one = seen_from_bank(Desk().change(Grant, GRANT.hex(), state=GrantState.REVOKED))
    assert (one.decision.code, one.decision.denies) == ("policy.no_grant", True)


def test_what_the_terms_refuse_is_foreseen() -> None:
    desk = Desk().change_plan(purpose="marketing").change_demand(purpose="marketing")
    assert seen_from_bank(desk).decision.code == "policy.terms"


def test_the_own_local_rules_are_not_taken_for_those_of_others() -> None:
    assert seen_from_bank(Desk().say(purposes=frozenset({"research"}), max_rows=1)).decision.code == "policy.permit"


def test_what_is_not_held_here_refuses_nothing_and_is_named() -> None:
    no_terms, no_card = seen_from_bank(Desk(terms={})), seen_from_bank(Desk(cards={}))
    assert (no_terms.decision.code, no_terms.unknown) == ("policy.permit", (RULES, PROMISES, "its terms"))
    assert (no_card.decision.code, no_card.unknown) == ("policy.permit", (RULES, PROMISES, f"card of {FILES}"))


def test_a_missing_document_hides_no_refusal() -> None:
    desk = Desk(terms={}).change(Grant, GRANT.hex(), state=GrantState.REVOKED)
    one = seen_from_bank(desk)
    assert one.decision.code == "policy.no_grant"
    assert [each.constraint for each in one.decision.reasons if not each.holds] == ["its state"]


def test_duties_that_only_the_owner_can_have_noted_refuse_nothing_and_are_named() -> None:
    asked = replace(TERMS, permissions=(replace(TERMS.permissions[0], duties=(Duty(action="compensate"),)),))
    desk = Desk(terms={GRANT: asked})
    assert desk.verdict() == ("deny", "policy.terms"), "at the bureau itself it is not known to be done"
    one = seen_from_bank(desk)
    assert one.decision.code == "policy.permit"
    assert one.unknown[-1] == f"how the duties in grant {GRANT.hex()} stand"


def test_a_program_and_compute_nodes_wait_for_a_person_there_which_is_said() -> None:
    desk = Desk().permit_output("aggregate").change_output("aggregate").change_plan(kind="computation")
    for number, node in enumerate(("bank", "telecom", "auditor")):
        desk.add_party("compute", node, number)
    desk.change_demand(columns=(("income", Exposure.AFTER_AGGREGATE),), program=b"\x0a" * 32, name="mean")
    unknown = seen_from_bank(desk).unknown
    assert REVIEW in unknown
    assert "whether a person there lets auditor, bank, telecom compute on its data" in unknown
