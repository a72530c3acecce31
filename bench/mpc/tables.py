"""Measures that move rows: sort, group-by, join, ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atoll.protocols.mpc import Node, Ring, Steps, parallel, to_bits
from atoll.protocols.mpc.grouping import by_code
from atoll.protocols.mpc.joining import join
from atoll.protocols.mpc.keys import KeyColumn, sort_key
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.rows import row_positions
from mpc.data import KEYS

BIDS = 1 << 30
"""Largest bid."""
GROUPS = 1024


def run_sort(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    key = yield from sort_key(node, [KeyColumn(values["x"], -KEYS, KEYS)])
    _, (in_order,) = yield from order(node, key, [values["x"]])
    return in_order


def run_rank(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    key = yield from sort_key(node, [KeyColumn(values["x"], 0, BIDS, descending=True)])
    ordering, _ = yield from order(node, key)
    (places,) = yield from ordering.undo(node, row_positions(node, values["x"].size))
    return places


def run_group_by(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    codes = yield from to_bits(node, values["codes"], GROUPS.bit_length() - 1)
    return (yield from by_code(node, codes, GROUPS, [values["values"]], counted=False)).sums[0]


def run_join(node: Node, values: dict[str, Ring]) -> Steps[Any]:
    width = (2 * values["left"].size - 1).bit_length()
    left, right = yield from parallel(*[to_bits(node, values[side], width) for side in ("left", "right")])
    (matches,) = yield from join(node, left, right, [values["values"]])
    return matches.columns[0]


TABLES: dict[str, Callable[[Node, dict[str, Ring]], Steps[Any]]] = {
    "sort": run_sort,
    "rank": run_rank,
    "group-by": run_group_by,
    "join": run_join,
}
