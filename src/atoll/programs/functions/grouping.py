"""Groups, distinct values, joins, entries at secret places.

What comes out has as many rows as is publicly known: a row for each code of a declared domain, or as many rows as went in, of
which those that stand for nothing are null. How large a group is, or which rows match, is told to nobody.

Rows whose key is null are in no group and match nothing. Nulls among the values are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.programs.functions.arithmetic import as_numbers
from atoll.programs.functions.common import at_one_point, joint, wrong
from atoll.programs.functions.comparison import greater, logical_and
from atoll.programs.functions.linalg import matmul
from atoll.programs.functions.selection import clip, fill_null, known_true, where
from atoll.programs.functions.shaping import Places, concat, take
from atoll.programs.operations.grouping import GroupByCode, GroupByKey, Join, TakeSecret
from atoll.programs.traced import A, Traced

Aggregation: TypeAlias = str
"""One of: count, sum, min, max, first, last."""

_ENDS = ("min", "max", "first", "last")


class Grouped(NamedTuple, Generic[A]):
    """One row a group."""

    keys: list[A]
    """Of the group; null in rows that are none. Empty for groups by code, which are the codes 0, 1, ... in order."""
    columns: dict[str, A]
    """The aggregates by name."""


class Joined(NamedTuple, Generic[A]):
    """One row for each row on the left and each match allowed."""

    left: list[A]
    """The left columns, repeated for each match allowed."""
    right: list[A]
    """The right columns, null where there is no match."""
    matched: A
    """Whether there is a match; for an inner join the rows to keep."""


def group_by_code(code: A, groups: int, aggregates: Mapping[str, tuple[str, A] | str]) -> Grouped[A]:
    """Aggregates for each code from 0 to `groups` - 1.

    Args:
        code: integers from 0; rows with a higher code, or none, count nowhere.
        aggregates: by name what to compute: "count", or (how, column), where how is sum, count, min, max, first, or last.

    One sort for all sums and counts, and one for each column whose least or largest is wanted.
    """
    if code.ndim != 1 or code.dtype.name != "int64":
        raise wrong("group_by_code", f"the codes are {code.dtype} in shape {list(code.shape)}, not a column of integers")
    code = fill_null(code, groups) if code.valid is not None else code
    wanted = _parsed("group_by_code", aggregates)
    sums = _summed(wanted)
    counts = [name for name, (how, _) in wanted.items() if how == "count" and name not in sums]
    operation = GroupByCode(groups, counted=bool(counts) or not sums, within=False, sums=len(sums), ends=0)
    refs = code.tracer.add(operation, code.ref, *(one.ref for one in sums.values()))
    found = {name: code.like(ref) for name, ref in zip(sums, refs[operation.counted :], strict=True)}
    found |= {name: code.like(refs[0]) for name in counts}
    for name, (how, column) in wanted.items():
        if how in _ENDS and column is not None:
            skipped = where(column.like(column.valid), code.bare, groups) if column.valid is not None else code
            (value,) = as_numbers(column.bare)
            inside = [value] if how in ("min", "max") else []
            edges = GroupByCode(groups, counted=True, within=bool(inside), sums=0, ends=1)
            count, first, last = code.tracer.add(edges, skipped.ref, *(one.ref for one in inside), value.ref)
            found[name] = code.like(first if how in ("min", "first") else last, greater(code.like(count), 0).ref)
    return Grouped([], {name: found[name] for name in aggregates})


def group_by(keys: Sequence[A], aggregates: Mapping[str, tuple[str, A] | str]) -> Grouped[A]:
    """Aggregates for each combination of keys that occurs, in ascending order; as many rows as before, the rest null.

    Args:
        keys: one column or more, without nulls; filter or fill them first.
        aggregates: as for `group_by_code`; columns without nulls for min, max, first and last.
    """
    if not keys:
        raise wrong("group_by", "there is no key")
    if any(key.valid is not None for key in keys):
        raise wrong("group_by", "a key may be null; fill_null it, or drop these rows")
    named = list(as_numbers(*keys))
    wanted = _parsed("group_by", aggregates)
    sums = _summed(wanted)
    operation = GroupByKey(len(named), within=False, sums=len(sums), ends=0)
    tracer, refs = named[0].tracer, [key.ref for key in named]
    valid, *rest = tracer.add(operation, *refs, *(one.ref for one in sums.values()))
    counts, *totals = rest[len(named) :]
    found = {name: named[0].like(ref, valid) for name, ref in zip(sums, totals, strict=True)}
    found |= {name: named[0].like(counts, valid) for name, (how, _) in wanted.items() if how == "count" and name not in sums}
    for name, (how, column) in wanted.items():
        if how in _ENDS and column is not None:
            if column.valid is not None:
                raise wrong("group_by", f"{name}: the {how} of a column that may be null; fill it first")
            (value,) = as_numbers(column)
            inside = [value] if how in ("min", "max") else []
            edges = GroupByKey(len(named), within=bool(inside), sums=0, ends=1)
            *_, first, last = tracer.add(edges, *refs, *(one.ref for one in inside), value.ref)
            found[name] = column.like(first if how in ("min", "first") else last, valid)
    groups = [key.like(ref, valid) for key, ref in zip(named, rest, strict=False)]
    return Grouped(groups, {name: found[name] for name in aggregates})


def unique_values(x: A) -> A:
    """The distinct values of a column in ascending order, then nulls in place of the rest."""
    return group_by([x], {}).keys[0]


def unique_counts(x: A) -> tuple[A, A]:
    """The distinct values of a column in ascending order and how often each stands there, then nulls in place of the rest."""
    groups = group_by([x], {"count": "count"})
    return groups.keys[0], groups.columns["count"]


def join(
    left: Sequence[A], right: Sequence[A], *, left_on: Sequence[A], right_on: Sequence[A], multiplicity: int = 1
) -> Joined[A]:
    """The rows on the right that have the keys of each row on the left.

    All rows of the left side stay, in order, `multiplicity` times one after the other: a left join. For an inner join, use
    `matched` as the mask of what follows. Keys that are null match nothing.

    Args:
        left, right: columns to carry over.
        left_on, right_on: the keys, one column or more.
        multiplicity: how often a key stands on the right at most. A run in which one stands there more often ends, and says so.
    """
    if not left_on or len(left_on) != len(right_on):
        raise wrong("join", f"{len(left_on)} keys on the left and {len(right_on)} on the right")
    pairs = [at_one_point(*as_numbers(*pair)) for pair in zip(left_on, right_on, strict=True)]
    ours, others = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if any(key.valid is not None for key in others):
        raise wrong("join", "a key on the right may be null; fill it with a number that stands nowhere on the left")
    values = [part for column in right for part in _parts(column)]
    operation = Join(len(ours), multiplicity)
    refs = ours[0].tracer.add(operation, *(key.ref for key in (*ours, *others, *values)))
    each = 1 + len(values)
    rows = [concat([ours[0].like(ref) for ref in refs[at::each]]) for at in range(each)]
    known = joint(*ours)
    carried = [concat([column] * multiplicity) for column in left]
    matched = rows[0] if known is None else logical_and(rows[0], concat([ours[0].like(known)] * multiplicity))
    numbers = iter(rows[1:])
    found: list[A] = []
    for column in right:
        value = next(numbers)
        valid = matched if column.valid is None else logical_and(matched, greater(next(numbers), 0))
        found.append(_as_was(column, value, valid))
    return Joined(carried, found, matched)


def take_secret(x: A, places: A) -> A:
    """The entries of a column at secret places; null where the place is null. Places beyond the column give its last entry.

    By products for a short column, by a sort for a long one, whichever is cheaper.
    """
    if x.ndim != 1 or places.ndim != 1 or places.dtype.name != "int64":
        raise wrong("take_secret", "it reads a column at a column of integers")
    within = fill_null(places, 0) if places.valid is not None else places
    if within.dtype.low < 0 or within.dtype.high >= x.shape[0]:
        within = clip(within, 0, x.shape[0] - 1)
    parts = _parts(x)
    refs = within.tracer.add(TakeSecret(), within.ref, *(part.ref for part in parts))
    there = [greater(x.like(refs[1]), 0)] if len(parts) > 1 else []
    there += [places.like(places.valid)] if places.valid is not None else []
    valid = logical_and(*there) if len(there) > 1 else there[0] if there else None
    return _as_was(x, x.like(refs[0]), valid)


def scatter_add(places: A | Places, values: A, size: int) -> A:
    """A column of `size` sums: at each place those of the values whose place it is. Secret places beyond it count nowhere.

    By public places local: a product with a public matrix.
    """
    if not isinstance(places, Traced):
        at = _public("scatter_add", places, values, size)
        summed: A = matmul((np.arange(size)[:, None] == at).astype(np.int64), fill_null(values, 0))
        return summed
    return group_by_code(places, size, {"sum": ("sum", values)}).columns["sum"]


def scatter(x: A, places: A | Places, values: A) -> A:
    """x with values put at places; of several at one place the last one stays. Secret places beyond x are left out.

    By public places local.
    """
    if not isinstance(places, Traced):
        source = np.arange(x.shape[0] if x.ndim else 0)
        for number, at in enumerate(_public("scatter", places, values, len(source))):
            source[at] = len(source) + number
        return take(concat([x, values]), source)
    if x.valid is not None or values.valid is not None:
        raise wrong("scatter", "nulls have no place; fill them first")
    put = group_by_code(places, x.shape[0], {"last": ("last", values)}).columns["last"]
    return where(put.like(put.valid), put.bare, x) if put.valid is not None else x


def _public(name: str, places: Places, values: Traced, size: int) -> NDArray[np.int64]:
    """A public place for each of the values, counted from 0."""
    at = np.asarray(places)
    if at.dtype.kind not in "iu" or at.ndim != 1 or values.shape != at.shape:
        raise wrong(name, f"places are whole numbers, one for each value; the values have shape {list(values.shape)}")
    if not ((-size <= at) & (at < size)).all():
        raise wrong(name, f"a place lies outside of a column of length {size}")
    return at.astype(np.int64) % size


def _parsed(name: str, aggregates: Mapping[str, tuple[str, A] | str]) -> dict[str, tuple[Aggregation, A | None]]:
    wanted: dict[str, tuple[Aggregation, A | None]] = {}
    for label, asked in aggregates.items():
        how, column = (asked, None) if isinstance(asked, str) else asked
        if how not in ("count", "sum", *_ENDS) or (column is None and how != "count"):
            raise wrong(name, f"{label}: {how} is not count, or one of sum, count, min, max, first, last of a column")
        wanted[label] = (how, column)
    return wanted


def _summed(wanted: Mapping[str, tuple[Aggregation, A | None]]) -> dict[str, A]:
    """The columns to add up, by the name of the aggregate."""
    columns: dict[str, A] = {}
    for name, (how, column) in wanted.items():
        if column is None:
            continue
        if how == "sum":
            (columns[name],) = as_numbers(known_true(column) if column.dtype.is_bool else fill_null(column, 0))
        elif how == "count" and column.valid is not None:
            (columns[name],) = as_numbers(column.like(column.valid))
    return columns


def _parts(column: A) -> list[A]:
    """A column as numbers: its values, and where there are some."""
    parts = [column.bare] if column.valid is None else [column.bare, column.like(column.valid)]
    return list(as_numbers(*parts))


def _as_was(column: A, value: A, valid: A | None) -> A:
    """A column's values, which `_parts` made numbers, in its own type."""
    value = greater(value, 0) if column.dtype.is_bool else value
    return value.like(value.ref, None if valid is None else valid.ref)
