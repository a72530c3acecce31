"""What is measured, as the card describes it: which columns, what they mean, and what is said about the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from atoll.exchange.quality.errors import NothingToMeasure
from atoll.exchange.quality.metrics import Metric, MetricSet, Needs, Over
from atoll.policy.demand import Exposure

PERIOD_DAYS = {
    "continuous": 1,
    "daily": 1,
    "weekly": 7,
    "biweekly": 14,
    "monthly": 31,
    "quarterly": 92,
    "semiannual": 184,
    "annual": 366,
    "biennial": 731,
}
DATES = frozenset({"date", "timestamp", "birth-date", "updated-at", "created-at", "date-of-event"})
"""Meanings of columns that tell when something happened."""

Value = str | int
"""A parameter of a metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that is measured."""

    number: int
    """Place on the card, from 1."""
    name: str
    semantics: str
    is_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A dataset as its card describes it."""

    columns: tuple[Column, ...]
    """Those that others may use in some way; hidden ones are nobody's business."""
    all_columns: int
    accrual: str
    has_description: bool
    has_purposes: bool
    has_keywords: bool

    def within(self, names: Iterable[str]) -> Subject:
        """The same, as far as a table has its columns.

        Raises:
            NothingToMeasure: it has none of them.
        """
        there = set(names)
        kept = tuple(one for one in self.columns if one.name in there)
        if not kept:
            raise NothingToMeasure(reason="the table has none of the columns that the card lets others use")
        return replace(self, columns=kept)


@dataclass(frozen=True, slots=True)
class Described:
    """What a card says of one column."""

    name: str
    semantics: str
    normalisation: str
    exposure: str


def subject_of(
    columns: Sequence[Described], *, accrual: str, description: str, purposes: Sequence[str], keywords: Sequence[str]
) -> Subject:
    """What is measured of a dataset, from what its card says.

    Raises:
        NothingToMeasure: all columns are hidden.
    """
    usable = tuple(
        Column(number=at, name=one.name, semantics=one.semantics, is_key=bool(one.normalisation))
        for at, one in enumerate(columns, start=1)
        if one.exposure != Exposure.HIDDEN
    )
    if not usable:
        raise NothingToMeasure(reason="all columns are hidden")
    return Subject(
        columns=usable,
        all_columns=len(columns),
        accrual=accrual,
        has_description=bool(description.strip()),
        has_purposes=bool(purposes),
        has_keywords=bool(keywords),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to be counted. What a card says is only ever a parameter of the statement, or a quoted name in it."""

    metric: Metric
    column: int
    """Place on the card; 0 for the table or the card."""
    sql: str
    parameters: dict[str, Value]


def questions(subject: Subject, metrics: MetricSet, *, now: int) -> Iterator[Question]:
    """Everything that the metrics ask of a subject.

    Args:
        subject: what is measured.
        metrics: by what.
        now: time at which what is old or in the future is decided, Unix seconds.
    """
    common: dict[str, Value] = {
        "now": now,
        "period_days": PERIOD_DAYS.get(subject.accrual.casefold(), 0),
        "has_description": int(subject.has_description),
        "has_purposes": int(subject.has_purposes),
        "has_keywords": int(subject.has_keywords),
        "has_accrual": int(bool(subject.accrual)),
        "usable_columns": min(len(subject.columns), subject.all_columns),
        "all_columns": subject.all_columns,
    }
    for metric in metrics.metrics:
        if metric.over is not Over.COLUMN:
            yield _question(metric, 0, metric.sql, common)
            continue
        for one in subject.columns:
            if _concerns(metric, one, metrics):
                said: dict[str, Value] = {
                    "name": one.name,
                    "semantics": one.semantics,
                    "pattern": metrics.patterns.get(one.semantics, ""),
                }
                yield _question(metric, one.number, metric.sql.replace("{column}", quote(one.name)), common | said)


def quote(name: str) -> str:
    """A name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def _question(metric: Metric, column: int, sql: str, known: dict[str, Value]) -> Question:
    """Parameters that the template does not name are left out: the engine refuses those it does not need."""
    used = {name: value for name, value in known.items() if f"${name}" in metric.sql}
    return Question(metric=metric, column=column, sql=sql, parameters=used)


def _concerns(metric: Metric, one: Column, metrics: MetricSet) -> bool:
    match metric.needs:
        case Needs.ANY:
            return True
        case Needs.KEY:
            return one.is_key
        case Needs.PATTERN:
            return one.semantics in metrics.patterns
        case Needs.DATE:
            return one.semantics in DATES
