"""The oblivious shuffle for malicious mode: three steps, each a product that is verified like all others.

A permutation that nodes j - 1 and j know is a matrix whose part j is P and whose other parts are zero: shared without a word.
So a step is the product P x of replicated shares, to which node j + 1 has nothing to add. Its zero needs no mask, so it has its
part from a key and says nothing:

    node j - 1 to node j + 1    P x_{j-1} - F(k_j)                             its part of the result
    node j to node j - 1        P (x_j + x_{j+1}) + F(k_j) - F(k_{j+1})        its part of the result
    nodes j + 1 and j           F(k_{j+1})                                     part j + 1 of it

Whatever a node sends instead adds something of its choice to the rows, and is noticed before anything is opened: that node j-1
sent its message is, in any random sum of rows, an inner product of P, which node j knows, with x_{j-1}, which node j + 1 knows;
and likewise for node j (`verification`). That P is a permutation needs no proof: both who know it draw it from the key of part
j, and one of them is honest.

Rounds: 3, for any number of columns. Bytes sent: 16 an element and column by each node. Error: none. Leaks: nothing.
Adversary: one malicious node of three; what it changes goes unnoticed with what `verification` says at the most.
Source: a step for each pair, then parts anew: Laur, Willemson, Zhang, ISC 2011, ePrint 2011/429; the product: Araki et al., CCS
2016, ePrint 2016/768, section 2.1; its proof: Boyle, Gilboa, Ishai, Nof, CCS 2019, ePrint 2019/1390, sections 3 to 5.
Spec: specs/mpc-malicious.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from atoll.primitives import replicated
from atoll.primitives.replicated import Order
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.places import NODES, next_of
from atoll.protocols.mpc.rounds import Heard, Round, Steps
from atoll.protocols.mpc.shares import Words64


def move_row(node: Node, shares: Words64, orders: Mapping[int, Order], *, is_bits: bool, back: bool) -> Steps[Words64]:
    """One column of words through all three permutations.

    Args:
        shares: (2, n).
        orders: those that this node knows, by part; row r of a step's result was row `orders[part][r]`.
        is_bits: whether parts add up by XOR.
        back: the last permutation first.

    Takes three tickets.
    """
    for part in reversed(range(NODES)) if back else range(NODES):
        shares = yield from _step(node, shares, part, orders.get(part), is_bits)
    return shares


def _step(node: Node, x: Words64, part: int, order: Order | None, is_bits: bool) -> Steps[Words64]:
    add, take = (np.bitwise_xor, np.bitwise_xor) if is_bits else (np.add, np.subtract)
    ticket, count = node.ticket(), x.shape[1]
    z = np.empty((2, count), dtype=np.uint64)
    if node.me == part:
        assert order is not None
        replicated.permute(add(x[0], x[1]), order, out=z[0])
        add(z[0], node.streams.own_words(ticket, count), out=z[0])
        z[1] = node.streams.next_words(ticket, count)
        take(z[0], z[1], out=z[0])
        yield Round(to_previous=(z[0],))
    else:
        if next_of(node.me) == part:
            assert order is not None
            replicated.permute(x[0], order, out=z[0])
            take(z[0], node.streams.next_words(ticket, count), out=z[0])
        else:
            z[0] = node.streams.own_words(ticket, count)
        said = () if order is None else (z[0],)
        heard: Heard = yield Round(to_previous=said, from_next=z[0].nbytes)
        z[1] = np.frombuffer(heard.from_next, np.uint64)
    if node.log is not None:
        node.log.move(ticket, x, z, order, is_own=node.me == part, is_bits=is_bits)
    return z
