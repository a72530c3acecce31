"""A bound on the count in the terms of a grant holds for jobs that are proposed at once: what is promised is counted."""

from __future__ import annotations

from atoll.ledger.plan import Plan
from atoll.ledger.records import Job
from atoll.ledger.rules.job import WithdrawJob
from atoll.policy.terms import Constraint, Operand, Operator, TermRule
from tests.unit.node.offices import Offices

IDENTIFIERS = tuple(bytes([place]) * 16 for place in (1, 2, 3))


def plans(offices: Offices) -> list[Plan]:
    return [offices.plan(job_id=one) for one in IDENTIFIERS]


async def considered(offices: Offices, plan: Plan) -> Job:
    """Proposed, and looked at by the bureau."""
    await offices["bureau"].consents.consider(offices.propose(plan))
    return offices.lagoon.job(plan.job_id)


def at_most_once(limit: str = "1") -> tuple[TermRule, ...]:
    return (TermRule(action="use", constraints=(Constraint(left=Operand.COUNT, operator=Operator.LTEQ, right=(limit,)),)),)


async def test_a_second_job_does_not_fit_while_the_first_waits_for_its_start() -> None:
    offices = Offices(permissions=at_most_once())
    first, second, third = plans(offices)
    assert (await considered(offices, first)).consents == ("bureau",)
    refused = await considered(offices, second)
    assert (refused.state, refused.reason) == ("refused", "policy.terms")
    offices.lagoon.do("bank", WithdrawJob(job_id=first.job_id))
    assert (await considered(offices, third)).consents == ("bureau",)


async def test_a_node_that_was_restarted_knows_what_it_promised() -> None:
    offices = Offices(permissions=at_most_once())
    first, second, _ = plans(offices)
    await considered(offices, first)
    offices["bureau"].configure(offices["bureau"].context.config.policy)
    assert (await considered(offices, second)).reason == "policy.terms"


async def test_the_same_job_is_not_counted_against_itself() -> None:
    offices = Offices(permissions=at_most_once())
    first, *_ = plans(offices)
    await considered(offices, first)
    assert not offices["bureau"].consents.decide(first, "bank").denies
