"""What a compute node says of its transcripts, signed, and what follows when such words are put side by side.

A claim is one node's word on one direction between two nodes, up to the end of one signed round: how many bytes, their running
SHA-256, and what the last round carried. The sender's claim travels with the round; the receiver makes its own of what arrived.
Both name the attempt (the plan's digest and its number), so neither means anything in another one.

A claim is signed by a place key, drawn for one attempt, and the organisation's identity key signs that. What can be read from
claims, by anybody who knows the identity keys (`judge`):

    one signer, two words on the same            that signer is at fault: its own signatures prove it
    sender and receiver differ on a direction    one of these two signed something false; which one is not shown
    two senders told a third different parts     one of these two did; the third need not be believed
    none of these                                the two agree on what was said up to these claims; of what came later
                                                 nothing is shown

**Leaks**: nothing. Streams begin with 256 bits of a secret or a digest of it, so nobody outside can try what they hold. The
digest of an opened part, or of a coin, is of something uniform that all three nodes were to know, and that of an opened part,
which may have one bit, begins with a secret of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, TypeAlias

from atoll.primitives.ed25519 import is_signature
from atoll.protocols.mpc.errors import ClaimForged
from atoll.protocols.mpc.places import NODES, compute
from atoll.protocols.mpc.rounds import Why
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, encode_message

SIGNATURE_BYTES = 64
ATTEMPT_BYTES = 8
_CLAIM_DOMAIN = b"ATOLL-V01-MPC-CLAIM"
_KEY_DOMAIN = b"ATOLL-V01-MPC-PLACE-KEY"

Place = Annotated[int, Range(0, NODES - 1)]
Signature = Annotated[bytes, Size(SIGNATURE_BYTES)]
Attempt = Annotated[bytes, Size(1, 64)]
Sign: TypeAlias = Callable[[bytes], bytes]
"""An Ed25519 signature, 64 bytes."""
Identities: TypeAlias = Mapping[int, tuple[bytes, ...]]
"""For each place the identity keys of its organisation that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceKey(Message):
    """A node's key for its claims in one attempt."""

    TAG: ClassVar[str] = "mpc-place-key/1"

    context: Attempt
    """Digest of the plan, and the attempt's number."""
    place: Place
    """Which compute node."""
    public: Digest
    """Ed25519, drawn for this attempt."""

    def to_sign(self) -> bytes:
        """What the identity key signs."""
        return _KEY_DOMAIN + encode_message(self)


def attempt_context(plan_digest: bytes, attempt: int) -> bytes:
    """What all claims of an attempt name."""
    return plan_digest + attempt.to_bytes(ATTEMPT_BYTES, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Message):
    """One node's word on one direction."""

    TAG: ClassVar[str] = "mpc-claim/1"

    context: Attempt
    """As in `PlaceKey`."""
    signer: Place
    """Whose word: the sender's or the receiver's."""
    sender: Place
    """Who said the bytes."""
    receiver: Place
    """To whom."""
    round: Count
    """Which of the program's signed rounds, from 0; the same number at all three nodes."""
    why: Why
    """What that round does."""
    bytes_said: Count
    """How long the stream is at its end, claims and framing not counted."""
    stream: Digest
    """SHA-256 of so much of the stream."""
    part: Digest
    """Where a part is told by both of its holders: its digest, by the one who says the part and the one who says its digest."""

    def to_sign(self) -> bytes:
        """What the place key signs."""
        return _CLAIM_DOMAIN + encode_message(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedKey(Message):
    """A place key in its organisation's name."""

    org: Name
    """For people; what counts is the signature."""
    key: PlaceKey
    """The key."""
    signature: Signature
    """By the organisation's identity key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedClaim(Message):
    """A claim in its signer's name."""

    claim: Claim
    """What is said."""
    signature: Signature
    """By the signer's place key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposition(Message):
    """All that one node can show of one attempt when it ended early."""

    TAG: ClassVar[str] = "mpc-deposition/1"

    witness: Place
    """Who shows it."""
    keys: Annotated[tuple[SignedKey, ...], Size(0, NODES)]
    """Place keys, its own among them."""
    claims: Annotated[tuple[SignedClaim, ...], Size(0, 32)]
    """The last ones of each direction from and to it."""


class Fault(StrEnum):
    """What two claims show."""

    TWO_WORDS = "two words"
    """One node signed two different words on the same."""
    ENDS_DIFFER = "sender and receiver differ"
    """The two ends of one direction do not say the same of it."""
    PARTS_DIFFER = "holders of a part differ"
    """Two nodes told the third different parts."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two claims that cannot both be true."""

    fault: Fault
    first: SignedClaim
    second: SignedClaim

    @property
    def pair(self) -> tuple[int, ...]:
        """The places of which at least one signed something false; one place where its own signatures prove it."""
        return tuple(sorted({self.first.claim.signer, self.second.claim.signer}))


def verify_key(signed: SignedKey, identities: Identities) -> None:
    """Check that a place key is the organisation's own.

    Raises:
        ClaimForged: no identity key of that place signed it.
    """
    message = signed.key.to_sign()
    if not any(is_signature(one, message, signed.signature) for one in identities.get(signed.key.place, ())):
        raise ClaimForged(party=str(compute(signed.key.place)))


def judge(depositions: Iterable[Deposition], identities: Identities, *, context: bytes) -> list[Contradiction]:
    """What the claims of one attempt show, after each was verified.

    Args:
        depositions: of one node or more; who shows them need not be believed.
        identities: from the ledger or another source that is trusted, never from a deposition.
        context: the attempt that is judged.

    Raises:
        ClaimForged: a claim or key is not signed by whom it names, or belongs to another attempt.
    """
    claims: list[SignedClaim] = []
    for one in depositions:
        claims += [claim for claim in _verified(one, identities, context) if claim not in claims]
    found = []
    for at, first in enumerate(claims):
        for second in claims[:at]:
            fault = _compare(first.claim, second.claim)
            if fault is not None:
                found.append(Contradiction(fault, second, first))
    return found


def _verified(deposition: Deposition, identities: Identities, context: bytes) -> tuple[SignedClaim, ...]:
    publics: dict[int, bytes] = {}
    for key in deposition.keys:
        verify_key(key, identities)
        if key.key.context != context:
            raise ClaimForged(party=str(compute(key.key.place)))
        publics[key.key.place] = key.key.public
    for one in deposition.claims:
        claim = one.claim
        is_signed = is_signature(publics.get(claim.signer, b""), claim.to_sign(), one.signature)
        if not is_signed or claim.context != context or claim.signer not in (claim.sender, claim.receiver):
            raise ClaimForged(party=str(compute(claim.signer)))
    return deposition.claims


def _compare(one: Claim, other: Claim) -> Fault | None:
    if one.round != other.round or one.receiver != other.receiver:
        return None
    if one.sender == other.sender:
        said, heard = ((claim.why, claim.bytes_said, claim.stream, claim.part) for claim in (one, other))
        if said == heard:
            return None
        return Fault.TWO_WORDS if one.signer == other.signer else Fault.ENDS_DIFFER
    both_said = one.signer == one.sender and other.signer == other.sender
    is_told_twice = one.why is other.why and one.why in (Why.COIN, Why.OPENING)
    return Fault.PARTS_DIFFER if both_said and is_told_twice and one.part != other.part else None
