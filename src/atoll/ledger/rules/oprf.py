"""Requests for an evaluation of the threshold OPRF: logged, and so many a day.

A fingerprint is worth as much as the guesses that can be made at it. Nobody can evaluate the function alone, every evaluation
that an honest member takes part in stands here first, and a member gets so many a day: that is what bounds a dictionary attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.records import MOST_ELEMENTS, EvaluationId, OprfKey, OprfRequest, OprfTally
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import OprfLimitReached, OprfNoKey
from atoll.wire.message import Digest, Message, Range

REQUESTS_A_DAY = 100
"""Evaluations that a member may ask for on one day (UTC): as many registrations, at most 300 guesses."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvaluation(Message):
    """A member asks for one evaluation of up to three inputs, blinded."""

    TAG: ClassVar[str] = "oprf.request/1"

    id: EvaluationId
    """Random identifier."""
    digest: Digest
    """SHA-256 of what will be sent to the members (`atoll.protocols.threshold_oprf.digest_blinded`)."""
    elements: Annotated[int, Range(1, MOST_ELEMENTS)]
    """How many inputs."""


def request(call: Call, body: RequestEvaluation) -> None:
    """Any active member, while a key stands, so often a day."""
    call.active_member(call.sender)
    if call.state.get(OprfKey, "0") is None:
        raise OprfNoKey()
    call.need_free(OprfRequest, body.id.hex())
    day = call.time // DAY_SECONDS
    tally = call.state.get(OprfTally, call.sender)
    made = tally.requests if tally is not None and tally.day == day else 0
    if made >= REQUESTS_A_DAY:
        raise OprfLimitReached(org=call.sender, limit=REQUESTS_A_DAY)
    call.state.put(OprfTally(org=call.sender, day=day, requests=made + 1))
    call.state.put(
        OprfRequest(
            id=body.id,
            org=call.sender,
            digest=body.digest,
            elements=body.elements,
            height=call.height,
            time=call.time,
        )
    )
