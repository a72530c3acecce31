"""The consent decision: one thing changed in a job that is permitted, and the code of the refusal that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.plan import Coalition, PlanParty
from atoll.ledger.records import Cap, CapUnit, Dataset, Grant, GrantState
from atoll.policy import errors
from atoll.policy.demand import Exposure
from atoll.policy.local import DAY_SECONDS
from atoll.policy.purposes import derive_purpose_tag
from atoll.policy.reasons import Reason, Verdict, conclude
from atoll.policy.terms import Operand, Operator, TermRule
from tests.unit.policy.cases import DENIED, PERMITTED, PURPOSE, SALT, Change, new_in_30_days
from tests.unit.policy.desk import CARD, CUSTOMERS, DEMAND, FILES, GRANT, NOW, OWN_DEMAND, PLAN, Desk, Records, column, dataset


def test_the_job_that_everything_speaks_for_is_permitted_with_every_reason() -> None:
    decision = Desk().ask()
    assert (decision.verdict, decision.code) == (Verdict.PERMIT, "policy.permit")
    assert all(one.holds for one in decision.reasons)
    looked_at = {one.constraint for one in decision.reasons}
    assert {
        "this organisation is a party",
        "membership of bank",
        "membership of bureau",
        "deadline",
        "protocol",
        "compute nodes",
        "coalition table",
        f"state of {FILES}",
        f"owner of {FILES}",
        f"card of {FILES}",
        f"exposure of {FILES}:national_id",
        f"normalisation of {FILES}:name",
        f"grant for {FILES}",
        "its state",
        "its version",
        "its dataset",
        "its term",
        "its grantee",
        "its uses",
        "its terms",
        "permission 0: purpose",
    } <= looked_at


@pytest.mark.parametrize("why", DENIED)
def test_one_thing_that_does_not_hold_denies(why: str) -> None:
    code, change = DENIED[why]
    desk = Desk()
    change(desk)
    assert desk.verdict() == ("deny", code)


@pytest.mark.parametrize("why", DENIED)
def test_no_other_reason_outweighs_it_and_no_person_can_approve_it(why: str) -> None:
    _, change = DENIED[why]
    desk = Desk().say(automatic=False)
    change(desk)
    decision = desk.ask()
    assert decision.denies
    assert next(one for one in decision.reasons if not one.holds).rule == decision.code


def test_every_refusal_of_the_policy_was_provoked() -> None:
    codes = {one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AtollError) and one.code}
    assert {code for code, _ in DENIED.values()} == codes - {"policy.bad_rules", "policy.not_in_profile"}


@pytest.mark.parametrize("why", PERMITTED)
def test_what_lies_just_within_the_bounds_is_permitted(why: str) -> None:
    desk = Desk()
    PERMITTED[why](desk)
    assert desk.verdict() == ("permit", "policy.permit")


# -- hours ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "verdict"), [(21, "deny"), (22, "permit"), (23, "permit"), (0, "permit"), (6, "deny")])
def test_hours_may_go_over_midnight(hour: int, verdict: str) -> None:
    now = NOW - NOW % DAY_SECONDS + hour * 3600
    desk = Desk(now=now).say(hours=(22, 6)).change_plan(not_after=now + 60).change_grant(not_before=0, not_after=2**40)
    assert desk.ask().verdict == verdict


# -- counts, and what has ended since -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("promised", "verdict"), [(0, "permit"), (1, "deny")])
def test_a_bound_on_the_count_counts_what_other_jobs_were_promised(promised: int, verdict: str) -> None:
    desk = Desk(promised=promised).terms_say(Operand.COUNT, Operator.LTEQ, "3")  # two are taken, one is asked for
    assert desk.verdict()[0] == verdict


def test_two_lines_under_one_grant_count_twice() -> None:
    desk = Desk().terms_say(Operand.COUNT, Operator.LTEQ, "3").add_granted_run()
    assert desk.verdict() == ("deny", "policy.terms")
    assert Desk().terms_say(Operand.COUNT, Operator.LTEQ, "4").add_granted_run().verdict()[0] == "permit"


@pytest.mark.parametrize("part", ["credit-check/x", "credit-check/x/y"])
def test_a_part_of_a_counted_purpose_is_no_way_around_its_account(part: str) -> None:
    desk = Desk().salt_terms().terms_say(Operand.PURPOSE, Operator.IS_A, "credit-check")
    permission = replace(desk.terms[GRANT].permissions[0], constraints=desk.terms[GRANT].permissions[0].constraints[1:])
    desk.terms[GRANT] = replace(desk.terms[GRANT], permissions=(permission,))
    desk.change_plan(purpose=part, purpose_tags=(derive_purpose_tag(SALT, part), b"")).change_demand(purpose=part)
    assert desk.verdict()[0] == "permit"
    assert desk.cap_for(f"for:{PURPOSE.hex()}", "rows", 10**9).verdict() == ("deny", "policy.budget")


BEGINS: dict[str, Change] = {
    "the grant's uses": lambda d: d.use_grant(limit=1, reserved=1),
    "the grant's epsilon": lambda d: (
        d.charge_epsilon(10).change_output("cardinality").permit_output("cardinality").forget_epsilon()
    ),
    "an account of the lineage": lambda d: d.cap("rows", 1000, reserved=1000),
    "a cap of the grant": lambda d: d.change_grant(
        caps=[*new_in_30_days(5000), Cap(unit=CapUnit.JOBS, limit=0, days=1).to_map()]
    ),
    "an account of its purpose, capped since": lambda d: d.salt_terms().cap_for(f"for:{PURPOSE.hex()}", "uses", 0),
    "the bound on the count": lambda d: d.terms_say(Operand.COUNT, Operator.LTEQ, "2"),
}


@pytest.mark.parametrize("what", BEGINS)
def test_what_start_has_charged_is_not_asked_again_before_the_process_begins(what: str) -> None:
    desk = Desk()
    BEGINS[what](desk)
    desk.charged = True
    assert desk.verdict() == ("permit", "policy.permit")


ENDED: dict[str, tuple[str, Change]] = {
    "a column's exposure": ("policy.column", lambda d: d.expose_until(NOW + 10)),
    "the time in the terms": ("policy.terms", lambda d: d.terms_say(Operand.DATE_TIME, Operator.LTEQ, str(NOW + 10))),
    "the time since the grant began": ("policy.terms", lambda d: d.terms_say(Operand.ELAPSED_TIME, Operator.LTEQ, "PT2M")),
    "the grant's own count": ("policy.terms", lambda d: d.terms_say(Operand.COUNT, Operator.LTEQ, "1")),
    "the owner's hours": ("policy.local", lambda d: d.say(hours=((NOW // 3600 + 1) % 24, (NOW // 3600 + 2) % 24))),
}


@pytest.mark.parametrize("what", ENDED)
def test_what_has_ended_since_the_consent_is_asked_before_the_process_begins(what: str) -> None:
    code, change = ENDED[what]
    desk = Desk()
    change(desk)
    desk.charged, desk.now = True, NOW + 60
    assert desk.verdict() == ("deny", code)


@pytest.mark.parametrize(
    ("what", "name", "verdict"),
    [
        ("assignee", "bank", "deny"),
        ("assignee", "telecom", "permit"),
        ("assignee", "did:web:bank", "deny"),
        ("assignee", "urn:atoll:bank", "deny"),
        ("target", FILES, "deny"),
        ("target", "bureau/files", "deny"),
        ("target", CUSTOMERS, "permit"),
        ("target", "bank/customers", "permit"),
        ("target", "urn:atoll:dataset:bureau/files/1", "deny"),
    ],
)
def test_a_prohibition_is_of_somebody_else_only_if_its_name_is_known_as_theirs(what: str, name: str, verdict: str) -> None:
    desk = Desk()
    named: dict[str, Any] = {what: name}
    rule = TermRule(action="use", constraints=(), **named)
    desk.terms[GRANT] = replace(desk.terms[GRANT], prohibitions=(rule,))
    assert desk.verdict()[0] == verdict


# -- a person ------------------------------------------------------------------------------------------------------------------


def test_a_manual_owner_is_asked_once_nothing_forbids_it() -> None:
    decision = Desk().say(automatic=False).ask()
    assert (decision.verdict, decision.code, decision.denies) == (Verdict.ASK, "policy.ask", False)
    assert "a person approves each job" in decision.reasons[-1].wanted


def test_data_of_the_highest_level_need_a_person_even_where_consent_is_automatic() -> None:
    decision = Desk().change(Dataset, FILES, level=4).ask()
    assert (decision.verdict, decision.code) == (Verdict.ASK, "policy.ask")
    assert "G4" in decision.reasons[-1].wanted
    assert Desk().change(Dataset, FILES, level=3).verdict() == ("permit", "policy.permit")


def test_ones_own_use_of_the_highest_level_needs_nobody() -> None:
    mine = Desk().change(Dataset, FILES, level=4).give_to("bureau")
    assert mine.verdict() == ("permit", "policy.permit")


# -- who proposed --------------------------------------------------------------------------------------------------------------


def test_whoever_makes_another_the_receiver_needs_a_person_there_or_its_trust() -> None:
    decision = Desk().receive_at_home().ask()
    assert (decision.verdict, decision.code) == (Verdict.ASK, "policy.ask")
    assert "bank proposes that this organisation receives" in decision.reasons[-1].wanted
    for trusted, verdict in (({"telecom"}, "ask"), ({"bank"}, "permit")):
        assert Desk().receive_at_home().say(trusted_proposers=frozenset(trusted)).ask().verdict == verdict
    own = Desk(proposer="bureau").receive_at_home()
    assert own.verdict() == ("permit", "policy.permit")


def test_a_seat_among_the_receivers_needs_a_person_even_without_a_line_of_ones_own() -> None:
    assert Desk().add_party("receiver", "bureau", 1).verdict() == ("ask", "policy.ask")


def test_all_that_a_person_is_asked_for_is_said() -> None:
    desk = Desk().say(automatic=False).change(Dataset, FILES, level=4).add_party("receiver", "bureau", 1)
    wanted = desk.ask().reasons[-1].wanted
    assert all(one in wanted for one in ("a person approves each job", "G4", "bank proposes"))


def test_trust_in_a_proposer_permits_nothing_else() -> None:
    trusting = Desk().say(trusted_proposers=frozenset({"bank"}))
    assert trusting.change_grant(state=GrantState.REVOKED).verdict() == ("deny", "policy.no_grant")


# -- whose business it is ------------------------------------------------------------------------------------------------------


def test_an_owner_needs_no_grant_for_its_own_use_and_sees_its_own_columns() -> None:
    columns = (("national_id", Exposure.PLAINTEXT), ("income", Exposure.PLAINTEXT), ("notes", Exposure.PLAINTEXT))
    desk = Desk().change_input(grant=b"", grant_version=0).give_to("bureau").change_demand(columns=columns)
    assert desk.verdict() == ("permit", "policy.permit")
    assert desk.cap("uses", 0).verdict() == ("deny", "policy.budget")


def test_a_column_that_does_not_exist_is_not_even_its_owners() -> None:
    desk = Desk().give_to("bureau").change_demand(columns=(("salary", Exposure.PLAINTEXT),))
    assert desk.verdict() == ("deny", "policy.column")


def test_an_organisation_decides_on_its_own_inputs_only() -> None:
    """The bank has no card of the bureau's files and no say in them; its own dataset it does decide on."""
    desk = Desk(me="bank", cards={}, terms={})
    assert desk.verdict() == ("deny", "policy.dataset")
    desk.cards[CUSTOMERS] = replace(CARD, dataset=CUSTOMERS, columns=(column("id", normalisation="national-id/1"),))
    assert desk.verdict() == ("permit", "policy.permit")
    assert not any(FILES in one.constraint for one in desk.ask().reasons)


