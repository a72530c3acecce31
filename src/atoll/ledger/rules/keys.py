"""A member's keys: rotated, revoked, recovered (SECURITY 3.6).

An identity key is changed by two of {old key, recovery key, more than half of the members}. Without the old key the change is
public for 24 hours, in which the old key or the recovery key cancels it. Keys for TLS, cosigning, consensus and the log are the
member's own business: its identity key registers them. Revocation needs one key and acts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.records import ConsensusSet, Key, KeyPointer, PendingKey
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.consensus import follow_key, need_own_cosign, stop_counting, take_voting_key
from atoll.ledger.rules.errors import BadApproval, BadKey, TooEarly, WrongState
from atoll.primitives import ed25519
from atoll.trust.algorithms import Algorithm
from atoll.trust.keys import Purpose
from atoll.wire.message import Digest, Message, Name, Size

RECOVERY_DELAY_SECONDS = 24 * 3600
SIGNED_CHANGE = b"ATOLL-V1-KEY-CHANGE"
Signature = Annotated[bytes, Size(64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey(Message):
    """A member replaces one of its keys; for the identity and recovery keys the other of the two signs as well."""

    TAG: ClassVar[str] = "key.rotate/1"

    purpose: Purpose
    """Which key."""
    public: Annotated[bytes, Size(32, 2000)]
    """The new key."""
    second: Annotated[bytes, Size(0, 64)]
    """Signature of the recovery key over the change (`change_bytes`); empty for cosign, log and tls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey(Message):
    """A key is worthless from this block on. Sent by its owner, or by anybody with a signature of the owner's recovery key."""

    TAG: ClassVar[str] = "key.revoke/1"

    org: Name
    """Whose key."""
    purpose: Purpose
    """Which key; its current version."""
    second: Annotated[bytes, Size(0, 64)]
    """Signature of the recovery key over the change; empty when the owner's identity key sends this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Message):
    """One member's signature under another member's recovery."""

    org: Name
    """Who approves."""
    signature: Signature
    """Of its current identity key over the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverKey(Message):
    """An organisation that lost its identity key announces a new one, with its recovery key and more than half of the
    others."""

    TAG: ClassVar[str] = "key.recover/1"

    org: Name
    """Whose key."""
    public: Digest
    """The new identity key."""
    recovery: Signature
    """Of the recovery key over the change (`announcement_bytes`)."""
    approvals: Annotated[tuple[Approval, ...], Size(0, 100)]
    """Of other validating members, sorted by name, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRecovery(Message):
    """The old identity key (as sender) or the recovery key stops a recovery."""

    TAG: ClassVar[str] = "key.cancel/1"

    org: Name
    """Whose recovery."""
    second: Annotated[bytes, Size(0, 64)]
    """Signature of the recovery key over `cancel` and the announcement; empty when the old identity key sends this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateKey(Message):
    """Anybody: the public delay is over, the announced key becomes the identity key."""

    TAG: ClassVar[str] = "key.activate/1"

    org: Name
    """Whose key."""


def change_bytes(call_digest: bytes, org: str, purpose: str, version: int, what: bytes) -> bytes:
    """What a second key signs: the chain, whose key, which version it replaces, and the new key or the word of what is done."""
    parts = (call_digest, org.encode(), purpose.encode(), version.to_bytes(8, "big"), what)
    return SIGNED_CHANGE + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def announcement_bytes(number: int, public: bytes) -> bytes:
    """What a recovery signs as the change: the new key, and as which of the member's announcements, so that it stands once."""
    return b"recover" + number.to_bytes(8, "big") + public


def rotate(call: Call, body: RotateKey) -> None:
    """The sender's identity key signs the transaction; identity and recovery changes carry the recovery key's signature too.

    A consensus key may be a member's first: one that joined without may want to validate.
    """
    if body.purpose is Purpose.CONSENSUS and call.state.get(KeyPointer, f"{call.sender}/{body.purpose}") is None:
        write_key(call, call.sender, body.purpose, 1, body.public, from_height=call.height)
        return
    old = call.current_key(call.sender, body.purpose)
    if body.purpose in (Purpose.IDENTITY, Purpose.RECOVERY):
        _need_recovery(call, call.sender, body.purpose, body.public, body.second)
    _replace(call, old, body.public)


def revoke(call: Call, body: RevokeKey) -> None:
    """One key is enough to revoke."""
    key = call.current_key(body.org, body.purpose)
    if call.sender != body.org:
        _need_recovery(call, body.org, body.purpose, b"revoke", body.second)
    if key.revoked_height is not None:
        raise WrongState(what="key", name=key.identifier(), state="revoked", needed="a key in force")
    call.state.put(replace(key, revoked_height=call.height))
    if body.purpose in (Purpose.COSIGN, Purpose.LOG, Purpose.CONSENSUS):
        stop_counting(call, body.org, body.purpose)


