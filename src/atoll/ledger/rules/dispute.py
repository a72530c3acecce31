"""Disputes about a version's registration: opened by an owner concerned, answered by both, decided by neither.

What is said stands here as commitments; the words and the evidence go to the parties, auditors and regulators. A decision says
whether the version may be used. It does not say whose the content is.

Where an earlier version stands in the way, the dispute is against its lineage, with its owner and the holder of its root as
parties: nobody gets a copy released by a dispute with a friend. A release counts against the lineage in dispute alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import (
    Answer,
    Contest,
    Dataset,
    DatasetState,
    Dispute,
    DisputeState,
    Finding,
    Heard,
    Overturned,
    Right,
    Rivals,
    bound_id,
    contest_id,
    root_right_id,
)
from atoll.ledger.records.registration import MOST_ANSWERS, MOST_PARTIES, MOST_RIVALS
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.check import COMPARABLE, DAY_SECONDS, bound_ties
from atoll.ledger.rules.dataset import claim_tags, lineage_of, move
from atoll.ledger.rules.errors import DisputeRefused, WrongState
from atoll.wire.message import Digest, Message, Size

DisputeId = Annotated[bytes, Size(16)]
JUDGES = frozenset({"auditor", "regulator"})
ANSWERS_EACH = MOST_ANSWERS // MOST_PARTIES
OVERTURNED_DAYS = 365
"""How long the statements of somebody block nobody, once one was overturned."""


class Outcome(StrEnum):
    """How a dispute ends."""

    UPHELD = "upheld"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDispute(Message):
    """An owner contests a version: that its own is blocked, or that another's should be."""

    TAG: ClassVar[str] = "dispute.open/1"

    dispute: DisputeId
    """Random identifier."""
    subject: DatasetId
    """The version whose use is in dispute."""
    against: DatasetId
    """The version that it is compared with, of another owner."""
    evidence: Digest
    """Salted commitment to what the opener says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDispute(Message):
    """A party adds to what it has said."""

    TAG: ClassVar[str] = "dispute.answer/1"

    dispute: DisputeId
    """Which dispute."""
    evidence: Digest
    """Salted commitment to what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDispute(Message):
    """An auditor or regulator ends a dispute, or its opener takes it back."""

    TAG: ClassVar[str] = "dispute.decide/1"

    dispute: DisputeId
    """Which dispute."""
    outcome: Outcome
    """How it ends."""
    reason: Digest
    """Salted commitment to the reasons."""


def open_dispute(call: Call, body: OpenDispute) -> None:
    """By an owner concerned, against what stands in the way where anything does; one dispute of a pair at a time."""
    subject, against = call.need(Dataset, body.subject), call.need(Dataset, body.against)
    parties = tuple(sorted(_concerned(call, subject) | _concerned(call, against)))
    if subject.lineage == against.lineage or len(parties) < 2 or call.sender not in parties:
        raise DisputeRefused(org=call.sender, reason="it is between those whom two members' versions concern, by one of them")
    if subject.state not in COMPARABLE:
        raise WrongState(what="dataset", name=body.subject, state=subject.state, needed=" or ".join(sorted(COMPARABLE)))
    in_the_way = sorted({lineage_of(one) for one in _in_the_way(call, subject)})
    if in_the_way and against.lineage not in in_the_way:
        raise DisputeRefused(org=call.sender, reason=f"in the way of {body.subject} stands {', '.join(in_the_way)}")
    call.need_free(Dispute, body.dispute.hex())
    contest = call.state.get(Contest, contest_id(body.subject, body.against))
    last = call.state.get(Dispute, contest.dispute.hex()) if contest is not None else None
    if last is not None and last.state is DisputeState.OPEN:
        raise WrongState(what="dispute", name=last.identifier(), state=last.state, needed="decided")
    call.state.put(replace(subject, dispute=body.dispute))
    call.state.put(Contest(subject=body.subject, against=body.against, dispute=body.dispute))
    call.state.put(
        Dispute(
            dispute=body.dispute,
            opener=call.sender,
            subject=body.subject,
            against=body.against,
            parties=parties,
            evidence=body.evidence,
            answers=(),
            state=DisputeState.OPEN,
            opened_height=call.height,
            opened_time=call.time,
            decided_by="",
            reason=b"",
            decided_height=0,
        )
    )


def answer_dispute(call: Call, body: AnswerDispute) -> None:
    """A party, a bounded number of times."""
    dispute = _open(call, body.dispute)
    if call.sender not in dispute.parties:
        raise DisputeRefused(org=call.sender, reason="it is no party of it")
    if sum(one.org == call.sender for one in dispute.answers) >= ANSWERS_EACH:
        raise DisputeRefused(org=call.sender, reason=f"it has answered {ANSWERS_EACH} times")
    said = Answer(org=call.sender, commitment=body.evidence, height=call.height)
    call.state.put(replace(dispute, answers=(*dispute.answers, said)))


