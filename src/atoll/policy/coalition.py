"""Who must not sit together (SECURITY 1.4)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from atoll.ledger.plan import Plan
from atoll.ledger.records import Member
from atoll.policy.errors import CoalitionRefused
from atoll.policy.reasons import Reason


def coalition_reasons(plan: Plan, member: Callable[[str], Member | None]) -> Iterator[Reason]:
    """The same or an affiliated organisation twice among the compute nodes; an operator that computes for itself or its
    affiliate; a plan that does not say who could read what together."""
    computes = [one.org for one in plan.parties if one.role == "compute"]
    ties = [_ties(org, member) for org in computes]
    yield Reason(
        CoalitionRefused.code,
        "compute nodes",
        "organisations that do not belong together",
        ", ".join(computes) or "none",
        not any(one & other for one, other in itertools.combinations(ties, 2)),
    )
    receivers = frozenset().union(*(_ties(org, member) for org in plan.receivers()))
    operators = [org for org in computes if "operator" in (known.roles if (known := member(org)) else ())]
    yield Reason(
        CoalitionRefused.code,
        "operators among the compute nodes",
        "none that is or belongs to a receiver",
        ", ".join(operators) or "none",
        not any(_ties(org, member) & receivers for org in operators),
    )
    several = len(plan.orgs()) > 1
    said = "; ".join("+".join(one.members) for one in plan.coalitions)
    yield Reason(
        CoalitionRefused.code, "coalition table", "stated in the plan", said or "not stated", bool(said) or not several
    )


def _ties(org: str, member: Callable[[str], Member | None]) -> frozenset[str]:
    """What ties an organisation to others: organisations belong together that share one of these.

    Its own name, the group that it says it belongs to (which may be called after one of its members), and the legal entity that
    it is; spelling does not part them. A member that keeps its group to itself is not found here: SECURITY 1.4 rests on what
    members said when they joined.
    """
    known = member(org)
    said = (known.affiliation, f"legal entity {known.legal_id}") if known is not None else ()
    return frozenset(" ".join(one.casefold().split()) for one in (org, *said) if one)
