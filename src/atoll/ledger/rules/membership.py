"""Members: invited, enrolled, moved (SECURITY 3.6).

An operator alone invites who owns and uses data. Who is to validate, or gets a role that others have to trust, gets
in by a motion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import Label
from atoll.ledger.records import (
    ConsensusKey,
    ConsensusPeer,
    EngineKind,
    InviteRecord,
    Member,
    MemberState,
    Newcomer,
    Validator,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import begin_counting, need_own_vote
from atoll.ledger.rules.errors import AlreadyExists, BadApproval, DeadlinePassed, NotAllowed
from atoll.ledger.rules.keys import write_key
from atoll.ledger.rules.motion import need_carried, need_voice, open_invitation
from atoll.ledger.rules.nodes import take_node
from atoll.trust.algorithms import Algorithm
from atoll.trust.errors import InviteRefused
from atoll.trust.fingerprint import derive_key_digest
from atoll.trust.invite import InviteBinding, verify_invite
from atoll.trust.keys import MEMBER_PURPOSES, Purpose
from atoll.trust.roles import Role
from atoll.wire.message import Digest, Endpoint, Message, Name, Size, Time

TRUSTED = frozenset({Role.AUDITOR, Role.REGULATOR, Role.EVALUATOR, Role.OPERATOR})
"""Roles that see what is kept from other members, stop what they do, count as independent of them, or invite alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment(Message):
    """What a new member says of itself; founders' stand in the genesis, later ones in `member.enrol`."""

    TAG: ClassVar[str] = "enrolment/1"

    org: Name
    """Short name."""
    title: Annotated[str, Size(1, 120)]
    """Name for people."""
    legal_id: Annotated[str, Size(1, 64)]
    """Identifier of the legal entity."""
    affiliation: Annotated[str, Size(0, 64)]
    """Group of affiliated entities; empty for none."""
    roles: Annotated[tuple[Label, ...], Size(1, 8)]
    """Roles, sorted."""
    validating: bool
    """Whether it re-executes and cosigns."""
    identity: Digest
    """Ed25519 key that signs transactions."""
    recovery: Digest
    """Ed25519 key kept offline."""
    cosign: Digest
    """Ed25519 key for cosignatures."""
    log: Digest
    """Ed25519 key for checkpoints, used while it is the sequencer."""
    tls: Annotated[bytes, Size(100, 2000)]
    """Self-signed TLS certificate, DER."""
    peer: Endpoint
    """host:port of its peer listener, or empty."""
    https: Endpoint
    """host:port of its HTTPS listener, or empty."""
    consensus: ConsensusKey = b""
    """Ed25519 key for votes on blocks under CometBFT, or empty; an embedded ledger registers it and asks nothing of it."""
    consensus_peer: ConsensusPeer = ""
    """Its CometBFT node, or empty; every member of a ledger that runs on CometBFT has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteMember(Message):
    """An operator invites an organisation; the token itself goes to it by another way.

    One that is to validate, or gets a role that others have to trust, gets in once more than half of the validating members
    approve, so any of these may invite it too: a consortium must be able to go on without its operator.
    """

    TAG: ClassVar[str] = "member.invite/1"

    org: Name
    """Whom."""
    commitment: Digest
    """Of the token's secret and of what it is bound to: organisation, identity key, genesis, expiry, issuer."""
    roles: Annotated[tuple[Label, ...], Size(1, 8)]
    """Roles it gets, sorted."""
    validating: bool
    """Whether it becomes a validating member."""
    expires_at: Time
    """First second at which it is void."""
    newcomer: Newcomer | None = None
    """Whom the others approve; None where the operator alone may invite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolMember(Message):
    """An invited organisation joins; signed by the identity key it brings."""

    TAG: ClassVar[str] = "member.enrol/1"

    enrolment: Enrolment
    """What it says of itself."""
    token_secret: Digest
    """The invitation's secret; it is worthless once used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEndpoints(Message):
    """A member moves its listeners."""

    TAG: ClassVar[str] = "member.endpoints/1"

    peer: Endpoint
    """host:port of its peer listener, or empty."""
    https: Endpoint
    """host:port of its HTTPS listener, or empty."""
    consensus_peer: ConsensusPeer = ""
    """Its CometBFT node, or empty."""


