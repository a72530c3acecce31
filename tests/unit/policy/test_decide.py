"""The consent decision: one thing changed in a job that is permitted, and the code of the refusal that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.plan import Coalition, PlanOutput, PlanParty
from atoll.ledger.records import (
    Cap,
    CapUnit,
    Chain,
    Dataset,
    DatasetState,
    Grant,
    GrantState,
    Member,
    MemberState,
    RightKind,
    RightState,
)
from atoll.policy import errors
from atoll.policy.demand import Exposure
from atoll.policy.local import DAY_SECONDS
from atoll.policy.purposes import derive_purpose_tag
from atoll.policy.reasons import Reason, Verdict, conclude
from atoll.policy.terms import Constraint, Operand, Operator, TermRule
from tests.unit.policy.desk import (
    CARD,
    CUSTOMERS,
    DEMAND,
    FILES,
    FILES_RIGHT,
    GRANT,
    NOW,
    OWN_DEMAND,
    PLAN,
    RIGHT,
    Desk,
    Records,
    column,
    dataset,
)

SALT = b"\x5a" * 32
PURPOSE = derive_purpose_tag(SALT, "credit-check")
Change = Callable[[Desk], object]


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


def new_in_30_days(limit: int) -> list[dict[str, object]]:
    """Caps of a grant with this one alone, as its record holds it."""
    return [Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=limit, days=30).to_map()]


def at_most_epsilon(micro: int) -> Constraint:
    return Constraint(left=Operand.EPSILON, operator=Operator.LTEQ, right=(str(micro),))


DENIED: dict[str, tuple[str, Change]] = {
    # parties
    "this organisation is no party": (
        "policy.parties",
        lambda d: d.change_plan(parties=(PlanParty(role="receiver", index=0, org="bank"),)),
    ),
    "a party is unknown": ("policy.parties", lambda d: d.add_party("compute", "stranger")),
    "a party is suspended": ("policy.parties", lambda d: d.change(Member, "bank", state=MemberState.SUSPENDED)),
    "a party has left": ("policy.parties", lambda d: d.change(Member, "bank", state=MemberState.LEFT)),
    "this organisation is suspended": ("policy.parties", lambda d: d.change(Member, "bureau", state=MemberState.SUSPENDED)),
    "nobody is known to have proposed it": ("policy.parties", lambda d: setattr(d, "proposer", "")),
    "a proposer who is no party": ("policy.parties", lambda d: setattr(d, "proposer", "telecom")),
    # rights (more in test_rights.py)
    "the root right is frozen": ("policy.right", lambda d: d.change_root(state=RightState.FROZEN)),
    # deadline
    "the deadline has passed": ("policy.deadline", lambda d: d.change_plan(not_after=NOW - 1)),
    "the deadline is further away than a job may run": (
        "policy.deadline",
        lambda d: d.change_plan(not_after=NOW + 7 * DAY_SECONDS + 1),
    ),
    "the deadline is further away than the owner likes": (
        "policy.deadline",
        lambda d: d.say(max_days=1).change_plan(not_after=NOW + DAY_SECONDS + 1),
    ),
    # protocol
    "an insecure protocol": ("policy.insecure", lambda d: d.change_plan(protocol="insecure-plain")),
    "an insecure protocol in capitals": ("policy.insecure", lambda d: d.change_plan(protocol="InsecurePlain")),
    # dataset
    "an unknown dataset": ("policy.dataset", lambda d: d.view.drop(Dataset, FILES)),
    "a withdrawn dataset": ("policy.dataset", lambda d: d.change(Dataset, FILES, state=DatasetState.WITHDRAWN)),
    "a frozen dataset": ("policy.dataset", lambda d: d.change(Dataset, FILES, state=DatasetState.FROZEN)),
    "somebody else's dataset": ("policy.dataset", lambda d: d.change(Dataset, FILES, owner="telecom")),
    "a dataset without its card": ("policy.dataset", lambda d: d.cards.clear()),
    # columns
    "a column that does not exist": (
        "policy.column",
        lambda d: d.change_demand(columns=(("salary", Exposure.ENCRYPTED_ONLY),)),
    ),
    "a column shown more openly than it may be": (
        "policy.column",
        lambda d: d.change_demand(columns=(("name", Exposure.AFTER_JOIN),)),
    ),
    "a value shown where only aggregates may be": (
        "policy.column",
        lambda d: d.change_demand(columns=(("income", Exposure.AFTER_JOIN),)),
    ),
    "a hidden column used at all": (
        "policy.column",
        lambda d: d.change_demand(columns=(("notes", Exposure.ENCRYPTED_ONLY),)),
    ),
    "one bad column among good ones": (
        "policy.column",
        lambda d: d.change_demand(columns=(*DEMAND.columns, ("notes", Exposure.ENCRYPTED_ONLY))),
    ),
    "another normalisation": ("policy.column", lambda d: d.change_input(normalisation=("text/1", "text/1"))),
    "a column compared without a normalisation": (
        "policy.column",
        lambda d: d.change_input(columns=("national_id", "id"), normalisation=("national-id/1", "text/1")),
    ),
    # grant
    "no grant": ("policy.no_grant", lambda d: d.change_input(grant=b"", grant_version=0)),
    "an unknown grant": ("policy.no_grant", lambda d: d.change_input(grant=b"\x99" * 16)),
    "a grant revoked on the ledger": ("policy.no_grant", lambda d: d.change_grant(state=GrantState.REVOKED)),
    "a grant revoked here, which the ledger does not know yet": ("policy.no_grant", lambda d: d.revoked.add(GRANT)),
    "a grant that has changed since the plan": ("policy.no_grant", lambda d: d.change_grant(version=4)),
    "a plan that is ahead of the grant": ("policy.no_grant", lambda d: d.change_input(grant_version=4)),
    "a grant for another dataset": ("policy.no_grant", lambda d: d.change_grant(dataset="bureau/files/2")),
    "a grant that does not hold yet": ("policy.no_grant", lambda d: d.change_grant(not_before=NOW + 1)),
    "a grant that holds no more": ("policy.no_grant", lambda d: d.change_grant(not_after=NOW - 1)),
    "a grant to somebody else": ("policy.no_grant", lambda d: d.change_grant(grantee="telecom")),
    "a second receiver beside the grantee": ("policy.output", lambda d: d.change_demand(receivers=("bank", "telecom"))),
    "a result for nobody in particular": ("policy.output", lambda d: d.change_demand(receivers=())),
    "another receiver than the plan names for the input": ("policy.output", lambda d: d.change_input(receiver=1)),
    "a receiver that is not the grantee": ("policy.no_grant", lambda d: d.give_to("telecom")),
    "a grant whose terms are missing": ("policy.no_grant", lambda d: d.terms.clear()),
    # terms
    "a purpose outside the terms": ("policy.terms", lambda d: d.change_demand(purpose="marketing")),
    "an action outside the terms": ("policy.terms", lambda d: d.change_demand(action="distribute")),
    "a column outside the terms": ("policy.terms", lambda d: d.terms_say(Operand.COLUMNS, Operator.IS_ANY_OF, "national_id")),
    "a counterparty outside the terms": ("policy.terms", lambda d: d.terms_say(Operand.COUNTERPARTIES, Operator.EQ, "telecom")),
    "a receiver outside the terms": ("policy.terms", lambda d: d.terms_say(Operand.RECEIVERS, Operator.IS_NONE_OF, "bank")),
    "a kind outside the terms": ("policy.terms", lambda d: d.terms_say(Operand.JOB_KINDS, Operator.IS_ANY_OF, "statistics")),
    "more rows than the terms allow": ("policy.terms", lambda d: d.terms_say(Operand.ROWS, Operator.LTEQ, "999")),
    "one use more than the terms allow": ("policy.terms", lambda d: d.terms_say(Operand.COUNT, Operator.LTEQ, "2")),
    "a time outside the terms": ("policy.terms", lambda d: d.terms_say(Operand.DATE_TIME, Operator.LT, str(NOW))),
    "an operand that jobs do not have": ("policy.terms", lambda d: d.terms_say(Operand.SPATIAL, Operator.EQ, "eu")),
    "an operator that does not suit": ("policy.terms", lambda d: d.terms_say(Operand.PURPOSE, Operator.LT, "z")),
    "a prohibited purpose": ("policy.prohibited", lambda d: d.terms_forbid(Operand.PURPOSE, Operator.EQ, "credit-check")),
    "a prohibited column among harmless ones": (
        "policy.prohibited",
        lambda d: d.terms_forbid(Operand.COLUMNS, Operator.IS_ANY_OF, "name", "income"),
    ),
    "a prohibition that nobody understands": ("policy.prohibited", lambda d: d.terms_forbid(Operand.EPSILON, Operator.GT, "1")),
    # outputs
    "an output the terms do not name": ("policy.terms", lambda d: d.change_output("cardinality")),
    "an output that nobody knows": ("policy.output", lambda d: d.change_output("everything")),
    "an output beside the one that is asked for": (
        "policy.output",
        lambda d: d.change_plan(outputs=(PlanOutput(index=0, gets=("identifiers", "rows")),)),
    ),
    "another output than is asked for": (
        "policy.output",
        lambda d: d.change_plan(outputs=(PlanOutput(index=0, gets=("sum",)),)),
    ),
    "payload with bare identifiers": ("policy.output", lambda d: d.change_demand(payload=("name",))),
    "rows without payload": ("policy.output", lambda d: d.permit_output("rows").change_output("rows")),
    "payload that is no demanded column": (
        "policy.output",
        lambda d: d.permit_output("rows").change_output("rows").change_demand(payload=("income",)),
    ),
    "payload that the terms do not name": (
        "policy.terms",
        lambda d: (
            d.permit_output("rows", Constraint(left=Operand.PAYLOAD, operator=Operator.IS_ANY_OF, right=("income",)))
            .change_output("rows")
            .change_demand(payload=("name",))
        ),
    ),
    "payload of which the terms name one column": (
        "policy.terms",
        lambda d: (
            d.permit_output("rows", Constraint(left=Operand.PAYLOAD, operator=Operator.IS_ANY_OF, right=("national_id",)))
            .change_output("rows")
            .change_demand(payload=("national_id", "name"))
        ),
    ),
    "noise on identifiers": ("policy.output", lambda d: d.charge_epsilon(1)),
    "noise of which the plan says nothing": (
        "policy.output",
        lambda d: d.permit_output("cardinality").change_output("cardinality").change_demand(epsilon_micro=1),
    ),
    "more epsilon than the grant has left": (
        "policy.budget",
        lambda d: d.permit_output("cardinality").change_output("cardinality").charge_epsilon(2_000_001),
    ),
    "more epsilon than the lineage has left": (
        "policy.budget",
        lambda d: (
            d.permit_output("cardinality").change_output("cardinality").charge_epsilon(2).cap("micro-epsilon", 9, spent=8)
        ),
    ),
    "a grant without its count of epsilon": (
        "policy.budget",
        lambda d: d.permit_output("cardinality").change_output("cardinality").charge_epsilon(1).forget_epsilon(),
    ),
    "a dataset that a regulator froze": ("policy.order", lambda d: d.order("dataset", FILES)),
    "a lineage that a regulator recalled": ("policy.order", lambda d: d.order("lineage", "bureau/files", recall=True)),
    "a grant that a regulator froze": ("policy.order", lambda d: d.order("grant", GRANT.hex())),
    "the other side's dataset, frozen": ("policy.order", lambda d: d.order("dataset", CUSTOMERS)),
    "the root right, frozen by a regulator": ("policy.order", lambda d: d.order("right", FILES_RIGHT.hex())),
    "the right of the grant, recalled by a regulator": (
        "policy.order",
        lambda d: d.grant_under(RightKind.OPERATION).order("right", RIGHT.hex(), recall=True),
    ),
    "a right above that of the grant, frozen by a regulator": (
        "policy.order",
        lambda d: d.grant_under(RightKind.OPERATION).order("right", FILES_RIGHT.hex()),
    ),
    "a party that a regulator froze": ("policy.order", lambda d: d.order("member", "bank")),
    "a recipient without uses": ("policy.budget", lambda d: d.cap_for("to:bank", "uses", 3, spent=3)),
    "a group without uses": (
        "policy.budget",
        lambda d: d.change(Member, "bank", affiliation="First Group").cap_for("to:first group", "uses", 0),
    ),
    "a purpose without uses": (
        "policy.budget",
        lambda d: d.salt_terms().change_plan(purpose_tags=(PURPOSE,)).cap_for(f"for:{PURPOSE.hex()}", "uses", 0),
    ),
    "the account of another purpose": (
        "policy.budget",
        lambda d: d.salt_terms().change_plan(purpose_tags=(derive_purpose_tag(SALT, "marketing"),)),
    ),
    "an account of a purpose that the terms do not give": ("policy.budget", lambda d: d.change_plan(purpose_tags=(PURPOSE,))),
    "no account of a purpose that is counted": (
        "policy.budget",
        lambda d: d.salt_terms().cap_for(f"for:{PURPOSE.hex()}", "rows", 10_000_000),
    ),
    "more new identifiers than are left in the period": ("policy.cap", lambda d: d.change_grant(caps=new_in_30_days(4999))),
    "more jobs than are left in the period": (
        "policy.cap",
        lambda d: d.change_grant(caps=[*new_in_30_days(5000), Cap(unit=CapUnit.JOBS, limit=0, days=1).to_map()]),
    ),
    "more rows than are left in the period": (
        "policy.cap",
        lambda d: d.change_grant(caps=[*new_in_30_days(5000), Cap(unit=CapUnit.ROWS, limit=999, days=1).to_map()]),
    ),
    "an exact count where the terms bound epsilon": (
        "policy.terms",
        lambda d: d.permit_output("cardinality", at_most_epsilon(1_000_000)).change_output("cardinality"),
    ),
    "more epsilon than the terms permit": (
        "policy.terms",
        lambda d: (
            d.permit_output("cardinality", at_most_epsilon(1_000_000)).change_output("cardinality").charge_epsilon(1_000_001)
        ),
    ),
    "a sum over fewer matches than the terms permit": (
        "policy.terms",
        lambda d: (
            d.permit_output("sum", Constraint(left=Operand.MINIMUM_GROUP, operator=Operator.GTEQ, right=("20",)))
            .change_output("sum")
            .change_demand(payload=("name",), min_count=19)
        ),
    ),
    "a weaker model than the terms want": (
        "policy.terms",
        lambda d: d.terms_say(Operand.ADVERSARY_MODEL, Operator.GTEQ, "malicious"),
    ),
    "another protocol than the terms want": (
        "policy.terms",
        lambda d: d.terms_say(Operand.PROTOCOLS, Operator.IS_ANY_OF, "psi-rr22"),
    ),
    # budgets
    "a grant that is used up": ("policy.budget", lambda d: d.use_grant(limit=5, spent=5)),
    "a grant whose last use is reserved": ("policy.budget", lambda d: d.use_grant(limit=5, spent=4, reserved=1)),
    "a grant without its count": ("policy.budget", lambda d: d.forget_grant_budget()),
    "more uses than are left": ("policy.budget", lambda d: d.change_demand(uses=4)),
    "a lineage whose uses are spent": ("policy.budget", lambda d: d.cap("uses", 3, spent=3)),
    "a lineage with fewer rows left": ("policy.budget", lambda d: d.cap("rows", 1500, reserved=501)),
    # coalition
    "an organisation computes twice": (
        "policy.coalition",
        lambda d: d.add_party("compute", "telecom", 0).add_party("compute", "telecom", 1),
    ),
    "affiliated organisations compute": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "telecom", 0).add_party("compute", "operator", 1),
            d.change(Member, "telecom", affiliation="group-a"),
            d.change(Member, "operator", affiliation="group-a"),
        ),
    ),
    "affiliated organisations spell their group in two ways": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "telecom", 0).add_party("compute", "operator", 1),
            d.change(Member, "telecom", affiliation="Group  A"),
            d.change(Member, "operator", affiliation="group a"),
        ),
    ),
    "a parent computes beside its subsidiary": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "telecom", 0).add_party("compute", "operator", 1),
            d.change(Member, "operator", affiliation="Telecom"),
        ),
    ),
    "one legal entity computes under two names": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "telecom", 0).add_party("compute", "operator", 1),
            d.change(Member, "operator", legal_id="telecom"),
        ),
    ),
    "the operator computes and receives": (
        "policy.coalition",
        lambda d: (d.add_party("compute", "operator"), d.add_party("receiver", "operator", 1)),
    ),
    "the operator computes for an affiliate": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "operator"),
            d.change(Member, "operator", affiliation="group-a"),
            d.change(Member, "bank", affiliation="group-a"),
        ),
    ),
    "the operator computes beside a receiver": (
        "policy.coalition",
        lambda d: d.add_party("compute", "operator").add_party("compute", "bank", 1),
    ),
    "the operator computes beside an affiliate of a receiver": (
        "policy.coalition",
        lambda d: (
            d.add_party("compute", "operator").add_party("compute", "telecom", 1),
            d.change(Member, "telecom", affiliation="group-a"),
            d.change(Member, "bank", affiliation="group-a"),
        ),
    ),
    "no word on who could read what together": ("policy.coalition", lambda d: d.change_plan(coalitions=())),
    # local rules
    "a counterparty that the owner does not like": ("policy.local", lambda d: d.say(counterparties=frozenset({"telecom"}))),
    "one unwelcome counterparty among welcome ones": (
        "policy.local",
        lambda d: d.say(counterparties=frozenset({"bank"})).add_party("compute", "telecom"),
    ),
    "core data": ("policy.level", lambda d: d.change(Dataset, FILES, level=6)),
    "important data that no regulator approved": ("policy.level", lambda d: d.change(Dataset, FILES, level=5)),
    "a purpose that the owner does not like": ("policy.local", lambda d: d.say(purposes=frozenset({"research"}))),
    "a kind that the owner does not like": ("policy.local", lambda d: d.say(job_kinds=frozenset({"statistics"}))),
    "a protocol that the owner does not like": ("policy.local", lambda d: d.say(protocols=frozenset({"psi-rr22"}))),
    "a weaker model than the owner likes": ("policy.local", lambda d: d.say(adversary_models=frozenset({"malicious"}))),
    "a model that the owner did not name": (
        "policy.local",
        lambda d: d.say(adversary_models=frozenset({"malicious"})).change_plan(adversary_model="honest-majority-malicious"),
    ),
    "more rows than the owner likes": ("policy.local", lambda d: d.say(max_rows=999)),
    "an hour that the owner does not like": ("policy.local", lambda d: d.say(hours=(0, 1))),
    "a check that no rule allows": ("policy.check", lambda d: d.change_plan(kind="similarity")),
    "a check where the owner answers none": (
        "policy.local",
        lambda d: d.change_plan(kind="similarity").say(answers_checks=False),
    ),
}


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


PERMITTED: dict[str, Change] = {
    "payload that the card spells in some way": lambda d: (
        d.permit_output("rows")
        .change_output("rows")
        .change_input(normalisation=("national-id/1",))
        .change_demand(payload=("name",))
    ),
    "rows with the payload that the terms name": lambda d: (
        d.permit_output("rows", Constraint(left=Operand.PAYLOAD, operator=Operator.IS_ANY_OF, right=("name", "income")))
        .change_output("rows")
        .change_demand(payload=("name",))
    ),
    "as many new identifiers as are left in the period": lambda d: d.change_grant(caps=new_in_30_days(5000)),
    "as much epsilon as the terms permit": lambda d: (
        d.permit_output("cardinality", at_most_epsilon(1_000_000)).change_output("cardinality").charge_epsilon(1_000_000)
    ),
    "an exact count where the terms name counts": lambda d: d.permit_output("cardinality").change_output("cardinality"),
    "a sum over as many matches as the terms want": lambda d: (
        d.permit_output("sum", Constraint(left=Operand.MINIMUM_GROUP, operator=Operator.GTEQ, right=("20",)))
        .change_output("sum")
        .change_demand(payload=("name",), min_count=20)
    ),
    "a deadline this very second": lambda d: d.change_plan(not_after=NOW),
    "the furthest deadline": lambda d: d.change_plan(not_after=NOW + 7 * DAY_SECONDS),
    "the first second of the grant": lambda d: d.change_grant(not_before=NOW),
    "the last second of the grant": lambda d: d.change_grant(not_after=NOW),
    "the last use of the recipient": lambda d: d.cap_for("to:bank", "uses", 3, spent=2),
    "the last use of the purpose": lambda d: (
        d.salt_terms().change_plan(purpose_tags=(PURPOSE,)).cap_for(f"for:{PURPOSE.hex()}", "uses", 1)
    ),
    "no account of a purpose that nobody counts": lambda d: d.salt_terms(),
    "a cap on somebody else": lambda d: d.cap_for("to:telecom", "uses", 0).cap_for("for:" + "00" * 16, "uses", 0),
    "an order on somebody else": lambda d: d.order("dataset", "bureau/files/9").order("member", "telecom"),
    "the last use of the grant": lambda d: d.use_grant(limit=5, spent=4),
    "the last use that the terms count": lambda d: d.terms_say(Operand.COUNT, Operator.LTEQ, "3"),
    "the last use of the lineage": lambda d: d.cap("uses", 3, spent=2),
    "the last rows of the lineage": lambda d: d.cap("rows", 1500, reserved=500),
    "an insecure protocol in a test consortium": lambda d: (
        d.change(Chain, "0", test=True),
        d.change_plan(protocol="insecure-plain"),
    ),
    "a column used less openly than it may be": lambda d: d.change_demand(columns=(("income", Exposure.ENCRYPTED_ONLY),)),
    "the protocol and the model that the terms want": lambda d: (
        d.terms_say(Operand.PROTOCOLS, Operator.IS_ANY_OF, "psi-rr22"),
        d.terms_say(Operand.ADVERSARY_MODEL, Operator.GTEQ, "malicious"),
        d.change_plan(protocol="psi-rr22", adversary_model="malicious"),
    ),
    "the protocol and the model that the owner likes": lambda d: (
        d.say(protocols=frozenset({"psi-rr22"}), adversary_models=frozenset({"malicious"})),
        d.change_plan(protocol="psi-rr22", adversary_model="malicious"),
    ),
    "exactly as many rows as the owner likes": lambda d: d.say(max_rows=1000),
    "the counterparties that the owner likes": lambda d: d.say(counterparties=frozenset({"bank", "telecom"})),
    "the purposes and kinds that the owner likes": lambda d: d.say(
        purposes=frozenset({"credit-check"}), job_kinds=frozenset({"intersection"})
    ),
    "independent compute nodes": lambda d: (
        d.add_party("compute", "bureau", 0).add_party("compute", "telecom", 1).add_party("compute", "operator", 2)
    ),
    "an operator that computes for strangers": lambda d: d.add_party("compute", "operator").add_party("compute", "bureau", 1),
    "a receiver that computes without an operator": lambda d: d.add_party("compute", "bank").add_party("compute", "bureau", 1),
    "organisations without an affiliation are no group": lambda d: (
        d.change(Member, "telecom", affiliation=""),
        d.add_party("compute", "telecom").add_party("compute", "bureau", 1),
    ),
    "a prohibition of something else": lambda d: d.terms_forbid(Operand.PURPOSE, Operator.EQ, "marketing"),
    "somebody else's grant was revoked here": lambda d: d.revoked.add(b"\x62" * 16),
}


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


# -- a person ------------------------------------------------------------------------------------------------------------------


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


def test_the_count_of_ones_own_run_is_told_to_others_where_one_proposed_it_and_not_where_they_did() -> None:
    """A sum tells its sender the count: who could propose it for another could ask whether one identifier is in its set."""
    probe = Desk().receive_at_home(told=("bank",), output="sum").say(trusted_proposers=frozenset({"bank"}))
    decision = probe.ask()
    assert (decision.verdict, decision.code) == (Verdict.DENY, "policy.no_grant")
    assert [one.constraint for one in decision.reasons if not one.holds] == [f"count of {FILES} for bank"]
    probe.proposer = "bureau"
    assert probe.verdict() == ("permit", "policy.permit")


def test_a_grant_in_the_same_plan_and_under_the_same_key_covers_the_count() -> None:
    def both(**changes: object) -> Desk:
        desk = Desk().receive_at_home(told=("bank",), output="sum", payload=("name",))
        desk.permit_output("sum").change_plan(outputs=(PlanOutput(index=0, gets=("sum",)),))
        desk.say(trusted_proposers=frozenset({"bank"})).add_granted_run(**changes)
        desk.demands = (*desk.demands[:-1], replace(desk.demands[-1], payload=("name",)))
        return desk

    assert both().verdict() == ("permit", "policy.permit")
    assert both(grant=b"", grant_version=0).verdict() == ("deny", "policy.no_grant")
    other = both(columns=("name",), normalisation=("text/1",)).ask()
    assert f"count of {FILES} for bank" in [one.constraint for one in other.reasons if not one.holds]


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
