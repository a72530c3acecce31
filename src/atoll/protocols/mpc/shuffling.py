"""The oblivious shuffle: rows in an order that no node knows, and back again.

The order is made of three permutations, one of each key; node i knows two of them, and the third hides everything from it.
Node 0 knows the first two, node 1 the last two, node 2 the first and the last:

    nodes 0, 2    permute by the first: node 0 moves x_0 + x_1 and adds a mask, node 2 moves x_2 and subtracts it
    node 0        goes on with the second, adds another mask, and says the result to node 2
    node 2        says its half to node 1, which permutes by the second and subtracts that mask
    nodes 1, 2    permute by the last and share anew: two parts are drawn from keys, each says what its half adds to the third

The way back takes the inverses in reverse order, with nodes 0 and 1 in each other's place. Masks come from keys, so they cost
nothing, and whoever hears a value lacks the key of its mask.

Rounds: 2, for any number of columns. Bytes sent by the nodes 0, 1, 2: 8, 8 and 16 an element and column (back: the same).
Columns of bits are packed: a column for each 64 planes in all. Error: none. Leaks: nothing, to one node that follows the
protocol. Malicious mode goes another way, of 3 rounds and 16 bytes by each node, whose steps are verified (`checked_shuffle`).
Source: Araki et al., "Secure Graph Analysis at Scale", CCS 2021, section 4.2 (as used by Asharov et al., CCS 2022, ePrint
2022/1595, section 4); the idea of permuting and sharing anew is Laur, Willemson and Zhang's, ISC 2011, ePrint 2011/429.
Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.primitives import replicated
from atoll.protocols.mpc.checked_shuffle import move_row
from atoll.protocols.mpc.errors import ShapesDiffer
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.rounds import Heard, Round, Steps, parallel
from atoll.protocols.mpc.shares import WORD_BITS, Planes, Ring, Words, Words64, row_of_part

Column: TypeAlias = Ring | Words | Planes
"""Rows that move together: a `Ring` moves along its first axis."""

Places: TypeAlias = NDArray[np.uint32]
"""A public order of rows: row j of the result is row `places[j]` of what is moved."""


class _Way(NamedTuple):
    """One direction: who does what. Part and permutation j belong to key j."""

    starter: int
    """Knows the first two permutations, hears nothing."""
    closer: int
    """Knows the last two."""
    first: int
    middle: int
    last: int


_FORTH = _Way(starter=0, closer=1, first=0, middle=1, last=2)
_BACK = _Way(starter=1, closer=0, first=2, middle=1, last=0)
_TURNER = 2
"""Knows the first and the last permutation in both directions."""


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A uniformly random order of `count` rows that no node knows."""

    count: int
    _orders: dict[int, Places] = field(repr=False)
    """The permutations that this node knows, by key."""

    @classmethod
    def draw(cls, node: Node, count: int) -> Shuffle:
        """A fresh one; costs nothing. Takes one ticket."""
        ticket = node.ticket()
        return cls(
            count,
            {
                node.me: node.streams.own_permutation(ticket, count),
                (node.me + 1) % 3: node.streams.next_permutation(ticket, count),
            },
        )

    def apply(self, node: Node, *columns: Column) -> Steps[tuple[Column, ...]]:
        """Columns with their rows in this order.

        Raises:
            ShapesDiffer: a column has not `count` rows.
        """
        return (yield from self._move(node, _FORTH, columns, self._orders))

    def undo(self, node: Node, *columns: Column) -> Steps[tuple[Column, ...]]:
        """Columns whose rows are in this order, in the order that they had before. Costs the same as `apply`."""
        inverses = {part: replicated.invert(order) for part, order in self._orders.items()}
        return (yield from self._move(node, _BACK, columns, inverses))

    def _move(self, node: Node, way: _Way, columns: Sequence[Column], orders: dict[int, Places]) -> Steps[tuple[Column, ...]]:
        for column in columns:
            if rows_of(column) != self.count:
                raise ShapesDiffer(first=self.count, second=rows_of(column))
        if self.count == 0:
            return tuple(columns)
        rows, rebuild = _as_rows(columns)
        if node.is_malicious:
            back = way is _BACK
            steps = [move_row(node, row.shares, orders, is_bits=row.is_bits, back=back) for row in rows]
        else:
            steps = [_move_row(node, way, row, orders) for row in rows]
        return rebuild((yield from parallel(*steps)))


def rows_of(column: Column) -> int:
    """How many rows a column has."""
    return column.shape[0] if isinstance(column, Ring) else len(column)


def moved_by(column: Column, places: Places) -> Column:
    """Rows in a public order, some of them or some of them twice; local."""
    if isinstance(column, Planes):
        rows, rebuild = _as_rows([column])
        return rebuild([replicated.permute(row.shares, places) for row in rows])[0]
    if isinstance(column, Words):
        return Words(replicated.permute(column.shares, places))
    if len(column.shape) == 1:
        return Ring(replicated.permute(column.shares, places))
    return Ring(column.shares[:, places])


class _Row(NamedTuple):
    """One word a row, and how its parts add up."""

    shares: Words64
    is_bits: bool


