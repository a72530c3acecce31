"""From findings to a grade: classes by the table, the level of the worst class, the dataset as high as its worst column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from atoll.exchange.grading.detectors import DETECTORS
from atoll.exchange.grading.detectors.base import VALUES_LOOKED_AT, detect, see_column
from atoll.exchange.grading.model import ColumnGrade, Finding, Grading
from atoll.exchange.grading.table import LevelTable
from atoll.exchange.profile import Profile, Sample

VALUES_OF_A_TABLE = 50_000
"""Values that are looked at in all: 1,000 a column of up to 50 columns, fewer of wider tables."""
LEAST_VALUES = 100


def grade(
    profile: Profile,
    sample: Sample,
    table: LevelTable,
    *,
    today: date,
    parents: Sequence[int] = (),
    industry: Sequence[str] = (),
) -> Grading:
    """Grade a table by its sample.

    Args:
        profile, sample: of the same table.
        table: of classes and levels.
        today: for ages.
        parents: levels of the datasets it was made from; what was made from data starts at their level.
        industry: codes that its owner gives it.

    Cost: up to 0.1 s a column of digits, which many schemes might claim; a few milliseconds otherwise.
    """
    columns = []
    most = min(VALUES_LOOKED_AT, max(LEAST_VALUES, VALUES_OF_A_TABLE // max(1, len(profile.columns))))
    for one in profile.columns:
        seen = see_column(one.name, one.type, sample.columns[one.name], today, values_looked_at=most)
        found = [finding for detector in DETECTORS if (finding := detect(detector, seen)) is not None]
        columns.append(_grade_column(one.name, tuple(sorted(found, key=lambda each: -each.confidence)), table))
    return conclude(columns, table, parents=parents, industry=industry)


def conclude(
    columns: Iterable[ColumnGrade], table: LevelTable, *, parents: Sequence[int] = (), industry: Sequence[str] = ()
) -> Grading:
    """A dataset from its columns: the worst of them, and of its parents."""
    some = tuple(columns)
    labels = [f"industry:{one}" for one in industry]
    return Grading(
        table=table.id,
        status=table.status,
        level=max((*(one.level for one in some), *parents), default=table.nothing_found),
        classes=table.worst([*(one.classes for one in some), labels]),
        columns=some,
    )


def _grade_column(name: str, findings: tuple[Finding, ...], table: LevelTable) -> ColumnGrade:
    sure = [one for one in findings if one.confidence >= table.sure]
    classes = table.worst([table.kinds[one.detector] for one in sure])
    level = max(table.nothing_found, table.level_of(classes))
    return ColumnGrade(name=name, level=level, classes=classes, findings=findings)
