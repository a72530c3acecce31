"""From counts to a score: whole numbers all the way, so that whoever has the counts has the score.

value      good of all, in millionths, rounded down to thousandths: what is told must not betray single rows
metric     the mean of its values over columns; full from the threshold on, in proportion below it
dimension  the mean of its metrics by weight; one of which nothing could be measured does not count
score      the mean of the dimensions by weight; 0 for a table without rows
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from atoll.exchange.quality.metrics import MILLION, MetricSet

STEP_PPM = 1000
"""Values are told in thousandths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a metric found."""

    metric: str
    column: int
    """Place on the card; 0 for the table or the card."""
    good: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What is told of it."""

    metric: str
    column: int
    ppm: int
    """Good of all, in millionths, a multiple of STEP_PPM."""
    cells_at_most: int
    """Of how many, rounded up to a power of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What it amounts to."""

    dimensions: Mapping[str, int | None]
    """Score of each dimension in millionths; None where nothing could be measured."""
    score_ppm: int
    grade: int


def values_of(counts: Iterable[Count]) -> tuple[Value, ...]:
    """What is told of counts; those of nothing are left out."""
    return tuple(
        Value(
            metric=one.metric,
            column=one.column,
            ppm=one.good * MILLION // one.total // STEP_PPM * STEP_PPM,
            cells_at_most=1 << (one.total - 1).bit_length(),
        )
        for one in counts
        if one.total
    )


def score_of(metrics: MetricSet, values: Sequence[Value], *, rows: int) -> Score:
    """The score of what was measured.

    Args:
        metrics: by what it was measured.
        values: what was found; metrics that the set does not know do not count.
        rows: how many rows there were; without one, nothing else counts.
    """
    dimensions: dict[str, int | None] = {}
    for dimension in metrics.dimensions:
        weighed = [
            (metric.weight, _points([one.ppm for one in values if one.metric == metric.id], metric.threshold_ppm))
            for metric in metrics.metrics
            if metric.dimension == dimension.id and any(one.metric == metric.id for one in values)
        ]
        dimensions[dimension.id] = _mean(weighed)
    measured = [(one.weight, found) for one in metrics.dimensions if (found := dimensions[one.id]) is not None]
    score = (_mean(measured) or 0) if rows else 0
    return Score(dimensions=dimensions, score_ppm=score, grade=metrics.grade(score))


def _points(found: Sequence[int], threshold_ppm: int) -> int:
    return min(MILLION, sum(found) // len(found) * MILLION // threshold_ppm)


def _mean(weighed: Sequence[tuple[int, int]]) -> int | None:
    whole = sum(weight for weight, _ in weighed)
    return sum(weight * points for weight, points in weighed) // whole if whole else None
