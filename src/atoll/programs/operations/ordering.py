"""Rows in another order: shuffled, sorted, the best of them.

What an operation moves stands behind what it looks at, any number of columns. Nulls are handled by the functions: the mask is a
key, and moves along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from atoll.programs.dtypes import int64
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Opening, Operation, Shows, raw_values, refuse, register
from atoll.programs.operations.checks import operands, secret
from atoll.protocols.mpc import Node, Steps, table_memory, table_traffic, traffic
from atoll.protocols.mpc.keys import KeyColumn, sort_key
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.rows import row_positions
from atoll.protocols.mpc.shuffling import Shuffle as ObliviousShuffle
from atoll.protocols.mpc.traffic import Traffic

SHUFFLE_SOURCE = "Araki et al., CCS 2021, section 4.2; malicious: Laur et al., ISC 2011 (ePrint 2011/429), and proofs"
ORDER_SOURCE = "Hamada et al., ICISC 2012, sections 3 and 4"
RANDOM_ORDER = Opening("comparisons of a uniformly random order, which say nothing of the rows", "compute nodes")


@register
@dataclass(frozen=True, slots=True)
class Shuffle(Operation):
    """All columns with their rows in one uniformly random order that nobody knows."""

    NAME: ClassVar[str] = "shuffle"
    SOURCE: ClassVar[str] = SHUFFLE_SOURCE

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        rows(self, operands(self, kinds, max(len(kinds), 1)))
        return kinds

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        """One of the orders, always the same: what may follow from it must not depend on which."""
        places = np.random.default_rng(kinds[0].shape[0]).permutation(kinds[0].shape[0])
        return tuple(value[places] for value in values)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return table_traffic.shuffle(kinds[0].shape[0], *moved_width(kinds), malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return table_memory.shuffle(kinds[0].shape[0], *moved_width(kinds))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from ObliviousShuffle.draw(node, kinds[0].shape[0]).apply(node, *values))


@dataclass(frozen=True, slots=True)
class _Ordered(Operation):
    """A sort by as many keys as `descending` has entries, the first of which counts most; equal rows keep their order.

    With `ranks`, ascending, only the rows of these ranks come out.
    """

    SOURCE: ClassVar[str] = ORDER_SOURCE
    LEAKAGE: ClassVar[str] = "nothing: comparisons are opened after a shuffle that nobody knows"

    descending: tuple[bool, ...]
    ranks: tuple[int, ...]

    def opens(self, kinds: tuple[Kind, ...]) -> tuple[Opening, ...]:
        return (RANDOM_ORDER,)

    def _taken(self, kinds: tuple[Kind, ...]) -> tuple[int, int]:
        """How many rows go in, and how many come out."""
        keys = len(self.descending)
        if not 1 <= keys <= len(kinds):
            raise refuse(self, f"{keys} keys are named, and there are {len(kinds)} operands")
        count = rows(self, operands(self, kinds, len(kinds)))
        for kind in kinds[:keys]:
            if len(kind.shape) != 1:
                raise refuse(self, f"a key has shape {list(kind.shape)}; keys are columns")
        if list(self.ranks) != sorted(set(self.ranks)) or not all(0 <= rank < count for rank in self.ranks):
            raise refuse(self, f"the ranks must ascend and lie below {count}")
        return count, len(self.ranks) or count

    def _places(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> NDArray[np.int64]:
        keys = [raw_values(*pair) for pair in zip(kinds, values[: len(self.descending)], strict=False)]
        places = order_of(keys, self.descending)
        return places[list(self.ranks)] if self.ranks else places

    def _traffic(self, kinds: tuple[Kind, ...], numbers: int, planes: int, malicious: bool) -> Traffic:
        bits, width = key_cost(kinds[: len(self.descending)], malicious=malicious)
        sizes = kinds[0].shape[0], width, numbers, planes
        return bits + table_traffic.order(*sizes, wanted=self.ranks or None, malicious=malicious)

    def _scratch_bytes(self, kinds: tuple[Kind, ...], numbers: int, planes: int) -> int:
        _, width = key_cost(kinds[: len(self.descending)], malicious=False)
        return table_memory.order(kinds[0].shape[0], width, numbers, planes, wanted=self.ranks or None)

    def _moved(
        self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...], columns: Sequence[Held]
    ) -> Steps[tuple[Held, ...]]:
        keys = len(self.descending)
        key = yield from sort_key(node, key_columns(kinds[:keys], values[:keys], self.descending))
        return (yield from order(node, key, columns, wanted=self.ranks or None))[1]


@register
@dataclass(frozen=True, slots=True)
class SortBy(_Ordered):
    """Columns with their rows in the order of keys. Keys come first among the operands, then the columns to move."""

    NAME: ClassVar[str] = "sort_by"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        _, taken = self._taken(kinds)
        moved = kinds[len(self.descending) :]
        if not moved:
            raise refuse(self, "there is nothing to move")
        return tuple(replace(kind, shape=(taken, *kind.shape[1:])) for kind in moved)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        places = self._places(kinds, values)
        return tuple(value[places] for value in values[len(self.descending) :])

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self._traffic(kinds, *moved_width(kinds[len(self.descending) :]), malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return self._scratch_bytes(kinds, *moved_width(kinds[len(self.descending) :]))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from self._moved(node, kinds, values, values[len(self.descending) :]))


@register
@dataclass(frozen=True, slots=True)
class OrderOf(_Ordered):
    """The numbers of the rows, from 0, in the order of keys, which are the operands."""

    NAME: ClassVar[str] = "order_of"
    SHOWS: ClassVar[Shows] = Shows.COMPARISON

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        count, taken = self._taken(kinds)
        if len(kinds) != len(self.descending):
            raise refuse(self, f"{len(self.descending)} keys are named, and there are {len(kinds)} operands")
        return (Kind(int64(0, count - 1), (taken,)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (self._places(kinds, values),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self._traffic(kinds, 1, 0, malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return self._scratch_bytes(kinds, 1, 0)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from self._moved(node, kinds, values, [row_positions(node, kinds[0].shape[0])]))


def rows(operation: Operation, kinds: Sequence[Kind]) -> int:
    """The number of rows that all of these columns have."""
    secret(operation, *kinds)
    counts = {kind.shape[0] if kind.shape else 0 for kind in kinds}
    if len(counts) != 1 or counts == {0}:
        raise refuse(operation, f"the shapes {[list(kind.shape) for kind in kinds]} are not of columns of equal length")
    for kind in kinds:
        if kind.dtype.is_bool and len(kind.shape) > 1:
            raise refuse(operation, f"truth values move as columns, not in shape {list(kind.shape)}")
    return counts.pop()


def moved_width(kinds: Sequence[Kind]) -> tuple[int, int]:
    """Numbers and single bits of a row."""
    bits = sum(kind.dtype.is_bool for kind in kinds)
    return sum(kind.size // kind.shape[0] for kind in kinds if not kind.dtype.is_bool), bits


def key_columns(kinds: Sequence[Kind], values: Sequence[Held], descending: Sequence[bool]) -> list[KeyColumn]:
    """Columns as they are ordered by: truth values false first."""
    return [
        KeyColumn(value, kind.dtype.low, kind.dtype.high, descending=down)
        for kind, value, down in zip(kinds, values, descending, strict=True)
    ]


def key_cost(kinds: Sequence[Kind], *, malicious: bool) -> tuple[Traffic, int]:
    """What `sort_key` says, and the width of the key."""
    said, width = Traffic(), 0
    for kind in kinds:
        bits = 1 if kind.dtype.is_bool else (kind.dtype.high - kind.dtype.low).bit_length()
        width += bits
        if not kind.dtype.is_bool and bits:
            said = said | traffic.to_bits(kind.shape[0], bits, malicious=malicious)
    return said, max(width, 1)


def order_of(keys: Sequence[NDArray[np.int64]], descending: Sequence[bool]) -> NDArray[np.int64]:
    """The stable order of rows by several keys of raw values."""
    return np.lexsort([-key if down else key for key, down in reversed(list(zip(keys, descending, strict=True)))])
