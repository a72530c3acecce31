"""Motions: what members decide together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from atoll.api.models.base import Model


class MotionInfo(Model):
    number: int
    kind: str
    """`invite`, `validate`, `stop-validating`, `remove`, `upgrade`, `agree` or `end-agreement`."""
    org: str
    """About whom; empty for an upgrade, an agreement and the end of one."""
    opened_by: str
    expires_at: int
    state: Literal["open", "carried", "expired"]
    approvals: list[str]
    """Who approved and counts now."""
    voters: list[str]
    """Whose approval counts."""
    needed: int
    """How many approvals carry it."""
    waits_for_us: bool
    """Whether this node's organisation could approve it and has not."""
    title: str
    """Of the invited organisation; this and the next three are empty for everything but an invitation."""
    legal_id: str
    affiliation: str
    fingerprint: str
    """Of the invited organisation's identity key: compare it with what the organisation itself says."""
    roles: list[str]
    validating: bool
    rules_version: int
    """That an upgrade puts in force; else 0."""
    from_height: int
    """First block under it; else 0."""
    agreement: str
    """Digest of an agreement with other consortia: compare it with `atoll duplicate check`; else empty, as the next."""
    origins: list[str]
    """The other consortia."""
    wait_seconds: int
    """How much longer a registration waits at least; 0 for everything but an agreement."""


class MotionRequest(Model):
    kind: Literal["validate", "stop-validating", "remove", "upgrade", "agree", "end-agreement"]
    """`agree` asks for the agreement with other consortia that the node's own settings name, `end-agreement` for its end."""
    org: str = ""
    rules_version: int = Field(default=0, ge=0, le=2**31)
    from_height: int = Field(default=0, ge=0, le=2**53)
    """First block under new rules; 0 lets the node choose one soon."""
    days: int = Field(default=14, ge=1, le=90)


class MotionApproval(Model):
    number: int = Field(ge=1, le=2**31)


class LeaveRequest(Model):
    validating_only: bool
    """Whether the organisation stays a member that follows."""
