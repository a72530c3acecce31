"""Whether a new right stays within its parent, in every dimension that stands in clear on the ledger.

The scope (columns, purposes, kinds of job) is a commitment here. It is narrowed where the rows are: the custodian's node asks
every scope on the way to the root (`atoll.policy.rights`), so a wider one further down gains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from atoll.ledger.records.rights import Right, RightKind, RightState
from atoll.ledger.rights.kinds import COUNTED, GIVES, exclusive_against


class Extent(Protocol):
    """How far a right reaches: a record, or what is asked for."""

    @property
    def kind(self) -> RightKind: ...
    @property
    def depth_left(self) -> int: ...
    @property
    def share_ppm(self) -> int: ...
    @property
    def uses(self) -> int: ...
    @property
    def not_before(self) -> int: ...
    @property
    def not_after(self) -> int: ...


def why_not_within(child: Extent, parent: Extent) -> str:
    """Why one right may not be given from another, whoever else has something from it; empty if it may."""
    if child.kind not in GIVES[parent.kind]:
        return f"a right of {parent.kind} gives no right of {child.kind}"
    if child.depth_left >= parent.depth_left:
        return f"{child.depth_left} further levels are asked for, and below the parent there is room for {parent.depth_left}"
    if child.not_before < parent.not_before or child.not_after > parent.not_after:
        return (
            f"it would hold from {child.not_before} to {child.not_after}, "
            f"its parent from {parent.not_before} to {parent.not_after}"
        )
    if child.not_before > child.not_after:
        return "its term ends before it begins"
    if child.uses and child.kind not in COUNTED:
        return f"uses of a right of {child.kind} are not counted"
    if parent.uses and not 0 < child.uses <= parent.uses:
        return f"{child.uses or 'unbounded'} uses are asked for, and its parent has {parent.uses}"
    if (child.kind is RightKind.INCOME) != (child.share_ppm > 0):
        return "a right of income, and no other, has a share"
    if child.share_ppm > parent.share_ppm:
        return f"a share of {child.share_ppm} ppm is asked for, and its parent has {parent.share_ppm}"
    return ""


def why_no_room(child: Extent, parent: Right, siblings: Iterable[Right], *, exclusive: bool, time: int) -> str:
    """Why a right that is within its parent does not fit beside what the parent has given already; empty if it fits.

    Args:
        child: what is asked for.
        parent: where it is to be given from.
        siblings: every child of the parent; those that are dead do not count.
        exclusive: whether it is to be a lease.
        time: of the block.
    """
    living = [one for one in siblings if not one.is_dead_at(time)]
    if parent.uses and parent.uses_given + child.uses > parent.uses:
        return f"{child.uses} uses are asked for, and {parent.uses - parent.uses_given} are left under its parent"
    shared = sum(one.share_ppm for one in living)
    if shared + child.share_ppm > parent.share_ppm:
        return f"a share of {child.share_ppm} ppm is asked for, and {parent.share_ppm - shared} ppm are left under its parent"
    first, last = max(child.not_before, time), child.not_after  # what has passed is in nobody's way
    lease = standing_lease(living, child.kind, first, last)
    if lease is not None:
        return f"it is leased to {lease.holder} alone from {lease.not_before} to {lease.not_after}"
    if exclusive:
        others = [one for one in living if exclusive_against(child.kind, one.kind) and _overlap(one, first, last)]
        return f"it cannot be leased to one alone while {others[0].holder} has a right of {others[0].kind}" if others else ""
    return ""


def standing_lease(siblings: Iterable[Right], kind: RightKind, first: int, last: int) -> Right | None:
    """The lease that keeps the lessor from a kind of right in some second from `first` to `last`, or None.

    A frozen lease keeps it from the lessor all the same: freezing somebody is no way to get back what one has leased out.
    """
    for one in siblings:
        standing = one.exclusive and one.state is not RightState.REVOKED
        if standing and exclusive_against(one.kind, kind) and _overlap(one, first, last):
            return one
    return None


def _overlap(right: Right, first: int, last: int) -> bool:
    return right.not_before <= last and first <= right.not_after
