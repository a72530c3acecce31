"""Bundles: what a ledger shows outsiders of one fingerprint, everything down from signatures that they know.

    absence/1     anchor -> state root -> root of claims -> nobody claims it
    presence/1    anchor -> state root -> root of claims -> the claim's face, and when outsiders first saw it

An *anchor* is a C2SP checkpoint with the last block's summary below it, or a header of CometBFT with its votes, or both of one
state. The ICS 23 proofs are of the variant with hashed keys, so that neighbours stay hidden. Specification:
specs/cross-consortium.md; `verify` verifies them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.foreign.claims import CLAIMS_KEY
from atoll.ledger.records import MOST_STAMP_BYTES, ClaimFace
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.smt import Tree
from atoll.wire.message import Digest, Message, Size, Time, encode_message, parse_message

MAX_BUNDLE_BYTES = 60_000
MAX_NOTE = 16_000
MAX_SEAL = 24_000
MAX_PROOF = 24_000
MAX_CLAIMS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor(Message):
    """What vouches for a state root."""

    state_root: Digest
    """The root."""
    note: Annotated[bytes, Size(0, MAX_NOTE)] = b""
    """(a) A checkpoint, signed and cosigned; empty without one."""
    summary: Annotated[bytes, Size(0, 2_000)] = b""
    """The last entry below it: the summary of the last block, with the state root."""
    log_proof: Annotated[tuple[Digest, ...], Size(0, 63)] = ()
    """That it is."""
    seal: Annotated[bytes, Size(0, MAX_SEAL)] = b""
    """(b) A header seal; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceBundle(Message):
    """Nobody claims a fingerprint."""

    TAG: ClassVar[str] = "absence/1"

    fingerprint: Digest
    """Which."""
    expiry: Time
    """After this second its maker does not stand for it any longer."""
    anchor: Anchor
    """What vouches for the state."""
    claims: Annotated[bytes, Size(1, MAX_CLAIMS)]
    """The record `foreign-claims`, with the root of claims."""
    claims_proof: Annotated[bytes, Size(1, MAX_PROOF)]
    """That it is in the state: ICS 23, keys hashed."""
    proof: Annotated[bytes, Size(1, MAX_PROOF)]
    """That the fingerprint is not among the claims: ICS 23, keys hashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceBundle(Message):
    """Somebody claims a fingerprint."""

    TAG: ClassVar[str] = "presence/1"

    fingerprint: Digest
    """Which."""
    expiry: Time
    """As in an absence bundle."""
    anchor: Anchor
    """What vouches for the state."""
    claims: Annotated[bytes, Size(1, MAX_CLAIMS)]
    """As in an absence bundle."""
    claims_proof: Annotated[bytes, Size(1, MAX_PROOF)]
    """As in an absence bundle."""
    proof: Annotated[bytes, Size(1, MAX_PROOF)]
    """That the digest of the face stands under the fingerprint: ICS 23, keys hashed."""
    face: ClaimFace
    """The claim, without whose and what for."""
    stamp: Annotated[bytes, Size(0, MOST_STAMP_BYTES)]
    """The presence bundle by which outsiders first saw the reservation; empty before."""


Bundle = AbsenceBundle | PresenceBundle


def parse_bundle(data: bytes) -> Bundle:
    """The bundle in `data`, at most MAX_BUNDLE_BYTES, unverified.

    Raises:
        CborError, MessageError: not a bundle.
    """
    found = parse_message(data, AbsenceBundle, PresenceBundle)
    assert isinstance(found, AbsenceBundle | PresenceBundle), "it was parsed as one of the two"
    return found


def make_bundle(
    fingerprint: bytes, *, anchor: Anchor, tree: Tree, claims: Tree, face: ClaimFace | None, stamp: bytes, expiry: int
) -> Bundle:
    """What a ledger shows of a fingerprint.

    Args:
        fingerprint: asked for by anybody.
        anchor: vouches for the root of `tree`.
        tree: the state.
        claims: the tree of claims of that state.
        face: of the claim, None where there is none that is live.
        stamp: the claim's, empty where it has none.
        expiry: see the messages.
    """
    record = tree.get(CLAIMS_KEY)
    assert record is not None, "the genesis made it"
    claims_proof = encode_proof(tree.prove(CLAIMS_KEY, hashed=True))
    proof = encode_proof(claims.prove(fingerprint, hashed=True))
    if face is None:
        return AbsenceBundle(
            fingerprint=fingerprint, expiry=expiry, anchor=anchor, claims=record, claims_proof=claims_proof, proof=proof
        )
    return PresenceBundle(
        fingerprint=fingerprint,
        expiry=expiry,
        anchor=anchor,
        claims=record,
        claims_proof=claims_proof,
        proof=proof,
        face=face,
        stamp=stamp,
    )


def encode_bundle(bundle: Bundle) -> bytes:
    """The bundle's bytes; their SHA-256 is the evidence that ledgers name."""
    return encode_message(bundle)
