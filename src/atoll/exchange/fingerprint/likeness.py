"""How alike two tables are, estimated from their prints or counted by an intersection, and what follows from it.

Jaccard's index of two sets of rows is |A n B| / |A u B|; the containment of A in B is |A n B| / |A|. Rows count once however
often they stand in a table.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from atoll.exchange.fingerprint.print import Sketch, TablePrint, signature_values

NEAR_PPM = 800_000
"""From this Jaccard index on, a table is a near copy."""
REVIEW_PPM = 500_000
"""From here to `NEAR_PPM` people look at it."""
SUBSET_PPM = 900_000
"""From this containment on, a table is a part of the other."""
LEAST_DISTINCT_ROWS = 64
"""Tables of fewer different rows (a few yes-or-no columns) are alike by chance; only exact copies of them are noticed."""


class Verdict(enum.StrEnum):
    """What a table is to an earlier one. Says which was registered first, never who owns the content."""

    EXACT = "exact"
    """The same bytes."""
    SAME_CONTENT = "same-content"
    """The same rows, in whatever order, format, spelling, or order and naming of columns."""
    NEAR = "near"
    SUBSET = "subset"
    REVIEW = "review"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of a newcomer to an incumbent, in millionths."""

    jaccard_ppm: int
    contained_ppm: int
    """Share of the newcomer's rows that the incumbent has."""
    containing_ppm: int
    """Share of the incumbent's rows that the newcomer has."""

    @property
    def containment_ppm(self) -> int:
        """The larger of the two: whichever is a part of the other."""
        return max(self.contained_ppm, self.containing_ppm)


def count_likeness(newcomer_rows: int, incumbent_rows: int, shared_rows: int) -> Likeness:
    """From the exact numbers of distinct rows, as an intersection tells them; rounded down.

    Raises:
        ValueError: more shared than there are.
    """
    if not 0 <= shared_rows <= min(newcomer_rows, incumbent_rows):
        raise ValueError("no more rows are shared than either table has")
    union = newcomer_rows + incumbent_rows - shared_rows
    parts = (shared_rows * 1_000_000 // max(1, whole) for whole in (union, newcomer_rows, incumbent_rows))
    return Likeness(*parts)


def estimate_likeness(newcomer: TablePrint, incumbent: TablePrint) -> Likeness:
    """From the sketches: both are cut to the coarser scale, where each is a uniform sample of its table's distinct rows.

    The standard error of each share p is about sqrt(p (1 - p) / n), with n the sampled rows it is a share of: 2,048 to 4,096 of
    the larger table. Exact where both tables have at most 4,096 distinct rows.
    """
    scale = max(newcomer.sketch.scale, incumbent.sketch.scale)
    ours, theirs = _cut(newcomer.sketch, scale), _cut(incumbent.sketch, scale)
    return count_likeness(len(ours), len(theirs), len(ours & theirs))


def estimate_jaccard_ppm(left: bytes, right: bytes) -> int:
    """From two MinHash signatures, of rows or of a column's values: the share of places where they agree (Broder 1997)."""
    pairs = list(zip(signature_values(left), signature_values(right), strict=True))
    return sum(one == other for one, other in pairs) * 1_000_000 // len(pairs)


def shared_bands(left: TablePrint, right: TablePrint) -> int:
    """How many bands of two tables are equal: above 0, they are worth a closer look.

    Of two tables with Jaccard's index J at least one is equal with probability 1 - (1 - J^4)^32: above 1 - 10^-7 for J = 0.8,
    0.87 for 0.5, below 10^-6 for 0.01 (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4).
    """
    return len(set(left.bands) & set(right.bands))


def judge_likeness(likeness: Likeness, *, least_rows: int) -> Verdict:
    """The verdict on two tables that are not equal.

    Args:
        likeness: estimated or counted.
        least_rows: distinct rows of the smaller table.
    """
    if least_rows < LEAST_DISTINCT_ROWS:
        return Verdict.NEW
    if likeness.jaccard_ppm >= NEAR_PPM:
        return Verdict.NEAR
    if likeness.containment_ppm >= SUBSET_PPM:
        return Verdict.SUBSET
    return Verdict.REVIEW if likeness.jaccard_ppm >= REVIEW_PPM else Verdict.NEW


def judge_prints(newcomer: TablePrint, incumbent: TablePrint) -> Verdict:
    """What `newcomer` is to `incumbent`, where one owner has both prints; between owners an intersection counts instead."""
    if newcomer.bytes_sha256 == incumbent.bytes_sha256:
        return Verdict.EXACT
    if newcomer.content_root == incumbent.content_root or newcomer.nameless_root == incumbent.nameless_root:
        return Verdict.SAME_CONTENT
    least = min(newcomer.distinct_rows, incumbent.distinct_rows)
    return judge_likeness(estimate_likeness(newcomer, incumbent), least_rows=least)


def _cut(sketch: Sketch, scale: int) -> set[int]:
    return {value for value in sketch.to_integers() if not value >> (64 - scale)}
