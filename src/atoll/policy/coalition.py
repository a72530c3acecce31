"""Who must not sit together (SECURITY 1.4)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from atoll.ledger.plan import Plan
from atoll.ledger.records import Member, ties
from atoll.policy.errors import CoalitionRefused
from atoll.policy.reasons import Reason


def coalition_reasons(plan: Plan, member: Callable[[str], Member | None]) -> Iterator[Reason]:
    """The same or an affiliated organisation twice among the compute nodes; an operator that computes for itself or its
    affiliate; a plan that does not say who could read what together."""
    computes = [one.org for one in plan.parties if one.role == "compute"]
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
    yield Reason(
        CoalitionRefused.code,
        "operators among the compute nodes",
        "none that is or belongs to a receiver",
        ", ".join(operators) or "none",
        not any(receivers.intersection(ties(org, member(org))) for org in operators),
    )
    several = len(plan.orgs()) > 1
    said = "; ".join("+".join(one.members) for one in plan.coalitions)
    yield Reason(
        CoalitionRefused.code, "coalition table", "stated in the plan", said or "not stated", bool(said) or not several
    )
