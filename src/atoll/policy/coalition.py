"""Who must not sit together (SECURITY 1.4), and whom an owner must have said that it trusts.

Two of three compute nodes together read every input that is shared among them. So no two of them may belong together, no
operator may compute beside a receiver or for one, and an owner whose data are shared among three nodes of which it is none says
so itself: by a person, for one job, or by a local rule that names the nodes. Its consent then names them, signed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from atoll.ledger.plan import Plan
from atoll.ledger.records import Member, ties
from atoll.policy.errors import CoalitionRefused
from atoll.policy.question import Question
from atoll.policy.reasons import Reason

COMPUTE = "compute"
OWNER = "owner"


def coalition_reasons(plan: Plan, member: Callable[[str], Member | None]) -> Iterator[Reason]:
    """The same or an affiliated organisation twice among the compute nodes; an operator that computes for itself or its
    affiliate, or beside a receiver or its affiliate; a plan that does not say who could read what together."""
    computes = compute_nodes(plan)
    tied = [set(ties(org, member(org))) for org in computes]
    yield Reason(
        CoalitionRefused.code,
        "compute nodes",
        "organisations that do not belong together",
        ", ".join(computes) or "none",
        not any(one & other for one, other in itertools.combinations(tied, 2)),
    )
    receivers = {tie for org in plan.receivers() for tie in ties(org, member(org))}
    operators = [org for org in computes if "operator" in (known.roles if (known := member(org)) else ())]
    receiving = [org for org, its in zip(computes, tied, strict=True) if receivers & its]
    yield Reason(
        CoalitionRefused.code,
        "operators among the compute nodes",
        "none that is or belongs to a receiver, and none beside one that does",
        ", ".join(operators) or "none",
        not (operators and receiving),
    )
    several = len(plan.orgs()) > 1
    said = "; ".join("+".join(one.members) for one in plan.coalitions)
    yield Reason(
        CoalitionRefused.code, "coalition table", "stated in the plan", said or "not stated", bool(said) or not several
    )


def compute_nodes(plan: Plan) -> tuple[str, ...]:
    """The organisations in the compute places, in the places' order; none where owners compute among themselves."""
    return tuple(one.org for one in plan.parties if one.role == COMPUTE)


def outside_nodes(plan: Plan, owner: str) -> tuple[str, ...]:
    """The compute nodes among which an owner's input is shared, sorted, where it is none of them; else none."""
    computes = compute_nodes(plan)
    brings = any(one.role == OWNER and one.org == owner for one in plan.parties)
    return tuple(sorted(set(computes))) if brings and computes and owner not in computes else ()


def unacknowledged(question: Question) -> tuple[str, ...]:
    """Compute nodes to which this organisation would entrust its data without having said so; none if it need not, or has."""
    nodes = outside_nodes(question.plan, question.me)
    return () if question.entrusted or set(nodes) <= (question.rules.compute_nodes or frozenset()) else nodes
