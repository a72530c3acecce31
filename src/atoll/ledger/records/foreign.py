"""Records of the check for duplicates across consortia: who reserved or confirmed a keyed fingerprint here first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, Time, encode_message

FingerprintKey = Annotated[bytes, Size(32)]
"""A fingerprint under the key that the consortia share; without that key it can be neither guessed nor made."""
KeyId = Annotated[bytes, Size(0, 16)]
Origin = Annotated[str, Size(1, 64)]
"""Name of another consortium's ledger: its chain id."""
Evidence = Annotated[bytes, Size(0, 32)]
"""SHA-256 of a bundle; empty where there is none yet."""
MOST_CONSORTIA = 16
MOST_STAMP_BYTES = 24_000
MOST_WAIT_SECONDS = 900


class ForeignState(StrEnum):
    """How a claim stands."""

    RESERVED = "reserved"
    """The other consortia are being asked; it expires."""
    CONFIRMED = "confirmed"
    """First registered here, as far as every other consortium of the agreement had anything to show at that time."""
    CONFLICT = "conflict"
    """Another consortium had it before; nothing is claimed."""
    RELEASED = "released"
    """Given up, or expired and cleared away; nothing is claimed."""


LIVE = (ForeignState.RESERVED, ForeignState.CONFIRMED)
"""States in which others find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTerms(Message):
    """An agreement with other consortia, as the members decide on it."""

    agreement: Digest
    """SHA-256 of the agreement's bytes."""
    key_id: Annotated[bytes, Size(16)]
    """Of the key that fingerprints are made with; once said it stays, else what was claimed before could not be found."""
    origins: Annotated[tuple[Origin, ...], Size(1, MOST_CONSORTIA)]
    """The other consortia, sorted."""
    wait_seconds: Annotated[int, Range(1, MOST_WAIT_SECONDS)]
    """How much later than a reservation a proof must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignClaims(Record):
    """What other consortia need to know of this ledger's claims; there is exactly one."""

    TAG: ClassVar[str] = "foreign-claims/1"
    NAMESPACE: ClassVar[str] = "foreign-claims"

    root: Digest
    """Root of the tree of live claims (`ledger.foreign.claims`); every block that changes a claim changes it."""
    key_id: KeyId = b""
    """Which key the fingerprints are made with; empty while nobody has opened the check."""
    agreement: Evidence = b""
    """SHA-256 of the consortia's agreement, the same bytes everywhere; empty before."""
    origins: Annotated[tuple[Origin, ...], Size(0, MOST_CONSORTIA)] = ()
    """The other consortia of the agreement, sorted."""
    wait_seconds: Count = 0
    """How much later than a reservation a proof of the others must be."""

    def identifier(self) -> str:
        return "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Message):
    """What another consortium showed."""

    origin: Origin
    """Which."""
    evidence: Digest
    """SHA-256 of its bundle; who registered keeps the bundle and shows it to members and auditors."""
    at: Time
    """When its checkpoint was cosigned."""
    is_own: bool = False
    """Whether who claims it there has signed that this claim is its own: one holder, registered in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignClaim(Record):
    """A keyed fingerprint, and the dataset version that it is claimed for. It says who was first, never whose a content is."""

    TAG: ClassVar[str] = "foreign-claim/1"
    NAMESPACE: ClassVar[str] = "foreign-claim"

    fingerprint: FingerprintKey
    """The keyed fingerprint."""
    org: Name
    """Who claims it."""
    dataset: DatasetId
    """What it registers, or registered."""
    state: ForeignState
    """How the claim stands."""
    holder: Digest
    """Ed25519 key that only the claimant can sign with: shows elsewhere that it is the same, without saying who."""
    height: Count
    """Block that reserved it."""
    reserved_at: Time
    """That block's time."""
    expires_at: Time
    """Last second of the reservation, by block time; a confirmed claim does not expire."""
    agreement: Evidence = b""
    """Digest of the agreement that it was reserved under."""
    stamp: Evidence = b""
    """SHA-256 of the bundle by which outsiders have seen the reservation; empty before."""
    witnessed_at: Time = 0
    """When they had, as the claimant says; whoever compares works it out from the bundle."""
    others: Annotated[tuple[Asked, ...], Size(0, MOST_CONSORTIA)] = ()
    """What the confirmation, or the conflict, rests on."""

    def identifier(self) -> str:
        return self.fingerprint.hex()

    def has_asked(self, origins: Collection[str]) -> bool:
        """Whether the confirmation rests on each of these."""
        return set(origins) <= {one.origin for one in self.others}

    @property
    def face(self) -> ClaimFace:
        """What outsiders are shown."""
        return ClaimFace(
            fingerprint=self.fingerprint,
            is_confirmed=self.state is ForeignState.CONFIRMED,
            height=self.height,
            reserved_at=self.reserved_at,
            expires_at=self.expires_at,
            holder=self.holder,
            stamp=self.stamp,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFace(Message):
    """A claim as other consortia see it: neither by whom nor for what."""

    TAG: ClassVar[str] = "claim-face/1"

    fingerprint: FingerprintKey
    """The keyed fingerprint."""
    is_confirmed: bool
    """Whether it is more than a reservation."""
    height: Count
    """Block that reserved it."""
    reserved_at: Time
    """That block's time."""
    expires_at: Time
    """Last second of the reservation, by that ledger's block time."""
    holder: Digest
    """The claimant's key for this claim."""
    stamp: Evidence
    """SHA-256 of the bundle by which outsiders have seen the reservation; empty before."""

    def digest(self) -> bytes:
        """The value in the tree of claims: SHA-256 of the message. With the key in it, it cannot be guessed."""
        return sha256(encode_message(self)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignStamp(Record):
    """The bundle by which outsiders have seen a reservation, so that every node can show it."""

    TAG: ClassVar[str] = "foreign-stamp/1"
    NAMESPACE: ClassVar[str] = "foreign-stamp"

    fingerprint: FingerprintKey
    """Of the claim."""
    bundle: Annotated[bytes, Size(1, MOST_STAMP_BYTES)]
    """A presence bundle of this very ledger."""

    def identifier(self) -> str:
        return self.fingerprint.hex()

    def digest(self) -> bytes:
        """What the claim says of it."""
        return sha256(self.bundle).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDay(Record):
    """How many reservations a member has made on the latest day on which it made any."""

    TAG: ClassVar[str] = "foreign-day/1"
    NAMESPACE: ClassVar[str] = "foreign-day"

    org: Name
    """The member."""
    day: Count
    """Days since 1970, by block time."""
    count: Annotated[int, Range(0, 2**31)]
    """Reservations on it."""

    def identifier(self) -> str:
        return self.org
