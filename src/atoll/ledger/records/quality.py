"""Opinions of the quality of a dataset version: one an evaluator, and whether it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records.base import Record, Version
from atoll.wire.message import Count, Digest, Name, Range, Time

QualityGrade = Annotated[int, Range(1, 5)]
"""1, the best, to 5; people write A to E."""
Score = Annotated[int, Range(0, 1_000_000)]
"""Weighted score in millionths."""


class OpinionState(StrEnum):
    """Whether an evaluator still says so."""

    STANDS = "stands"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport(Record):
    """What one evaluator says of one dataset version; the report itself is a committed body that every member may read."""

    TAG: ClassVar[str] = "quality-report/1"
    NAMESPACE: ClassVar[str] = "quality"

    dataset: DatasetId
    """What was measured."""
    evaluator: Name
    """Who says so."""
    version: Version
    """Grows with each report of this evaluator on this dataset version; the last one counts."""
    commitment: Digest
    """Salted commitment to the signed report."""
    metrics: Digest
    """Digest of the set of metrics: only scores of one set can be compared."""
    grade: QualityGrade
    """What it amounts to."""
    score_ppm: Score
    """From which the grade comes."""
    third_party: bool
    """The evaluator holds the role and had, when it said so, nothing in common with the owner; reckoned by the rule."""
    state: OpinionState
    """Whether it still says so."""
    height: Count
    """Block of the report, or of its withdrawal."""
    time: Time
    """That block's time, Unix seconds."""

    def identifier(self) -> str:
        return opinion_id(self.dataset, self.evaluator)


def opinion_id(dataset: str, evaluator: str) -> str:
    """Identifier of an evaluator's opinion of a dataset version."""
    return f"{dataset}/{evaluator}"
