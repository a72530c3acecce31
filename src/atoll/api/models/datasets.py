"""Datasets and their columns."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from atoll.api.models.base import Model, Receipt


class RegisterColumn(Model):
    name: str
    semantics: str = ""
    classes: list[str] = []
    """Axis and value: `personal:sensitive`."""
    level: int = Field(default=0, ge=0, le=6)
    """1 to 4: G1 to G4; 5: important; 6: core. 0 when registering: as the detectors find."""
    exposure: str = "hidden"
    exposure_until: int = 0
    """Unix second after which the column is hidden; 0: no end."""
    normalisation: str = ""
    nulls_percent_at_most: int = Field(default=0, ge=0, le=100)
    """Share of empty cells, rounded up. 0 when registering: as counted, unless the column is hidden."""
    distinct_at_most: int = Field(default=0, ge=0)
    """Different values, rounded up to a power of two. 0 when registering: as counted, unless the column is hidden."""


class GradingInfo(Model):
    """How classes and levels came about."""

    table: str
    status: str
    """How far the table can be trusted: `unverified transcription`."""
    graded_by: str
    """`detectors` or `person`."""
    reason: str = ""


class QualityInfo(Model):
    """One evaluator's opinion of a dataset version."""

    report: str
    """Commitment to the signed report, hexadecimal."""
    grade: str
    """A, the best, to E."""
    score_ppm: int
    evaluator: str
    third_party: bool
    """The evaluator is neither the owner nor an affiliate of it."""
    time: int
    state: str = "stands"


class RegisterDataset(Model):
    name: str = Field(examples=["customers"])
    path: str = Field(examples=["data/customers.csv"])
    """Relative to one of the node's data folders."""
    title: str
    description: str = ""
    columns: list[RegisterColumn] = []
    """What to say about columns; those left out are `hidden`, of the level that the detectors find."""
    reason: str = Field(default="", max_length=2000)
    """Why a column has a lower level than the detectors find; stands on the card."""
    purposes: list[str] = []
    classes: list[str] = []
    """Axis and value: `subject:personal`, `industry:J66`."""
    grading: GradingInfo | None = None
    keywords: list[str] = []
    accrual: str = ""
    """How often it is renewed: `daily`, `monthly`."""
    spatial: str = ""
    licence: str = ""
    offers: list[dict[str, Any]] = []
    """ODRL offers to everybody, in the closed profile."""
    table: str = ""
    """Table of a SQLite file."""
    asserted_new: int | None = Field(default=None, ge=0, le=1 << 53)
    """How many identifiers the version before it did not have, if the owner says so."""
    parents: list[str] = []
    """Versions that it was made from."""
    from_job: str = Field(default="", pattern="^([0-9a-f]{32})?$")
    """The job whose result it is; what went into the job are then parents."""
    allow_unchecked: bool = False
    """Register though the members share no key for tags yet: then nobody looks whether the content stands here already."""
    continues: dict[str, str] = Field(default={}, max_length=16)
    """Other consortium -> this organisation's own signature there (`duplicate sign`), hexadecimal: one owner, in both."""


class Registered(Receipt):
    """A dataset version stands on the ledger."""

    dataset: str
    """owner/name/version."""
    finding: str = ""
    """unchecked, new, exact, same-content, near or subset."""
    first: str = ""
    """The version that the finding is about, which was registered first."""
    state: str = ""
    found: str = ""
    """The finding in words."""
    means: str = ""
    next: str = ""
    """What can be done."""
    already: bool = False
    """It stood there before: the same words about the same bytes."""


class RegistrationStep(Model):
    """How far a registration under way is."""

    step: str
    done_bytes: int = 0
    total_bytes: int = 0


class DatasetInfo(Model):
    dataset: str
    owner: str
    level: int
    state: str
    title: str = ""
    description: str = ""
    rows_at_most: int = 0
    columns: list[RegisterColumn] = []
    purposes: list[str] = []
    classes: list[str] = []
    grading: GradingInfo | None = None
    quality: list[QualityInfo] = []
    """Opinions of its quality, newest first."""
    keywords: list[str] = []
    accrual: str = ""
    spatial: str = ""
    licence: str = ""
    offers: list[dict[str, Any]] = []
    source: str = ""
    parents: list[str] = []
    mine: bool = False
    card_verified: bool = False
    """The card was fetched and fits its commitment on the ledger."""
    card_refused: str = ""
    """Why the card that its owner committed to is not believed; nothing of it is shown."""
    finding: str = ""
    """unchecked, new, exact, same-content, near or subset."""
    first: str = ""
    """The version that the finding is about, which was registered first."""
    found: str = ""
    """The finding in words."""
    means: str = ""
    next: str = ""
    """What can be done."""
    source_job: str = ""
    """The job whose result it is."""
    dispute: str = ""
    """The latest dispute about it."""
    unchanged: bool | None = None
    """Whether the source is still what was registered; unsaid where it was not asked for, or is not here."""