def _move_row(node: Node, way: _Way, row: _Row, orders: dict[int, Places]) -> Steps[Words64]:
    """One column of words. The tickets: one for the masks, one for the new parts."""
    masks, parts = node.ticket(), node.ticket()
    count = row.shares.shape[1]
    add, take = (np.bitwise_xor, np.bitwise_xor) if row.is_bits else (np.add, np.subtract)

    def drawn(ticket: int, part: int) -> Words64:
        source = node.streams.own_words if row_of_part(node.me, part) == 0 else node.streams.next_words
        return source(ticket, count)

    def part(number: int) -> Words64:
        held: Words64 = row.shares[row_of_part(node.me, number)]
        return held

    size = 8 * count
    result = np.empty((2, count), dtype=np.uint64)

    def put(number: int, values: Words64) -> None:
        result[row_of_part(node.me, number)] = values

    if node.me == way.starter:
        half = permuted(add(part(way.first), part(way.middle)), orders[way.first])
        add(half, drawn(masks, way.first), out=half)
        half = permuted(half, orders[way.middle])
        add(half, drawn(masks, way.middle), out=half)
        yield _say(node.me, _TURNER, half)
        put(way.first, drawn(parts, way.first))
        put(way.middle, drawn(parts, way.middle))
        yield Round()
        return result
    if node.me == _TURNER:
        half = permuted(part(way.last), orders[way.first])
        take(half, drawn(masks, way.first), out=half)
        heard = yield _say(node.me, way.closer, half, hear=way.starter, size=size)
        new = drawn(parts, way.first)
        put(way.first, new)
        half = permuted(_heard(node.me, heard, way.starter), orders[way.last])
    else:
        heard = yield _say(node.me, None, None, hear=_TURNER, size=size)
        new = drawn(parts, way.middle)
        put(way.middle, new)
        half = permuted(_heard(node.me, heard, _TURNER), orders[way.middle])
        take(half, drawn(masks, way.middle), out=half)
        half = permuted(half, orders[way.last])
    take(half, new, out=half)
    other = way.closer if node.me == _TURNER else _TURNER
    heard = yield _say(node.me, other, half, hear=other, size=size)
    add(half, _heard(node.me, heard, other), out=result[row_of_part(node.me, way.last)])
    return result


def permuted(values: Words64, order: Places) -> Words64:
    """A column of words in a public order."""
    return replicated.permute(values, order)


def _say(me: int, to: int | None, words: Words64 | None, *, hear: int | None = None, size: int = 0) -> Round:
    said = () if words is None else (words,)
    following = (me + 1) % 3
    return Round(
        to_previous=said if to is not None and to != following else (),
        to_next=said if to == following else (),
        from_previous=size if hear is not None and hear != following else 0,
        from_next=size if hear == following else 0,
    )


def _heard(me: int, heard: Heard, sender: int) -> Words64:
    return np.frombuffer(heard.from_next if sender == (me + 1) % 3 else heard.from_previous, np.uint64)


def _as_rows(columns: Sequence[Column]) -> tuple[list[_Row], Callable[[Sequence[Words64]], tuple[Column, ...]]]:
    """Columns as rows of words, all planes packed together, and the way back."""
    rows: list[_Row] = []
    packed = [column.planes for column in columns if isinstance(column, Planes)]
    for column in columns:
        if isinstance(column, Ring):
            rows += [_Row(np.ascontiguousarray(one), False) for one in np.moveaxis(_flat(column), 2, 0)]
        elif isinstance(column, Words):
            rows.append(_Row(column.shares, True))
    first_packed = len(rows)
    if packed:
        planes = packed[0] if len(packed) == 1 else np.concatenate(packed, axis=1)
        count = next(len(column) for column in columns if isinstance(column, Planes))
        for low in range(0, planes.shape[1], WORD_BITS):
            rows.append(_Row(replicated.to_words(planes[:, low : low + WORD_BITS], count), True))

    def rebuild(moved: Sequence[Words64]) -> tuple[Column, ...]:
        at, plane = 0, 0
        count = moved[0].shape[1] if len(moved) else 0
        together = _planes_of(moved[first_packed:], sum(one.shape[1] for one in packed)) if packed else None
        built: list[Column] = []
        for column in columns:
            if isinstance(column, Ring):
                width = _flat(column).shape[2]
                if not width:
                    built.append(column)
                    continue
                shares = np.stack(moved[at : at + width], axis=2) if len(column.shape) > 1 else moved[at]
                built.append(Ring(shares.reshape(2, count, *column.shape[1:])))
                at += width
            elif isinstance(column, Words):
                built.append(Words(moved[at]))
                at += 1
            else:
                assert together is not None
                built.append(Planes(together[:, plane : plane + column.width], count))
                plane += column.width
        return tuple(built)

    return rows, rebuild


def _planes_of(words: Sequence[Words64], width: int) -> Words64:
    parts = [replicated.to_planes(one, min(WORD_BITS, width - WORD_BITS * number)) for number, one in enumerate(words)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _flat(column: Ring) -> NDArray[Any]:
    return column.shares.reshape(2, column.shape[0], math.prod(column.shape[1:]))
