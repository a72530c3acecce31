"""From the counts of a check to what is stated of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from atoll.exchange.fingerprint import REVIEW_PPM, SUBSET_PPM, count_likeness

STEP_PPM = 10_000
DEVIATIONS = 5
"""So many standard errors below a threshold a sample's share may lie and still be looked at more closely."""


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


def may_be_near(*, common: int, incumbent: int, new: int) -> bool:
    """Whether the counts of a sample leave it open that two versions are near: then all rows are worth comparing.

    Of n sampled rows of a union (or of the smaller table) the common ones are binomial, with a standard deviation of
    sqrt(n t (1 - t)) at a threshold t. A sample of 1,024 rows goes on from J = 0.42 and from a containment of 0.85; one of 16
    rows of the smaller table from 9 of them. Who is at a threshold is missed in less than one of a thousand checks, of 1,024
    rows in less than one of a million.

    Args:
        common, incumbent, new: rows of the sample; what a peer brings is its own word, so they may fit together badly.
    """
    return _reaches(common, incumbent + new - common, REVIEW_PPM) or _reaches(common, min(incumbent, new), SUBSET_PPM)


def _reaches(common: int, rows: int, threshold_ppm: int) -> bool:
    share = threshold_ppm / 1_000_000
    return common >= rows * share - DEVIATIONS * math.sqrt(max(0, rows) * share * (1 - share))
