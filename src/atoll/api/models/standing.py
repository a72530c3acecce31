"""Standing consents, and duties of grants."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from atoll.api.models.base import Model, Receipt


class GiveStanding(Model):
    terms: dict[str, Any]
    """Bounds as an ODRL 2.2 document of the closed profile: what jobs it is for."""
    title: str = Field(default="", max_length=200)
    """What it is for, for people."""
    uses: int = Field(ge=1, le=100_000)
    """How many jobs."""
    days: int = Field(ge=1, le=365)
    """How long it holds."""


class StandingGiven(Receipt):
    """A standing consent was given."""

    standing: str
    """Its identifier."""


class StandingInfo(Model):
    standing: str
    owner: str
    state: str
    title: str
    not_before: int
    not_after: int
    uses_limit: int
    uses_left: int
    terms: dict[str, Any] | None = None
    """The bounds, where this node holds them."""


class NoteDuty(Model):
    duty: str
    """Its identifier, or its place in the terms, such as `permission 0, duty 0`."""
    done: bool
    overdue: bool = False
    """Whether it was not done in time; then its consequences must be done, too."""
    amount: str = ""
    """What was paid, as a decimal number."""
    unit: str = ""
    """In which unit."""
    share: str = ""
    """Which share, as a decimal number."""


class DutyInfo(Model):
    duty: str
    action: str
    performed: bool
    """Whether it is known to have been done as the terms say."""
    state: str
    """`fulfilled`, `violated` or `not-set`."""
