"""Rows of shared columns by public places: put behind each other, shifted, added up. All of it is local."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.shares import WORD_BITS, Planes, Ring, Words64, known_planes, public_ring, stack_planes
from atoll.protocols.mpc.shuffling import Column, Places, moved_by, rows_of


def ring_rows(column: Ring, first: int, last: int) -> Ring:
    """The rows `first` to `last` - 1 of numbers."""
    return Ring(np.ascontiguousarray(column.shares[:, first:last]))


def planes_rows(column: Planes, first: int, last: int) -> Planes:
    """The rows `first` to `last` - 1 of bits."""
    if first % WORD_BITS == 0:
        return column.part(slice(first, last))
    return moved_planes(column, np.arange(first, last, dtype=np.uint32))


def moved_planes(column: Planes, places: Places) -> Planes:
    """Bits of rows by public places."""
    moved = moved_by(column, places)
    assert isinstance(moved, Planes)
    return moved


def join_rows(parts: Sequence[Planes]) -> Planes:
    """Bits of the rows of all parts, one after the other; all of one width."""
    width = parts[0].width
    joined = []
    for low in range(0, width, WORD_BITS):
        words = [part.bits(low, min(low + WORD_BITS, width)).to_words().shares for part in parts]
        joined.append(replicated.to_planes(np.concatenate(words, axis=1), min(WORD_BITS, width - low)))
    return Planes(np.concatenate(joined, axis=1), sum(map(rows_of, parts)))


def constant_planes(node: Node, value: int, width: int, count: int) -> Planes:
    """The same public word in every row."""
    planes = np.zeros((width, -(-count // WORD_BITS)), np.uint64)
    planes[[at for at in range(width) if value >> at & 1]] = np.uint64((1 << WORD_BITS) - 1)
    return known_planes(node.me, 0, planes if node.me != 1 else None, width, count)


def with_bit_below(node: Node, key: Planes, bit: int) -> Planes:
    """A key with a public bit as its new lowest one."""
    return stack_planes([constant_planes(node, bit, 1, key.count), key])


def zeros_behind(column: Ring, count: int) -> Ring:
    """Numbers with `count` zeros behind them."""
    return Ring(np.concatenate([column.shares, np.zeros((2, count), np.uint64)], axis=1))


def running_sums(column: Ring) -> Ring:
    """The sum of all rows up to each."""
    return Ring(np.cumsum(column.shares, axis=1, dtype=np.uint64))


def differences(column: Ring) -> Ring:
    """Each row less the one before; the first stays."""
    shares = column.shares.copy()
    shares[:, 1:] -= column.shares[:, :-1]
    return Ring(shares)


def running_parity(column: Planes) -> Planes:
    """The XOR of all rows up to each."""
    return _by_words(column, lambda words: np.bitwise_xor.accumulate(words, axis=1))


def changes(column: Planes) -> Planes:
    """Each row XOR the one before; the first stays."""

    def changed(words: Words64) -> Words64:
        shares = words.copy()
        shares[:, 1:] ^= words[:, :-1]
        return shares

    return _by_words(column, changed)


def behind_zeros(column: Column, shift: int) -> Column:
    """Rows moved down by `shift`, zeros before them, the last ones lost; all are if there are no more."""

    def moved(words: Words64) -> Words64:
        shares = np.zeros_like(words)
        shares[:, shift:] = words[:, : max(words.shape[1] - shift, 0)]
        return shares

    if isinstance(column, Ring):
        return Ring(moved(column.shares))
    assert isinstance(column, Planes)
    return _by_words(column, moved)


def row_positions(node: Node, count: int) -> Ring:
    """0, 1, 2, ..."""
    return public_ring(node.me, np.arange(count))


def _by_words(column: Planes, change: Callable[[Words64], Words64]) -> Planes:
    """What `change` makes of the words (2, count) of each 64 planes."""
    parts = []
    for low in range(0, column.width, WORD_BITS):
        high = min(low + WORD_BITS, column.width)
        parts.append(replicated.to_planes(change(column.bits(low, high).to_words().shares), high - low))
    return Planes(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1), column.count)