def recover(call: Call, body: RecoverKey) -> None:
    """The recovery key and more than half of the other validating members; the key acts after the public delay.

    What they signed is public from then on: sent again by anybody, it must neither put off the day nor undo a cancellation.
    """
    pending = call.state.get(PendingKey, body.org)
    if pending is not None and pending.acts_at > 0:
        raise WrongState(what="pending-key", name=body.org, state="pending", needed="its day, or a cancellation")
    number = 1 if pending is None else pending.number + 1
    what = announcement_bytes(number, body.public)
    _need_recovery(call, body.org, Purpose.IDENTITY, what, body.recovery)
    old = call.current_key(body.org, Purpose.IDENTITY)
    signed = change_bytes(call.chain.genesis_digest, body.org, "identity", old.version, what)
    others = [one.org for one in call.need(ConsensusSet, "0").validators if one.org != body.org]
    approvers = [one.org for one in body.approvals]
    if approvers != sorted(set(approvers)):  # each costs a verification
        raise BadApproval(needed="approvals sorted by member, each once", found="other ones are")
    good = set()
    for approval in body.approvals:
        key = call.current_key(approval.org, Purpose.IDENTITY) if approval.org in others else None
        if key is not None and key.is_valid_at(call.height) and ed25519.is_signature(key.public, signed, approval.signature):
            good.add(approval.org)
    if 2 * len(good) <= len(others):
        raise BadApproval(needed=f"approvals of more than half of {len(others)} members", found=len(good))
    call.state.put(PendingKey(org=body.org, public=body.public, acts_at=call.time + RECOVERY_DELAY_SECONDS, number=number))


def cancel(call: Call, body: CancelRecovery) -> None:
    """The old identity key (its transaction was accepted, so it still signs) or the recovery key, for the announced key and no
    later one."""
    pending = call.need(PendingKey, body.org)
    if call.sender != body.org:
        what = b"cancel" + announcement_bytes(pending.number, pending.public)
        _need_recovery(call, body.org, Purpose.IDENTITY, what, body.second)
    call.state.put(replace(pending, acts_at=0))


def activate(call: Call, body: ActivateKey) -> None:
    """After the delay, unless cancelled."""
    pending = call.need(PendingKey, body.org)
    if pending.acts_at == 0:
        raise WrongState(what="pending-key", name=body.org, state="cancelled", needed="a pending recovery")
    if call.time < pending.acts_at:
        raise TooEarly(what="The recovered key", at=pending.acts_at, now=call.time)
    _replace(call, call.current_key(body.org, Purpose.IDENTITY), pending.public)


def _need_recovery(call: Call, org: str, purpose: Purpose, what: bytes, signature: bytes) -> None:
    recovery = call.current_key(org, Purpose.RECOVERY)
    version = call.current_key(org, purpose).version
    signed = change_bytes(call.chain.genesis_digest, org, purpose, version, what)
    if not (recovery.is_valid_at(call.height) and ed25519.is_signature(recovery.public, signed, signature)):
        raise BadApproval(needed=f"a signature of {org}'s recovery key over this change", found="none is")


def _replace(call: Call, old: Key, public: bytes) -> None:
    if public == old.public:
        raise BadKey(purpose=old.purpose, reason="it is the one that it would replace")
    call.state.put(replace(old, to_height=call.height))
    write_key(call, old.org, old.purpose, old.version + 1, public, from_height=call.height)
    pending = call.state.get(PendingKey, old.org)
    if old.purpose is Purpose.IDENTITY and pending is not None:  # what was approved for the old version is void
        call.state.put(replace(pending, acts_at=0))
    if old.purpose in (Purpose.COSIGN, Purpose.LOG, Purpose.CONSENSUS):
        follow_key(call, old.org, old.purpose, public)


def write_key(call: Call, org: str, purpose: Purpose, version: int, public: bytes, *, from_height: int) -> None:
    if purpose is not Purpose.TLS and not (len(public) == 32 and ed25519.is_acceptable_key(public)):
        raise BadKey(purpose=purpose, reason="it is not canonical, or of small order")
    if purpose is Purpose.COSIGN:
        need_own_cosign(call, org, public)
    if purpose is Purpose.CONSENSUS:
        take_voting_key(call, org, public)
    algorithm = Algorithm.ECDSA_P256 if purpose is Purpose.TLS else Algorithm.ED25519
    call.state.put(
        Key(
            org=org,
            purpose=purpose,
            version=version,
            algorithm=algorithm,
            public=public,
            from_height=from_height,
            to_height=None,
            revoked_height=None,
        )
    )
    call.state.put(KeyPointer(org=org, purpose=purpose, version=version))
