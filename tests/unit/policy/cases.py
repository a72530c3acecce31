"""Changes to the job that everything speaks for: those that deny it, each with its code, and those that just do not."""

from __future__ import annotations

from collections.abc import Callable

from atoll.ledger.plan import PlanOutput, PlanParty
from atoll.ledger.records import (
    Cap,
    CapUnit,
    Chain,
    Dataset,
    DatasetState,
    GrantState,
    Member,
    MemberState,
    RightKind,
    RightState,
)
from atoll.policy.demand import Exposure
from atoll.policy.local import DAY_SECONDS
from atoll.policy.purposes import derive_purpose_tag
from atoll.policy.terms import Constraint, Operand, Operator
from tests.unit.policy.desk import CUSTOMERS, DEMAND, FILES, FILES_RIGHT, GRANT, NOW, RIGHT, Desk

SALT = b"\x5a" * 32
PURPOSE = derive_purpose_tag(SALT, "credit-check")
Change = Callable[[Desk], object]


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
    "a key without a rule on the card": (
        "policy.column",
        lambda d: d.spell_nothing("name").change_demand(keys=("national_id", "name")),
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
    "a key by which the terms let nothing be compared": (
        "policy.terms",
        lambda d: d.permit_output(
            "identifiers", Constraint(left=Operand.KEYS, operator=Operator.IS_ANY_OF, right=("national_id",))
        ).change_demand(keys=("national_id", "name")),
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


PERMITTED: dict[str, Change] = {
    "a column without a rule that is no key": lambda d: d.spell_nothing("name").change_demand(keys=("national_id",)),
    "payload that the card spells in some way": lambda d: (
        d.permit_output("rows")
        .change_output("rows")
        .change_input(normalisation=("national-id/1",))
        .change_demand(payload=("name",))
    ),
    "keys that the terms name": lambda d: d.permit_output(
        "identifiers", Constraint(left=Operand.KEYS, operator=Operator.IS_ANY_OF, right=("national_id", "name"))
    ).change_demand(keys=("national_id", "name")),
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
