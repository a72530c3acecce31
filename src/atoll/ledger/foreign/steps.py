"""A claim's next step, from what its ledger holds and what the other consortia show: a function, so that a node that was killed
goes on where it was, and a simulation does what nodes do.

    reserved, unseen    -> stamp     once a bundle of its own ledger, cosigned by outsiders, shows the reservation
    reserved, stamped   -> conflict  as soon as one of the others had it before
                        -> confirm   once each of the others stands in nobody's way, late enough
                        -> release   its own stamp does not hold (the agreement has changed): begin again
    else                -> wait
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atoll.ledger.foreign.judge import Own, Verdict, is_continuation, judge
from atoll.ledger.foreign.verify import Shown
from atoll.ledger.records import Asked, ForeignClaim, ForeignClaims
from atoll.ledger.rules.foreign import ConfirmClaim, ConflictClaim, ReleaseClaim, StampClaim


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing to do now."""

    reason: str
    """For people: what for."""


Step = StampClaim | ConfirmClaim | ConflictClaim | ReleaseClaim | Waiting


def next_step(
    claim: ForeignClaim,
    *,
    origin: str,
    opened: ForeignClaims,
    own: tuple[Shown, bytes] | None,
    witnessed_at: int | None,
    others: Mapping[str, Shown],
    continuations: Mapping[str, bytes] | None = None,
) -> Step:
    """What to do about a reservation.

    Args:
        claim: RESERVED, and not expired.
        origin: name of its ledger.
        opened: what that ledger says of its claims.
        own: a verified bundle of its own ledger about the claim, and its bytes; None where there is none yet.
        witnessed_at: `verify_stamp` of the claim's stamp; None where it has none, or one that does not hold.
        others: verified bundles of other consortia, by origin; those that have not answered are left out.
        continuations: signatures by holders of claims elsewhere that this one is their own, by origin.
    """
    if claim.agreement != opened.agreement:
        return ReleaseClaim(fingerprint=claim.fingerprint)
    if not claim.stamp:
        return _stamp(claim, own)
    if witnessed_at is None:
        return ReleaseClaim(fingerprint=claim.fingerprint)
    signatures = continuations or {}
    place = Own(origin=origin, org=claim.org, witnessed_at=witnessed_at)
    verdicts = {
        one.origin: judge(place, one, wait_seconds=opened.wait_seconds, continuation=signatures.get(one.origin, b""))
        for one in others.values()
    }
    for name in opened.origins:
        if verdicts.get(name) is Verdict.LOST:
            return ConflictClaim(fingerprint=claim.fingerprint, other=_asked(others[name], place, signatures))
    late = [name for name in opened.origins if verdicts.get(name) is not Verdict.CLEAR]
    if late:
        silent = [name for name in late if name not in verdicts]
        return Waiting(f"no answer of {', '.join(silent)}" if silent else f"a later word of {', '.join(late)}")
    asked = tuple(_asked(others[name], place, signatures) for name in opened.origins)
    return ConfirmClaim(fingerprint=claim.fingerprint, others=asked)


def _stamp(claim: ForeignClaim, own: tuple[Shown, bytes] | None) -> Step:
    if own is None or own[0].face is None or own[0].face != claim.face:
        return Waiting("outsiders to see the reservation")
    shown, bundle = own
    return StampClaim(fingerprint=claim.fingerprint, bundle=bundle, witnessed_at=shown.seen_at)


def _asked(shown: Shown, own: Own, signatures: Mapping[str, bytes]) -> Asked:
    face, signature = shown.face, signatures.get(shown.origin, b"")
    is_own = face is not None and bool(signature)
    if face is not None and is_own:
        is_own = is_continuation(face.holder, own.origin, own.org, face.fingerprint, signature)
    return Asked(origin=shown.origin, evidence=shown.digest, at=shown.at, is_own=is_own)
