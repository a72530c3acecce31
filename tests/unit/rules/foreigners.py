"""Claims across consortia, on paper."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from atoll.ledger.records import Asked, ForeignClaim, ForeignTerms, MotionCounter, MotionKind
from atoll.ledger.rules.foreign import ConfirmClaim, ConflictClaim, ReleaseClaim, ReserveClaim, StampClaim
from atoll.ledger.rules.motion import OpenMotion
from atoll.testing.consortium import FOUNDED
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import Lagoon, new_key

AGREEMENT, KEY_ID, EAST, NORTH = b"\x0a" * 32, b"\x0b" * 16, "east.example/bay", "north.example/bay"
WAIT = 50
HOLDER = new_key(Purpose.IDENTITY).public.data


def key(number: int = 0) -> bytes:
    """A keyed fingerprint."""
    return sha256(f"fingerprint {number}".encode()).digest()


TERMS = ForeignTerms(agreement=AGREEMENT, key_id=KEY_ID, origins=(EAST, NORTH), wait_seconds=WAIT)


def opening(**changes: object) -> OpenMotion:
    """The motion to check by an agreement."""
    terms = replace(TERMS, **changes)  # type: ignore[arg-type]  # as the test says
    expires_at = FOUNDED + 86_400
    return OpenMotion(kind=MotionKind.AGREE, org="", rules_version=0, from_height=0, expires_at=expires_at, terms=terms)


ENDING = replace(opening(), kind=MotionKind.END_AGREEMENT, terms=None)
"""The motion to end the agreement."""


def closed(lagoon: Lagoon) -> Lagoon:
    """A ledger whose members have ended their agreement."""
    lagoon.do("operator", ENDING)
    return lagoon.carry(lagoon.get(MotionCounter, "0").last)


def opened(lagoon: Lagoon | None = None, **changes: object) -> Lagoon:
    """A ledger whose members have decided on an agreement."""
    lagoon = (lagoon or Lagoon()).do("operator", opening(**changes))
    return lagoon.carry(lagoon.get(MotionCounter, "0").last)


def reserving(org: str, number: int = 0, *, agreement: bytes = AGREEMENT, holder: bytes = HOLDER) -> ReserveClaim:
    """A reservation for its dataset."""
    return ReserveClaim(fingerprint=key(number), dataset=f"{org}/copy/1", agreement=agreement, holder=holder)


def stamping(at: int, bundle: bytes = b"seen", number: int = 0) -> StampClaim:
    """Outsiders have seen it."""
    return StampClaim(fingerprint=key(number), bundle=bundle, witnessed_at=at)


def asked(origin: str, at: int) -> Asked:
    """What one of the others showed."""
    return Asked(origin=origin, evidence=sha256(origin.encode()).digest(), at=at)


def confirming(at: int, *origins: str) -> ConfirmClaim:
    """All were asked."""
    return ConfirmClaim(fingerprint=key(), others=tuple(asked(one, at) for one in origins or (EAST, NORTH)))


def yielding(at: int, origin: str = EAST) -> ConflictClaim:
    """One had it before."""
    return ConflictClaim(fingerprint=key(), other=asked(origin, at))


def releasing() -> ReleaseClaim:
    """No longer wanted."""
    return ReleaseClaim(fingerprint=key())


def claim_of(lagoon: Lagoon, number: int = 0) -> ForeignClaim:
    """The claim's record."""
    return lagoon.get(ForeignClaim, key(number).hex())


def stamped() -> Lagoon:
    """The bank's reservation, seen by outsiders a second later; the time is right to confirm."""
    lagoon = opened().do("bank", reserving("bank")).later()
    return lagoon.do("bank", stamping(lagoon.time)).later(seconds=WAIT)


def confirmed() -> Lagoon:
    """The bank's claim, confirmed; nothing is registered for it yet."""
    lagoon = stamped()
    return lagoon.do("bank", confirming(lagoon.time))
