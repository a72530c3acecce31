"""Who orders and who counts: the hand-over by which q validating members replace a sequencer that is dead or cheats
(SECURITY 3.3), and how the set keeps in step with the members' keys.

Each vote names the highest checkpoint its signer has cosigned, and its term; from then on the signer refuses the old term.
The votes stand in the first transaction of the new term, so that anybody can count them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.records import (
    REVOKED_COSIGN,
    ConsensusSet,
    EngineKind,
    Member,
    StruckOut,
    Validator,
    Version,
    VotingKey,
    plain_spelling,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import AlreadyExists, BadApproval, BadKey, NotAllowed
from atoll.primitives import ed25519
from atoll.trust.keys import Purpose
from atoll.trust.nodekeys import derive_address
from atoll.wire.message import Count, Digest, Message, Name, Size, encode_message

VOTE_DOMAIN = b"ATOLL-V1-HANDOVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverVote(Message):
    """One validating member leaves the old term."""

    TAG: ClassVar[str] = "handover-vote/1"

    genesis_digest: Digest
    """The ledger."""
    org: Name
    """Who votes."""
    new_term: Version
    """Term that begins: the old one plus 1, or more where members voted for somebody who then could not take over."""
    new_sequencer: Name
    """Who orders in it."""
    height: Count
    """Height of the highest block it has cosigned."""
    size: Count
    """Size of the log at that block."""
    root: Digest
    """Root of the log at that size."""
    term: Version = 1
    """Term of that block."""

    def signed_bytes(self) -> bytes:
        """What the identity key signs."""
        return VOTE_DOMAIN + encode_message(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedVote(Message):
    """A vote with its signature."""

    TAG: ClassVar[str] = "signed-handover-vote/1"

    vote: HandoverVote
    """The vote."""
    signature: Annotated[bytes, Size(64)]
    """By the voter's current identity key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover(Message):
    """First transaction of a new term."""

    TAG: ClassVar[str] = "term.handover/1"

    new_term: Version
    """Term that begins."""
    votes: Annotated[tuple[SignedVote, ...], Size(1, 100)]
    """Votes for the sender, at least q, each good, sorted by voter."""


def handover(call: Call, body: Handover) -> None:
    """q of the members counted in the old term must have voted for the sender in exactly this term."""
    old = call.need(ConsensusSet, "0")
    if old.engine is not EngineKind.EMBEDDED:
        raise NotAllowed(org=call.sender, reason="on CometBFT nobody has a place to hand over")
    if body.new_term <= old.term:
        raise NotAllowed(org=call.sender, reason=f"term {body.new_term} does not follow term {old.term}")
    call.active_member(call.sender)
    voters = [one.vote.org for one in body.votes]
    if voters != sorted(set(voters)):
        raise NotAllowed(org=call.sender, reason="its votes are not sorted by voter, each once")
    good = [one for one in body.votes if is_good_vote(call, one, old, body.new_term, new_sequencer=call.sender)]
    if len(good) < old.quorum() or len(good) < len(body.votes):
        raise BadApproval(needed=f"votes of {old.quorum()} of {len(old.counted())} members, and no other", found=len(good))
    log = call.current_key(call.sender, Purpose.LOG)
    if not log.is_valid_at(call.height):
        raise NotAllowed(org=call.sender, reason="its key for checkpoints is revoked")
    new = replace(old, term=body.new_term, sequencer=call.sender, log=log.public)
    if not new.counted():
        raise NotAllowed(org=call.sender, reason="no validating member would be left to cosign what it orders")
    call.state.put(new)


def is_good_vote(call: Call, signed: SignedVote, old: ConsensusSet, new_term: int, *, new_sequencer: str) -> bool:
    """Whether a vote counts for a hand-over from the old set to a sequencer in a term."""
    vote = signed.vote
    if vote.org not in {one.org for one in old.counted()}:
        return False
    if (vote.genesis_digest, vote.new_term, vote.new_sequencer) != (call.chain.genesis_digest, new_term, new_sequencer):
        return False
    key = call.current_key(vote.org, Purpose.IDENTITY)
    return key.is_valid_at(call.height) and ed25519.is_signature(key.public, vote.signed_bytes(), signed.signature)


def need_own_vote(call: Call, org: str, legal_id: str) -> None:
    """One vote a legal entity (SECURITY 3.6), however it is spelt: it may enter under several names, but validate under one."""
    for one in call.need(ConsensusSet, "0").validators:
        known = call.state.get(Member, one.org)
        if known is not None and one.org != org and plain_spelling(known.legal_id) == plain_spelling(legal_id):
            raise AlreadyExists(what="vote of the legal entity", name=legal_id)


