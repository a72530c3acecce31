"""Rights: who holds what in a lineage of datasets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from atoll.api.models.base import Model, Receipt

RightKindName = Literal["use", "processing", "operation", "income", "management", "transaction"]
"""The separable rights that can be given; a holding is only transferred."""


class RightRequest(Model):
    """A right to be given."""

    source: str
    """The right that it is given from, 32 digits, or a lineage, owner/name, for its root."""
    to: str
    """Who gets it."""
    kind: RightKindName
    lease: bool = False
    """To one alone, for the time."""
    depth: int = Field(default=0, ge=0, le=6)
    """How many levels of further rights its holder may give from it."""
    share_ppm: int = Field(default=0, ge=0, le=1_000_000)
    """Part of the whole income; of a right of income only."""
    uses: int = Field(default=0, ge=0, le=1 << 31)
    """Most uses; 0 for no bound."""
    days: int | None = Field(default=None, ge=1, le=36_500)
    """How long it holds; as long as its parent where it is left out."""
    columns: list[str] = []
    """Columns that it reaches; as far as its parent where it is empty."""
    purposes: list[str] = []
    job_kinds: list[str] = []


class RightGiven(Receipt):
    """A right was given."""

    right: str
    """Its identifier."""


class RightTransfer(Model):
    to: str
    """The new holder."""
    under: str = ""
    """A right of transaction; found by the node where it is left out."""


class RightAct(Model):
    under: str = ""
    """A right of management; found by the node where it is left out and the sender does not hold the root."""


class RightInfo(Model):
    """One right, as it stands now or stood after a block."""

    right: str
    version: int
    kind: str
    lineage: str
    holder: str
    grantor: str
    parent: str
    """The right that it was given from; empty for a root."""
    depth_left: int
    lease: bool
    share_ppm: int
    uses: int
    uses_given: int
    not_before: int
    not_after: int
    state: str
    frozen_by: list[str]
    fell: str
    """Why it carries nothing, itself or because of what is above it; empty if it is in force."""
    height: int
    """Block of its last change."""
    scope: dict[str, Any] | None = None
    """What it may be used for, where this node holds that; `{}` where it reaches as far as its parent."""
    scope_from: str = ""
    """From whom the scope is on its way, where this node may know it and does not have it yet."""


class RightDetail(RightInfo):
    chain: list[RightInfo]
    """The rights above it, up to the root."""
    children: list[RightInfo]
    """The rights given directly from it."""


class RightChange(Model):
    """One state of a right."""

    height: int
    time: int
    right: RightInfo


class HoldersInfo(Model):
    """Who held what in a lineage after a block."""

    lineage: str
    height: int
    time: int
    rights: list[RightInfo]
