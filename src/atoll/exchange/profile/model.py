"""What a profile says. It stays with the owner: only its rounded figures (`rounded_*`) may go on a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from atoll.ledger.detail import round_up_to_power_of_two

DISTINCT_ERROR_PPM = 120_000
"""How far the number of distinct values may lie off, in parts per million: three times what was measured for the sketch of the
table engine (HyperLogLog with 64 registers and more, 4%)."""
SAMPLE_ROWS = 20_000
"""Rows that are looked at one by one, for types, patterns, quantiles and detectors."""
ROUND_PERCENT = 5

EXACT = ("rows", "nulls", "shortest", "longest", "mean_bytes")
"""Figures of every row."""
APPROXIMATE = ("distinct",)
"""Figures of every row, with an error of up to DISTINCT_ERROR_PPM."""
SAMPLED = ("type", "quantiles", "patterns", "top")
"""Figures of the sample; of every row where the table has no more rows than the sample."""


class ValueType(StrEnum):
    """What the values of a column are, whatever type the file gives them."""

    EMPTY = "empty"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column."""

    name: str
    kind: str
    """Type in the file, in Arrow's words."""
    type: ValueType
    """Type of at least 99 in 100 values of the sample that are there."""
    rows: int
    nulls: int
    """Cells without a value."""
    distinct: int
    """Different values, about."""
    shortest: int
    """Bytes of the shortest value that is there, as text; 0 where none is."""
    longest: int
    mean_bytes: float
    quantiles: tuple[float, ...] = field(default=(), repr=False)
    """Least, quarter, middle, three quarters and greatest of numbers; days or seconds since 1970 for dates; else empty."""
    patterns: tuple[tuple[str, int], ...] = ()
    """Most frequent shapes of values with their share in parts per million: `A` a capital, `a` a small letter, `9` a digit, `X`
    a letter without case; other characters stand for themselves."""
    top: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    """Most frequent values with their counts in the sample. Never leaves the owner."""

    def rounded_nulls_percent(self) -> int:
        """For the card: share of cells without a value, rounded up to 5 in 100."""
        if not self.rows or not self.nulls:
            return 0
        share = -(-self.nulls * 100 // self.rows)
        return min(100, -(-share // ROUND_PERCENT) * ROUND_PERCENT)

    def rounded_distinct(self) -> int:
        """For the card: number of different values, rounded up to a power of two."""
        return round_up_to_power_of_two(self.distinct) if self.distinct else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One table."""

    rows: int
    sampled_rows: int
    """Rows of the sample: evenly spread over the table."""
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """The column of this name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def is_complete(self) -> bool:
        """Whether the sample is the whole table."""
        return self.sampled_rows == self.rows


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows, column by column, for detectors. Lives in memory only; in no log, no error, no card."""

    columns: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    """Cells as text, by column; None where there is no value."""
