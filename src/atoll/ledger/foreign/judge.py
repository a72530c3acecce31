"""Who was first: one order for all claims on a fingerprint, and what follows from what another consortium shows.

Claims are ordered by when outsiders had seen them, then by the name of the ledger. Both sides read the same bundles, so both
come to the same order; the first is confirmed, everybody else gives way. Why no second one can be confirmed:

    A was seen at a, B at b, a before b. B asks A, and takes nothing that was cosigned before b + wait. A's claim is in every
    checkpoint from `a` on, so B finds it, and that it was first, unless it has expired.

What expires cannot be confirmed any more (`ledger.rules.foreign`), and counts as expired only by that ledger's own block time:
a checkpoint of a ledger that stands still is cosigned again and again, and its next block may be dated before the halt. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from atoll.ledger.foreign.verify import Shown
from atoll.primitives.ed25519 import is_signature

_CONTINUES = b"ATOLL-V1-FOREIGN-CONTINUES"


class Verdict(StrEnum):
    """What follows from one consortium's bundle."""

    CLEAR = "clear"
    """It stands in nobody's way."""
    WAIT = "wait"
    """It is too early to say; ask again."""
    LOST = "lost"
    """It had the fingerprint before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A claim that asks."""

    origin: str
    """Name of its ledger."""
    org: str
    """The member that claims it there."""
    witnessed_at: int
    """When outsiders had seen it, from its stamp."""


def judge(own: Own, shown: Shown, *, wait_seconds: int, continuation: bytes = b"") -> Verdict:
    """What a verified bundle of another consortium means for a claim.

    Args:
        own: the claim.
        shown: what the other consortium shows.
        wait_seconds: two checkpoint intervals and the skew, of the agreement.
        continuation: a signature by the holder of the other claim that this one is its own; empty without.
    """
    face = shown.face
    is_late_enough = shown.at >= own.witnessed_at + wait_seconds
    in_time = Verdict.CLEAR if is_late_enough else Verdict.WAIT
    if face is None or (not face.is_confirmed and shown.block_time > face.expires_at):
        return in_time
    if continuation and is_continuation(face.holder, own.origin, own.org, face.fingerprint, continuation):
        return in_time
    if not face.stamp and face.reserved_at > own.witnessed_at + wait_seconds:
        return in_time  # no stamp that holds can show it earlier than it was reserved: it comes later, whenever it is seen
    if shown.witnessed_at is None:
        if face.is_confirmed:
            return Verdict.LOST  # by rules or keys that are no longer known here: in doubt it was before
        return in_time if face.stamp else Verdict.WAIT  # a stamp that does not hold counts for nothing
    if (shown.witnessed_at, shown.origin) < (own.witnessed_at, own.origin):
        return Verdict.LOST
    return in_time


def continuation_bytes(origin: str, org: str, fingerprint: bytes) -> bytes:
    """What a holder signs, so that a claim of the member `org` on the ledger `origin` counts as its own: of nobody else there,
    whoever gets hold of the signature."""
    parts = (fingerprint, origin.encode(), org.encode())
    return _CONTINUES + b"".join(len(one).to_bytes(2, "big") + one for one in parts)


def is_continuation(holder: bytes, origin: str, org: str, fingerprint: bytes, signature: bytes) -> bool:
    """Whether the holder of a claim elsewhere says that the one of `org` on the ledger `origin` is its own."""
    return is_signature(holder, continuation_bytes(origin, org, fingerprint), signature)
