"""Rights: minted with a lineage, divided, leased, passed on, frozen, revoked.

Everything comes from the root that the first registration of a lineage mints. A right holds only while all above it hold, which
is walked each time (`atoll.ledger.rights`), so nothing here ever rewrites what stands below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.records import (
    FOREVER,
    MAX_CHILDREN,
    Authority,
    Dataset,
    Right,
    RightId,
    RightKind,
    RightState,
    root_right,
    root_right_id,
)
from atoll.ledger.records.base import Version
from atoll.ledger.records.rights import Depth, MaybeCommitment, MaybeRightId, Share
from atoll.ledger.rights import (
    COUNTED,
    LEASED,
    chain_of,
    children_of,
    why_no_room,
    why_not_in_force,
    why_not_own_use,
    why_not_within,
)
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import (
    DeadlinePassed,
    NotAllowed,
    NotFrozenSo,
    RightChanged,
    RightExceeded,
    RightNotInForce,
    RightNotMovable,
    TooManyRights,
    WrongState,
)
from atoll.ledger.rules.holds import need_no_hold_on_right
from atoll.wire.message import Count, Message, Name, Time


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRight(Message):
    """The holder of a lineage gives one of the separable rights in it."""

    TAG: ClassVar[str] = "right.grant/1"

    right: RightId
    """Random identifier of the new right."""
    parent: RightId
    """The right that it is given from, which the sender holds."""
    holder: Name
    """Who gets it."""
    kind: RightKind
    """Which."""
    depth_left: Depth = 0
    """How many levels of further rights its holder may give from it."""
    share_ppm: Share = 0
    """Part of the whole income; of a right of income only."""
    uses: Count = 0
    """Most uses; 0 for no bound."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    scope_commitment: MaybeCommitment = b""
    """Commitment to what it may be used for; empty where it reaches as far as its parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRight(GrantRight):
    """The same to one alone, for a time: when the term ends the right is back, without anybody's doing."""

    TAG: ClassVar[str] = "right.lease/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SublicenseRight(GrantRight):
    """The holder of a right that is not the root gives from it, as deep as it may."""

    TAG: ClassVar[str] = "right.sublicense/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRight(Message):
    """A right changes its holder; the old one keeps nothing of it, what was given from it stands."""

    TAG: ClassVar[str] = "right.transfer/1"

    right: RightId
    """Which."""
    version: Version
    """The version of its record that both have looked at."""
    to: Name
    """The new holder."""
    under: MaybeRightId = b""
    """A right of transaction that the sender holds; empty for a root, which carries it in itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRight(Message):
    """A right, and all that stands below it, carries nothing until it is unfrozen."""

    TAG: ClassVar[str] = "right.freeze/1"

    right: RightId
    """Which."""
    under: MaybeRightId = b""
    """A right of management that the sender holds; empty where it holds the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeRight(Message):
    """The freeze of the root's holder, or of a manager, ends; a regulator's does not."""

    TAG: ClassVar[str] = "right.unfreeze/1"

    right: RightId
    """Which."""
    under: MaybeRightId = b""
    """A right of management that the sender holds; empty where it holds the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRight(Message):
    """A right ends for good, and all that stands below it."""

    TAG: ClassVar[str] = "right.revoke/1"

    right: RightId
    """Which."""
    under: MaybeRightId = b""
    """A right of management that the sender holds; empty where it holds this right or one above it."""


def mint_root(call: Call, dataset: Dataset) -> None:
    """The root right of a lineage, for who registers its first version."""
    call.state.put(root_right(dataset.lineage, holder=dataset.owner, height=call.height))


def grant(call: Call, body: GrantRight) -> None:
    """From the root, by its holder."""
    parent = _held(call, body.parent, "give a right from it")
    if not parent.is_root:
        raise NotAllowed(org=call.sender, reason="from a right that is not the root one sublicenses")
    _give(call, body, parent, exclusive=False)


def sublicense(call: Call, body: SublicenseRight) -> None:
    """From another right, by its holder."""
    parent = _held(call, body.parent, "give a right from it")
    if parent.is_root:
        raise NotAllowed(org=call.sender, reason="from the root one grants")
    _give(call, body, parent, exclusive=False)


def lease(call: Call, body: LeaseRight) -> None:
    """From any right, by its holder, with an end."""
    parent = _held(call, body.parent, "lease from it")
    if body.kind not in LEASED or body.not_after >= FOREVER:
        raise RightExceeded(right=body.parent.hex(), reason=f"a lease is of {', '.join(sorted(LEASED))} and has an end")
    _give(call, body, parent, exclusive=True)


def transfer(call: Call, body: TransferRight) -> None:
    """By its holder; of a right that is not the root only under a right of transaction given from above it."""
    right = _held(call, body.right, "transfer it")
    if body.version != right.version:
        raise RightChanged(right=body.right.hex(), version=right.version, agreed=body.version)
    if not right.is_root:
        _need_transaction(call, right, body.under)
    call.active_member(body.to)
    need_no_hold_on_right(call, right, body.to)
    if body.to == call.sender:
        raise NotAllowed(org=call.sender, reason="it holds the right already")
    _put(call, replace(right, holder=body.to))


def freeze(call: Call, body: FreezeRight) -> None:
    """By the holder of the root, or of a right of management."""
    right = call.need(Right, body.right.hex())
    _need_manager(call, right, body.under)
    set_freeze(call, right, Authority.RIGHTS)


def unfreeze(call: Call, body: UnfreezeRight) -> None:
    """By the same; each authority lifts its own freeze only."""
    right = call.need(Right, body.right.hex())
    _need_manager(call, right, body.under)
    lift_freeze(call, right, Authority.RIGHTS)


def revoke(call: Call, body: RevokeRight) -> None:
    """By whoever holds a right above it, by a manager, or by its own holder, who gives it back. A root is never revoked."""
    right = call.need(Right, body.right.hex())
    if right.is_root:
        raise NotAllowed(org=call.sender, reason="a root is transferred, never revoked")
    if body.under:
        _need_manager(call, right, body.under)
    elif call.sender not in {one.holder for one in _chain(call, body.right)}:
        raise NotAllowed(org=call.sender, reason="it holds neither this right nor one above it")
    end_right(call, right)


def end_right(call: Call, right: Right) -> None:
    """Revoke a right for somebody whose standing the caller has checked; a regulator's recall comes here too.

    Raises:
        WrongState: it is revoked already.
    """
    if right.state is RightState.REVOKED:
        raise WrongState(what="right", name=right.right.hex(), state=right.state, needed=RightState.ACTIVE)
    _put(call, replace(right, state=RightState.REVOKED))


def set_freeze(call: Call, right: Right, authority: Authority) -> None:
    """Freeze a right for an authority whose standing the caller has checked; a regulator's order comes here too.

    Raises:
        WrongState: it is revoked, or this authority has frozen it already.
    """
    if right.state is RightState.REVOKED or authority in right.frozen_by:
        raise WrongState(what="right", name=right.right.hex(), state=right.state, needed=RightState.ACTIVE)
    _put(call, replace(right, state=RightState.FROZEN, frozen_by=tuple(sorted({*right.frozen_by, authority}))))


def lift_freeze(call: Call, right: Right, authority: Authority) -> None:
    """Take one authority's freeze off; the right is active again when it was the last.

    Raises:
        NotFrozenSo: this authority has not frozen it.
        WrongState: it was revoked since.
    """
    if authority not in right.frozen_by:
        raise NotFrozenSo(right=right.right.hex(), freezes=", ".join(right.frozen_by) or "none")
    if right.state is RightState.REVOKED:
        raise WrongState(what="right", name=right.right.hex(), state=right.state, needed=RightState.FROZEN)
    kept = tuple(one for one in right.frozen_by if one is not authority)
    _put(call, replace(right, state=RightState.FROZEN if kept else RightState.ACTIVE, frozen_by=kept))


def take_uses(call: Call, right: Right, uses: int) -> None:
    """Count uses that a grant gives away under a right.

    Raises:
        RightExceeded: fewer are left.
    """
    if right.uses and right.uses_given + uses > right.uses:
        raise RightExceeded(
            right=right.right.hex(), reason=f"{uses} uses are asked for, and {right.uses - right.uses_given} are left"
        )
    if right.uses:
        _put(call, replace(right, uses_given=right.uses_given + uses))


def _give(call: Call, body: GrantRight, parent: Right, *, exclusive: bool) -> None:
    call.need_free(Right, body.right.hex())
    call.active_member(body.holder)
    need_no_hold_on_right(call, parent, body.holder)
    if body.holder == call.sender:
        raise NotAllowed(org=call.sender, reason="a right given to oneself is none")
    if call.time > body.not_after:
        raise DeadlinePassed(what="The term of the right", deadline=body.not_after, now=call.time)
    living = [one for one in children_of(call.state, parent) if not one.is_dead_at(call.time)]
    reason = why_not_within(body, parent) or why_no_room(body, parent, living, exclusive=exclusive, time=call.time)
    if reason:
        raise RightExceeded(right=body.parent.hex(), reason=reason)
    if len(living) >= MAX_CHILDREN:
        raise TooManyRights(right=body.parent.hex(), most=MAX_CHILDREN)
    child = Right(
        right=body.right,
        version=1,
        kind=body.kind,
        lineage=parent.lineage,
        holder=body.holder,
        grantor=call.sender,
        parent=body.parent,
        depth_left=body.depth_left,
        exclusive=exclusive,
        share_ppm=body.share_ppm,
        uses=body.uses,
        uses_given=0,
        not_before=body.not_before,
        not_after=body.not_after,
        scope_commitment=body.scope_commitment,
        state=RightState.ACTIVE,
        frozen_by=(),
        children=(),
        height=call.height,
    )
    call.state.put(child)
    given = parent.uses_given + (body.uses if parent.uses else 0)
    _put(call, replace(parent, children=(*(one.right for one in living), body.right), uses_given=given))


def _put(call: Call, right: Right) -> None:
    call.state.put(replace(right, version=right.version + 1, height=call.height))


def _held(call: Call, right_id: bytes, what: str) -> Right:
    """The right, if the sender holds it and it is in force."""
    right = call.need(Right, right_id.hex())
    call.need_sender(right.holder, what)
    need_right_in_force(call, right_id)
    return right


def need_right_in_force(call: Call, right_id: bytes) -> None:
    """Raises RightNotInForce unless the right and everything above it hold at the block's time."""
    reason = why_not_in_force(call.state, right_id, call.time)
    if reason:
        raise RightNotInForce(right=right_id.hex(), reason=reason)


