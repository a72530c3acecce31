"""Claims: who has tags commits to them in one block and shows them in a later one.

A registration travels in clear, and a tag says nothing about who computed it: whoever sees one before it stands could register
the same tags first. But it cannot have claimed them before it saw them. So tags belong to the earliest claim, not to the
earliest registration. Commit, then open; the commitment binds the sender and its logged evaluation, so it serves nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atoll.ledger.records import Claim, Evaluated, EvaluationId, OprfRequest
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import TagsRefused
from atoll.primitives.commitment import commit, is_opening
from atoll.wire.message import Digest, Message

CLAIM_DOMAIN = "dataset/claim/1"
CLAIM_SECONDS = 7 * 86_400
"""How long a claim counts, by block time: a registration follows it within seconds, and nobody is to hoard claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTags(Message):
    """A member commits to the tags that an evaluation gave it."""

    TAG: ClassVar[str] = "dataset.claim/1"

    evaluation: EvaluationId
    """Its logged evaluation, not yet used."""
    commitment: Digest
    """`commit_tags` of what it gave."""


def commit_tags(org: str, evaluation: bytes, tags: tuple[bytes, ...], salt: bytes) -> bytes:
    """The commitment of a claim; `salt` is 32 fresh bytes, kept secret until the registration."""
    return commit(CLAIM_DOMAIN, salt, _claimed(org, evaluation, tags))


def claim(call: Call, body: ClaimTags) -> None:
    """One on each evaluation of the sender: so the limit of evaluations a day bounds claims too."""
    call.active_member(call.sender)
    request = call.state.get(OprfRequest, body.evaluation.hex())
    if request is None or request.org != call.sender:
        raise TagsRefused(reason=f"{call.sender} has asked for no evaluation {body.evaluation.hex()}")
    used = call.state.get(Evaluated, body.evaluation.hex())
    if used is not None:
        raise TagsRefused(reason=f"the evaluation was used for {used.dataset}")
    call.need_free(Claim, body.evaluation.hex())
    call.state.put(Claim(evaluation=body.evaluation, commitment=body.commitment, height=call.height, time=call.time))


def priority_of(call: Call, evaluation: bytes, tags: tuple[bytes, ...], salt: bytes) -> int:
    """Block since which the sender counts as having these tags: that of its claim, else this one.

    Raises:
        TagsRefused: `salt` opens no claim of an earlier block. In the same block the tags may have been seen first.
    """
    if not salt:
        return call.height
    found = call.state.get(Claim, evaluation.hex())
    if found is None or not is_opening(found.commitment, CLAIM_DOMAIN, salt, _claimed(call.sender, evaluation, tags)):
        raise TagsRefused(reason="the salt opens no claim to them")
    if found.height >= call.height:
        raise TagsRefused(reason="they were claimed in the block that shows them")
    return found.height if call.time - found.time <= CLAIM_SECONDS else call.height


def _claimed(org: str, evaluation: bytes, tags: tuple[bytes, ...]) -> bytes:
    """Only the name's length varies, so this reads in one way."""
    return b"".join((org.encode(), evaluation, *tags))
