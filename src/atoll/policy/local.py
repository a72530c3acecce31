"""The owner's own veto rules, from the section [policy] of `atoll.toml`. They can refuse whatever a grant permits, and permit
nothing; three of them speak for a person: `trusted-proposers`, `compute-nodes` and `programs`.

[policy]
consent = "automatic"                # or "manual": a person approves each job
counterparties = ["bank", "telecom"] # nobody else; leave out for all members
purposes = ["credit-check"]          # nothing else; leave out for all
job-kinds = ["intersection"]
protocols = ["psi-rr22"]             # no other; leave out for all
adversary-models = ["malicious"]     # jobs that withstand nothing less; leave out for all
trusted-proposers = ["bank"]         # may propose that this organisation receives or computes, and no person is asked
compute-nodes = ["auditor", "bank", "telecom"]  # any three of these may hold shares of own data without this organisation
programs = ["9f86d0..."]             # digests of secret programs that were reviewed, beside those of `atoll program review`
max-rows = 1000000
hours = "06-22"                      # UTC, from the first hour until before the second
max-days = 7                         # furthest deadline
duplicate-checks = "automatic"       # or "off": neither made nor answered; what is not answered stands under review
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from atoll.policy.errors import BadRules
from atoll.policy.terms import ADVERSARY_MODELS

DAY_SECONDS = 86_400
KEYS = frozenset(
    {
        "adversary-models",
        "compute-nodes",
        "consent",
        "counterparties",
        "duplicate-checks",
        "hours",
        "job-kinds",
        "max-days",
        "max-rows",
        "programs",
        "protocols",
        "purposes",
        "trusted-proposers",
    }
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HOURS = re.compile(r"([01][0-9]|2[0-4])-([01][0-9]|2[0-4])")


@dataclass(frozen=True, slots=True)
class LocalRules:
    """Parsed local rules; a None forbids nothing, and trusts nobody."""

    automatic: bool = True
    counterparties: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    job_kinds: frozenset[str] | None = None
    protocols: frozenset[str] | None = None
    adversary_models: frozenset[str] | None = None
    trusted_proposers: frozenset[str] | None = None
    compute_nodes: frozenset[str] | None = None
    programs: frozenset[str] | None = None
    max_rows: int | None = None
    hours: tuple[int, int] | None = None
    max_days: int = 7
    answers_checks: bool = True
    """Whether checks for near duplicates are made and answered."""

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> LocalRules:
        """The rules in a TOML table.

        Raises:
            BadRules: an unknown key, or a value of the wrong form.
        """
        unknown = sorted(set(table) - KEYS)
        if unknown:
            raise BadRules(reason=f"it knows no {unknown[0]}; it knows {', '.join(sorted(KEYS))}")
        consent = table.get("consent", "automatic")
        if consent not in ("automatic", "manual"):
            raise BadRules(reason="consent is automatic or manual")
        checks = table.get("duplicate-checks", "automatic")
        if checks not in ("automatic", "off"):
            raise BadRules(reason="duplicate-checks is automatic or off")
        models = _names(table, "adversary-models")
        if models is not None and not models <= set(ADVERSARY_MODELS):
            raise BadRules(reason=f"adversary-models is a list of some of {', '.join(ADVERSARY_MODELS)}")
        return cls(
            automatic=consent == "automatic",
            counterparties=_names(table, "counterparties"),
            purposes=_names(table, "purposes"),
            job_kinds=_names(table, "job-kinds"),
            protocols=_names(table, "protocols"),
            adversary_models=models,
            trusted_proposers=_names(table, "trusted-proposers"),
            compute_nodes=_names(table, "compute-nodes"),
            programs=_digests(table, "programs"),
            max_rows=_number(table, "max-rows"),
            hours=_hours(table),
            max_days=_number(table, "max-days") or 7,
            answers_checks=checks == "automatic",
        )

    def is_open_at(self, now: int) -> bool:
        """Whether jobs are taken at this time of day (UTC)."""
        if self.hours is None:
            return True
        first, end = self.hours
        hour = now % DAY_SECONDS // 3600
        return first <= hour < end if first <= end else hour >= first or hour < end


def _names(table: dict[str, Any], name: str) -> frozenset[str] | None:
    value = table.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadRules(reason=f"{name} is a list of names")
    return frozenset(value)


def _digests(table: dict[str, Any], name: str) -> frozenset[str] | None:
    found = _names(table, name)
    if found is not None and not all(_DIGEST.fullmatch(one) for one in found):
        raise BadRules(reason=f"{name} is a list of digests, 64 hexadecimal digits in lower case each")
    return found


def _number(table: dict[str, Any], name: str) -> int | None:
    value = table.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise BadRules(reason=f"{name} is a whole number above 0")
    return value


def _hours(table: dict[str, Any]) -> tuple[int, int] | None:
    value = table.get("hours")
    if value is None:
        return None
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadRules(reason='hours is two hours such as "06-22"')
    return int(found[1]), int(found[2])
