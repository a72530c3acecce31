"""What a decision is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

ASK = "policy.ask"
"""Code of what a person must approve."""
PERMIT = "policy.permit"
"""Code of what nothing forbids and nobody need be asked for."""
MISSING = "missing"
"""What is observed of a document that is not held here."""


class Verdict(StrEnum):
    """The answer."""

    PERMIT = "permit"
    DENY = "deny"
    ASK = "ask"
    """Nothing forbids it; a person must approve."""


class Reason(NamedTuple):
    """One thing that was looked at. A named tuple, because a decision makes dozens of them."""

    rule: str
    """Code of the refusal it leads to if it does not hold; in the catalogue of errors."""
    constraint: str
    """What was looked at, in words."""
    wanted: str
    """What must hold."""
    observed: str
    """What was found; never a row value."""
    holds: bool
    """Whether it holds."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with everything that led to it."""

    verdict: Verdict
    code: str
    """Code of the first reason that does not hold; `policy.permit` or `policy.ask` otherwise."""
    reasons: tuple[Reason, ...]
    """In the order in which they were looked at."""
    standing: bytes = b""
    """The standing consent that spoke for a person; empty where none did."""

    @property
    def denies(self) -> bool:
        """Whether the answer is no, whatever a person says."""
        return self.verdict is Verdict.DENY

    def to_plain(self) -> dict[str, Any]:
        """As a JSON value."""
        reasons = [one._asdict() for one in self.reasons]
        return {"verdict": str(self.verdict), "code": self.code, "reasons": reasons, "standing": self.standing.hex()}


def conclude(reasons: tuple[Reason, ...], *, ask: str) -> Decision:
    """Deny if anything does not hold; else ask if `ask` says why a person is needed; else permit."""
    failed = next((one for one in reasons if not one.holds), None)
    if failed is not None:
        return Decision(Verdict.DENY, failed.rule, reasons)
    if ask:
        return Decision(Verdict.ASK, ASK, (*reasons, Reason(ASK, "a person's approval", ask, "not yet given", True)))
    return Decision(Verdict.PERMIT, PERMIT, reasons)
