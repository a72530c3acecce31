"""The dataset card: one versioned document per dataset version.

The ledger holds a salted commitment to it; the owner serves the body to members. It describes the rows and shows none: counts
are rounded, there is no digest of the content (that stands in a second commitment whose salt never leaves the owner), and no
sample values. Opinions of quality come after it and stand on the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.policy.lattice import Exposure, exposure_at
from atoll.wire.message import Count, Digest, Document, Message, Pattern, Range, Size, Text, Time

CARD_DOMAIN = "dataset-card"
CONTENT_DOMAIN = "dataset-content"
MAX_CARD_BYTES = 256_000
"""Longest card: 500 columns with all that can be said of them, and offers. Only its commitment stands in the log."""

Level = Annotated[int, Range(1, 6)]
"""1 to 4 are G1 to G4; 5 is important, 6 is core."""
Words = Annotated[str, Size(0, 120)]
"""A few words, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCard(Message):
    """One column."""

    name: Label
    """Name in the source."""
    kind: Label
    """Type, in Arrow's words."""
    semantics: Words
    """What it means: `identifier`, `national-id`, `phone`, free words; empty if unsaid."""
    classes: Annotated[tuple[Label, ...], Size(0, 20)] = ()
    """Classes it belongs to, axis and value: `personal:sensitive`."""
    level: Level
    """Level of this column."""
    exposure: Exposure
    """The most that may be shown of it to anybody else: its value in the column lattice."""
    exposure_until: Time = 0
    """Last second at which that holds; after it the column is hidden. 0: no end."""
    normalisation: Words
    """Rule by which its values are spelt when they are compared; empty where it is not compared."""
    nulls_percent_at_most: Annotated[int, Range(0, 100)] = 0
    """Share of cells without a value, rounded up to 5 in 100; 0 if there is none, or if unsaid, as of hidden columns."""
    distinct_at_most: Count = 0
    """Number of different values, rounded up to a power of two; 0 if unsaid."""

    def exposure_at(self, time: int) -> Exposure:
        """What may be shown of it at a time."""
        return exposure_at(self.exposure, self.exposure_until, time)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingCard(Message):
    """How classes and levels came about."""

    table: Label
    """Name of the table of classes and levels that was used."""
    status: Label
    """How far that table can be trusted, in its own words: `unverified transcription`."""
    graded_by: Annotated[str, Pattern("detectors|person")]
    """Who had the last word."""
    reason: Text = ""
    """Why a person decided otherwise than the detectors; empty where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard(Message):
    """What an owner says about one dataset version."""

    TAG: ClassVar[str] = "dataset-card/2"
    MAX_BYTES: ClassVar[int] = MAX_CARD_BYTES

    salt: Digest
    """256 random bits that make the commitment hiding."""
    dataset: DatasetId
    """owner/name/version."""
    title: Annotated[str, Size(1, 200)]
    """Name for people."""
    description: Text
    """What the rows are, where they come from, how they were made."""
    source: Annotated[str, Pattern("csv|parquet|sqlite")]
    """Kind of source."""
    rows_at_most: Count
    """Number of rows, rounded up to a power of two."""
    columns: Annotated[tuple[ColumnCard, ...], Size(1, 500)]
    """Columns in the source's order."""
    level: Level
    """Level of the dataset: the highest of its columns."""
    classes: Annotated[tuple[Label, ...], Size(0, 50)] = ()
    """Classes it belongs to, axis and value: `subject:personal`, `industry:J66`."""
    grading: GradingCard | None = None
    """How classes and levels came about; None if unsaid."""
    purposes: Annotated[tuple[Label, ...], Size(0, 50)]
    """Purposes the owner would consider; empty says nothing."""
    keywords: Annotated[tuple[Label, ...], Size(0, 50)] = ()
    """Words by which it should be found."""
    accrual: Words = ""
    """How often it is renewed: `daily`, `monthly`, an IRI of a frequency; empty if unsaid."""
    spatial: Words = ""
    """Region that the rows are about; empty if unsaid."""
    licence: Words = ""
    """Name or IRI of a licence, for people; what binds are grants."""
    offers: Annotated[tuple[Document, ...], Size(0, 20)] = ()
    """ODRL offers that the owner makes to everybody, as documents of the closed profile."""
    content_commitment: Digest
    """Commitment to the SHA-256 digest of the source's bytes; its salt stays with the owner."""
    parents: Annotated[tuple[DatasetId, ...], Size(0, 50)]
    """Datasets this one was derived from."""

    def column(self, name: str) -> ColumnCard | None:
        """The column of this name, or None."""
        return next((one for one in self.columns if one.name == name), None)
