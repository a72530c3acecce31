"""`decide`: the one function that says whether an organisation consents to a job.

It is pure: plan, demands, the node's own verified copy of the ledger, the owner's local rules and the time go in; permit, deny
or ask comes out, with every reason. Whatever is unknown denies. There is no switch to turn it off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from atoll.ledger.records import (
    SIMILARITY,
    Chain,
    Dataset,
    Grant,
    GrantState,
    Member,
    MemberState,
    counted_inputs,
    grant_account,
)
from atoll.policy.approval import approve
from atoll.policy.card import DatasetCard
from atoll.policy.coalition import coalition_reasons
from atoll.policy.demand import LEAST_ROWS, Demand, Exposure
from atoll.policy.errors import (
    ColumnRefused,
    DatasetRefused,
    DeadlineRefused,
    InsecureRefused,
    LocalVeto,
    NoGrant,
    NotInvolved,
    OutputRefused,
)
from atoll.policy.levels import level_reasons
from atoll.policy.limits import account_reasons, cap_reasons, grant_budget_reasons, purpose_reasons
from atoll.policy.local import DAY_SECONDS
from atoll.policy.odrl import evaluate
from atoll.policy.orders import order_reasons
from atoll.policy.outputs import UNNAMED, output_reasons
from atoll.policy.question import Question
from atoll.policy.reasons import MISSING, Decision, Reason, Verdict, conclude
from atoll.policy.rights import own_use_reasons, right_reasons
from atoll.policy.similarity import similarity_reasons, why_a_person
from atoll.policy.uses import use_of


def decide(question: Question) -> Decision:
    """Permit, deny or ask, with every reason."""
    if question.plan.kind == SIMILARITY:  # no grant carries it, so nothing but its own rules can
        view, plan, proposer = question.view, question.plan, question.proposer
        by_rule = similarity_reasons(view, plan, proposer, rules=question.rules, now=question.now, card=question.card)
        ask = why_a_person(view, plan, proposer, me=question.me, card=question.card)
        return conclude((*_plan_reasons(question), *by_rule), ask=ask)
    reasons = [*_plan_reasons(question), *_local_reasons(question)]
    for number, demand in enumerate(question.demands):
        if demand.owner_org == question.me:
            reasons.extend(_demand_reasons(question, number, demand))
    return approve(question, tuple(reasons))


def _plan_reasons(question: Question) -> Iterator[Reason]:
    plan, now = question.plan, question.now
    yield Reason(
        NotInvolved.code, "this organisation is a party", question.me, ", ".join(plan.orgs()), question.me in plan.orgs()
    )
    proposer = question.proposer or "unknown"
    yield Reason(NotInvolved.code, "proposer", "a party of the plan", proposer, question.proposer in plan.orgs())
    for org in plan.orgs():
        member = question.view.get(Member, org)
        state = str(member.state) if member else "unknown"
        yield Reason(NotInvolved.code, f"membership of {org}", MemberState.ACTIVE, state, state == MemberState.ACTIVE)
    latest = now + question.rules.max_days * DAY_SECONDS
    yield Reason(DeadlineRefused.code, "deadline", f"{now} to {latest}", str(plan.not_after), now <= plan.not_after <= latest)
    chain = question.view.get(Chain, "0")
    secure = not plan.protocol.lower().startswith("insecure") or (chain is not None and chain.test)
    yield Reason(InsecureRefused.code, "protocol", "a secure one, or a test consortium", plan.protocol, secure)
    yield from coalition_reasons(plan, lambda org: question.view.get(Member, org))
    yield from order_reasons(question.view, plan)


def _local_reasons(question: Question) -> Iterator[Reason]:
    plan, rules = question.plan, question.rules
    others = set(plan.orgs()) - {question.me}
    if rules.counterparties is not None:
        allowed = ", ".join(sorted(rules.counterparties))
        yield Reason(LocalVeto.code, "counterparties", allowed, ", ".join(sorted(others)), others <= rules.counterparties)
    if rules.purposes is not None:
        yield Reason(LocalVeto.code, "purpose", ", ".join(sorted(rules.purposes)), plan.purpose, plan.purpose in rules.purposes)
    if rules.job_kinds is not None:
        yield Reason(LocalVeto.code, "job kind", ", ".join(sorted(rules.job_kinds)), plan.kind, plan.kind in rules.job_kinds)
    if rules.protocols is not None:
        named = ", ".join(sorted(rules.protocols))
        yield Reason(LocalVeto.code, "protocol here", named, plan.protocol, plan.protocol in rules.protocols)
    if rules.adversary_models is not None:
        models, model = ", ".join(sorted(rules.adversary_models)), plan.adversary_model
        yield Reason(LocalVeto.code, "adversary model", models, model, model in rules.adversary_models)
    if rules.max_rows is not None:
        most = max((one.rows_cap for one in question.demands if one.owner_org == question.me), default=0)
        yield Reason(LocalVeto.code, "rows", f"at most {rules.max_rows}", str(most), most <= rules.max_rows)
    if rules.hours is not None:
        first, end = rules.hours
        hour = question.now % DAY_SECONDS // 3600
        yield Reason(LocalVeto.code, "hour (UTC)", f"{first:02}-{end:02}", f"{hour:02}", rules.is_open_at(question.now))


def _demand_reasons(question: Question, number: int, demand: Demand) -> Iterator[Reason]:
    dataset = question.view.get(Dataset, demand.dataset)
    state = str(dataset.state) if dataset else "unknown"
    usable = dataset is not None and all(dataset.is_usable_by(one) for one in demand.receivers)
    yield Reason(DatasetRefused.code, f"state of {demand.dataset}", "active or review", state, usable)
    owner = dataset.owner if dataset else "nobody"
    yield Reason(DatasetRefused.code, f"owner of {demand.dataset}", question.me, owner, owner == question.me)
    card = question.card(demand.dataset)
    yield Reason(DatasetRefused.code, f"card of {demand.dataset}", "held here", "held" if card else MISSING, card is not None)
    if card is None or dataset is None:
        return
    yield from _column_reasons(question, number, demand, card)
    planned = question.plan.org_at("receiver", question.plan.inputs[number].receiver) or "nobody"
    receivers = ", ".join(demand.receivers)
    yield Reason(OutputRefused.code, f"receiver of {demand.dataset}", planned, receivers, demand.receivers == (planned,))
    if demand.receivers != (question.me,):
        yield from output_reasons(question.plan, number, demand)
        yield from _grant_reasons(question, number, demand)
    else:
        yield from own_use_reasons(question.view, demand, now=question.now)
    yield from level_reasons(question.view, question.plan, number, card, now=question.now)
    if not question.charged:
        yield from account_reasons(question.view, counted_inputs(question.plan)[number])


def _column_reasons(question: Question, number: int, demand: Demand, card: DatasetCard) -> Iterator[Reason]:
    planned = question.plan.inputs[number]
    spelt = list(zip(planned.columns, planned.normalisation, strict=False))
    for name, exposure in demand.columns:
        column = card.column(name)
        now = column.exposure_at(question.now) if column else None
        allowed = str(now) if now else "no such column"
        mine = demand.receivers == (question.me,)
        permitted = now is not None and (mine or now.permits(exposure))
        yield Reason(ColumnRefused.code, f"exposure of {demand.dataset}:{name}", allowed, str(exposure), permitted)
        if demand.program and exposure is Exposure.AFTER_AGGREGATE and not mine:  # places that stay empty are no rows
            wanted, found = f"at least {LEAST_ROWS} for an aggregate", f"at most {card.rows_at_most}"
            yield Reason(ColumnRefused.code, f"rows of {demand.dataset}", wanted, found, card.rows_at_most >= LEAST_ROWS)
        if column is not None and not column.normalisation and name in demand.keys and not mine:
            wanted = "a rule on its card: without one nothing is compared by it"
            yield Reason(ColumnRefused.code, f"key {demand.dataset}:{name}", wanted, "none", False)
        if column is not None and column.normalisation and name not in planned.beside:  # only what is compared is spelt
            said = sorted({rule for one, rule in spelt if one == name})
            yield Reason(
                ColumnRefused.code,
                f"normalisation of {demand.dataset}:{name}",
                column.normalisation,
                ", ".join(said),
                said == [column.normalisation],
            )


def _grant_reasons(question: Question, number: int, demand: Demand) -> Iterator[Reason]:
    planned = question.plan.inputs[number]
    name = planned.grant.hex() or "none"
    grant = question.view.get(Grant, planned.grant.hex()) if planned.grant else None
    yield Reason(
        NoGrant.code,
        f"grant for {demand.dataset}",
        "a grant on the ledger",
        name if grant else f"{name}, unknown",
        grant is not None,
    )
    if grant is None:
        return
    state = "revoked here" if question.revoked(planned.grant) else str(grant.state)
    yield Reason(NoGrant.code, "its state", GrantState.ACTIVE, state, state == GrantState.ACTIVE)
    yield Reason(
        NoGrant.code, "its version", str(grant.version), str(planned.grant_version), grant.version == planned.grant_version
    )
    yield Reason(NoGrant.code, "its dataset", grant.dataset, demand.dataset, grant.dataset == demand.dataset)
    term = f"{grant.not_before} to {grant.not_after}"
    yield Reason(NoGrant.code, "its term", term, str(question.now), grant.not_before <= question.now <= grant.not_after)
    receivers = ", ".join(demand.receivers)
    yield Reason(NoGrant.code, "its grantee", grant.grantee, receivers, demand.receivers == (grant.grantee,))
    yield from right_reasons(
        question.view, grant, demand, job_kind=question.plan.kind, now=question.now, scopes=question.scopes
    )
    if not question.charged:
        yield from grant_budget_reasons(question.view, planned.grant, demand)
        yield from cap_reasons(question.view, grant, demand, counted_inputs(question.plan), question.now)
    terms = question.terms(planned.grant)
    yield Reason(NoGrant.code, "its terms", "held here and fitting", "held" if terms else MISSING, terms is not None)
    if terms is not None:
        if not question.charged:
            salt = question.purpose_salt(grant.dataset.rpartition("/")[0]) or terms.purpose_salt
            yield from purpose_reasons(question.view, salt, question.plan.purpose, counted_inputs(question.plan)[number])
        asked = _uses_asked(question, planned.grant)
        use = use_of(question, demand, account=grant_account(planned.grant), began=grant.not_before, asked=asked)
        yield from evaluate(terms, replace(use, performed=question.performed(planned.grant)), assumed=(UNNAMED,))


def _uses_asked(question: Question, grant: bytes) -> int:
    """Uses of a grant beyond those that the ledger counts: of all lines of this plan, and of jobs that wait for their START."""
    if question.charged:
        return 0
    lines = zip(question.plan.inputs, question.demands, strict=False)
    return question.promised(grant) + sum(asked.uses for line, asked in lines if line.grant == grant)


__all__ = ["Decision", "Question", "Verdict", "decide"]
