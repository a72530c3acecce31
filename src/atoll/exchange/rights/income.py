"""Income of a lineage, divided among those who have a right to a share of it: exact to the last unit.

Every holder of a right of income gets its share less what it gave on; what nobody was given is the root's. Whole units are
dealt out by largest remainder (Hamilton's method), ties by the rights' identifiers, so every member comes to the same table and
the parts always add up to the whole. Shares do not depend on whether a right is frozen: a freeze holds a payment back, it does
not give it to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from atoll.ledger.records import WHOLE_PPM, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What one right gets of a sum."""

    right: bytes
    """The right: the root, or one of income."""
    holder: str
    """Who is paid."""
    share_ppm: int
    """Its own share, what it gave on taken off."""
    units: int
    """Of the sum, in its smallest unit."""
    held_back: bool
    """Whether a freeze, of this right or one above it, holds the payment back."""


def divide_income(units: int, rights: Iterable[Right], *, time: int) -> tuple[Portion, ...]:
    """The table of a sum.

    Args:
        units: the sum in its smallest unit, such as cents; not negative.
        rights: all rights of one lineage, in any order, as the ledger has them.
        time: when it was earned, Unix seconds: rights that were revoked or had ended share no more, nor what was given from
            them; their shares fall back to the right above.

    Returns:
        One portion for the root and each living right of income, by identifier; their units add up to `units`.

    Raises:
        ValueError: a negative sum, no root, or shares that exceed their parent, which no rule lets happen.
    """
    known = {one.right: one for one in rights}
    root = next((one for one in known.values() if one.is_root), None)
    if units < 0 or root is None:
        raise ValueError("a sum that is not negative is divided among the rights of a lineage with a root")
    living = [one for one in known.values() if one is root or (one.share_ppm and _lives(one, known, time))]
    given = dict.fromkeys((one.right for one in living), 0)
    for one in living:
        if one is not root:
            given[one.parent] += one.share_ppm
    own = {one.right: one.share_ppm - given[one.right] for one in living}
    if min(own.values()) < 0 or sum(own.values()) != WHOLE_PPM:
        raise ValueError("shares exceed the right that they were given from")
    dealt = _deal(units, own)
    return tuple(
        Portion(
            right=one.right,
            holder=one.holder,
            share_ppm=own[one.right],
            units=dealt[one.right],
            held_back=any(above.frozen_by for above in _chain(one, known)),
        )
        for one in sorted(living, key=lambda one: one.right)
    )


def _deal(units: int, shares: dict[bytes, int]) -> dict[bytes, int]:
    """Whole units by largest remainder."""
    dealt = {right: units * share // WHOLE_PPM for right, share in shares.items()}
    by_remainder = sorted(shares, key=lambda right: (-(units * shares[right] % WHOLE_PPM), right))
    for right in by_remainder[: units - sum(dealt.values())]:
        dealt[right] += 1
    return dealt


def _lives(right: Right, known: dict[bytes, Right], time: int) -> bool:
    chain = _chain(right, known)
    begun = all(one.not_before <= time for one in chain)
    return begun and chain[-1].is_root and not any(one.is_dead_at(time) for one in chain)


def _chain(right: Right, known: dict[bytes, Right]) -> list[Right]:
    chain = [right]
    while chain[-1].parent in known and len(chain) <= len(known):
        chain.append(known[chain[-1].parent])
    return chain
