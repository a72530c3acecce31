"""Which earlier versions a later one is compared with: from public cards alone, so that choosing tells nobody anything.

The earlier owner's node chooses by it what it asks, and the later owner's node judges by it what it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from atoll.policy.card import DatasetCard

LEAST_ROWS = 64
"""Smaller tables are alike by chance, and few rows are soon guessed."""
COMPARABLE_FACTOR = 4
"""Of tables whose rounded sizes differ by more, at most half of all rows are common."""
SUBSET_FACTOR = 64
"""A part of a larger table is looked for up to here, where the columns are called alike."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a card says in public."""

    rows_at_most: int
    """Rows, rounded up to a power of two; 0 where the card is not at hand."""
    columns: frozenset[str]
    """Names of its columns, case folded; empty where the card is not at hand."""

    @classmethod
    def of(cls, card: DatasetCard | None) -> Self:
        """Of a card, or of none."""
        if card is None:
            return cls(0, frozenset())
        return cls(card.rows_at_most, frozenset(one.name.strip().casefold() for one in card.columns))


def is_candidate(new: Profile, incumbent: Profile) -> bool:
    """Whether samples of the two are worth comparing.

    Without a card everything is: hiding it must not hide the table.
    """
    if not new.rows_at_most:
        return True
    if min(new.rows_at_most, incumbent.rows_at_most) < LEAST_ROWS:
        return False
    return _factor(new, incumbent) <= COMPARABLE_FACTOR or may_be_part(new, incumbent)


def may_be_part(new: Profile, incumbent: Profile) -> bool:
    """Whether one may be a part of the other: the same columns, and not too few rows of them."""
    return bool(new.columns) and new.columns == incumbent.columns and _factor(new, incumbent) <= SUBSET_FACTOR


def _factor(one: Profile, other: Profile) -> int:
    low, high = sorted((max(1, one.rows_at_most), max(1, other.rows_at_most)))
    return -(-high // low)
