"""Entries of a shared table at shared places.

Two ways, chosen by their cost: a short table is multiplied by each place as a row of zeros and one 1 (`by_products`); for a
long one, entries and questions are sorted together by place, each entry as its difference to the one before, so that running
sums bring every question the entry above it (`by_order`).

Rounds, bytes: `table_traffic.gather_by_products`, `table_traffic.gather_by_order`. Error: none. Leaks: nothing.
A place beyond the table gives some number.
Sources: reading by a vector of one 1: Keller, Scholl, ASIACRYPT 2014, ePrint 2014/137, section 3; by sorting: Laud, "Parallel
Oblivious Array Access for Secure Multiparty Computation and Privacy-Preserving Minimum Spanning Trees", PoPETs 2015(2).
Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from atoll.protocols.mpc.circuit import KEPT, Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits import choice
from atoll.protocols.mpc.conversion import from_each_bit
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.ordering import order
from atoll.protocols.mpc.products import matmul
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.rows import differences, join_rows, ring_rows, running_sums, with_bit_below, zeros_behind
from atoll.protocols.mpc.shares import Planes, Ring, public_planes, stack_rings


def by_products(node: Node, columns: Sequence[Ring], places: Planes) -> Steps[tuple[Ring, ...]]:
    """The entries of columns at places, of a short table.

    Rounds: those of the one-hot circuit, 3 more. Bytes: 8 an entry of the table and place at least.
    """
    entries = columns[0].size
    (hot,) = yield from evaluate(node, one_hot_circuit(places.width, entries), places)
    rows = yield from from_each_bit(node, hot)
    table = stack_rings(columns)
    found = yield from matmul(node, table, rows)
    return tuple(found[at] for at in range(len(columns)))


def by_order(node: Node, columns: Sequence[Ring], places: Planes) -> Steps[tuple[Ring, ...]]:
    """The entries of columns at places, of a long table."""
    entries, questions = columns[0].size, places.count
    numbered = public_planes(node.me, np.arange(entries, dtype=np.uint64), places.width)
    key = join_rows([with_bit_below(node, numbered, 0), with_bit_below(node, places, 1)])
    ordering, moved = yield from order(node, key, [zeros_behind(differences(one), questions) for one in columns])
    back = yield from ordering.undo(node, *[running_sums(one) for one in moved if isinstance(one, Ring)])
    return tuple(ring_rows(one, entries, entries + questions) for one in back if isinstance(one, Ring))


@lru_cache(maxsize=KEPT)
def one_hot_circuit(width: int, entries: int) -> Circuit:
    """A bit an entry, of which the place's is 1."""
    build = CircuitBuilder()
    place = build.input(width)
    return build.circuit([choice.one_hot(build, place)[:entries]])
