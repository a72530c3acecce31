"""Claims across consortia, on paper."""

from __future__ import annotations

from hashlib import sha256

from atoll.ledger.records import Asked, ForeignClaim
from atoll.ledger.rules.foreign import ConfirmClaim, ConflictClaim, OpenForeign, ReleaseClaim, ReserveClaim, StampClaim
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import Lagoon, new_key

AGREEMENT, KEY_ID, EAST, NORTH = b"\x0a" * 32, b"\x0b" * 16, "east.example/bay", "north.example/bay"
WAIT = 50
HOLDER = new_key(Purpose.IDENTITY).public.data


def key(number: int = 0) -> bytes:
    """A keyed fingerprint."""
    return sha256(f"fingerprint {number}".encode()).digest()


def opening(**changes: object) -> OpenForeign:
    """The operator's word."""
    fields: dict[str, object] = {"agreement": AGREEMENT, "key_id": KEY_ID, "origins": (EAST, NORTH), "wait_seconds": WAIT}
    return OpenForeign(**{**fields, **changes})  # type: ignore[arg-type]  # as the test says


def opened(lagoon: Lagoon | None = None) -> Lagoon:
    """A ledger with an agreement."""
    return (lagoon or Lagoon()).do("operator", opening())


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
