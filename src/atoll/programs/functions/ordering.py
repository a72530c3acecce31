"""Sorting, the best of many, quantiles, shuffling. Nulls come last, whichever way the order goes.

A sort opens comparisons, but of rows that were shuffled first by an order that nobody knows: what is opened is a uniformly
random order, and says nothing. Equal rows keep their order, always; so argmin and argmax give the first of equals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from atoll.programs.functions.arithmetic import add, divide_by_public, multiply, subtract
from atoll.programs.functions.common import axis_index, wrong
from atoll.programs.functions.comparison import negated
from atoll.programs.functions.selection import fill_null
from atoll.programs.functions.shaping import expand_dims, flattened, index, moveaxis, reshape, stack
from atoll.programs.graph import Ref
from atoll.programs.operations.ordering import OrderOf, Shuffle, SortBy
from atoll.programs.traced import A

_OfLane: TypeAlias = Callable[[A], A]

MAX_LANES = 256
"""Most columns that one call sorts, each by itself."""


def sort(x: A, *, axis: int = -1, descending: bool = False) -> A:
    """x in ascending order along an axis.

    About 1.2 n log2 n comparisons in a few rounds a level; see specs/mpc-tables.md.
    """
    return _by_lane(x, axis, "sort", lambda lane: sort_by([lane], by=[lane], descending=descending)[0])


def argsort(x: A, *, axis: int = -1, descending: bool = False) -> A:
    """The places of the values in ascending order: integers from 0."""
    return _by_lane(x, axis, "argsort", lambda lane: order_of([lane], descending=descending))


def sort_by(columns: Sequence[A], *, by: Sequence[A], descending: bool | Sequence[bool] = False) -> list[A]:
    """Columns with their rows ordered by the columns `by`, the first of which counts most.

    Args:
        columns: any number, of equal length; numbers may have more axes.
        descending: for each of `by`, or for all.
    """
    return _sorted(columns, by, _each(by, descending), ())


def order_of(by: Sequence[A], *, descending: bool | Sequence[bool] = False) -> A:
    """The numbers of the rows in the order of several columns."""
    return _numbers(by, _each(by, descending), ())


def shuffle(*columns: A) -> list[A]:
    """Columns with their rows in one random order that nobody knows; two rounds, four numbers a row and column."""
    if not columns:
        raise wrong("shuffle", "there are no columns")
    first = columns[0]
    refs = [ref for one in columns for ref in (one.ref, one.valid) if ref is not None]
    return _paired(columns, first.tracer.add(Shuffle(), *refs))


def top_k(x: A, k: int, *, largest: bool = True) -> tuple[A, A]:
    """The k largest values of a column, best first, and their places. About 2 n comparisons; null where there are fewer."""
    _column("top_k", x)
    if not 1 <= k <= x.shape[0]:
        raise wrong("top_k", f"k is {k}, of {x.shape[0]} values")
    ranks = tuple(range(k)) if k < x.shape[0] else ()
    (values,) = _sorted([x], [x], (largest,), ranks)
    return values, _numbers([x], (largest,), ranks)


def min(x: A, *, axis: int | None = None, keepdims: bool = False) -> A:  # noqa: A001  # the standard's name
    """The smallest value along an axis, or of all. Nulls are skipped; null if there is nothing else."""
    return _extreme(x, axis, keepdims, largest=False, name="min")


def max(x: A, *, axis: int | None = None, keepdims: bool = False) -> A:  # noqa: A001  # the standard's name
    """The largest value along an axis, or of all. Nulls are skipped; null if there is nothing else."""
    return _extreme(x, axis, keepdims, largest=True, name="max")


def argmin(x: A, *, axis: int | None = None, keepdims: bool = False) -> A:
    """The place of the smallest value along an axis, or in all; the first one of equals."""
    return _extreme(x, axis, keepdims, largest=False, name="argmin", numbered=True)


def argmax(x: A, *, axis: int | None = None, keepdims: bool = False) -> A:
    """The place of the largest value along an axis, or in all; the first one of equals."""
    return _extreme(x, axis, keepdims, largest=True, name="argmax", numbered=True)


def median(x: A) -> A:
    """The middle value of a column, or the mean of the two in the middle. About 3 n comparisons."""
    return quantile(x, 0.5)


def quantile(x: A, q: float) -> A:
    """The value below which a share q of a column lies, on a straight line between the two nearest ranks, as numpy's.

    Of a column without nulls: how many there are would have to be known.
    """
    _column("quantile", x)
    if x.valid is not None:
        raise wrong("quantile", "the column may have nulls, so the rank is secret; fill them, or sort and choose")
    if not 0 <= q <= 1:
        raise wrong("quantile", f"the share is {q}, and must be 0 to 1")
    place = q * (x.shape[0] - 1)
    low, part = int(place), place - int(place)
    ranks = (low,) if part == 0 else (low, low + 1)
    (near,) = _sorted([x], [x], (False,), ranks)
    if part == 0:
        return index(near, 0)
    if part == 0.5:
        return divide_by_public(add(index(near, 0), index(near, 1)), 2)
    return add(index(near, 0), multiply(subtract(index(near, 1), index(near, 0)), part))


def _extreme(x: A, axis: int | None, keepdims: bool, *, largest: bool, name: str, numbered: bool = False) -> A:
    def best(lane: A) -> A:
        if numbered:
            return index(_numbers([lane], (largest,), (0,)), 0)
        return index(_sorted([lane], [lane], (largest,), (0,))[0], 0)

    if axis is None:
        found = best(flattened(x))
        return reshape(found, (1,) * x.ndim) if keepdims else found
    at = axis_index(name, axis, x)
    found = _over_lanes(x, at, name, best)
    return expand_dims(found, at) if keepdims else found


def _by_lane(x: A, axis: int, name: str, operation: _OfLane[A]) -> A:
    at = axis_index(name, axis, x)
    if x.ndim == 1:
        return operation(x)
    return moveaxis(_over_lanes(x, at, name, operation), -1, at)


def _over_lanes(x: A, axis: int, name: str, operation: _OfLane[A]) -> A:
    """An operation on each column along an axis, which stands last in what comes out, if it is there at all."""
    lanes = moveaxis(x, axis, -1)
    if lanes.ndim == 1:
        return operation(lanes)
    shape = lanes.shape[:-1]
    rows = reshape(lanes, (-1, lanes.shape[-1]))
    if rows.shape[0] > MAX_LANES:
        raise wrong(name, f"{rows.shape[0]} columns, each of which is ordered by itself; at most {MAX_LANES} in one call")
    done = stack([operation(index(rows, at)) for at in range(rows.shape[0])])
    return reshape(done, (*shape, *done.shape[1:]))


def _sorted(columns: Sequence[A], by: Sequence[A], descending: Sequence[bool], ranks: tuple[int, ...]) -> list[A]:
    keys, down = _keys(by, descending)
    moved = [ref for one in columns for ref in (one.ref, one.valid) if ref is not None]
    return _paired(columns, by[0].tracer.add(SortBy(down, ranks), *keys, *moved))


def _numbers(by: Sequence[A], descending: Sequence[bool], ranks: tuple[int, ...]) -> A:
    keys, down = _keys(by, descending)
    return by[0].like(by[0].tracer.add(OrderOf(down, ranks), *keys)[0])


def _keys(by: Sequence[A], descending: Sequence[bool]) -> tuple[list[Ref], tuple[bool, ...]]:
    """Keys with nulls last: whether a row is null counts before its value."""
    if not by:
        raise wrong("sort_by", "there is nothing to order by")
    keys: list[Ref] = []
    down: list[bool] = []
    for one, falling in zip(by, descending, strict=True):
        if one.valid is not None:
            keys.append(negated(one.like(one.valid)).ref)
            down.append(False)
        keys.append(fill_null(one, False if one.dtype.is_bool else 0).ref)
        down.append(falling)
    return keys, tuple(down)


def _paired(columns: Sequence[A], refs: Sequence[Ref]) -> list[A]:
    """Values and their masks as the columns that they were."""
    left = iter(refs)
    return [one.like(next(left), next(left) if one.valid is not None else None) for one in columns]


def _each(by: Sequence[A], descending: bool | Sequence[bool]) -> tuple[bool, ...]:
    each = (descending,) * len(by) if isinstance(descending, bool) else tuple(descending)
    if len(each) != len(by):
        raise wrong("sort_by", f"{len(each)} directions for {len(by)} columns")
    return each


def _column(name: str, x: A) -> None:
    if x.ndim != 1:
        raise wrong(name, f"it works on a column, not on shape {list(x.shape)}")
