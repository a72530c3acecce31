"""What is told of quality: a run, signed by the node that measured, and an opinion, signed by whoever vouches for it.

    run        values that a node measured on the rows of a registered dataset version, or on a file that somebody was given
    opinion    "this run says what the dataset is like", by an evaluator: the owner itself, or a third party

The ledger holds a salted commitment to the opinion's document; the document travels as other committed documents do. What an
opinion proves: that its evaluator vouches for these values, and that the owner's node signed them as measured on the registered
rows. That the node measured what it says, nobody can see from afar: `atoll.exchange.quality.compare` is the check on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from atoll.exchange.quality.errors import BadReport
from atoll.exchange.quality.metrics import GRADES, MILLION, MetricSet
from atoll.exchange.quality.score import STEP_PPM, Value, score_of
from atoll.ledger.plan import DatasetId, Label
from atoll.ledger.records import QualityReport
from atoll.ledger.records.quality import QualityGrade, Score
from atoll.policy.card import MAX_CARD_BYTES
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, Text, Time, encode_message, parse_message

QUALITY_DOMAIN = "quality-opinion"
MAX_REPORT_BYTES = MAX_CARD_BYTES - 4000
"""Longest opinion: as other documents of a dataset."""
DQV = "http://www.w3.org/ns/dqv#"
DEX = "https://w3id.org/atoll/dex#"
PROV = "http://www.w3.org/ns/prov#"


class Basis(StrEnum):
    """What was measured."""

    SOURCE = "source"
    """All rows of the registered version, at the owner's node, which compared their digest with the registered one."""
    SAMPLE = "sample"
    """A file that somebody was given: a sample, or the result of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Message):
    """One value."""

    metric: Label
    """Which metric of the set."""
    column: Annotated[int, Range(0, 500)]
    """Place of the column on the card, from 1; 0 for the table or the card."""
    ppm: Annotated[int, Range(0, MILLION)]
    """Good of all, in millionths, rounded down to thousandths."""
    cells: Count
    """Of how many, rounded up to a power of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRun(Message):
    """What one node measured."""

    TAG: ClassVar[str] = "quality-run/1"
    MAX_BYTES: ClassVar[int] = MAX_REPORT_BYTES - 4000

    dataset: DatasetId
    """Which dataset version."""
    card_commitment: Digest
    """Its card, as the ledger has it: places of columns are those on it."""
    basis: Basis
    """On what."""
    metrics: Label
    """Name of the set of metrics."""
    metrics_digest: Digest
    """Which file that was."""
    status: Label
    """How far that file can be trusted to say what the standards say."""
    rows_at_most: Count
    """Rows that were measured, rounded up to a power of two; 0 for none."""
    values: Annotated[tuple[Measured, ...], Size(0, 5000)]
    """What was found."""
    score_ppm: Score
    """What it amounts to."""
    grade: QualityGrade
    """The grade of that."""
    measured_by: Name
    """Whose node measured."""
    time: Time
    """When; also the time at which what is old was decided."""
    software: Label
    """With which program."""

    def told(self) -> tuple[Value, ...]:
        """Its values as the score is reckoned from them."""
        return tuple(Value(metric=one.metric, column=one.column, ppm=one.ppm, cells_at_most=one.cells) for one in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatement(Message):
    """What the measuring node signs."""

    TAG: ClassVar[str] = "quality-run-statement/1"

    run_digest: Digest
    """SHA-256 of the run's bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionStatement(Message):
    """What the evaluator signs."""

    TAG: ClassVar[str] = "quality-opinion-statement/1"

    run_digest: Digest
    """SHA-256 of the run's bytes."""
    evaluator: Name
    """Who vouches."""
    remark: Text
    """What was inspected, and how: on site, by a sample, from the run alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRun(Message):
    """A run as it is handed on."""

    TAG: ClassVar[str] = "quality-signed-run/1"
    MAX_BYTES: ClassVar[int] = MAX_REPORT_BYTES - 2000

    run: Annotated[bytes, Size(1, MAX_REPORT_BYTES)]
    """A `QualityRun`."""
    envelope: Annotated[bytes, Size(1, 2000)]
    """COSE_Sign1 over a `RunStatement`, by the measuring node's identity key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Message):
    """The document that the ledger's record commits to."""

    TAG: ClassVar[str] = "quality-opinion/1"
    MAX_BYTES: ClassVar[int] = MAX_REPORT_BYTES

    salt: Digest
    """256 random bits that make the commitment hiding."""
    run: SignedRun
    """What was measured."""
    envelope: Annotated[bytes, Size(1, 4000)]
    """COSE_Sign1 over an `OpinionStatement`, by the evaluator's identity key."""


def draft_run(metrics: MetricSet, values: tuple[Value, ...], *, rows: int, **known: Any) -> QualityRun:
    """A run of values that were measured.

    Args:
        metrics: by what.
        values: what was found.
        rows: exactly how many rows there were; told rounded.
        known: dataset, card_commitment, basis, measured_by, time, software.
    """
    score = score_of(metrics, values, rows=rows)
    return QualityRun(
        metrics=metrics.name,
        metrics_digest=metrics.digest,
        status=metrics.status,
        rows_at_most=1 << (rows - 1).bit_length() if rows else 0,
        values=tuple(Measured(metric=one.metric, column=one.column, ppm=one.ppm, cells=one.cells_at_most) for one in values),
        score_ppm=score.score_ppm,
        grade=score.grade,
        **known,
    )


def run_digest(run: bytes) -> bytes:
    """What is signed of a run."""
    return hashlib.sha256(run).digest()


def parse_run(signed: SignedRun, statement: RunStatement, metrics: MetricSet) -> QualityRun:
    """The run that a node signed, checked as far as it can be from itself.

    Args:
        signed: as handed on.
        statement: from its envelope, whose signature was verified.
        metrics: this program's set of that name.

    Raises:
        BadReport: it is not what was signed, values are not rounded, or its score is not that of its values.
    """
    run = parse_message(signed.run, QualityRun)
    if statement.run_digest != run_digest(signed.run) or encode_message(run) != signed.run:
        raise BadReport(reason="the values are not those that were signed")
    if any(one.ppm % STEP_PPM or one.cells & (one.cells - 1) or not one.cells for one in run.values):
        raise BadReport(reason="values are not rounded")
    if run.metrics_digest == metrics.digest:
        score = score_of(metrics, run.told(), rows=run.rows_at_most)
        if (score.score_ppm, score.grade) != (run.score_ppm, run.grade):
            raise BadReport(reason="the score is not that of the values")
    return run


def verify_opinion(run: QualityRun, statement: OpinionStatement, signed: SignedRun, record: QualityReport) -> None:
    """Compare an opinion with what stands on the ledger.

    Raises:
        BadReport: they differ.
    """
    if statement.run_digest != run_digest(signed.run) or statement.evaluator != record.evaluator:
        raise BadReport(reason="the evaluator vouched for another run")
    told = (run.dataset, run.grade, run.score_ppm, run.metrics_digest)
    if told != (record.dataset, record.grade, record.score_ppm, record.metrics):
        raise BadReport(reason="grade, score or metrics are not those on the ledger")


def to_dqv(run: QualityRun, record: QualityReport, columns: tuple[str, ...], *, iri: str) -> dict[str, Any]:
    """The report in the Data Quality Vocabulary (W3C, 2016), as JSON-LD without a context: every name in full.

    Args:
        run: what was measured.
        record: the opinion on the ledger.
        columns: names on the card, in its order.
        iri: name of the dataset version.
    """
    return {
        "@id": f"{iri}#quality-{record.evaluator}",
        "@type": f"{DQV}QualityMetadata",
        f"{PROV}wasAttributedTo": record.evaluator,
        f"{PROV}generatedAtTime": run.time,
        f"{DEX}thirdParty": record.third_party,
        f"{DEX}basis": str(run.basis),
        f"{DEX}qualityGrade": GRADES[run.grade - 1],
        f"{DEX}qualityScore": run.score_ppm,
        f"{DEX}metricsStatus": run.status,
        f"{DEX}metricsDigest": run.metrics_digest.hex(),
        f"{DQV}hasQualityMeasurement": [
            {
                "@type": f"{DQV}QualityMeasurement",
                f"{DQV}computedOn": {"@id": iri},
                f"{DQV}isMeasurementOf": {"@id": f"{DEX}metric/{run.metrics}/{one.metric}"},
                f"{DQV}value": one.ppm,
                **({f"{DEX}column": columns[one.column - 1]} if 0 < one.column <= len(columns) else {}),
            }
            for one in run.values
        ],
    }
