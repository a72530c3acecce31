"""What rows are ordered by: several columns as the bits of one unsigned number.

Only as many bits as the declared ranges need: comparisons cost by the bit. Leaks: nothing. Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.protocols.mpc.conversion import to_bits
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.rounds import Steps, as_is, parallel
from atoll.protocols.mpc.shares import Planes, Ring, known_planes, stack_planes


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column to order by."""

    column: Ring | Planes
    """Numbers, or bits of unsigned numbers."""
    low: int = 0
    """For numbers: the least that occurs; they are signed."""
    high: int = 0
    """For numbers: the largest that occurs."""
    descending: bool = False

    @property
    def width(self) -> int:
        """How many bits it adds to the key."""
        return self.column.width if isinstance(self.column, Planes) else (self.high - self.low).bit_length()

    @property
    def count(self) -> int:
        """Rows."""
        return self.column.size if isinstance(self.column, Ring) else self.column.count


def sort_key(node: Node, columns: Sequence[KeyColumn]) -> Steps[Planes]:
    """One key of columns of equal length, the first of which counts most.

    A number outside of its declared range gets the key of another, and nothing is shown.

    Rounds and bytes: those of `to_bits` for numbers, of the width that the range needs, all columns together.
    """
    parts = yield from parallel(*[_bits(node, one) for one in reversed(columns)])
    parts = [part for part in parts if part.width] or [known_planes(node.me, 0, None, 1, columns[0].count)]
    return stack_planes(parts)


def _bits(node: Node, key: KeyColumn) -> Steps[Planes]:
    column = key.column
    if isinstance(column, Ring):
        if not key.width:
            return known_planes(node.me, 0, None, 0, key.count)
        column = yield from to_bits(node, column.plus_public(node.me, -key.low), key.width)
    else:
        column = yield from as_is(column)
    return column.inverted(node.me) if key.descending else column
