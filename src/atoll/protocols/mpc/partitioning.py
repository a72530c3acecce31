"""Rows whose secret bit is 1 before the others, in one opening: a sort by one bit.

Where a row goes is a sum: among the ones, how many there are up to it; among the zeros, all ones and the zeros up to it. Both
are linear once the bit is a number; one product chooses. The destinations move along in an oblivious shuffle and are then
opened: a uniformly random order, whatever the bits are.

Rounds: 6; malicious 7, and a verification's. Bytes: those of `from_bit`, `multiply`, the shuffle of the columns and one number
more, and an opening. Error: none. Leaks: nothing.
Source: the one-bit step of Chida et al., "An Efficient Secure Three-Party Sorting Protocol with an Honest Majority", ePrint
2019/695, section 4; Asharov et al., CCS 2022, ePrint 2022/1595, section 4. Spec: specs/mpc-tables.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.conversion import from_bit
from atoll.protocols.mpc.errors import DestinationsDisputed
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.opening import open_ring
from atoll.protocols.mpc.ordering import Ordering
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Steps
from atoll.protocols.mpc.rows import running_sums
from atoll.protocols.mpc.shares import Planes, Ring, Words64
from atoll.protocols.mpc.shuffling import Column, Places, Shuffle, moved_by


def partition(node: Node, bit: Planes, columns: Sequence[Column]) -> Steps[tuple[Ordering, Ring, tuple[Column, ...]]]:
    """Rows with a 1 first, both kinds in their order.

    Returns:
        The order, the bits as numbers in it, and the columns in it.

    Raises:
        DestinationsDisputed: a node deviated, so that rows have no place, or two of them one.
    """
    count = bit.count
    if not count:
        return Ordering(Shuffle.draw(node, 0), np.zeros(0, np.uint32)), Ring(np.zeros((2, 0), np.uint64)), tuple(columns)
    ones = yield from from_bit(node, bit)
    rank = running_sums(ones)
    total = Ring(np.ascontiguousarray(np.broadcast_to(rank.shares[:, -1:], rank.shares.shape)))
    if_zero = (total - rank).plus_public(node.me, np.arange(count))
    if_one = rank.plus_public(node.me, -1)
    destination = if_zero + (yield from multiply(node, ones, if_one - if_zero))
    shuffle = Shuffle.draw(node, count)
    shuffled, flags, *moved = yield from shuffle.apply(node, destination, ones, *columns)
    assert isinstance(shuffled, Ring)
    opened = yield from open_ring(node, shuffled)
    places = _inverted(opened)
    in_order = moved_by(flags, places)
    assert isinstance(in_order, Ring)
    return Ordering(shuffle, places), in_order, tuple(moved_by(column, places) for column in moved)


def _inverted(destinations: Words64) -> Places:
    """Which row comes to each place."""
    count = len(destinations)
    is_order = (destinations < count).all() and (np.bincount(destinations.astype(np.int64), minlength=count) == 1).all()
    if not is_order:
        raise DestinationsDisputed(count=count)
    return replicated.invert(destinations.astype(np.uint32))
