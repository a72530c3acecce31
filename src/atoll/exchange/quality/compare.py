"""A report compared with what somebody measured for himself on a sample or a result.

A value p of n cells varies from sample to sample by sqrt(p (1 - p) / n); three times that, one cell, and the rounding of what
is told are allowed. That holds for an even sample of the rows: a result of a job is one only if what the rows were matched by
has nothing to do with their quality. Metrics that a sample cannot reproduce, such as doubles, are named and not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

from atoll.exchange.quality.errors import BadReport
from atoll.exchange.quality.metrics import MILLION, MetricSet
from atoll.exchange.quality.score import STEP_PPM, Value

SIGMAS = 3
"""Of 370 honest values one is further away than that."""


class Verdict(StrEnum):
    """How a value compares."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_COMPARABLE = "not comparable"
    """A sample cannot have it, or one side has not measured it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One value of the report beside the one found."""

    metric: str
    column: int
    reported_ppm: int
    found_ppm: int | None
    allowed_ppm: int
    """How far apart they may be by chance."""
    verdict: Verdict


def compare(reported: Sequence[Value], digest: bytes, found: Sequence[Value], metrics: MetricSet) -> tuple[Compared, ...]:
    """Each value of a report beside the one found.

    Args:
        reported: of a report whose signatures were verified.
        digest: of the set of metrics it was measured by.
        found: measured by the same set, at the report's time.
        metrics: that set.

    Raises:
        BadReport: the report was measured by another set.
    """
    if digest != metrics.digest:
        raise BadReport(reason="it was measured by another set of metrics than this program has")
    mine = {(one.metric, one.column): one for one in found}
    return tuple(_compared(one, mine.get((one.metric, one.column)), metrics) for one in reported)


def _compared(reported: Value, found: Value | None, metrics: MetricSet) -> Compared:
    metric = metrics.metric(reported.metric)
    allowed = 0
    verdict = Verdict.NOT_COMPARABLE
    if found is not None and metric is not None and metric.sampled:
        allowed = allowance_ppm(reported, found)
        verdict = Verdict.AGREES if abs(reported.ppm - found.ppm) <= allowed else Verdict.DIFFERS
    return Compared(
        metric=reported.metric,
        column=reported.column,
        reported_ppm=reported.ppm,
        found_ppm=found.ppm if found else None,
        allowed_ppm=allowed,
        verdict=verdict,
    )


def allowance_ppm(reported: Value, found: Value) -> int:
    """How far apart two values may be by chance, in millionths. Numbers of cells are told rounded up by at most two."""
    cells = max(1, min(reported.cells_at_most, found.cells_at_most) // 2)
    spread = max(one.ppm * (MILLION - one.ppm) for one in (reported, found))
    return SIGMAS * isqrt(spread // cells) + MILLION // cells + STEP_PPM