def test_an_organisation_that_brings_nothing_still_looks_at_the_plan() -> None:
    desk = Desk(me="telecom", cards={}).add_party("compute", "telecom").say(max_rows=1)
    assert desk.verdict() == ("ask", "policy.ask")  # it computes for others, which somebody else proposes
    desk.say(trusted_proposers=frozenset({"bank"}))
    assert desk.verdict() == ("permit", "policy.permit")
    assert desk.say(purposes=frozenset()).verdict() == ("deny", "policy.local")


def test_each_of_several_inputs_is_looked_at_with_its_own_grant() -> None:
    desk = Desk()
    desk.view.put(dataset("bureau/orders/1"))
    desk.cards["bureau/orders/1"] = replace(CARD, dataset="bureau/orders/1")
    second = replace(PLAN.inputs[0], dataset="bureau/orders/1", grant=b"", grant_version=0)
    desk.change_plan(inputs=(PLAN.inputs[0], second))
    desk.demands = (DEMAND, replace(DEMAND, dataset="bureau/orders/1"))
    decision = desk.ask()
    assert decision.code == "policy.no_grant"
    assert [one.constraint for one in decision.reasons if not one.holds] == ["grant for bureau/orders/1"]


@pytest.mark.parametrize("spelt", [("national-id/1", "text/1"), ("text/1", "national-id/1")])
def test_a_column_that_is_named_twice_is_not_spelt_in_two_ways(spelt: tuple[str, str]) -> None:
    desk = Desk().change_input(columns=("national_id", "national_id"), normalisation=spelt)
    assert desk.change_demand(columns=DEMAND.columns[:1]).verdict() == ("deny", "policy.column")
    desk.change_input(normalisation=("national-id/1", "national-id/1"))
    assert desk.verdict() == ("permit", "policy.permit")


