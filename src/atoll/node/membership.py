"""Members, keys and the sequencer, as people see and steer them at this node."""

from __future__ import annotations

import asyncio
from typing import Protocol

from atoll.api.models import HandoverInfo, InviteInfo, InviteRequest, MemberInfo
from atoll.errors import AtollError
from atoll.ledger.records import EngineKind, InviteRecord, Key, Motion, Newcomer, current_key
from atoll.ledger.rules.keys import RevokeKey, RotateKey, change_bytes
from atoll.ledger.rules.membership import EnrolMember, InviteMember, needs_motion
from atoll.ledger.transaction import parse_transaction
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, TransactionRefused
from atoll.node.motions import standing
from atoll.ordering.engine import Acknowledged, Candidacy
from atoll.transport.errors import NotConnected
from atoll.trust.algorithms import Algorithm
from atoll.trust.invite import Invite, InviteBinding, create_invite
from atoll.trust.keys import MEMBER_PURPOSES, PublicKey, Purpose
from atoll.wire.errors import MessageError

DAY_SECONDS = 86_400
PATIENCE_SECONDS = 5.0
"""How long a vote waits for a candidate that is not connected at the moment."""


class Links(Protocol):
    """Which members are connected, and how to be so sooner."""

    def connected(self) -> tuple[str, ...]: ...

    def hurry(self, org: str) -> None: ...

    async def wait_connected(self, org: str) -> None: ...


class KeyRing(Protocol):
    """Where this node's secret keys are replaced; what it returns is durable."""

    def prepare(self, purpose: Purpose, version: int, *, registered: bytes) -> bytes:
        """Make and keep the key that is to follow the registered one; its public part, for TLS the certificate."""
        ...

    def sign_recovery(self, version: int, data: bytes) -> bytes:
        """Sign with the recovery key, if it is kept here; empty if it is kept elsewhere."""
        ...


