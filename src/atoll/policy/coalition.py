"""Who must not sit together (SECURITY 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from atoll.ledger.plan import Plan
from atoll.ledger.records import Member
from atoll.policy.errors import CoalitionRefused
from atoll.policy.reasons import Reason


def coalition_reasons(plan: Plan, member: Callable[[str], Member | None]) -> Iterator[Reason]:
    """The same or an affiliated organisation twice among the compute nodes; an operator that computes for itself or its
    affiliate; a plan that does not say who could read what together."""
    computes = [one.org for one in plan.parties if one.role == "compute"]
    groups = [_group(org, member) for org in computes]
    yield Reason(
        CoalitionRefused.code,
        "compute nodes",
        "organisations that do not belong together",
        ", ".join(computes) or "none",
        len(set(groups)) == len(groups),
    )
    receivers = {_group(org, member) for org in plan.receivers()}
    operators = [org for org in computes if "operator" in (known.roles if (known := member(org)) else ())]
    yield Reason(
        CoalitionRefused.code,
        "operators among the compute nodes",
        "none that is or belongs to a receiver",
        ", ".join(operators) or "none",
        not any(_group(org, member) in receivers for org in operators),
    )
    several = len(plan.orgs()) > 1
    said = "; ".join("+".join(one.members) for one in plan.coalitions)
    yield Reason(
        CoalitionRefused.code, "coalition table", "stated in the plan", said or "not stated", bool(said) or not several
    )


def _group(org: str, member: Callable[[str], Member | None]) -> str:
    """The group an organisation belongs to; itself where it names none."""
    known = member(org)
    return f"group {known.affiliation}" if known is not None and known.affiliation else f"organisation {org}"
