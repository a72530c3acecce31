"""The way from a right up to its root. A right holds only while everything above it holds, so this is walked each time.

Freezing or revoking a parent therefore acts on all that stands below it at once, and nothing below has to be rewritten.
"""

from __future__ import annotations

from atoll.ledger.records.base import Reader
from atoll.ledger.records.rights import MAX_CHAIN, Right, RightKind, RightState, root_right_id
from atoll.ledger.rights.kinds import GIVES
from atoll.ledger.rights.within import standing_lease


def chain_of(state: Reader, right_id: bytes) -> tuple[tuple[Right, ...], str]:
    """The rights from this one up to its root, and why they are no chain; the reason is empty if they are one.

    The rules can only build chains. What they did not build (a loop, a gap, a root of another lineage, a right that its parent
    could not give) is found here and carries nothing.

    Cost: at most MAX_CHAIN reads.
    """
    chain: list[Right] = []
    above = right_id
    for _ in range(MAX_CHAIN):
        right = state.get(Right, above.hex())
        if right is None:
            return tuple(chain), f"the ledger holds no right {above.hex()}"
        if chain and (right.lineage != chain[-1].lineage or chain[-1].kind not in GIVES[right.kind]):
            return tuple(chain), f"right {chain[-1].right.hex()} cannot come from {right.right.hex()}"
        if chain and right.depth_left <= chain[-1].depth_left:  # strictly more above, so a loop cannot close
            return tuple(chain), f"right {chain[-1].right.hex()} stands deeper than {right.right.hex()} lets it"
        chain.append(right)
        if right.is_root:
            is_root = right.kind is RightKind.HOLDING and right.right == root_right_id(right.lineage)
            return tuple(chain), "" if is_root else f"right {right.right.hex()} is no root of {right.lineage}"
        above = right.parent
    return tuple(chain), f"the chain has more than {MAX_CHAIN} rights"


def why_not_in_force(state: Reader, right_id: bytes, at: int | None) -> str:
    """Why a right does not hold; empty if it and everything above it does.

    Args:
        state: where records are read.
        right_id: which right.
        at: the second at which it must hold; None for a use that has begun, which the end of a term does not stop.
    """
    chain, broken = chain_of(state, right_id)
    if broken:
        return broken
    for one in chain:
        if one.state is not RightState.ACTIVE:
            return f"right {one.right.hex()} ({one.kind}) is {one.state}"
        if at is not None and not one.not_before <= at <= one.not_after:
            return f"right {one.right.hex()} ({one.kind}) holds from {one.not_before} to {one.not_after}, and it is {at}"
    return ""


def why_not_own_use(state: Reader, lineage: str, org: str, *, at: int | None) -> str:
    """Why an organisation may not use a lineage for itself without a grant; empty if it may, because it holds the root.

    Args:
        state: where records are read.
        lineage: owner/name.
        org: the custodian, at whose node the rows are.
        at: the time of the use; None for one that has begun, which the beginning of a lease does not stop. A lease of use,
            processing or operation keeps even the holder out while it lasts.
    """
    root_id = root_right_id(lineage)
    reason = why_not_in_force(state, root_id, at)
    root = state.get(Right, root_id.hex())
    if reason or root is None:
        return reason
    if root.holder != org:
        return f"{lineage} is held by {root.holder}"
    return "" if at is None else why_leased_out(state, root, at, at)


def why_leased_out(state: Reader, right: Right, first: int, last: int) -> str:
    """Why the holder of a right may neither use it nor grant uses of it in some second from `first` to `last`: it has leased
    use, processing or operation to one alone. Empty if it has not.
    """
    lease = standing_lease(children_of(state, right), RightKind.PROCESSING, first, last)
    return f"it is leased to {lease.holder} alone from {lease.not_before} to {lease.not_after}" if lease is not None else ""


def children_of(state: Reader, parent: Right) -> tuple[Right, ...]:
    """The rights given directly from this one that the ledger still names. Cost: at most MAX_CHILDREN reads."""
    return tuple([one for child in parent.children if (one := state.get(Right, child.hex())) is not None])
