"""The dataset card: one versioned document per dataset version.

The ledger holds a salted commitment to it; the owner serves the body to members. It describes the rows and shows none: counts
are rounded, there is no digest of the content (that stands in a second commitment whose salt never leaves the owner), and no
sample values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.policy.demand import Exposure
from atoll.wire.message import Count, Digest, Message, Pattern, Range, Size, Text

CARD_DOMAIN = "dataset-card"
CONTENT_DOMAIN = "dataset-content"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCard(Message):
    """One column."""

    name: Label
    """Name in the source."""
    kind: Label
    """Type, in Arrow's words."""
    semantics: Annotated[str, Size(0, 120)]
    """What it means: `identifier`, `national-id`, `phone`, free words; empty if unsaid."""
    level: Annotated[int, Range(1, 4)]
    """Level G1 to G4 of this column."""
    exposure: Exposure
    """The most that may be shown of it to anybody else: its value in the column lattice."""
    normalisation: Annotated[str, Size(0, 120)]
    """Rule by which its values are spelt when they are compared; empty where it is not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard(Message):
    """What an owner says about one dataset version."""

    TAG: ClassVar[str] = "dataset-card/1"

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
    level: Annotated[int, Range(1, 4)]
    """Level of the dataset: the highest of its columns."""
    purposes: Annotated[tuple[Label, ...], Size(0, 50)]
    """Purposes the owner would consider; empty says nothing."""
    content_commitment: Digest
    """Commitment to the SHA-256 digest of the source's bytes; its salt stays with the owner."""
    parents: Annotated[tuple[DatasetId, ...], Size(0, 50)]
    """Datasets this one was derived from."""

    def column(self, name: str) -> ColumnCard | None:
        """The column of this name, or None."""
        return next((one for one in self.columns if one.name == name), None)
