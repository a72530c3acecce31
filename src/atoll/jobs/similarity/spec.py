"""What is compared, and how closely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import Stage
from atoll.ledger.rules.check import BAND_ROWS
from atoll.wire.message import Message, Range

SAMPLE_ROWS = 1 << 18
"""About so many rows of the larger table are compared at most. The shares found in a sample of n rows have a standard error of
at most 1 / (2 sqrt n), here 0.1 percent."""
SPARE = 8
"""Room above the sample: its size is binomial, and its standard deviation is at most 512 rows; there is room for 64 of them."""
LEAST_CAP = 2 * BAND_ROWS
"""Row cap of a small table: more than that of bands, by which the ledger tells the stages apart."""
MOST_ROWS = SAMPLE_ROWS + SAMPLE_ROWS // SPARE
"""Largest row cap."""
MAX_SCALE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilaritySpec(Message):
    """Count what two versions have in common."""

    TAG: ClassVar[str] = "similarity-spec/1"

    new: DatasetId
    """The version registered later; its owner learns nothing."""
    incumbent: DatasetId
    """The version registered first; its owner receives."""
    stage: Stage
    """Bands of a sketch, or rows."""
    scale: Annotated[int, Range(0, MAX_SCALE)] = 0
    """Of the rows those are compared whose digest begins with this many zero bits: one in 2^scale."""
    new_rows: Annotated[int, Range(BAND_ROWS, MOST_ROWS)] = BAND_ROWS
    """Most digests of the later version."""
    incumbent_rows: Annotated[int, Range(BAND_ROWS, MOST_ROWS)] = BAND_ROWS
    """Most digests of the earlier version."""

    @classmethod
    def of_bands(cls, new: str, incumbent: str) -> SimilaritySpec:
        """The first stage."""
        return cls(new=new, incumbent=incumbent, stage=Stage.BANDS)

    @classmethod
    def of_rows(cls, new: str, incumbent: str, *, new_rows_at_most: int, incumbent_rows_at_most: int) -> SimilaritySpec:
        """The second stage, as closely as the tables' sizes let it be; both sizes stand on public cards."""
        scale = scale_of(max(new_rows_at_most, incumbent_rows_at_most))
        return cls(
            new=new,
            incumbent=incumbent,
            stage=Stage.ROWS,
            scale=scale,
            new_rows=rows_cap(new_rows_at_most, scale),
            incumbent_rows=rows_cap(incumbent_rows_at_most, scale),
        )


def scale_of(rows_at_most: int) -> int:
    """How many zero bits a digest must begin with, so that about `SAMPLE_ROWS` of the rows are left.

    >>> scale_of(1 << 18), scale_of((1 << 18) + 1), scale_of(1 << 24)
    (0, 1, 6)
    """
    return max(0, (max(1, rows_at_most) - 1).bit_length() - (SAMPLE_ROWS.bit_length() - 1))


def rows_cap(rows_at_most: int, scale: int) -> int:
    """Most digests that a table of this size brings at a scale."""
    if not scale:
        return max(LEAST_CAP, min(rows_at_most, SAMPLE_ROWS))
    expected = min(rows_at_most >> scale, SAMPLE_ROWS)
    return max(LEAST_CAP, expected + max(LEAST_CAP, SAMPLE_ROWS // SPARE))