def need_own_use(call: Call, dataset: Dataset) -> None:
    """Raises RightNotInForce unless the custodian may use a dataset for itself: it holds the root and has not leased it out."""
    reason = why_not_own_use(call.state, dataset.lineage, dataset.owner, at=call.time)
    if reason:
        raise RightNotInForce(right=root_right_id(dataset.lineage).hex(), reason=reason)


def _chain(call: Call, right_id: bytes) -> Sequence[Right]:
    chain, broken = chain_of(call.state, right_id)
    if broken:
        raise RightNotInForce(right=right_id.hex(), reason=broken)
    return chain


def _need_transaction(call: Call, right: Right, under: bytes) -> None:
    """The sender holds a right of transaction in this lineage: only the root gives those, so it comes from above the other."""
    reason = "it is no root, and no right of transaction is named"
    if under:
        power = _held(call, under, "pass on a right under it")
        fits = power.kind is RightKind.TRANSACTION and power.lineage == right.lineage and power.right != right.right
        reason = "" if fits else f"{under.hex()} is no other right of transaction in {right.lineage}"
    if reason:
        raise RightNotMovable(right=right.right.hex(), reason=reason)


def _need_manager(call: Call, right: Right, under: bytes) -> None:
    """The sender holds the root, or a right of management in this lineage that is in force; no manager touches the root."""
    if not under:
        root = call.need(Right, root_right_id(right.lineage).hex())
        call.need_sender(root.holder, "manage rights without a right of management")
        return
    power = _held(call, under, "manage rights under it")
    if power.kind is not RightKind.MANAGEMENT or power.lineage != right.lineage or not _reaches(call, power, right):
        raise NotAllowed(org=call.sender, reason=f"{under.hex()} is no right of management over {right.right.hex()}")


def _reaches(call: Call, power: Right, right: Right) -> bool:
    """Whether a right of management is over another one: nothing that it comes from itself; and, where it was sublicensed,
    neither management, income or transaction, nor what was given by somebody above its own grantor.
    """
    chain = _chain(call, power.right)
    if right.right in {one.right for one in chain}:
        return False
    if len(chain) == 2:  # it comes from the root
        return True
    above = {one.holder for one in chain[2:]} | {one.grantor for one in chain[1:]}
    return right.kind in COUNTED and right.grantor not in above
