"""Which grant a job can rest on, as far as the terms that are here tell; the owners' nodes decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atoll.api.models import GrantInfo


@dataclass(frozen=True, slots=True)
class Use:
    """What a job asks of a grant."""

    kind: str
    purpose: str
    columns: Sequence[str] = ()
    output: str = ""
    """Empty where a program says it."""


def left(grant: GrantInfo) -> int:
    """Uses that can still be reserved: of the grant, and under every cap that they count against too."""
    own = max(0, grant.uses_limit - grant.uses_reserved - grant.uses_spent)
    return min([own, *(one.left for one in grant.budgets if one.unit == "uses")])


def state(grant: GrantInfo) -> str:
    """In a word: as on the ledger, `used up` where nothing is left of it, or what a regulator's order did to it."""
    return grant.held or ("used up" if grant.state == "active" and not left(grant) else grant.state)


def permitted(grant: GrantInfo, what: str) -> list[str]:
    """The names that its permissions give for an operand such as `purpose`, each once; none where they give none."""
    return list(dict.fromkeys(name for rule in _permissions(grant) for name in _names(rule, what) or ()))


def why_unfit(grant: GrantInfo, use: Use) -> str:
    """What its terms do not permit of a use, in words; empty where one of its permissions does, or they are not here.

    Compares names. A purpose that is part of a wider one is the owner's node's to judge.
    """
    rules = _permissions(grant)
    reasons = [_missing(rule, use) for rule in rules]
    return "" if not all(reasons) or not rules else min(reasons, key=len)[0]


def _missing(rule: dict[str, Any], use: Use) -> list[str]:
    outputs = [use.output] if use.output else []
    asked = {"job-kinds": [use.kind], "outputs": outputs, "purpose": [use.purpose], "columns": use.columns}
    reasons = []
    for what, names in asked.items():
        known = _names(rule, what)
        odd = [one for one in names if known is not None and one not in known]
        if odd:
            reasons.append(f"{what} {', '.join(odd)} asked, {', '.join(known or ())} permitted")
    return reasons


def _permissions(grant: GrantInfo) -> list[dict[str, Any]]:
    found = (grant.terms or {}).get("permissions", [])
    return [one for one in found if isinstance(one, dict)]


def _names(rule: dict[str, Any], what: str) -> list[str] | None:
    """What a rule lists as permitted; None where it does not limit it to a list."""
    for one in rule.get("constraints", ()):
        if (one.get("left"), one.get("operator")) in ((what, "isAnyOf"), (what, "eq")):
            return [str(name) for name in one["right"]]
    return None