def decide_dispute(call: Call, body: DecideDispute) -> None:
    """Taken back by its opener, or decided by an auditor or regulator that belongs to no party."""
    dispute = _open(call, body.dispute)
    if body.outcome is Outcome.WITHDRAWN:
        if call.sender != dispute.opener:
            raise DisputeRefused(org=call.sender, reason=f"only {dispute.opener} can take it back")
    else:
        _verify_judge(call, dispute)
        _carry_out(call, dispute, body.outcome)
    call.state.put(
        replace(
            dispute,
            state=DisputeState(body.outcome),
            decided_by=call.sender,
            reason=body.reason,
            decided_height=call.height,
        )
    )


def _verify_judge(call: Call, dispute: Dispute) -> None:
    """Of those concerned when it was opened, and of those concerned now, it belongs to none."""
    judge = call.active_member(call.sender)
    if not JUDGES & set(judge.roles):
        raise DisputeRefused(org=call.sender, reason="it is neither auditor nor regulator")
    subject = call.need(Dataset, dispute.subject)
    versions = [call.state.get(Dataset, one) for one in (dispute.subject, dispute.against, *_in_the_way(call, subject))]
    concerned = set(dispute.parties).union(*(_concerned(call, one) for one in versions if one is not None))
    tied = {tie for org in concerned for tie in bound_ties(call.state, org)}
    if tied & set(bound_ties(call.state, call.sender)):
        raise DisputeRefused(org=call.sender, reason="it is a party or belongs to one")


def _concerned(call: Call, version: Dataset) -> set[str]:
    """Whoever keeps a version, and whoever holds the root of its lineage."""
    root = call.state.get(Right, root_right_id(version.lineage).hex())
    return {version.owner} | ({root.holder} if root is not None else set())


def _in_the_way(call: Call, subject: Dataset) -> tuple[str, ...]:
    """Versions of other lineages that came first, by tags, statements or decisions; none where the version is in full use."""
    if subject.state is DatasetState.ACTIVE:
        return ()
    rivals = call.state.get(Rivals, subject.dataset)
    named = (subject.first, *(rivals.versions if rivals is not None else ()))
    return tuple(dict.fromkeys(one for one in named if one and lineage_of(one) != subject.lineage))


def _carry_out(call: Call, dispute: Dispute, outcome: Outcome) -> None:
    """A version that was withdrawn or frozen meanwhile stays so. Where another lineage stands in the way too, it stays blocked
    until it is released against that as well."""
    subject, against = call.need(Dataset, dispute.subject), call.need(Dataset, dispute.against)
    if subject.state not in COMPARABLE:
        return
    if outcome is Outcome.UPHELD:
        found = tuple(dict.fromkeys((*_in_the_way(call, subject), dispute.against)))
        call.state.put(Rivals(new=subject.dataset, versions=found[:MOST_RIVALS]))
        move(call, subject, state=DatasetState.BLOCKED, first=found[0])
        return
    _overrule(call, subject, against)
    left = tuple(one for one in _in_the_way(call, subject) if lineage_of(one) != against.lineage)
    call.state.put(Rivals(new=subject.dataset, versions=left))
    if not left:
        move(call, subject, state=DatasetState.ACTIVE, unanswered=0)
        claim_tags(call, subject, call.height)
    elif subject.first not in left:
        move(call, subject, first=left[0], finding=Finding.NEAR)


def _overrule(call: Call, subject: Dataset, against: Dataset) -> None:
    """Those against whom a version was released have had their say about it; had they stated it near, that word was wrong."""
    bound = {tie for org in _concerned(call, against) for tie in bound_ties(call.state, org)}
    bound -= set(bound_ties(call.state, subject.owner))
    heard = [call.state.get(Heard, bound_id(subject.dataset, tie)) for tie in sorted(bound)]
    has_stated = any(one is not None and one.has_stated for one in heard)
    for tie in sorted(bound):
        call.state.put(Heard(new=subject.dataset, tie=tie, has_stated=has_stated, height=call.height))
        if has_stated:
            call.state.put(Overturned(tie=tie, until=call.time + OVERTURNED_DAYS * DAY_SECONDS))


def _open(call: Call, identifier: bytes) -> Dispute:
    dispute = call.need(Dispute, identifier.hex())
    if dispute.state is not DisputeState.OPEN:
        raise WrongState(what="dispute", name=dispute.identifier(), state=dispute.state, needed=DisputeState.OPEN)
    return dispute