def test_an_empty_ledger_denies_everything() -> None:
    desk = Desk()
    desk.view = Records()
    assert desk.verdict() == ("deny", "policy.parties")


def test_the_job_of_one_organisation_needs_no_coalition_table() -> None:
    desk = Desk(demands=(replace(DEMAND, receivers=("bureau",)), OWN_DEMAND)).change_plan(
        parties=(PlanParty(role="receiver", index=0, org="bureau"),), coalitions=()
    )
    desk.proposer = "bureau"
    assert desk.verdict() == ("permit", "policy.permit")


def test_the_coalition_table_is_shown_in_the_reasons() -> None:
    table = (Coalition(members=("bank", "telecom"), reads=("everything",)),)
    reasons = Desk().change_plan(coalitions=table).ask().reasons
    assert next(one.observed for one in reasons if one.constraint == "coalition table") == "bank+telecom"


# -- how a decision is told ----------------------------------------------------------------------------------------------------


def test_a_decision_tells_all_its_reasons_and_its_code_is_the_first_that_fails() -> None:
    desk = Desk().change_plan(purpose="marketing", not_after=NOW - 1).say(purposes=frozenset({"research"}))
    decision = desk.ask()
    failed = [one.rule for one in decision.reasons if not one.holds]
    assert failed[:2] == ["policy.deadline", "policy.local"]
    assert decision.code == "policy.deadline"
    plain = decision.to_plain()
    assert (plain["verdict"], plain["code"]) == ("deny", "policy.deadline")
    assert len(plain["reasons"]) == len(decision.reasons)
    assert plain["reasons"][0] == {
        "rule": "policy.parties",
        "constraint": "this organisation is a party",
        "wanted": "bureau",
        "observed": "bank, bureau",
        "holds": True,
    }


def test_a_decision_is_denied_before_it_is_asked_before_it_is_permitted() -> None:
    good, bad = Reason("a.b", "", "", "", True), Reason("c.d", "", "", "", False)
    assert conclude((good, bad), ask="why").code == "c.d"
    assert conclude((good,), ask="why").code == "policy.ask"
    assert conclude((good,), ask="").code == "policy.permit"


def test_a_grant_on_the_ledger_that_names_another_version_is_shown_with_both() -> None:
    reasons = Desk().change(Grant, GRANT.hex(), version=4).ask().reasons
    version = next(one for one in reasons if one.constraint == "its version")
    assert (version.wanted, version.observed, version.holds) == ("4", "3", False)
