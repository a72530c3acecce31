"""Quality: what is measured, what is told of it, and what stands on the ledger."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from atoll.api.models.base import Model, Receipt
from atoll.api.models.datasets import QualityInfo


class MeasureQuality(Model):
    dataset: str = Field(examples=["bank/customers/1"])
    publish: bool = False
    """Sign the run as this organisation's own opinion, and put its commitment on the ledger."""
    remark: str = ""


class MeasuredValue(Model):
    """One value of a run."""

    metric: str
    dimension: str
    column: str = ""
    """Name on the card; empty for the table or the card itself."""
    ppm: int
    """Good of all, in millionths, rounded down to thousandths."""
    threshold_ppm: int
    """From here on it counts as full; 0 if this program does not know the metric."""
    cells_at_most: int
    meaning: str = ""


class QualityRunInfo(Model):
    """A run: what one node measured."""

    dataset: str
    basis: str
    """`source`: all rows of the registered version, at its owner's; `sample`: a file."""
    metrics: str
    metrics_digest: str
    """Which file of metrics: only values of one digest can be compared."""
    status: str
    """How far the metrics and grades can be trusted to say what the standards say."""
    rows_at_most: int
    score_ppm: int
    grade: str
    dimensions: dict[str, int | None]
    """In millionths; null where nothing could be measured."""
    values: list[MeasuredValue]
    measured_by: str
    time: int
    file: str = ""
    """The signed run, base64: what an evaluator is handed to vouch for."""
    receipt: Receipt | None = None
    """Where it was published."""


class SignRun(Model):
    file: str = Field(max_length=400_000)
    """A signed run, base64."""
    remark: str = Field(default="", max_length=2000)
    """What was inspected, and how; every member can read it."""


class QualityReportInfo(Model):
    """One evaluator's report, verified: commitment, both signatures, score."""

    opinion: QualityInfo
    remark: str
    run: QualityRunInfo
    dqv: dict[str, Any]
    """The same in the Data Quality Vocabulary, JSON-LD."""