class Membership:
    """Lists members; invites; rotates and revokes this organisation's keys; votes for a new sequencer."""

    def __init__(self, context: NodeContext, keyring: KeyRing, links: Links) -> None:
        self._context = context
        self._keyring = keyring
        self._links = links

    def list(self) -> list[MemberInfo]:
        """All members."""
        consensus = self._context.view().consensus
        validating = {one.org for one in consensus.validators}
        connected = self._links.connected()
        return [
            MemberInfo(
                org=one.org,
                title=one.title,
                roles=list(one.roles),
                state=one.state,
                validating=one.org in validating,
                sequencer=consensus.engine is EngineKind.EMBEDDED and one.org == consensus.sequencer,
                peer=one.peer,
                https=one.https,
                connected=one.org == self._context.org or one.org in connected,
                consensus_peer=one.consensus_peer,
                keys={purpose: self._show_key(one.org, purpose) for purpose in self._purposes(one.org)},
            )
            for one in self._context.members()
        ]

    async def invite(self, request: InviteRequest) -> InviteInfo:
        """Invite an organisation; the token is shown once and is for it alone.

        Raises:
            BadRequest: the identity key is not hex of 32 bytes.
            TransactionRefused: this organisation is no operator, or the name is taken.
        """
        try:
            identity = PublicKey(algorithm=Algorithm.ED25519, data=bytes.fromhex(request.identity))
        except ValueError as err:
            raise BadRequest(reason="the identity key is not hex") from err
        binding = InviteBinding(
            organisation=request.org,
            key_digest=identity.digest,
            genesis_digest=self._context.view().chain.genesis_digest,
            expires_at=self._context.now() + request.days * DAY_SECONDS,
            issuer=self._context.org,
        )
        invite = create_invite(binding, self._context.entropy)
        roles = tuple(sorted(request.roles))
        together = needs_motion(roles, validating=request.validating)
        await self._context.outbox.submit(
            InviteMember(
                org=request.org,
                commitment=invite.commitment,
                roles=roles,
                validating=request.validating,
                expires_at=binding.expires_at,
                newcomer=_newcomer(request, identity) if together else None,
            )
        )
        self._context.note("person", "member.invite", request.org, "ok")
        return self._show_invite(request.org, invite)

    def _show_invite(self, org: str, invite: Invite) -> InviteInfo:
        view = self._context.view()
        record = view.get(InviteRecord, org)
        motion = view.get(Motion, str(record.motion)) if record is not None and record.motion else None
        return InviteInfo(
            token=invite.expose_text(),
            org=org,
            not_after=invite.binding.expires_at,
            motion=motion.number if motion else 0,
            approvals=len(standing(view, motion)) if motion else 0,
            needed=motion.needed(view.consensus.voices()) if motion else 0,
        )

    async def enrol(self, transaction: str) -> Acknowledged:
        """Submit the transaction by which an invited organisation joins; it carries the newcomer's own signature, not this
        node's.

        Raises:
            BadRequest: it is no enrolment.
            TransactionRefused: the invitation is not for it, is used up or has expired.
        """
        try:
            data = bytes.fromhex(transaction)
            _, asked = parse_transaction(data)
        except (ValueError, AtollError) as err:
            raise BadRequest(reason="what is handed over is not a transaction in hex") from err
        if asked.type != EnrolMember.TAG:
            raise BadRequest(reason=f"a transaction of type {asked.type} is not handed over, but sent by its own node")
        acknowledged = await self._context.engine.submit(data)
        if not acknowledged.outcome.ok:
            outcome = acknowledged.outcome
            raise TransactionRefused(type=asked.type, reason=outcome.sentence, rule=outcome.code)
        self._context.note("person", "member.enrol", asked.sender, "ok")
        return acknowledged

    async def rotate(self, purpose: str) -> Acknowledged:
        """Replace a key; identity and recovery changes are signed by the recovery key too (SECURITY 3.6).

        A member that follows registers its first consensus key in the same way, before the others have it validate.

        Raises:
            BadRequest: a consensus key, where nobody votes on blocks.
            TransactionRefused: the ledger takes it not.
        """
        version, registered = 0, b""
        if Purpose(purpose) is not Purpose.CONSENSUS or self._has_vote():
            current = self._current(Purpose(purpose))
            version, registered = current.version, current.public
        elif self._context.engine.kind != EngineKind.COMETBFT:
            raise BadRequest(reason="nobody votes on this ledger's blocks")
        public = self._keyring.prepare(Purpose(purpose), version + 1, registered=registered)
        second = b""
        if purpose in (Purpose.IDENTITY, Purpose.RECOVERY):
            second = self._sign_change(purpose, version, public)
        acknowledged = await self._context.outbox.submit(RotateKey(purpose=Purpose(purpose), public=public, second=second))
        self._context.note("person", "key.rotate", purpose, f"version {version + 1}")
        return acknowledged

    async def revoke(self, purpose: str) -> Acknowledged:
        """Revoke the current key of a purpose; it acts at once."""
        body = RevokeKey(org=self._context.org, purpose=Purpose(purpose), second=b"")
        acknowledged = await self._context.outbox.submit(body)
        self._context.note("person", "key.revoke", purpose, "ok")
        return acknowledged

    async def handover(self, to: str) -> HandoverInfo:
        """Vote for a new sequencer; this node refuses the old term from now on.

        Raises:
            NotConnected: the candidate does not come within PATIENCE_SECONDS; the vote stands and is sent again.
        """
        standing = await self._vote(to)
        self._context.note("person", "handover", to, "voted")
        in_force = self._context.view().consensus.sequencer == to
        return HandoverInfo(
            new_term=standing.term, new_sequencer=to, votes=standing.votes, needed=standing.needed, in_force=in_force
        )

    async def _vote(self, to: str) -> Candidacy:
        try:
            return await self._context.engine.vote(to)
        except NotConnected as err:
            self._links.hurry(to)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._links.wait_connected(to)
            except TimeoutError:
                raise err from None
        return await self._context.engine.vote(to)

    def _sign_change(self, purpose: str, version: int, public: bytes) -> bytes:
        genesis = self._context.view().chain.genesis_digest
        signed = change_bytes(genesis, self._context.org, purpose, version, public)
        return self._keyring.sign_recovery(self._current(Purpose.RECOVERY).version, signed)

    def _current(self, purpose: Purpose, org: str = "") -> Key:
        key = current_key(self._context.view(), org or self._context.org, purpose)
        assert key is not None, "every member has a key of every purpose"
        return key

    def _purposes(self, org: str) -> tuple[Purpose, ...]:
        return (*MEMBER_PURPOSES, *((Purpose.CONSENSUS,) if self._has_vote(org) else ()))

    def _has_vote(self, org: str = "") -> bool:
        """Whether a member has registered a consensus key."""
        return current_key(self._context.view(), org or self._context.org, Purpose.CONSENSUS) is not None

    def _show_key(self, org: str, purpose: Purpose) -> str:
        key = self._current(purpose, org)
        return "revoked" if key.revoked_height is not None else key.fingerprint


def _newcomer(request: InviteRequest, identity: PublicKey) -> Newcomer:
    """Whom the others are asked about.

    Raises:
        BadRequest: the request does not say enough of it.
    """
    try:
        return Newcomer(title=request.title, legal_id=request.legal_id, affiliation=request.affiliation, identity=identity.data)
    except MessageError as err:
        raise BadRequest(reason=f"the others cannot be asked about it: {err}") from err