def need_own_cosign(call: Call, org: str, public: bytes) -> None:
    """A key that somebody cosigns with serves nobody else: the signature does not name its signer."""
    consensus = call.state.get(ConsensusSet, "0")
    taken = consensus.validators if consensus is not None else ()
    if any(public == one.cosign for one in taken if one.org != org):
        raise BadKey(purpose=Purpose.COSIGN, reason="a validating member signs with it")


def take_voting_key(call: Call, org: str, public: bytes) -> None:
    """A consensus key is registered once, by one member: CometBFT would stop at a set of validators that holds a key twice, and
    one that was struck out would come back."""
    address = derive_address(public).hex()
    if call.state.get(VotingKey, address) is not None:
        raise BadKey(purpose=Purpose.CONSENSUS, reason="it has been registered before")
    call.state.put(VotingKey(address=address, org=org))


def is_struck_out(call: Call, org: str) -> bool:
    """Whether none of a member's keys votes until the others let it vote again."""
    struck = call.state.get(StruckOut, org)
    return struck is not None and struck.height > 0


def begin_counting(call: Call, new: Validator) -> None:
    """Put a member into the set. On CometBFT it has to bring the key that it votes with."""
    old = call.need(ConsensusSet, "0")
    if old.engine is EngineKind.COMETBFT and not new.consensus:
        raise NotAllowed(org=new.org, reason="a validating member needs a consensus key on CometBFT")
    others = [one for one in old.validators if one.org != new.org]
    call.state.put(replace(old, validators=tuple(sorted((*others, new), key=lambda one: one.org))))


def follow_key(call: Call, org: str, purpose: Purpose, public: bytes) -> None:
    """Keep the consensus set in step with a rotated cosign, consensus or log key; whoever was struck out does not vote again by
    a new key."""
    if purpose is Purpose.CONSENSUS and is_struck_out(call, org):
        return
    consensus = call.need(ConsensusSet, "0")
    if purpose is not Purpose.LOG:
        call.state.put(_with_key(consensus, org, purpose, public))
    elif consensus.sequencer == org:
        call.state.put(replace(consensus, log=public))


def stop_counting(call: Call, org: str, purpose: Purpose) -> None:
    """A revoked cosigning or consensus key counts no more; its member does again once it has rotated it. Somebody must still
    count, and the sequencer must be able to sign."""
    old = call.need(ConsensusSet, "0")
    if purpose is Purpose.LOG:
        if org == old.sequencer:
            raise NotAllowed(org=call.sender, reason="checkpoints are signed with this key; rotate it instead")
        return
    new = _with_key(old, org, purpose, REVOKED_COSIGN if purpose is Purpose.COSIGN else b"")
    if not new.counted():
        raise NotAllowed(org=call.sender, reason="no validating member would be left that counts; rotate the key instead")
    call.state.put(new)


def disqualify(call: Call, address: bytes) -> str:
    """A member of which a consensus key, this one or an earlier one, signed two different blocks at one height votes no more.
    It stays, keeps its say in what members decide, and votes again with a next key once they let it.

    Args:
        call: of the block whose evidence names the key.
        address: what CometBFT calls the key by.

    Returns:
        The member; empty where it validates no more or was struck out before, or nobody else votes: somebody always does.
    """
    old = call.need(ConsensusSet, "0")
    guilty = call.state.get(VotingKey, address.hex())
    if guilty is None or guilty.org not in {one.org for one in old.validators} or is_struck_out(call, guilty.org):
        return ""
    new = _with_key(old, guilty.org, Purpose.CONSENSUS, b"")
    if not new.counted():
        return ""
    key = call.current_key(guilty.org, Purpose.CONSENSUS)
    if key.revoked_height is None:
        call.state.put(replace(key, revoked_height=call.height))
    call.state.put(StruckOut(org=guilty.org, height=call.height))
    call.state.put(new)
    return guilty.org


def _with_key(consensus: ConsensusSet, org: str, purpose: Purpose, public: bytes) -> ConsensusSet:
    """The set with another key in a member's place; the same set where it does not validate."""
    if purpose is Purpose.CONSENSUS and consensus.engine is not EngineKind.COMETBFT:
        return consensus

    def changed(one: Validator) -> Validator:
        return replace(one, cosign=public) if purpose is Purpose.COSIGN else replace(one, consensus=public)

    return replace(consensus, validators=tuple(changed(one) if one.org == org else one for one in consensus.validators))
