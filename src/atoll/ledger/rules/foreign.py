"""Claims that other consortia are asked about: reserve, have it witnessed, confirm or give way.

    motion     the members decide which agreement holds, and which key the fingerprints are made with; or that none does
    reserve -> stamp -> confirm         nobody else had it, or had it later
                     -> conflict        somebody had it before
            -> release, or expired      nothing is claimed

The ledger orders these steps and bounds them. It does not verify what other consortia showed: a confirmation is the claimant's
word, with the digests of bundles that anybody can check by the agreement. Reservations end by themselves, so nobody holds a
fingerprint by being silent; each member has so many a day. While the check is open, no dataset is registered without a
confirmed claim. Once it is closed nothing is reserved, seen or confirmed any more; what was confirmed stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import (
    LIVE,
    MOST_CONSORTIA,
    MOST_STAMP_BYTES,
    Asked,
    Dataset,
    ForeignClaim,
    ForeignClaims,
    ForeignDay,
    ForeignStamp,
    ForeignState,
    ForeignTerms,
)
from atoll.ledger.records.foreign import FingerprintKey
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import ClaimHeld, ClaimRefused, NotAllowed, TooManyClaims
from atoll.primitives.ed25519 import is_acceptable_key
from atoll.wire.message import Digest, Message, Size, Time

STAMP_SECONDS = 900
"""How long a reservation lasts that no outsider has seen."""
HOLD_SECONDS = 3600
"""How long one lasts from when outsiders have seen it."""
LEEWAY_SECONDS = 60
"""How far a time by others' clocks may lie outside what block times say."""
MOST_A_DAY = 100
"""Reservations of one member on one day of block time."""
UNUSED_SECONDS = 86_400
"""How long after its reservation's end a confirmed claim is left to who never registers what it was made for."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveClaim(Message):
    """A member reserves a fingerprint, before it asks the other consortia."""

    TAG: ClassVar[str] = "foreign.reserve/1"

    fingerprint: FingerprintKey
    """The keyed fingerprint."""
    dataset: DatasetId
    """What it is going to register."""
    agreement: Digest
    """Under which agreement."""
    holder: Digest
    """A fresh Ed25519 key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampClaim(Message):
    """The claimant shows that outsiders have seen its reservation: from then on it counts against later ones."""

    TAG: ClassVar[str] = "foreign.stamp/1"

    fingerprint: FingerprintKey
    """Of the claim."""
    bundle: Annotated[bytes, Size(1, MOST_STAMP_BYTES)]
    """A presence bundle of this ledger."""
    witnessed_at: Time
    """When outsiders had cosigned it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmClaim(Message):
    """The claimant has asked every other consortium, and none has it, or had it before."""

    TAG: ClassVar[str] = "foreign.confirm/1"

    fingerprint: FingerprintKey
    """Of the claim."""
    others: Annotated[tuple[Asked, ...], Size(1, MOST_CONSORTIA)]
    """What each showed, in the order of the ledger's own list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictClaim(Message):
    """The claimant gives way: another consortium had it before."""

    TAG: ClassVar[str] = "foreign.conflict/1"

    fingerprint: FingerprintKey
    """Of the claim."""
    other: Asked
    """What the other showed; the proof of this side is the stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseClaim(Message):
    """A claim is given up, or an expired one cleared away."""

    TAG: ClassVar[str] = "foreign.release/1"

    fingerprint: FingerprintKey
    """Of the claim."""


def need_openable(call: Call, terms: ForeignTerms) -> None:
    """Refuse an agreement that cannot hold here. It may replace another; its key may not."""
    if list(terms.origins) != sorted(set(terms.origins)) or call.chain.chain_id in terms.origins:
        raise ClaimRefused(reason="the other consortia are not sorted, not different, or this one is among them")
    if call.need(ForeignClaims, "0").key_id not in (b"", terms.key_id):
        raise ClaimRefused(reason="fingerprints are made with another key here")


def open_check(call: Call, terms: ForeignTerms) -> None:
    """Put an agreement in force that `need_openable` and the members (`motion`) have let pass."""
    before = call.need(ForeignClaims, "0")
    call.state.put(
        replace(
            before,
            agreement=terms.agreement,
            key_id=terms.key_id,
            origins=terms.origins,
            wait_seconds=terms.wait_seconds,
        )
    )


def need_closable(call: Call) -> None:
    """Refuse to end an agreement where there is none."""
    if not call.need(ForeignClaims, "0").agreement:
        raise ClaimRefused(reason="the ledger holds no agreement with other consortia")


def close_check(call: Call) -> None:
    """End the agreement. The key stays: under it alone is found what was claimed, if the members agree again."""
    before = call.need(ForeignClaims, "0")
    call.state.put(replace(before, agreement=b"", origins=(), wait_seconds=0))


def reserve(call: Call, body: ReserveClaim) -> None:
    """What nobody claims, or claimed and let expire."""
    if "owner" not in call.active_member(call.sender).roles:
        raise NotAllowed(org=call.sender, reason="it lacks the role owner")
    call.need_sender(body.dataset.split("/")[0], "claim for its datasets")
    opened = call.need(ForeignClaims, "0")
    if opened.agreement != body.agreement:
        raise ClaimRefused(reason="the ledger holds another agreement with other consortia, or none")
    if not is_acceptable_key(body.holder):
        raise ClaimRefused(reason="the holder's key is not acceptable")
    held = call.state.get(ForeignClaim, body.fingerprint.hex())
    if held is not None and (held.state is ForeignState.CONFIRMED or (held.state in LIVE and call.time <= held.expires_at)):
        raise ClaimHeld(org=held.org, state=held.state)
    _count(call)
    call.state.put(
        ForeignClaim(
            fingerprint=body.fingerprint,
            org=call.sender,
            dataset=body.dataset,
            state=ForeignState.RESERVED,
            holder=body.holder,
            height=call.height,
            reserved_at=call.time,
            expires_at=call.time + STAMP_SECONDS,
            agreement=opened.agreement,
        )
    )


def stamp(call: Call, body: StampClaim) -> None:
    """Once, by the claimant, while the reservation lasts. What the bundle shows others verify before they believe it; a false
    time gains nothing, since they work it out from the bundle."""
    claim = _own_reservation(call, body.fingerprint)
    if claim.stamp:
        raise ClaimRefused(reason="it is stamped already")
    if not claim.reserved_at - LEEWAY_SECONDS <= body.witnessed_at <= call.time + LEEWAY_SECONDS:
        raise ClaimRefused(reason="outsiders cannot have seen it at that time")
    stamped = ForeignStamp(fingerprint=body.fingerprint, bundle=body.bundle)
    expires_at = max(claim.expires_at, call.time + HOLD_SECONDS)
    call.state.put(stamped)
    call.state.put(replace(claim, stamp=stamped.digest(), witnessed_at=body.witnessed_at, expires_at=expires_at))


def confirm(call: Call, body: ConfirmClaim) -> None:
    """By the claimant, in time, with something of every other consortium that was cosigned late enough."""
    claim = _own_reservation(call, body.fingerprint)
    opened = call.need(ForeignClaims, "0")
    if not claim.stamp:
        raise ClaimRefused(reason="no outsider has seen it yet")
    if tuple(one.origin for one in body.others) != opened.origins:
        raise ClaimRefused(reason="not every other consortium was asked, or another one")
    for one in body.others:
        if not claim.witnessed_at + opened.wait_seconds <= one.at <= call.time + LEEWAY_SECONDS:
            raise ClaimRefused(reason=f"what {one.origin} showed was cosigned too early, or in the future")
    call.state.put(replace(claim, state=ForeignState.CONFIRMED, others=body.others))


def conflict(call: Call, body: ConflictClaim) -> None:
    """By the claimant, about another consortium of the agreement."""
    claim = _own_reservation(call, body.fingerprint)
    if body.other.origin not in call.need(ForeignClaims, "0").origins:
        raise ClaimRefused(reason=f"{body.other.origin} is none of the other consortia")
    call.state.put(replace(claim, state=ForeignState.CONFLICT, others=(body.other,)))


def release(call: Call, body: ReleaseClaim) -> None:
    """A reservation by its claimant, or by any member once it has expired; a confirmed claim by its claimant, or a day later by
    any member, as long as what it was made for is not registered."""
    call.active_member(call.sender)
    claim = call.need(ForeignClaim, body.fingerprint.hex())
    is_own = claim.org == call.sender
    has_expired = claim.state is ForeignState.RESERVED and call.time > claim.expires_at
    is_unused = claim.state is ForeignState.CONFIRMED and call.state.get(Dataset, claim.dataset) is None
    is_left = is_unused and call.time > claim.expires_at + UNUSED_SECONDS
    if not (has_expired or is_left or (is_own and (is_unused or claim.state is ForeignState.RESERVED))):
        raise ClaimRefused(reason=f"it is {claim.state}, and it is not for {call.sender} to release it now")
    call.state.put(replace(claim, state=ForeignState.RELEASED))


def need_confirmed(call: Call, fingerprint: bytes, *, dataset: str, is_tagged: bool, twins: Collection[str]) -> None:
    """Refuse a registration that the other consortia of the agreement were not asked about; none where there is no agreement.

    While nothing is registered for a claim, every consortium of the agreement in force must have been asked about it.
    A claim serves the version that it was made for, and what the members' tags find to have that one's content; without tags to
    compare, the later versions of it.

    Args:
        dataset: what is being registered.
        is_tagged: whether it has tags.
        twins: lineages that hold any of them.

    Raises:
        ClaimRefused: no claim is named, it is not confirmed, it is for something else, or not everybody was asked.
    """
    origins = call.need(ForeignClaims, "0").origins
    if not origins:
        return
    claim = call.state.get(ForeignClaim, fingerprint.hex()) if fingerprint else None
    if claim is None or claim.state is not ForeignState.CONFIRMED:
        raise ClaimRefused(reason="the other consortia must be asked first, and none is confirmed")
    first = call.state.get(Dataset, claim.dataset)
    if first is None and not claim.has_asked(origins):
        raise ClaimRefused(reason="a consortium has joined the agreement that was not asked")
    lineage = claim.dataset.rpartition("/")[0]
    if claim.dataset == dataset or lineage in twins:
        return
    is_comparable = first is None or (is_tagged and first.tags)
    if is_comparable or lineage != dataset.rpartition("/")[0]:
        raise ClaimRefused(reason=f"it is for {claim.dataset}, and nothing says that {dataset} has the same content")


def _own_reservation(call: Call, fingerprint: bytes) -> ForeignClaim:
    claim = call.need(ForeignClaim, fingerprint.hex())
    call.active_member(call.sender)
    call.need_sender(claim.org, "go on with its claim")
    if claim.state is not ForeignState.RESERVED:
        raise ClaimRefused(reason=f"it is {claim.state}")
    if call.time > claim.expires_at:
        raise ClaimRefused(reason="it has expired")
    if claim.agreement != call.need(ForeignClaims, "0").agreement:
        raise ClaimRefused(reason="it was reserved under an agreement that has been replaced, or has ended")
    return claim


def _count(call: Call) -> None:
    day = call.time // DAY_SECONDS
    before = call.state.get(ForeignDay, call.sender)
    count = before.count if before is not None and before.day == day else 0
    if count >= MOST_A_DAY:
        raise TooManyClaims(org=call.sender, limit=MOST_A_DAY)
    call.state.put(ForeignDay(org=call.sender, day=day, count=count + 1))
