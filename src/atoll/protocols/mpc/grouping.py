"""Sums, counts, least and largest by group, without showing how large a group is.

**By code**, in a public domain 0 to G - 1. One more row a group is put behind the rows, with the group's code and a bit that
sorts it behind all others of that code. After a sort by code and bit, running sums are local; moved back, the additional rows
bring along the sum of all rows up to the end of their group, their position, and what stands beside them. Differences of
neighbouring groups are the answer: G rows, whatever the data are. Codes beyond the domain are left out.

**By key**, any values. After a sort by key, a row is the last of its group if its key differs from the next one's. A partition
by that secret bit brings the last rows to the front, and differences of running sums are the answer: as many rows as before, of
which the first ones count; the others are zero.

Rounds, bytes: `table_traffic.by_code`, `table_traffic.by_key`. Error: none. Leaks: nothing. Source: the sort, see `ordering`;
groups as runs of a sorted table as in Asharov et al., CCS 2022, ePrint 2022/1595, section 6. Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atoll.protocols.mpc.circuit import evaluate
from atoll.protocols.mpc.comparison import all_zero_circuit
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.ordering import order_with_key
from atoll.protocols.mpc.partitioning import partition
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps, parallel
from atoll.protocols.mpc.rows import (
    constant_planes,
    differences,
    join_rows,
    moved_planes,
    ring_rows,
    row_positions,
    running_sums,
    with_bit_below,
    zeros_behind,
)
from atoll.protocols.mpc.shares import Planes, Ring, known_planes, public_planes, stack_planes


@dataclass(frozen=True, slots=True)
class Grouped:
    """One row a group."""

    counts: Ring | None
    """None where nobody asked for them."""
    sums: tuple[Ring, ...]
    firsts: tuple[Ring, ...]
    """Of each column in `ends`: its value in the first row of the group, in the order of `within`, then of the rows. By code:
    another group's where there is no row."""
    lasts: tuple[Ring, ...]
    """Likewise of the last row."""
    keys: tuple[Ring, ...] = ()
    """By key: the group's."""
    valid: Planes | None = None
    """By key: whether the row is a group's."""


def by_code(
    node: Node,
    code: Planes,
    groups: int,
    sums: Sequence[Ring],
    *,
    counted: bool = True,
    within: Planes | None = None,
    ends: Sequence[Ring] = (),
) -> Steps[Grouped]:
    """Groups by codes 0 to `groups` - 1.

    Args:
        code: unsigned; as many bits as `groups` - 1 needs, or more if there are rows to leave out.
        sums: columns to add up.
        counted: whether the numbers of rows are wanted.
        within: orders the rows of a group, for `ends`.
        ends: columns whose first and last values in a group are wanted.
    """
    count, total = code.count, code.count + groups
    key = _grouped_key(node, code, within, 0)
    markers = _grouped_key(node, public_planes(node.me, np.arange(groups, dtype=np.uint64), code.width), within, 1)
    columns = [zeros_behind(column, groups) for column in (*sums, *ends)]
    ordering, _, moved = yield from order_with_key(node, join_rows([key, markers]), columns)
    in_order = [column for column in moved if isinstance(column, Ring)]
    values, edges = in_order[: len(sums)], in_order[len(sums) :]
    back = yield from ordering.undo(
        node,
        *([row_positions(node, total)] if counted else []),
        *map(running_sums, values),
        *(_rolled(column, 1) for column in edges),
        *(_rolled(column, -1) for column in edges),
    )
    marked = [ring_rows(column, count, total) for column in back if isinstance(column, Ring)]
    counts = differences(marked.pop(0).plus_public(node.me, 1)).plus_public(node.me, -1) if counted else None
    totals, before, after = marked[: len(sums)], marked[len(sums) : len(sums) + len(ends)], marked[len(sums) + len(ends) :]
    firsts = [_shifted(edge, one) for edge, one in zip(edges, after, strict=True)]
    return Grouped(counts, tuple(map(differences, totals)), tuple(firsts), tuple(before))


def by_key(
    node: Node,
    key: Planes,
    keys: Sequence[Ring],
    sums: Sequence[Ring],
    *,
    within: Planes | None = None,
    ends: Sequence[Ring] = (),
) -> Steps[Grouped]:
    """Groups of rows with equal keys, in the order of the keys.

    Args:
        key: what is compared.
        keys: the same as numbers, to be given for each group.
        sums, within, ends: as for `by_code`.
    """
    count = key.count
    full = key if within is None else stack_planes([within, key])
    _, sorted_key, moved = yield from order_with_key(node, full, [*keys, *sums, *ends])
    in_order = [column for column in moved if isinstance(column, Ring)]
    named, values = in_order[: len(keys)], in_order[len(keys) : len(keys) + len(sums)]
    edges = in_order[len(keys) + len(sums) :]
    group = sorted_key.bits(full.width - key.width, full.width)
    last = yield from last_of_group(node, group)
    sums_so_far = [row_positions(node, count).plus_public(node.me, 1), *map(running_sums, values)]
    following = [_rolled(column, -1) for column in edges]
    _, flags, parted = yield from partition(node, last, [*sums_so_far, *named, *edges, *following, last])
    valid = parted[-1]
    assert isinstance(valid, Planes)
    rings = [column for column in parted if isinstance(column, Ring)]
    totals, rest = rings[: len(sums_so_far)], rings[len(sums_so_far) :]
    firsts = [_shifted(edge, one) for edge, one in zip(edges, rest[len(keys) + len(ends) :], strict=True)]
    answers = [*map(differences, totals), *rest[: len(keys) + len(ends)], *firsts]
    masked = yield from parallel(*[multiply(node, flags, answer) for answer in answers])
    found, rest = masked[: len(totals)], masked[len(totals) :]
    lasts, begun = rest[len(keys) : len(keys) + len(ends)], rest[len(keys) + len(ends) :]
    return Grouped(found[0], tuple(found[1:]), tuple(begun), tuple(lasts), tuple(rest[: len(keys)]), valid)


def last_of_group(node: Node, key: Planes) -> Steps[Planes]:
    """Whether the key of each row differs from the next one's; true for the last row.

    Rounds: log2 of the width. Bytes: width - 1 bits a row.
    """
    count = key.count
    if not count:
        return constant_planes(node, 0, 1, 0)
    following = np.minimum(np.arange(1, count + 1), count - 1).astype(np.uint32)
    (same,) = yield from evaluate(node, all_zero_circuit(key.width), key ^ moved_planes(key, following))
    end = np.zeros((1, same.planes.shape[2]), np.uint64)
    end[0, -1] = np.uint64(1 << (count - 1) % 64)  # compared with itself
    return same.inverted(node.me) ^ known_planes(node.me, 0, end if node.me != 1 else None, 1, count)


def _grouped_key(node: Node, code: Planes, within: Planes | None, marker: int) -> Planes:
    """Code, above whether it is a marker, above the order within the group."""
    key = with_bit_below(node, code, marker)
    if within is None:
        return key
    return stack_planes([constant_planes(node, 0, within.width, code.count) if marker else within, key])


def _rolled(column: Ring, by: int) -> Ring:
    """Each row has the value of the row `by` before it, around the ends."""
    return Ring(np.roll(column.shares, by, axis=1))


def _shifted(in_order: Ring, after: Ring) -> Ring:
    """The first of all rows, then what comes after each group but the last."""
    return Ring(np.concatenate([in_order.shares[:, :1], after.shares[:, :-1]], axis=1))
