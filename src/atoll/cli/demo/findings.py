"""What the demo found, and the one JSON object it prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack and what became of it."""

    name: str
    """Name of its module."""
    caught: bool
    """Whether it was noticed, by whoever should, in the way it should."""
    code: str
    """Stable code with which it was noticed."""
    seen: str
    """What there was to see, one line."""
    good: str = "caught"
    """The word for it: a node that is killed is not caught, but survived."""

    @property
    def words(self) -> tuple[str, str]:
        """What is said of it, well and ill."""
        return self.good, f"NOT {self.good.upper()}"


@dataclass(frozen=True, slots=True)
class Verified:
    """The offline verifier's answer on the evidence of the main job."""

    verified: bool
    """Whether everything held."""
    entries: int
    """Ledger entries that it checked."""


@dataclass(slots=True)
class Findings:
    """Everything that is printed in the end."""

    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name; each has `expected`, `found`, `equal`, `good` (the word for equal), `seconds`, `seen`."""
    receipts: int = 0
    """Receipts on the ledger for the scenarios' jobs."""
    receipts_expected: int = 0
    """How many there must be: one of each party of each job."""
    evidence: Verified | None = None
    """None where no scenario ran."""
    attacks: list[Attack] = field(default_factory=list)
    """In the order in which they were tried."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """Name and seconds of each step."""
    seconds: float = 0.0
    """Wall time of everything."""
    pss_mb: float = 0.0
    """Largest proportional set size of all processes together, in units of 10^6 bytes."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return (
            all(one["equal"] and one["found"] > 0 for one in self.scenarios.values())
            and self.receipts == self.receipts_expected
            and (self.evidence is None or self.evidence.verified)
            and all(one.caught for one in self.attacks)
        )

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        evidence = self.evidence
        return {
            "steps": self.steps,
            "scenarios": self.scenarios,
            "receipts": self.receipts,
            "evidence": {"verified": evidence.verified, "entries": evidence.entries} if evidence else None,
            "attacks": [{"name": one.name, "caught": one.caught, "code": one.code} for one in self.attacks],
            "seconds": round(self.seconds, 2),
            "pss_mb": round(self.pss_mb, 1),
        }
