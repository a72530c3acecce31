"""Measuring a file on this machine by a dataset's card, and comparing it with a report. Nothing of the file leaves."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atoll.api.models import DatasetInfo, MeasuredValue, QualityRunInfo
from atoll.exchange.quality.compare import compare
from atoll.exchange.quality.metrics import GRADES, MetricSet, packaged
from atoll.exchange.quality.report import Basis
from atoll.exchange.quality.score import Value, score_of, values_of
from atoll.exchange.quality.subject import Described, questions, subject_of


@dataclass(frozen=True, slots=True)
class Row:
    """One value beside the other."""

    metric: str
    column: str
    reported_ppm: int
    found_ppm: int | None
    allowed_ppm: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of them."""

    values: list[Row]
    counts: dict[str, int]

    def to_plain(self) -> dict[str, Any]:
        """As a JSON value."""
        return {"values": [asdict(one) for one in self.values], "counts": self.counts}


def measure_file(path: Path, card: DatasetInfo) -> QualityRunInfo:
    """Measure a file by a card.

    Raises:
        NothingToMeasure: it has none of the card's columns.
        What `open_source` and `measure` raise.
    """
    metrics, now = packaged(), int(time.time())
    rows, values = _values(path, card, metrics, now)
    score = score_of(metrics, values, rows=rows)
    names = [one.name for one in card.columns]
    shown = []
    for one in values:
        metric = metrics.metric(one.metric)
        if metric is not None:
            shown.append(
                MeasuredValue(
                    metric=one.metric,
                    dimension=metric.dimension,
                    column=names[one.column - 1] if one.column else "",
                    ppm=one.ppm,
                    threshold_ppm=metric.threshold_ppm,
                    cells_at_most=one.cells_at_most,
                    meaning=metric.meaning,
                )
            )
    return QualityRunInfo(
        dataset=card.dataset,
        basis=Basis.SAMPLE,
        metrics=metrics.name,
        metrics_digest=metrics.digest.hex(),
        status=metrics.status,
        rows_at_most=1 << (rows - 1).bit_length() if rows else 0,
        score_ppm=score.score_ppm,
        grade=GRADES[score.grade - 1],
        dimensions=dict(score.dimensions),
        values=shown,
        measured_by="this machine",
        time=now,
    )


def compare_file(path: Path, card: DatasetInfo, report: QualityRunInfo) -> Comparison:
    """Measure a file as of a report's time, and set the values side by side.

    Raises:
        BadReport: it was measured by another set of metrics.
        What `measure_file` raises.
    """
    metrics = packaged()
    _, found = _values(path, card, metrics, report.time)
    numbers = {one.name: at for at, one in enumerate(card.columns, start=1)}
    reported = [
        Value(metric=one.metric, column=numbers.get(one.column, 0), ppm=one.ppm, cells_at_most=one.cells_at_most)
        for one in report.values
    ]
    compared = compare(reported, bytes.fromhex(report.metrics_digest), found, metrics)
    rows = [
        Row(
            one.metric,
            card.columns[one.column - 1].name if one.column else "",
            one.reported_ppm,
            one.found_ppm,
            one.allowed_ppm,
            one.verdict,
        )
        for one in compared
    ]
    counted = Counter(str(one.verdict) for one in compared)
    return Comparison(rows, {name: counted[name] for name in ("agrees", "differs", "not comparable")})


def _values(path: Path, card: DatasetInfo, metrics: MetricSet, now: int) -> tuple[int, tuple[Value, ...]]:
    from atoll.sources import SourceRoot, open_source  # DuckDB and Arrow: other commands never need them
    from atoll.sources.metrics import measure

    whole = subject_of(
        [Described(one.name, one.semantics, one.normalisation, one.exposure) for one in card.columns],
        accrual=card.accrual,
        description=card.description,
        purposes=card.purposes,
        keywords=card.keywords,
    )
    with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
        root = SourceRoot([path.resolve().parent])
        with open_source(path.name, root=root, scratch=Path(folder)) as source:
            subject = whole.within(source.schema().names)
            asked = list(questions(subject, metrics, now=now))
            rows, counts = measure(source, [one.name for one in subject.columns], asked, scratch=Path(folder))
    return rows, values_of(counts)
