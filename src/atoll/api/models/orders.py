"""Orders of a regulator, and the persons who sign them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from atoll.api.models.base import Model, Receipt


class OrderRequest(Model):
    """An order to draw up, for two persons to sign."""

    action: Literal["freeze", "unfreeze", "recall"]
    target_kind: Literal["dataset", "lineage", "right", "grant", "member"] = "dataset"
    """Of an unfreeze, as of the freeze."""
    target: str = ""
    """Which; of an unfreeze, as of the freeze."""
    lifts: str = ""
    """The freeze that an unfreeze lifts."""
    reason: str = Field(min_length=1, max_length=2000)
    """Why; goes to those who sign, a commitment to it onto the ledger."""
    hours: int = Field(default=24, ge=1, le=168)
    """How long the order may be handed in."""


class PaperInfo(Model):
    """A file that persons sign."""

    paper: str
    """Its bytes, in hex."""


class OrderGiven(Receipt):
    """An order was carried out."""

    order: str
    """Its identifier."""


class OrderInfo(Model):
    """An order that two persons gave."""

    order: str
    regulator: str
    action: str
    target_kind: str
    target: str
    state: str
    """`in force`, `lifted` or `done`."""
    approvers: list[str]
    """The persons who signed, by pseudonym, with the names of their keys."""
    height: int
    time: int
    reason: str = ""
    """Where this node drew it up; empty elsewhere."""
    reason_commitment: str


class ApproverInfo(Model):
    """A person whose signature counts, or did."""

    org: str
    person: str
    kid: str
    active: bool
    fingerprint: str
    """What two people compare."""


class ApproverAsk(Model):
    """A person who is to become an approver."""

    person: str = Field(examples=["inspector-1"])
    public: str
    """Its public key, in hex."""
    hours: int = Field(default=72, ge=1, le=168)
    """How long the request may be handed in."""
