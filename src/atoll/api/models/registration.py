"""What became of registrations: histories, lineages, checks and disputes."""

from __future__ import annotations

from pydantic import Field

from atoll.api.models.base import Model, Receipt


class PastState(Model):
    """A version's state from a height on."""

    height: int
    state: str
    finding: str
    first: str = ""


class VersionInfo(Model):
    """One version of a lineage, or one that it was made from."""

    dataset: str
    owner: str
    state: str
    finding: str
    first: str = ""
    level: int
    height: int
    time: int
    parents: list[str] = []
    source_job: str = ""
    unanswered: int = 0
    """Checks for near duplicates that its owner refused or let pass."""


class CheckInfo(Model):
    """A comparison of two versions."""

    new: str
    incumbent: str
    stage: str
    job: str
    state: str
    attempts: int
    stated: bool
    unanswered: bool


class Attachment(Model):
    """A file that goes with a statement in a dispute."""

    name: str = Field(min_length=1, max_length=120)
    data: str
    """Base64."""


class AnswerInfo(Model):
    """What was said in a dispute."""

    org: str
    height: int
    commitment: str
    text: str = ""
    attachments: list[Attachment] = []
    held: bool = False
    """The words are here and fit their commitment."""
    awaited: bool = False
    """They are for this organisation too, and on their way from whoever said them."""


class DisputeInfo(Model):
    """A dispute about a version."""

    dispute: str
    subject: str
    against: str
    opener: str
    parties: list[str]
    state: str
    statements: list[AnswerInfo]
    decided_by: str = ""
    decided_height: int = 0
    reason: AnswerInfo | None = None


class HistoryInfo(Model):
    """Everything the ledger tells of a version."""

    dataset: str
    versions: list[VersionInfo]
    """The lineage and everything that the version was made from, in the order of registration."""
    edges: list[list[str]]
    """Child, parent, `revision` or `source`."""
    states: list[PastState]
    """Of the version itself, oldest first."""
    checks: list[CheckInfo]
    disputes: list[DisputeInfo]
    complete: bool
    """Whether nothing was cut off."""


class OpenRequest(Model):
    """Contest a version."""

    subject: str
    """The version whose use is in dispute."""
    against: str
    """The version it is compared with."""
    text: str = Field(max_length=8000)
    attachments: list[Attachment] = []


class DisputeOpened(Receipt):
    dispute: str


class AnswerRequest(Model):
    text: str = Field(max_length=8000)
    attachments: list[Attachment] = []


class DecideRequest(Model):
    outcome: str = Field(pattern="^(upheld|released)$")
    text: str = Field(max_length=8000)
    attachments: list[Attachment] = []
