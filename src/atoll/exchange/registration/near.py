"""From the counts of a check to what is stated of it."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.exchange.fingerprint import REVIEW_PPM, SUBSET_PPM, count_likeness

STEP_PPM = 10_000


@dataclass(frozen=True, slots=True)
class Shares:
    """In millionths, rounded down to one percent: what goes to the ledger tells no exact count."""

    jaccard_ppm: int
    containment_ppm: int


def shares_to_state(*, common: int, incumbent: int, new: int) -> Shares | None:
    """What the owner of the earlier version states; None where the two are not near, of which nothing is written.

    Args:
        common: rows that both have, or those of a sample.
        incumbent, new: rows of each, or those of the same sample.

    Raises:
        ValueError: more rows are common than one of them has.
    """
    likeness = count_likeness(new, incumbent, common)
    jaccard, containment = (each // STEP_PPM * STEP_PPM for each in (likeness.jaccard_ppm, likeness.containment_ppm))
    if jaccard < REVIEW_PPM and containment < SUBSET_PPM:
        return None
    return Shares(jaccard, containment)
