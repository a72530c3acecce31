"""What one or two nodes know by themselves, made into shares: how values change between numbers and bits.

u = x_0 + x_1 is known to node 0, and x_2 to nodes 1 and 2. So node 0 can give u out anew, as bits or as numbers, in one
message: part 0 comes from the key that nodes 0 and 2 hold, node 1 hears the rest, part 2 is zero. What nodes 1 and 2 know is
shared already: part 2 is the value, the others are zero.

Nobody can check what node 0 alone knows, so malicious mode takes other ways (`conversion`, `truncation`).

Source: the re-sharing of Mohassel, Rindal, CCS 2018, ePrint 2018/403, section 5.3, with two summands instead of three.
"""

from __future__ import annotations

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.rounds import Heard, Round, Steps
from atoll.protocols.mpc.shares import Planes, Ring, SplitPlanes, Words64, word_count, zero_planes


def sum_of_node_zero(node: Node, x: Ring) -> Words64 | None:
    """u = x_0 + x_1 at node 0, None elsewhere."""
    return x.shares[0] + x.shares[1] if node.me == 0 else None


def part_two(node: Node, x: Words64) -> Words64 | None:
    """x_2 at nodes 1 and 2, None at node 0; of any shares (2, ...)."""
    return None if node.me == 0 else x[2 - node.me]


def known_bits_of(node: Node, x: Ring, y: Ring | None, width: int) -> Words64:
    """The low bits of what this node knows of x - y, or of x: (width, ceil(n / 64)) planes of its u or x_2."""
    known = slice(0, 2) if node.me == 0 else slice(2 - node.me, 3 - node.me)
    return replicated.sum_to_planes([*x.shares[known]], [] if y is None else [*y.shares[known]], width)


def ring_from_node_zero(node: Node, values: Words64 | None, shape: tuple[int, ...]) -> Steps[Ring]:
    """Numbers that node 0 knows, as shares.

    Rounds: 1. Bytes sent by node 0 alone: 8 an element.
    """
    shares = np.zeros((2, *shape), dtype=np.uint64)
    for row, part in zip(shares, (yield from _from_node_zero(node, values, shape, np.subtract)), strict=True):
        if part is not None:
            row[:] = part
    return Ring(shares)


def planes_from_node_zero(node: Node, planes: Words64 | None, width: int, count: int) -> Steps[Planes]:
    """Bits that node 0 knows, (width, ceil(count / 64)), as shares.

    Rounds: 1. Bytes sent by node 0 alone: a bit a plane and element.
    """
    return (yield from split_from_node_zero(node, planes, width, count)).together()


def split_from_node_zero(node: Node, planes: Words64 | None, width: int, count: int) -> Steps[SplitPlanes]:
    """As `planes_from_node_zero`; nothing is copied."""
    own, following = yield from _from_node_zero(node, planes, (width, word_count(count)), np.bitwise_xor)
    zeros = zero_planes(width, count)
    return SplitPlanes(zeros if own is None else own, zeros if following is None else following, count)


def _from_node_zero(
    node: Node, values: Words64 | None, shape: tuple[int, ...], less: np.ufunc
) -> Steps[tuple[Words64 | None, Words64 | None]]:
    """Both parts that this node holds; None for zeros."""
    node.refuse_malicious("sharing by one node")
    ticket = node.ticket()
    size = int(np.prod(shape, dtype=np.int64))
    if node.me == 0:
        mask = node.streams.own_words(ticket, size).reshape(shape)
        rest: Words64 = less(values, mask)
        yield Round(to_next=(rest,))
        return mask, rest
    if node.me == 1:
        heard: Heard = yield Round(from_previous=8 * size)
        words = np.frombuffer(heard.from_previous, np.uint64).reshape(shape)
        return np.require(words, requirements="A"), None
    yield Round()
    return None, node.streams.next_words(ticket, size).reshape(shape)
