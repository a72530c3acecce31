"""What a table holds, for its owner's eyes."""

from __future__ import annotations

from pydantic import Field

from atoll.api.models.base import Model
from atoll.api.models.grading import ColumnGradeInfo


class ProfileRequest(Model):
    samples: bool = False
    """Whether to show frequent values, and a few that detectors found."""
    levels: str = ""
    """Table of levels, name/version; the node's usual one where it is left out."""


class ShapeInfo(Model):
    shape: str
    """`A` a capital, `a` a small letter, `9` a digit, `X` a letter without case; the rest stands for itself."""
    share_ppm: int


class FrequentInfo(Model):
    value: str
    count: int
    """In the sample."""


class ColumnProfileInfo(Model):
    """One column."""

    type: str
    """What its values are, whatever the file says."""
    nulls: int
    distinct: int
    """About."""
    shortest: int
    longest: int
    mean_bytes: float
    """Of the values that are there, as text."""
    quantiles: list[float] = []
    """Least, quarter, middle, three quarters, greatest; of dates in days or seconds since 1970."""
    shapes: list[ShapeInfo] = []
    frequent: list[FrequentInfo] = []
    """Only on request."""
    grade: ColumnGradeInfo


class ProfileInfo(Model):
    """One table. Nothing of it is kept; it goes to its owner and to nobody else."""

    subject: str
    rows: int
    distinct_rows: int
    sampled_rows: int
    """Rows that were looked at one by one."""
    bytes_sha256: str = Field(description="Of the file; as private as the table, like the digests after it.")
    bytes_sm3: str = Field(description="Empty unless the node takes it: `[registration] sm3 = true` in its `atoll.toml`.")
    content: str
    """Of the rows with the columns' names, in no order."""
    nameless: str
    """Of the rows without them."""
    level: int
    level_text: str
    """In words, with the status of the table of levels."""
    table: str
    classes: list[str]
    allows: list[str]
    """How data of this level may reach others."""
    columns: list[ColumnProfileInfo]
