"""Opinions of quality: given by the owner of a dataset or by an evaluator, withdrawn by whoever gave them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import Dataset, DatasetState, Member, OpinionState, QualityReport, opinion_id, ties
from atoll.ledger.records.quality import QualityGrade, Score
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import NotAnEvaluator, SameReport, WrongState
from atoll.wire.message import Digest, Message

EVALUATOR = "evaluator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuality(Message):
    """An evaluator, or the owner itself, says how good a dataset version is."""

    TAG: ClassVar[str] = "quality.report/1"

    dataset: DatasetId
    """What was measured."""
    commitment: Digest
    """Salted commitment to the signed report."""
    metrics: Digest
    """Digest of the set of metrics."""
    grade: QualityGrade
    """What it amounts to."""
    score_ppm: Score
    """From which the grade comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawQuality(Message):
    """Whoever gave an opinion takes it back."""

    TAG: ClassVar[str] = "quality.withdraw/1"

    dataset: DatasetId
    """Of which dataset version."""


def report(call: Call, body: ReportQuality) -> None:
    """One opinion an evaluator and dataset version: a later one takes the place of the one before it."""
    dataset = call.need(Dataset, body.dataset)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(what="dataset", name=body.dataset, state=dataset.state, needed="any other state")
    sender = call.active_member(call.sender)
    if call.sender != dataset.owner and EVALUATOR not in sender.roles:
        raise NotAnEvaluator(org=call.sender, dataset=body.dataset)
    before = call.state.get(QualityReport, opinion_id(body.dataset, call.sender))
    if before is not None and before.commitment == body.commitment:
        raise SameReport(org=call.sender, dataset=body.dataset)
    call.state.put(
        QualityReport(
            dataset=body.dataset,
            evaluator=call.sender,
            version=before.version + 1 if before else 1,
            commitment=body.commitment,
            metrics=body.metrics,
            grade=body.grade,
            score_ppm=body.score_ppm,
            third_party=is_third_party(sender, dataset.owner, call.state.get(Member, dataset.owner)),
            state=OpinionState.STANDS,
            height=call.height,
            time=call.time,
        )
    )


def withdraw(call: Call, body: WithdrawQuality) -> None:
    """Only whoever gave it; what was said stays in the log."""
    name = opinion_id(body.dataset, call.sender)
    found = call.need(QualityReport, name)
    if found.state is not OpinionState.STANDS:
        raise WrongState(what="opinion", name=name, state=found.state, needed=OpinionState.STANDS)
    call.state.put(replace(found, state=OpinionState.WITHDRAWN, height=call.height, time=call.time))


def is_third_party(evaluator: Member, owner: str, owner_member: Member | None) -> bool:
    """Whether an evaluator is neither the owner nor tied to it by group or legal entity, as members said when they joined."""
    return EVALUATOR in evaluator.roles and not set(ties(evaluator.org, evaluator)) & set(ties(owner, owner_member))