def invite(call: Call, body: InviteMember) -> None:
    """The name must be free, and no other member's invitation open to it. An operator alone lets in who owns and uses data; who
    validates or is trusted by others is let in by the members that decide."""
    together = needs_motion(body.roles, validating=body.validating)
    if together:
        need_voice(call)
    else:
        call.need_role("operator")
    if together != (body.newcomer is not None):
        raise NotAllowed(org=call.sender, reason="it says whom the others approve where nobody is asked, or not where they are")
    call.need_free(Member, body.org)
    pending = call.state.get(InviteRecord, body.org)
    if pending is not None and pending.issuer != call.sender and call.time < pending.expires_at:
        raise AlreadyExists(what="invitation", name=body.org)
    if call.time >= body.expires_at:
        raise DeadlinePassed(what="The invitation", deadline=body.expires_at, now=call.time)
    invitation = InviteRecord(
        org=body.org,
        issuer=call.sender,
        commitment=body.commitment,
        roles=body.roles,
        validating=body.validating,
        expires_at=body.expires_at,
    )
    if body.newcomer is not None:
        if body.validating:
            need_own_vote(call, body.org, body.newcomer.legal_id)
        invitation = replace(invitation, motion=open_invitation(call, body.org, body.newcomer, invitation).number)
    call.state.put(invitation)


def needs_motion(roles: tuple[str, ...], *, validating: bool) -> bool:
    """Whether an invitation waits for the members that decide: a vote on blocks, and every role that others have to trust."""
    return validating or not TRUSTED.isdisjoint(roles)


def enrol(call: Call, body: EnrolMember) -> None:
    """The token, the bound key and the roles must be those of the invitation, which is used up by it."""
    new = body.enrolment
    call.need_free(Member, new.org)
    invitation = need_invitation(call, body)
    if new.roles != invitation.roles or new.validating != invitation.validating:
        raise NotAllowed(org=new.org, reason="its roles are not those it was invited with")
    motion = need_carried(call, invitation)
    if motion is not None and motion.newcomer != newcomer_of(new):
        raise NotAllowed(org=new.org, reason="it is not the one that the members approved")
    if new.validating:
        need_own_vote(call, new.org, new.legal_id)
    call.state.put(replace(invitation, expires_at=0))
    admit(call, new)


def need_invitation(call: Call, body: EnrolMember) -> InviteRecord:
    """The invitation that an enrolment's token and key are of.

    Looked at before an enrolment is let in at all, because who is no member yet has no nonce to lose.

    Raises:
        UnknownRecord, BadApproval: there is none, or it is another's, used or too old.
    """
    new = body.enrolment
    invitation = call.need(InviteRecord, new.org)
    binding = InviteBinding(
        organisation=new.org,
        key_digest=derive_key_digest(Algorithm.ED25519, new.identity),
        genesis_digest=call.chain.genesis_digest,
        expires_at=invitation.expires_at,
        issuer=invitation.issuer,
    )
    try:
        verify_invite(body.token_secret, binding, commitment=invitation.commitment, now=call.time)
    except InviteRefused as err:
        raise BadApproval(needed="an unused invitation bound to this organisation and key", found="none") from err
    return invitation


def newcomer_of(new: Enrolment) -> Newcomer:
    """What members approve of an organisation that is invited."""
    return Newcomer(title=new.title, legal_id=new.legal_id, affiliation=new.affiliation, identity=new.identity)


def admit(call: Call, new: Enrolment) -> None:
    """Write a member's records; founders and later members alike."""
    call.state.put(
        Member(
            org=new.org,
            title=new.title,
            legal_id=new.legal_id,
            affiliation=new.affiliation,
            roles=new.roles,
            state=MemberState.ACTIVE,
            peer=new.peer,
            https=new.https,
            joined_height=call.height,
            consensus_peer=new.consensus_peer,
        )
    )
    take_node(call, new.org, new.consensus_peer)
    for purpose in (*MEMBER_PURPOSES, *((Purpose.CONSENSUS,) if new.consensus else ())):
        write_key(call, new.org, purpose, 1, getattr(new, purpose), from_height=call.height)
    if new.validating and call.height > 0:  # the founders' set is written as a whole
        begin_counting(call, validator_of(new, call.chain.engine))


def validator_of(new: Enrolment, engine: EngineKind) -> Validator:
    """What the consensus set holds of a validating member; its consensus key only where the ledger runs on CometBFT."""
    return Validator(org=new.org, cosign=new.cosign, consensus=new.consensus if engine is EngineKind.COMETBFT else b"")


def set_endpoints(call: Call, body: SetEndpoints) -> None:
    """Only for itself."""
    member = call.active_member(call.sender)
    take_node(call, call.sender, body.consensus_peer)
    call.state.put(replace(member, peer=body.peer, https=body.https, consensus_peer=body.consensus_peer))
