"""A set of metrics: which there are, what they count for, and which score has which grade. A data file says all of it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from atoll.exchange.quality.errors import BadMetrics

GENERAL = "general"
GRADES = "ABCDE"
DIMENSIONS = ("normative", "complete", "accurate", "consistent", "timely", "accessible")
MILLION = 1_000_000
MAX_METRICS = 100
MAX_SQL_CHARACTERS = 4000


class Over(StrEnum):
    """What a metric is about."""

    COLUMN = "column"
    """Each column of which it has something to say."""
    TABLE = "table"
    CARD = "card"
    """The card alone; rows are not looked at."""


class Needs(StrEnum):
    """Of which columns a metric has something to say."""

    ANY = ""
    KEY = "key"
    """Those that are compared."""
    PATTERN = "pattern"
    """Those whose meaning the set has a pattern for."""
    DATE = "date"
    """Those that hold dates or times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric."""

    id: str
    dimension: str
    over: Over
    needs: Needs
    weight: int
    """Within its dimension."""
    threshold_ppm: int
    """From here on it counts as full."""
    sampled: bool
    """Whether an even sample of the rows has, but for chance, the same value."""
    sql: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One dimension of quality."""

    id: str
    title: str
    weight: int
    clause: str
    """Where the standard has it."""
    iso25012: str
    """The characteristic of ISO/IEC 25012 that it answers to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSet:
    """All of it."""

    name: str
    standard: str
    status: str
    """How far the file can be trusted to say what the standards say; shown wherever a grade is."""
    digest: bytes
    """SHA-256 of the file: only scores of one digest can be compared."""
    dimensions: tuple[Dimension, ...]
    metrics: tuple[Metric, ...]
    patterns: Mapping[str, str]
    """How values are written, by meaning."""
    grades: tuple[int, ...]
    """Least score for A, B, C and D, in millionths."""

    def metric(self, name: str) -> Metric | None:
        """The metric of this name, or None."""
        return next((one for one in self.metrics if one.id == name), None)

    def grade(self, score_ppm: int) -> int:
        """1, the best, to 5."""
        return next((at for at, least in enumerate(self.grades, start=1) if score_ppm >= least), len(self.grades) + 1)


@lru_cache(maxsize=8)
def packaged(name: str = GENERAL) -> MetricSet:
    """A set that comes with the program.

    Raises:
        BadMetrics: there is none of this name.
    """
    if not name.isascii() or not name.isalpha():
        raise BadMetrics(reason=f"no set is called {name[:40]}")
    try:
        return parse_metric_set(resources.files(__package__).joinpath("sets", f"{name}.toml").read_bytes())
    except FileNotFoundError as err:
        raise BadMetrics(reason=f"no set is called {name[:40]}") from err


def parse_metric_set(data: bytes) -> MetricSet:
    """A set from its file.

    Raises:
        BadMetrics: it is not TOML, or a field is missing, unknown or out of bounds.
    """
    try:
        read = tomllib.loads(data.decode())
        metrics = tuple(_metric(one) for one in read["metric"])
        dimensions = tuple(Dimension(id=name, **read["dimensions"][name]) for name in DIMENSIONS)
        found = MetricSet(
            name=str(read["name"]),
            standard=str(read["standard"]),
            status=str(read["status"]),
            digest=hashlib.sha256(data).digest(),
            dimensions=dimensions,
            metrics=metrics,
            patterns=dict(read["patterns"]),
            grades=tuple(int(read["grades"][name]) for name in GRADES[:-1]),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadMetrics(reason="it is no TOML file") from err
    except (KeyError, TypeError, ValueError) as err:
        raise BadMetrics(reason=f"a field is missing, unknown or does not fit ({err})") from err
    problem = _problem(found)
    if problem:
        raise BadMetrics(reason=problem)
    return found


def _metric(read: Mapping[str, Any]) -> Metric:
    fields = dict(read)
    return Metric(
        over=Over(fields.pop("over")),
        needs=Needs(fields.pop("needs", "")),
        threshold_ppm=fields.pop("threshold"),
        **fields,
    )


def _problem(found: MetricSet) -> str:
    names = [one.id for one in found.metrics]
    if not 1 <= len(names) <= MAX_METRICS or len(set(names)) < len(names):
        return f"it has 1 to {MAX_METRICS} metrics, each of another name"
    for one in found.metrics:
        if one.dimension not in DIMENSIONS:
            return f"{one.id}: {one.dimension} is no dimension"
        if not (1 <= one.weight <= 1000 and 1 <= one.threshold_ppm <= MILLION):
            return f"{one.id}: weight or threshold out of bounds"
        if len(one.sql) > MAX_SQL_CHARACTERS:
            return f"{one.id}: its SELECT is too long"
        if (one.over is not Over.COLUMN) and ("{column}" in one.sql or one.needs):
            return f"{one.id}: only metrics of columns name one"
    if any(not 1 <= one.weight <= 1000 for one in found.dimensions):
        return "the weight of a dimension is out of bounds"
    if list(found.grades) != sorted(set(found.grades), reverse=True) or not all(0 < one <= MILLION for one in found.grades):
        return "grades begin at falling scores"
    return ""
