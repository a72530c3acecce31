"""Standing consents: given, revoked, and counted in the very transaction that consents by one.

A consent that names a standing consent takes one of its uses, whatever becomes of the job: two jobs never share the last one.
Whether a job lies within the bounds, the owner's own node decides, which alone signs; the ledger counts and holds the term.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.records import Budget, StandingConsent, StandingState, budget_id, standing_account
from atoll.ledger.records.standing import StandingId
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import GrantExhausted, StandingNotInForce, StandingTooLong, WrongState
from atoll.wire.message import Digest, Message, Range, Time

MOST_USES = 100_000
"""Jobs that one standing consent may carry."""
MOST_DAYS = 366
"""How long one may hold."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveStanding(Message):
    """An owner consents in advance, so often and so long, within committed bounds."""

    TAG: ClassVar[str] = "standing.give/1"

    standing: StandingId
    """Random identifier."""
    commitment: Digest
    """Salted commitment to its bounds."""
    uses: Annotated[int, Range(1, MOST_USES)]
    """How many jobs it carries."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeStanding(Message):
    """An owner takes a standing consent back; jobs that were consented to by it go on."""

    TAG: ClassVar[str] = "standing.revoke/1"

    standing: StandingId
    """Which."""


def give(call: Call, body: GiveStanding) -> None:
    """Any active member, for itself, for a term that ends and has not ended."""
    call.active_member(call.sender)
    longest = body.not_before + MOST_DAYS * DAY_SECONDS
    if not max(body.not_before, call.time) <= body.not_after <= longest:
        raise StandingTooLong(first=body.not_before, last=body.not_after, now=call.time, days=MOST_DAYS)
    call.need_free(StandingConsent, body.standing.hex())
    call.state.put(
        StandingConsent(
            standing=body.standing,
            owner=call.sender,
            commitment=body.commitment,
            not_before=body.not_before,
            not_after=body.not_after,
            state=StandingState.ACTIVE,
        )
    )
    account = standing_account(body.standing)
    call.state.put(Budget(account=account, unit="uses", owner=call.sender, limit=body.uses, reserved=0, spent=0))


def revoke(call: Call, body: RevokeStanding) -> None:
    """Only the owner, and for good."""
    standing = call.need(StandingConsent, body.standing.hex())
    call.need_sender(standing.owner, "revoke its standing consent")
    if standing.state is not StandingState.ACTIVE:
        raise WrongState(what="standing", name=body.standing.hex(), state=standing.state, needed=StandingState.ACTIVE)
    call.state.put(replace(standing, state=StandingState.REVOKED))


def take_use(call: Call, identifier: bytes) -> None:
    """One use of a standing consent of the sender, at the block's time.

    Raises:
        StandingNotInForce: with the reason. GrantExhausted: it has no use left.
    """
    standing = call.state.get(StandingConsent, identifier.hex())
    reason = ""
    if standing is None:
        reason = "the ledger holds no such standing consent"
    elif standing.owner != call.sender:
        reason = f"it is one of {standing.owner}"
    elif standing.state is not StandingState.ACTIVE:
        reason = "it was revoked"
    elif not standing.not_before <= call.time <= standing.not_after:
        reason = f"it holds from {standing.not_before} to {standing.not_after}, and it is {call.time}"
    if reason:
        raise StandingNotInForce(standing=identifier.hex(), reason=reason)
    account = standing_account(identifier)
    budget = call.need(Budget, budget_id(account, "uses"))
    if budget.left() < 1:
        raise GrantExhausted(account=account, unit="uses", left=0, needed=1)
    call.state.put(replace(budget, spent=budget.spent + 1))
