"""Groups of rows, joins of tables, entries at secret places.

Operands are numbers: the functions make numbers of truth values, and choose between a domain of codes and any keys. Counts and
masks tell where a group is empty or a row has no match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from atoll.programs.dtypes import DType, bool_, int64
from atoll.programs.kind import MAX_ELEMENTS, Kind
from atoll.programs.operation import Clear, Held, Opening, Operation, Shows, raw_values, refuse, register
from atoll.programs.operations.checks import in_bounds, numbers, secret
from atoll.programs.operations.ordering import ORDER_SOURCE, RANDOM_ORDER, key_columns, key_cost, order_of, rows
from atoll.protocols.mpc import Node, Steps, table_memory, table_traffic, to_bits, traffic
from atoll.protocols.mpc.gathering import by_order, by_products
from atoll.protocols.mpc.grouping import by_code, by_key
from atoll.protocols.mpc.joining import join
from atoll.protocols.mpc.keys import sort_key
from atoll.protocols.mpc.rounds import as_is, parallel
from atoll.protocols.mpc.traffic import Traffic

MAX_MULTIPLICITY = 64
"""How often a key may stand on the right side of a join at most."""

RANDOM_DESTINATIONS = Opening("where shuffled rows go, a uniformly random order, which says nothing of them", "compute nodes")
"""A partition opens them."""


@register
@dataclass(frozen=True, slots=True)
class GroupByCode(Operation):
    """For each code 0 to `groups` - 1: how many rows have it, sums, and the first and last values in some order of its rows.

    Operands: the code; with `within`, what orders the rows of a group; `sums` columns to add up; then the columns of `ends`,
    whose first and last values are given. Rows with a higher code count nowhere. Results: counts, if `counted`; sums, firsts,
    lasts. Where a group is empty, its first and last are some number of the column's range or 0.
    """

    NAME: ClassVar[str] = "group_by_code"
    SOURCE: ClassVar[str] = ORDER_SOURCE
    SHOWS: ClassVar[Shows] = Shows.VALUE
    LEAKAGE: ClassVar[str] = "nothing: comparisons are opened after a shuffle that nobody knows"

    groups: int
    counted: bool
    within: bool
    sums: int
    ends: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        count = _columns(self, kinds, 1 + self.within + self.sums + self.ends, (self.sums, self.ends))
        in_bounds(self, "the number of groups", self.groups, 1, MAX_ELEMENTS)
        code = kinds[0]
        if code.dtype.name != "int64" or code.dtype.low < 0:
            raise refuse(self, f"codes are integers from 0, not {code.dtype}")
        shape = (self.groups,)
        sums = [_sum_of(kind, count, shape) for kind in self._sums(kinds)]
        ends = [replace(_with_zero(kind), shape=shape) for kind in kinds[len(kinds) - self.ends :]]
        return (*([Kind(int64(0, count), shape)] if self.counted else []), *sums, *ends, *ends)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        code = np.asarray(values[0], dtype=np.int64)
        within = [raw_values(kinds[1], values[1])] if self.within else []
        inside = order_of([code, *within], [False] * (1 + self.within))
        inside = inside[code[inside] < self.groups]
        starts, ends = (np.searchsorted(code[inside], np.arange(self.groups), side) for side in ("left", "right"))
        sums = [_group_sums(value, code, self.groups) for value in self._sums(values)]
        edges = values[len(values) - self.ends :]
        firsts = [_entries(value[inside], starts, ends > starts) for value in edges]
        lasts = [_entries(value[inside], ends - 1, ends > starts) for value in edges]
        return (*([ends - starts] if self.counted else []), *sums, *firsts, *lasts)

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        return (RANDOM_ORDER,)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        said = traffic.to_bits(kinds[0].shape[0], self._width(kinds), malicious=malicious) | self._inside(kinds, malicious)[0]
        return said + table_traffic.by_code(*self._sizes(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return table_memory.by_code(*self._sizes(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        within = sort_key(node, key_columns(kinds[1:2], values[1:2], (False,))) if self.within else as_is(None)
        both: list[Any] = yield from parallel(to_bits(node, values[0], self._width(kinds)), within)
        ends = values[len(values) - self.ends :]
        sums = self._sums(values)
        found = yield from by_code(node, both[0], self.groups, sums, counted=self.counted, within=both[1], ends=ends)
        return (*([found.counts] if found.counts is not None else []), *found.sums, *found.firsts, *found.lasts)

    def _sizes(self, kinds: tuple[Kind, ...]) -> tuple[int, int, int, int, bool, int, int]:
        within = self._inside(kinds, False)[1]
        return kinds[0].shape[0], self.groups, self._width(kinds), within, self.counted, self.sums, self.ends

    def _inside(self, kinds: tuple[Kind, ...], malicious: bool) -> tuple[Traffic, int]:
        """What it takes to make a key of what orders the rows of a group, and its bits."""
        return key_cost(kinds[1:2], malicious=malicious) if self.within else (Traffic(), 0)

    def _width(self, kinds: tuple[Kind, ...]) -> int:
        return max(kinds[0].dtype.high, self.groups - 1, 1).bit_length()

    def _sums(self, of: tuple[Any, ...]) -> tuple[Any, ...]:
        return of[1 + self.within : 1 + self.within + self.sums]


@register
@dataclass(frozen=True, slots=True)
class GroupByKey(Operation):
    """Groups of rows that have all `keys` equal, in the order of the keys; as many rows as before, the rest 0.

    Operands: the keys; with `within`, what orders the rows of a group; `sums` columns to add up; then the columns of `ends`.
    Results: whether a row is a group, its keys, the number of its rows, sums, firsts, lasts.
    """

    NAME: ClassVar[str] = "group_by_key"
    SOURCE: ClassVar[str] = ORDER_SOURCE
    LEAKAGE: ClassVar[str] = "nothing: comparisons and destinations are opened after shuffles that nobody knows"

    keys: int
    within: bool
    sums: int
    ends: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        in_bounds(self, "the number of keys", self.keys, 1, len(kinds))
        count = _columns(self, kinds, self.keys + self.within + self.sums + self.ends, (self.sums, self.ends))
        sums = [_sum_of(kind, count, (count,)) for kind in self._sums(kinds)]
        ends = [_with_zero(kind) for kind in kinds[len(kinds) - self.ends :]]
        named = map(_with_zero, kinds[: self.keys])
        return (Kind(bool_, (count,)), *named, Kind(int64(0, count), (count,)), *sums, *ends, *ends)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        ordered = self.keys + self.within
        raw = [raw_values(*pair) for pair in zip(kinds[:ordered], values[:ordered], strict=True)]
        places = order_of(raw, [False] * ordered)
        count = len(places)
        keys = np.stack([key[places] for key in raw[: self.keys]])
        ends = np.flatnonzero(np.append((keys[:, 1:] != keys[:, :-1]).any(axis=0), True))
        starts = np.append(0, ends[:-1] + 1)
        group = np.repeat(np.arange(len(ends)), ends - starts + 1)

        def padded(found: Clear) -> Clear:
            return np.concatenate([found, np.zeros(count - len(found), found.dtype)])

        sums = [padded(_group_sums(value[places], group, len(ends))) for value in self._sums(values)]
        edges = [value[places] for value in values[len(values) - self.ends :]]
        named = [padded(value[places][ends]) for value in values[: self.keys]]
        firsts, lasts = ([padded(value[at]) for value in edges] for at in (starts, ends))
        return (padded(np.ones(len(ends), bool)), *named, padded(ends - starts + 1), *sums, *firsts, *lasts)

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        return RANDOM_ORDER, RANDOM_DESTINATIONS

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        (said, _), (inside, _) = self._ordered(kinds, malicious)
        return (said | inside) + table_traffic.by_key(*self._sizes(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return table_memory.by_key(*self._sizes(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        at = slice(self.keys, self.keys + 1)
        key = sort_key(node, key_columns(kinds[: self.keys], values[: self.keys], (False,) * self.keys))
        within = sort_key(node, key_columns(kinds[at], values[at], (False,))) if self.within else as_is(None)
        both: list[Any] = yield from parallel(key, within)
        ends = values[len(values) - self.ends :]
        found = yield from by_key(node, both[0], values[: self.keys], self._sums(values), within=both[1], ends=ends)
        return (found.valid, *found.keys, found.counts, *found.sums, *found.firsts, *found.lasts)

    def _sizes(self, kinds: tuple[Kind, ...]) -> tuple[int, int, int, int, int, int]:
        (_, width), (_, within) = self._ordered(kinds, False)
        return kinds[0].shape[0], width, within, self.keys, self.sums, self.ends

    def _ordered(self, kinds: tuple[Kind, ...], malicious: bool) -> tuple[tuple[Traffic, int], tuple[Traffic, int]]:
        """`key_cost` of the keys, and of what orders the rows of a group."""
        inside = key_cost(kinds[self.keys : self.keys + 1], malicious=malicious) if self.within else (Traffic(), 0)
        return key_cost(kinds[: self.keys], malicious=malicious), inside

    def _sums(self, of: tuple[Any, ...]) -> tuple[Any, ...]:
        return of[self.keys + self.within : self.keys + self.within + self.sums]


@register
@dataclass(frozen=True, slots=True)
class Join(Operation):
    """For each row on the left, the rows on the right with the same key, which stands there `multiplicity` times at most.

    Operands: the `keys` of the left side, those of the right side, columns of the right side. Results, `multiplicity` times:
    whether there is a match, and the columns of it, 0 where there is none; the last right row with the key first.
    """

    NAME: ClassVar[str] = "join"
    SOURCE: ClassVar[str] = "Mohassel, Rindal and Rosulek, CCS 2020 (ePrint 2019/518)"
    LEAKAGE: ClassVar[str] = "whether a key stands on the right more often than declared, and then not which"

    keys: int
    multiplicity: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        in_bounds(self, "the number of keys", self.keys, 1, len(kinds) // 2)
        in_bounds(self, "the multiplicity", self.multiplicity, 1, MAX_MULTIPLICITY)
        count = _columns(self, kinds[: self.keys], self.keys, ())
        _columns(self, kinds[self.keys :], len(kinds) - self.keys, ())
        for left, right in zip(kinds[: self.keys], kinds[self.keys :], strict=False):
            if left.dtype.fraction != right.dtype.fraction:
                raise refuse(self, "keys that belong together have other bits after the point")
        columns = [replace(_with_zero(kind), shape=(count,)) for kind in kinds[2 * self.keys :]]
        return (Kind(bool_, (count,)), *columns) * self.multiplicity

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        raw = [raw_values(*pair) for pair in zip(kinds[: 2 * self.keys], values, strict=False)]
        places: dict[tuple[int, ...], list[int]] = {}
        for at, key in enumerate(zip(*raw[self.keys :], strict=True)):
            places.setdefault(key, []).insert(0, at)
        matches = [places.get(key, []) for key in zip(*raw[: self.keys], strict=True)]
        results: list[Clear] = []
        for copy in range(self.multiplicity):
            found = np.array([len(match) > copy for match in matches])
            row = np.array([match[copy] if len(match) > copy else 0 for match in matches])
            results += [found, *(_entries(value, row, found) for value in values[2 * self.keys :])]
        return tuple(results)

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        limit = f"whether a key stands on the right more than {self.multiplicity} times, and then the run ends"
        return RANDOM_ORDER, RANDOM_DESTINATIONS, Opening(limit, "compute nodes")

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        left, right = (key_cost(side, malicious=malicious)[0] for side in self._sides(kinds))
        return (left | right) + table_traffic.join(*self._sizes(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return table_memory.join(*self._sizes(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        sides = zip(self._sides(kinds), (values[: self.keys], values[self.keys : 2 * self.keys]), strict=True)
        keys = [sort_key(node, key_columns(of, held, (False,) * self.keys)) for of, held in sides]
        left, right = yield from parallel(*keys)
        matches = yield from join(node, left, right, values[2 * self.keys :], multiplicity=self.multiplicity)
        return tuple(one for match in matches for one in (match.found, *match.columns))

    def _sizes(self, kinds: tuple[Kind, ...]) -> tuple[int, int, int, int, int]:
        _, width = key_cost(self._sides(kinds)[0], malicious=False)
        return kinds[0].shape[0], kinds[self.keys].shape[0], width, len(kinds) - 2 * self.keys, self.multiplicity

    def _sides(self, kinds: tuple[Kind, ...]) -> list[list[Kind]]:
        """The keys of both sides, in one range."""
        pairs = list(zip(kinds[: self.keys], kinds[self.keys : 2 * self.keys], strict=True))
        ranges = [(min(x.dtype.low, y.dtype.low), max(x.dtype.high, y.dtype.high)) for x, y in pairs]
        joint = [replace(x.dtype, low=low, high=high) for (x, _), (low, high) in zip(pairs, ranges, strict=True)]
        return [[replace(pair[side], dtype=dtype) for pair, dtype in zip(pairs, joint, strict=True)] for side in range(2)]


@register
@dataclass(frozen=True, slots=True)
class TakeSecret(Operation):
    """The entries of columns at secret places. Operands: the places, then columns of one length, 1 or more.

    The way is chosen by cost: by products for short columns, by a sort for long ones.
    """

    NAME: ClassVar[str] = "take_secret"
    SOURCE: ClassVar[str] = "Keller and Scholl, ASIACRYPT 2014 (ePrint 2014/137); Laud, PoPETs 2015(2)"
    LEAKAGE: ClassVar[str] = "nothing: comparisons are opened after a shuffle that nobody knows"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        in_bounds(self, "the number of operands", len(kinds), 2, 1 << 16)
        _columns(self, kinds[:1], 1, ())
        entries = _columns(self, kinds[1:], len(kinds) - 1, ())
        places = kinds[0].dtype
        if places.name != "int64" or places.low < 0 or places.high >= entries:
            raise refuse(self, f"the places are {places}, of {entries} entries; clip them")
        return tuple(replace(_with_zero(kind), shape=kinds[0].shape) for kind in kinds[1:])

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return tuple(value[values[0]] for value in values[1:])

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        return () if self._is_short(kinds) else (RANDOM_ORDER,)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        bits = traffic.to_bits(kinds[0].shape[0], self._width(kinds), malicious=malicious)
        gather = table_traffic.gather_by_products if self._is_short(kinds) else table_traffic.gather_by_order
        return bits + gather(*self._sizes(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        sizes = self._sizes(kinds)
        return table_memory.gather_by_products(*sizes[:2]) if self._is_short(kinds) else table_memory.gather_by_order(*sizes)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        places = yield from to_bits(node, values[0], self._width(kinds))
        way = by_products if self._is_short(kinds) else by_order
        return (yield from way(node, values[1:], places))

    def _width(self, kinds: tuple[Kind, ...]) -> int:
        return max(kinds[1].shape[0] - 1, 1).bit_length()

    def _sizes(self, kinds: tuple[Kind, ...]) -> tuple[int, int, int, int]:
        return kinds[1].shape[0], kinds[0].shape[0], self._width(kinds), len(kinds) - 1

    def _is_short(self, kinds: tuple[Kind, ...]) -> bool:
        sizes = self._sizes(kinds)
        if sizes[0] > MAX_BY_PRODUCTS:
            return False
        ways = table_traffic.gather_by_products(*sizes), table_traffic.gather_by_order(*sizes)
        return table_traffic.in_bytes(ways[0]) <= table_traffic.in_bytes(ways[1])


MAX_BY_PRODUCTS = 1 << 10
"""Longest table that is read by products."""


def _columns(operation: Operation, kinds: tuple[Kind, ...], expected: int, counts: Sequence[int]) -> int:
    """The rows of these columns of numbers."""
    if any(count < 0 for count in counts) or len(kinds) != expected:
        raise refuse(operation, f"there are {len(kinds)} operands, and {expected} are named")
    numbers(operation, kinds, expected)
    secret(operation, *kinds)
    if any(len(kind.shape) != 1 for kind in kinds):
        raise refuse(operation, f"it works on columns, not on shapes {[list(kind.shape) for kind in kinds]}")
    return rows(operation, kinds)


def _sum_of(kind: Kind, count: int, shape: tuple[int, ...]) -> Kind:
    """A sum of any number of the rows."""
    dtype = replace(kind.dtype, low=min(count * kind.dtype.low, 0), high=max(count * kind.dtype.high, 0))
    return kind.like(dtype, kind.error * Fraction(count), shape=shape)


def _with_zero(kind: Kind) -> Kind:
    """The same with 0 in its range, which stands where there is nothing."""
    dtype: DType = replace(kind.dtype, low=min(kind.dtype.low, 0), high=max(kind.dtype.high, 0))
    return replace(kind, dtype=dtype)


def _group_sums(value: Clear, group: Clear, groups: int) -> Clear:
    sums = np.zeros(groups, value.dtype)
    inside = group < groups
    np.add.at(sums, group[inside], value[inside])
    return sums


def _entries(value: Clear, at: Clear, there: Clear) -> Clear:
    """Entries where there are some, 0 elsewhere."""
    found = np.zeros(len(at), value.dtype)
    found[there] = value[at[there]]
    return found
