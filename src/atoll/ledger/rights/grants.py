"""What a right carries of a grant: who may give it under which right, and whether it still stands."""

from __future__ import annotations

from atoll.ledger.records.base import Reader
from atoll.ledger.records.data import Grant
from atoll.ledger.records.rights import Right, RightKind
from atoll.ledger.rights.chain import why_leased_out, why_not_in_force

FOR_OTHERS = frozenset({RightKind.HOLDING, RightKind.OPERATION})
"""Kinds under which uses are granted to others."""
FOR_ITSELF = FOR_OTHERS | {RightKind.USE, RightKind.PROCESSING}
"""Kinds under which a holder draws up a grant for itself."""


def why_not_grantable(right: Right, giver: str, grantee: str) -> str:
    """Why no grant to this grantee can be given under a right; empty if it can."""
    if right.kind in (FOR_ITSELF if grantee == giver else FOR_OTHERS):
        return ""
    return f"a right of {right.kind} permits no grant to {'oneself' if grantee == giver else 'others'}"


def why_grant_fell(state: Reader, grant: Grant, *, at: int | None) -> str:
    """Why the right that a grant was given under no longer carries it; empty if it does.

    A grant to somebody else outlives a transfer of its right, as what was given from it does. One that a holder drew up for
    itself does not: whoever has passed a right on keeps nothing of it. Neither carries a use while use, processing or operation
    is leased to one alone from the right that it was given under, whenever it was given; it carries again when the lease ends.

    Args:
        state: where records are read.
        grant: its own state and term are the caller's to judge.
        at: the time at which it is to carry a use; None for a use that has begun, which neither the end of a term nor the
            beginning of a lease stops.
    """
    reason = why_not_in_force(state, grant.right, at)
    if reason:
        return reason
    right = state.get(Right, grant.right.hex())
    if right is None:
        return ""
    if grant.grantee == grant.giver != right.holder:
        return f"{grant.giver} gave it to itself and has since passed the right on to {right.holder}"
    return "" if at is None else why_leased_out(state, right, at, at)
