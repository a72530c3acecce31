"""Largest and smallest so far."""

from __future__ import annotations

from collections.abc import Callable

from atoll.programs.functions.common import axis_index
from atoll.programs.functions.selection import fill_null, maximum, minimum
from atoll.programs.functions.shaping import concat, index, moveaxis, reshape, stack
from atoll.programs.traced import A


def cumulative_max(x: A, *, axis: int = 0) -> A:
    """The largest of all places up to each. About 2 n comparisons in 2 log2 n steps; a null stays null and is skipped."""
    return _scanned(x, axis, "cumulative_max", maximum, smallest=True)


def cumulative_min(x: A, *, axis: int = 0) -> A:
    """The smallest of all places up to each; as `cumulative_max`."""
    return _scanned(x, axis, "cumulative_min", minimum, smallest=False)


def _scanned(x: A, axis: int, name: str, combine: Callable[[A, A], A], *, smallest: bool) -> A:
    at = axis_index(name, axis, x)
    if x.valid is not None:
        edge = x.dtype.least if smallest else x.dtype.most
        filled = fill_null(x, int(edge) if edge.denominator == 1 else float(edge))
    else:
        filled = x
    found = moveaxis(_scan(moveaxis(filled.bare, at, 0), combine), 0, at)
    return found.like(found.ref, x.valid)


def _scan(x: A, combine: Callable[[A, A], A]) -> A:
    """Prefixes along the first axis: those of pairs first, then the places between (Brent and Kung, IEEE ToC 1982)."""
    count = x.shape[0]
    if count == 1:
        return x
    pairs = combine(index(x, slice(0, count - 1, 2)), index(x, slice(1, count, 2)))
    odd = _scan(pairs, combine)
    first, half = index(x, slice(0, 1)), count // 2
    if count == 2:
        return concat([first, odd])
    between = combine(index(odd, slice(0, -(-count // 2) - 1)), index(x, slice(2, count, 2)))
    even = concat([first, between])
    woven = reshape(stack([index(even, slice(0, half)), odd], axis=1), (2 * half, *x.shape[1:]))
    return concat([woven, index(even, slice(half, None))]) if count % 2 else woven
