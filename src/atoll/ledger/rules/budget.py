"""Budgets: one account a lineage over all recipients, with sub-accounts by recipient and by purpose (SECURITY 4.9).

What a job takes from a dataset is charged at START, all of it or nothing, to

    grant:hex                    uses and micro-epsilon that the grant carries
    lineage:o/n                  all uses of all versions
    lineage:o/n|to:tie           the recipient by name, its group, its legal entity: affiliates share one sub-cap
    lineage:o/n|for:pseudonym    the purpose, under a name that only owner, grantee and readers of the terms can tell

and to `lineage:o/n` and `...|to:tie` of every lineage that the dataset was derived from. What an owner uses for itself is
charged to its own lineages alone: what it got of others was charged when it got it, and so nobody can drain another's account
alone. Every kind of job takes from these but one: checks for near duplicates, which nobody has granted, take from accounts of
their own (`rules.check`). An account without a record is not limited. What START took stays taken, however the job ends; only
the owner of a lineage gives back, by its own signature (SECURITY 1.6).

`charges` is the one list: START takes by it, the end settles by it, and `atoll.policy.limits` asks by it before consent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import JobId, PurposeTag
from atoll.ledger.records import (
    SIMILARITY,
    Budget,
    Dataset,
    Job,
    JobInput,
    JobState,
    Member,
    Reader,
    Refund,
    budget_id,
    grant_account,
    lineage_account,
    purpose_account,
    recipient_account,
    refund_id,
    ties,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import GrantExhausted, NotAllowed, WrongState
from atoll.ledger.rules.lineages import ancestry
from atoll.wire.message import Count, Message, Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBudget(Message):
    """An owner caps all uses of one lineage: over all recipients, for one recipient with its affiliates, or for one purpose."""

    TAG: ClassVar[str] = "budget.set/1"

    name: Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}")]
    """Dataset name; with the sender it names the lineage."""
    unit: Annotated[str, Pattern("uses|rows|micro-epsilon")]
    """What is counted."""
    limit: Count
    """Most that may be reserved and spent together."""
    to: Annotated[str, Pattern(r"|[a-z][a-z0-9-]{0,39}")] = ""
    """Recipient that is capped, together with all that belong to it; empty for all."""
    purpose: PurposeTag = b""
    """Pseudonym of the purpose that is capped; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBudget(Message):
    """An owner gives back what one ended job took from one of its lineages."""

    TAG: ClassVar[str] = "budget.refund/1"

    job_id: JobId
    """The job."""
    name: Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}")]
    """Dataset name; with the sender it names the lineage."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one input takes from one account."""

    account: str
    """The account."""
    unit: str
    """What is counted."""
    amount: int
    """How much."""
    lineage: str
    """Lineage whose owner keeps the account."""


ENDED = (JobState.COMPLETED, JobState.FAILED, JobState.UNACKNOWLEDGED)
"""States of a job that has taken and takes no more."""


def charges(state: Reader, one: JobInput) -> Iterator[Charge]:
    """Every account that one input of a job is charged to, those that are not limited included.

    Raises:
        TooManyAncestors: the dataset rests on more versions than can be counted.

    Cost: at most 24 charges, and as many more for every further lineage without its purpose.
    """
    dataset = state.get(Dataset, one.dataset)
    if dataset is None:
        return
    amounts = {"uses": 1, "rows": one.rows_cap, "micro-epsilon": one.epsilon_micro}
    if one.grant:
        for unit in ("uses", "micro-epsilon"):
            yield Charge(grant_account(one.grant), unit, amounts[unit], dataset.lineage)
    for lineage in ancestry(state, dataset).lineages:
        if one.receiver == dataset.owner != lineage.partition("/")[0]:
            continue
        accounts = [lineage_account(lineage)]
        if one.receiver != lineage.partition("/")[0]:
            accounts += [recipient_account(lineage, tie) for tie in ties(one.receiver, state.get(Member, one.receiver))]
        if one.purpose and lineage == dataset.lineage:
            accounts.append(purpose_account(lineage, one.purpose))
        for account in accounts:
            for unit, amount in amounts.items():
                yield Charge(account, unit, amount, lineage)


def reserve_all(call: Call, one: JobInput) -> None:
    """Hold what one input takes, from all its accounts.

    Raises:
        GrantExhausted: less is left in one of them than is needed.
    """
    for charge in charges(call.state, one):
        budget = call.state.get(Budget, budget_id(charge.account, charge.unit))
        if budget is None:
            continue
        if budget.left() < charge.amount:
            raise GrantExhausted(account=charge.account, unit=charge.unit, left=budget.left(), needed=charge.amount)
        call.state.put(replace(budget, reserved=budget.reserved + charge.amount))


def spend_all(call: Call, job: Job, one: JobInput) -> None:
    """What was reserved is used: START consumes, whatever comes after it."""
    for charge, budget in _counted(call, job, one):
        held = min(charge.amount, budget.reserved)
        call.state.put(replace(budget, reserved=budget.reserved - held, spent=budget.spent + charge.amount))


def set_budget(call: Call, body: SetBudget) -> None:
    """Only the owner of the lineage; what was spent stays spent. A cap on a recipient holds for its group and legal entity."""
    dataset = call.need(Dataset, f"{call.sender}/{body.name}/1")
    if dataset.owner != call.sender:
        raise NotAllowed(org=call.sender, reason="the lineage is not its own")
    if body.to and body.purpose:
        raise NotAllowed(org=call.sender, reason="a sub-cap is for a recipient or for a purpose, not for both")
    if body.to == call.sender:
        raise NotAllowed(org=call.sender, reason="its own uses are counted in the cap over all recipients")
    for account in _capped(call, dataset.lineage, body):
        old = call.state.get(Budget, budget_id(account, body.unit))
        new = Budget(
            account=account, unit=body.unit, owner=call.sender, limit=body.limit, reserved=0, spent=0, since=call.height
        )
        call.state.put(replace(old, limit=body.limit) if old else new)


def refund(call: Call, body: RefundBudget) -> None:
    """Only the owner of the lineage, of an ended job, once. Takings of a period are not given back: what was seen was seen."""
    lineage = f"{call.sender}/{body.name}"
    job = call.need(Job, body.job_id.hex())
    if job.state not in ENDED:
        raise WrongState(what="job", name=body.job_id.hex(), state=job.state, needed=" or ".join(ENDED))
    call.need_free(Refund, refund_id(body.job_id, lineage))
    taken = False
    for one in () if job.kind == SIMILARITY else job.inputs:
        for charge, budget in _counted(call, job, one):
            if charge.lineage == lineage and budget.owner == call.sender:
                taken = True
                call.state.put(replace(budget, spent=budget.spent - min(budget.spent, charge.amount)))
    if not taken:
        raise NotAllowed(org=call.sender, reason=f"the job has taken nothing from accounts of {lineage}")
    call.state.put(Refund(job_id=body.job_id, lineage=lineage, height=call.height))


def _counted(call: Call, job: Job, one: JobInput) -> Iterator[tuple[Charge, Budget]]:
    """The charges of an input that its job's START took, each with the account as it stands."""
    for charge in charges(call.state, one):
        budget = call.state.get(Budget, budget_id(charge.account, charge.unit))
        if budget is not None and budget.since <= job.started_height:
            yield charge, budget


def _capped(call: Call, lineage: str, body: SetBudget) -> tuple[str, ...]:
    """The accounts that a cap is set on."""
    if body.to:
        return tuple(recipient_account(lineage, tie) for tie in ties(body.to, call.active_member(body.to)))
    return (purpose_account(lineage, body.purpose) if body.purpose else lineage_account(lineage),)
