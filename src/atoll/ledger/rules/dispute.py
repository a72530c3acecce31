"""Disputes about a version's registration: opened by an owner concerned, answered by both, decided by neither.

What is said stands here as commitments; the words and the evidence go to the parties, auditors and regulators. A decision says
whether the version may be used. It does not say whose the content is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import Answer, Dataset, DatasetState, Dispute, DisputeState, Member, ties
from atoll.ledger.records.registration import MOST_ANSWERS
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.check import COMPARABLE
from atoll.ledger.rules.dataset import claim_tags, move
from atoll.ledger.rules.errors import DisputeRefused, WrongState
from atoll.wire.message import Digest, Message, Size

DisputeId = Annotated[bytes, Size(16)]
JUDGES = frozenset({"auditor", "regulator"})
ANSWERS_EACH = MOST_ANSWERS // 2


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
    """One of the two owners; one dispute about a version at a time."""
    subject, against = call.need(Dataset, body.subject), call.need(Dataset, body.against)
    parties = tuple(sorted({subject.owner, against.owner}))
    if len(parties) != 2 or call.sender not in parties:
        raise DisputeRefused(org=call.sender, reason="it is between the owners of two members' versions, by one of them")
    if subject.state not in COMPARABLE:
        raise WrongState(what="dataset", name=body.subject, state=subject.state, needed=" or ".join(sorted(COMPARABLE)))
    call.need_free(Dispute, body.dispute.hex())
    last = call.state.get(Dispute, subject.dispute.hex()) if subject.dispute else None
    if last is not None and last.state is DisputeState.OPEN:
        raise WrongState(what="dispute", name=last.identifier(), state=last.state, needed="decided")
    call.state.put(replace(subject, dispute=body.dispute))
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
    judge = call.active_member(call.sender)
    if not JUDGES & set(judge.roles):
        raise DisputeRefused(org=call.sender, reason="it is neither auditor nor regulator")
    tied = {tie for org in dispute.parties for tie in ties(org, call.state.get(Member, org))}
    if tied & set(ties(call.sender, judge)):
        raise DisputeRefused(org=call.sender, reason="it is a party or belongs to one")


def _carry_out(call: Call, dispute: Dispute, outcome: Outcome) -> None:
    """A version that was withdrawn or frozen meanwhile stays so."""
    subject = call.need(Dataset, dispute.subject)
    if subject.state not in COMPARABLE:
        return
    if outcome is Outcome.UPHELD:
        move(call, subject, state=DatasetState.BLOCKED)
        return
    move(call, subject, state=DatasetState.ACTIVE)
    claim_tags(call, subject)


def _open(call: Call, identifier: bytes) -> Dispute:
    dispute = call.need(Dispute, identifier.hex())
    if dispute.state is not DisputeState.OPEN:
        raise WrongState(what="dispute", name=dispute.identifier(), state=dispute.state, needed=DisputeState.OPEN)
    return dispute
