"""How much of two tables a check for near duplicates compares: it follows from the two public cards and from nothing else.

The earlier owner's node drafts a plan by it, and the later owner's node refuses a plan that says otherwise: whoever asks does
not choose how closely it looks. Which rows those are is chosen under the plan's digest (`atoll.sources.prints`).
"""

from __future__ import annotations

from typing import NamedTuple

from atoll.ledger.checks import LEAST_CAP, SAMPLE_CAP, Stage

SAMPLE_ROWS = 1 << 11
"""Of the larger table the first stage compares at most about so many rows, and at least half as many, because sizes on cards
are rounded up to powers of two. J of k rows has a standard error of sqrt(J(1-J)/k): at most 1.6 percent of 1,024."""
MOST_COMPARED = 1 << 18
"""The same of the second stage: all rows up to here, at least 131,072 of a larger table: at most 0.14 percent."""
SPARE = 8
"""Room above the second stage's sample: its size is binomial, with a standard deviation of 512 rows at most; there is room for
64 of them. `SAMPLE_CAP` leaves the first stage room for eleven."""
MOST_ROWS = MOST_COMPARED + MOST_COMPARED // SPARE
"""Largest row cap."""
MAX_SCALE = 40


class Extent(NamedTuple):
    """How much is compared."""

    scale: int
    """One row in 2^scale takes part, the same at both sides."""
    new_rows: int
    """Most rows that the later version brings."""
    incumbent_rows: int
    """Most rows that the earlier version brings."""


def extent_of(stage: Stage, *, new: int, incumbent: int) -> Extent:
    """What a stage compares of two tables.

    Args:
        new, incumbent: rows of each at most, as the cards say; 0 where a card is not to be had, and then that table counts as
            large as the other, because what is much smaller or larger is not near.
    """
    new, incumbent = new or incumbent, incumbent or new
    most = SAMPLE_ROWS if stage is Stage.SAMPLE else MOST_COMPARED
    scale = scale_of(max(new, incumbent), most)
    if stage is Stage.SAMPLE:
        return Extent(scale, SAMPLE_CAP, SAMPLE_CAP)
    return Extent(scale, _rows_cap(new, scale), _rows_cap(incumbent, scale))


def scale_of(rows_at_most: int, most: int) -> int:
    """The least scale that leaves about `most` rows, a power of two, or fewer.

    >>> scale_of(1 << 18, 1 << 18), scale_of((1 << 18) + 1, 1 << 18), scale_of(1 << 24, 1 << 18)
    (0, 1, 6)
    """
    return min(MAX_SCALE, max(0, (max(1, rows_at_most) - 1).bit_length() - (most.bit_length() - 1)))


def _rows_cap(rows_at_most: int, scale: int) -> int:
    """Most rows that a table of this size brings to the second stage at a scale."""
    expected = min(rows_at_most >> scale, MOST_COMPARED)
    return max(LEAST_CAP, expected if not scale else expected + MOST_COMPARED // SPARE)
