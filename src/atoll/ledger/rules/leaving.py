"""Members that begin to validate, stop, leave or are put out; what the ledger cannot do without stays.

Somebody must be left whose voice counts, on the embedded engine the one who orders hands over first, and the members'
fingerprint key must be in enough hands to be handed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.records import ConsensusSet, EngineKind, Member, MemberState, OprfKey, StruckOut, Validator
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import begin_counting, is_struck_out, need_own_cosign, need_own_vote
from atoll.ledger.rules.errors import MemberNeeded, NotAllowed, WrongState
from atoll.trust.keys import Purpose
from atoll.wire.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveMember(Message):
    """A member goes, or stops validating and stays as one that follows."""

    TAG: ClassVar[str] = "member.leave/1"

    validating_only: bool
    """Whether it stays a member."""


def leave(call: Call, body: LeaveMember) -> None:
    """Everybody for itself, at any time that the ledger allows."""
    if body.validating_only:
        stop_validating(call, call.sender)
    else:
        need_parting(call, call.sender)
        part(call, call.sender, by_vote=False)


def start_validating(call: Call, org: str) -> None:
    """With the keys that it has registered, if they are good and its legal entity has no vote yet; again, where it was struck
    out."""
    member, consensus = need_following(call, org), call.need(ConsensusSet, "0")
    need_own_vote(call, org, member.legal_id)
    purposes = (Purpose.COSIGN, Purpose.CONSENSUS) if consensus.engine is EngineKind.COMETBFT else (Purpose.COSIGN,)
    keys = {purpose: call.current_key(org, purpose) for purpose in purposes}
    for purpose, key in keys.items():
        if not key.is_valid_at(call.height):
            raise NotAllowed(org=org, reason=f"its {purpose} key is revoked")
    need_own_cosign(call, org, keys[Purpose.COSIGN].public)
    vote = keys[Purpose.CONSENSUS].public if Purpose.CONSENSUS in keys else b""
    begin_counting(call, Validator(org=org, cosign=keys[Purpose.COSIGN].public, consensus=vote))
    if is_struck_out(call, org):
        call.state.put(StruckOut(org=org, height=0))


def stop_validating(call: Call, org: str) -> None:
    """It re-executes as every member does, and its voice counts no more."""
    need_validating(call, org)
    old = call.need(ConsensusSet, "0")
    need_no_duty(call, org)
    validators = tuple(one for one in old.validators if one.org != org)
    if not validators or not replace(old, validators=validators).counted():
        raise MemberNeeded(org=org, reason="no validating member would be left that counts")
    call.state.put(replace(old, validators=validators))


def need_following(call: Call, org: str) -> Member:
    """The member.

    Raises:
        WrongState: it validates already.
    """
    member = call.active_member(org)
    if org in {one.org for one in call.need(ConsensusSet, "0").validators} and not is_struck_out(call, org):
        raise WrongState(what="member", name=org, state="validating", needed="one that follows")
    return member


def need_validating(call: Call, org: str) -> None:
    """Raises WrongState where it follows."""
    if org not in {one.org for one in call.need(ConsensusSet, "0").validators}:
        raise WrongState(what="member", name=org, state="following", needed="a validating member")


def need_parting(call: Call, org: str) -> None:
    """Refuse a parting that the ledger could not survive."""
    call.active_member(org)
    need_no_duty(call, org)
    key = call.state.get(OprfKey, "0")
    if key is None or org not in key.holders:
        return
    left = [one for one in key.holders if one != org and _is_active(call, one)]
    if len(left) < key.threshold:
        raise MemberNeeded(
            org=org, reason=f"{key.threshold} holders of the fingerprint key are needed, and {len(left)} would be left"
        )


def need_no_duty(call: Call, org: str) -> None:
    """Whoever puts transactions in order is replaced before it goes."""
    consensus = call.need(ConsensusSet, "0")
    if consensus.engine is EngineKind.EMBEDDED and consensus.sequencer == org:
        raise MemberNeeded(org=org, reason="it puts transactions in order")


def part(call: Call, org: str, *, by_vote: bool) -> None:
    """It is a member no more, from this block on; its name stays taken and its signatures of before stay good."""
    member = call.active_member(org)
    if org in {one.org for one in call.need(ConsensusSet, "0").validators}:
        stop_validating(call, org)
    state = MemberState.REMOVED if by_vote else MemberState.LEFT
    call.state.put(replace(member, state=state, left_at=call.time))


def _is_active(call: Call, org: str) -> bool:
    member = call.state.get(Member, org)
    return member is not None and member.state is MemberState.ACTIVE
