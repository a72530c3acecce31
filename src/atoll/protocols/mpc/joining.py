"""Joins on shared keys: for each left row, the right rows with its key, without showing which have one.

Both sides are sorted together by key, right rows first among equals; then the last right row above a left row is its match if
there is one. To bring it down, a partition puts the right rows next to each other, where the differences of each to the one
before are local; moved back, running sums of the differences give every left row the last right row above it. One comparison of
keys a left row says whether it matches. With several matches allowed, the right row before the last is brought down likewise,
and so on.

How often a key may stand on the right is declared; that it does not stand there more often is checked first, and one bit is
opened: whether that holds.

Rounds, bytes: `table_traffic.join`. Error: none. Leaks: that the declaration holds, or that it does not, and then no key.
Sources: Mohassel, Rindal, Rosulek, "Fast Database Joins and PSI for Secret Shared Data", CCS 2020, ePrint 2019/518, section 4,
for joins that give one row a row of the left side, here with a sort and a partition instead of its hashing; bringing values
down by running sums of differences: Laud, PoPETs 2015(2).
Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atoll.protocols.mpc.circuit import evaluate
from atoll.protocols.mpc.comparison import all_zero_circuit, is_zero
from atoll.protocols.mpc.conversion import from_bit
from atoll.protocols.mpc.errors import KeyTooOften
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.opening import open_planes
from atoll.protocols.mpc.ordering import order_with_key
from atoll.protocols.mpc.partitioning import partition
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps, parallel
from atoll.protocols.mpc.rows import (
    behind_zeros,
    changes,
    constant_planes,
    differences,
    join_rows,
    moved_planes,
    planes_rows,
    ring_rows,
    running_parity,
    running_sums,
    with_bit_below,
    zeros_behind,
)
from atoll.protocols.mpc.shares import Planes, Ring, stack_planes
from atoll.protocols.mpc.shuffling import Column


@dataclass(frozen=True, slots=True)
class Matches:
    """The matches of the left rows, one of several a row."""

    found: Planes
    """Whether there is one."""
    columns: tuple[Ring, ...]
    """The right columns; zero where there is none."""


def join(
    node: Node, left: Planes, right: Planes, columns: Sequence[Ring], *, multiplicity: int = 1
) -> Steps[tuple[Matches, ...]]:
    """The matches of each left row, in the order of the left rows.

    Args:
        left, right: keys, of one width.
        columns: numbers of the right rows.
        multiplicity: how often a key stands on the right at most.

    Returns:
        `multiplicity` times the matches: the last right row with the key first.

    Raises:
        KeyTooOften: a key stands on the right more often; nobody learns which.
    """
    rows, width = right.count, left.width
    total = rows + left.count
    merged = join_rows([with_bit_below(node, right, 0), with_bit_below(node, left, 1)])
    ordering, in_order, moved = yield from order_with_key(node, merged, [zeros_behind(one, left.count) for one in columns])
    is_right = in_order.bits(0).inverted(node.me)
    key = in_order.bits(1, width + 1)
    apart, _, parted = yield from partition(node, is_right, [key, *moved])
    keys = planes_rows(_planes(parted[0]), 0, rows)
    yield from verify_multiplicity(node, keys, multiplicity)
    named = stack_planes([constant_planes(node, 1, 1, rows), keys])  # the lowest bit: there is such a row
    values = [ring_rows(one, 0, rows) for one in parted[1:] if isinstance(one, Ring)]
    steps: list[Column] = []
    for copy in range(multiplicity):
        keys_above = _planes(behind_zeros(named, copy))
        values_above = [_ring(behind_zeros(one, copy)) for one in values]
        steps.append(join_rows([changes(keys_above), constant_planes(node, 0, width + 1, left.count)]))
        steps += [zeros_behind(differences(one), left.count) for one in values_above]
    merged_again = yield from apart.undo(node, *steps)
    above = [running_parity(one) if isinstance(one, Planes) else running_sums(_ring(one)) for one in merged_again]
    back = yield from ordering.undo(node, *above)
    wanted = stack_planes([constant_planes(node, 1, 1, left.count), left])
    each = 1 + len(columns)
    matches = [_matched(node, wanted, back[at * each : (at + 1) * each], rows, total) for at in range(multiplicity)]
    return tuple((yield from parallel(*matches)))


def verify_multiplicity(node: Node, keys: Planes, multiplicity: int) -> Steps[None]:
    """Of keys in order, whether none stands there more than `multiplicity` times.

    Raises:
        KeyTooOften: one does.

    Leaks: that.
    """
    count = keys.count
    if count <= multiplicity:
        return
    later = moved_planes(keys, np.arange(multiplicity, count, dtype=np.uint32))
    earlier = moved_planes(keys, np.arange(count - multiplicity, dtype=np.uint32))
    (same,) = yield from evaluate(node, all_zero_circuit(keys.width), later ^ earlier)
    repeated = (yield from from_bit(node, same)).sum().reshape(1)
    none = yield from is_zero(node, repeated, bits=(count - multiplicity).bit_length() + 1)
    if not (yield from open_planes(node, none))[0]:
        raise KeyTooOften(limit=multiplicity)


def _matched(node: Node, wanted: Planes, above: Sequence[Column], first: int, last: int) -> Steps[Matches]:
    """Whether the right row that was brought down has the left row's key, and its columns if so."""
    key = planes_rows(_planes(above[0]), first, last)
    (found,) = yield from evaluate(node, all_zero_circuit(wanted.width), key ^ wanted)
    values = [ring_rows(_ring(one), first, last) for one in above[1:]]
    if not values:
        return Matches(found, ())
    as_number = yield from from_bit(node, found)
    kept = yield from parallel(*[multiply(node, as_number, one) for one in values])
    return Matches(found, tuple(kept))


def _planes(column: Column) -> Planes:
    assert isinstance(column, Planes)
    return column


def _ring(column: Column) -> Ring:
    assert isinstance(column, Ring)
    return column
