"""Products of shared numbers: one round, one number sent an output element, whatever is summed up on the way.

    z_i = x_i y_i + x_i y_{i+1} + x_{i+1} y_i + alpha_i

is node i's part of x y: the three add up to all nine products once, and the zero share alpha_i makes it uniform to whoever
hears it. Node i sends z_i to the previous node and hears z_{i+1} from the next one. Inner and matrix products add up before
they send.

Every product of the ring goes through here, so this is where malicious mode takes its notes (`Node.log`).

Leaks: nothing. Source: Araki et al., CCS 2016, ePrint 2016/768, section 2.1; inner products: Mohassel, Rindal, CCS 2018, ePrint
2018/403, section 5.1. Spec: specs/mpc-arithmetic.md.
"""

from __future__ import annotations

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.errors import ShapesDiffer
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.notes import Product
from atoll.protocols.mpc.rounds import Heard, Round, Steps, chunked
from atoll.protocols.mpc.shares import Ring, Words64, public_ring


def multiply(node: Node, x: Ring, y: Ring) -> Steps[Ring]:
    """Element by element; both of one shape.

    Raises:
        ShapesDiffer: they are not.

    Rounds: 1. Bytes sent a node: 8 an element.
    """
    if x.shape != y.shape:
        raise ShapesDiffer(first=x.shape, second=y.shape)
    shares = np.empty((2, x.size), dtype=np.uint64)
    left, right = (_rows(one) for one in (x, y))

    def part(rows: slice) -> Steps[None]:
        ticket = node.ticket()
        factors = left[:, rows], right[:, rows]
        replicated.multiply(*factors, node.streams, ticket, out=shares[0, rows])
        yield from _exchange(node, Product.ELEMENTS, ticket, *factors, shares[:, rows])

    yield from chunked(x.size, part)
    return Ring(shares.reshape(2, *x.shape))


def square(node: Node, x: Ring) -> Steps[Ring]:
    """As `multiply` by itself."""
    return multiply(node, x, x)


def dot(node: Node, x: Ring, y: Ring) -> Steps[Ring]:
    """Inner products along the last axis; both of one shape.

    Raises:
        ShapesDiffer: they are not.

    Rounds: 1, none for empty sums. Bytes sent a node: 8 an inner product, however long.
    """
    if x.shape != y.shape or not x.shape:
        raise ShapesDiffer(first=x.shape, second=y.shape)
    if not x.shape[-1]:
        return public_ring(node.me, np.zeros(x.shape[:-1], np.uint64))
    ticket = node.ticket()
    count = int(np.prod(x.shape[:-1], dtype=np.int64))
    left, right = (_rows(one).reshape(2, count, x.shape[-1]) for one in (x, y))
    shares = np.empty((2, count), dtype=np.uint64)
    if count == 1:
        replicated.matmul(left, right.transpose(0, 2, 1), node.streams, ticket, out=shares[0].reshape(1, 1))
    else:
        shares[0] = node.streams.zero_words(ticket, count)
        for mine, other in ((left[0], right[0]), (left[0], right[1]), (left[1], right[0])):
            shares[0] += np.einsum("ij,ij->i", mine, other)
    yield from _exchange(node, Product.INNER, ticket, left, right, shares)
    return Ring(shares.reshape(2, *x.shape[:-1]))


def matmul(node: Node, x: Ring, y: Ring) -> Steps[Ring]:
    """The matrix product of (m, k) and (k, n).

    Raises:
        ShapesDiffer: the shapes are not these.

    Rounds: 1, none if k is 0. Bytes sent a node: 8 m n.
    """
    if len(x.shape) != 2 or len(y.shape) != 2 or x.shape[1] != y.shape[0]:
        raise ShapesDiffer(first=x.shape, second=y.shape)
    if not x.shape[1]:
        return public_ring(node.me, np.zeros((x.shape[0], y.shape[1]), np.uint64))
    ticket = node.ticket()
    shares = np.empty((2, x.shape[0], y.shape[1]), dtype=np.uint64)
    replicated.matmul(x.shares, y.shares, node.streams, ticket, out=shares[0])
    yield from _exchange(node, Product.MATRIX, ticket, x.shares, y.shares, shares)
    return Ring(shares)


def reshare(node: Node, own: Words64) -> Steps[Ring]:
    """From one part at each node, of which nobody holds a second, to a sharing.

    Only where no node is malicious: nobody can check what a node alone knows.

    Args:
        own: this node's part, any shape.

    Rounds: 1. Bytes sent a node: 8 an element.
    """
    node.refuse_malicious("reshare")
    shares = np.empty((2, *own.shape), dtype=np.uint64)
    shares[0] = own + node.streams.zero_words(node.ticket(), own.size).reshape(own.shape)
    yield from _hear_next(shares)
    return Ring(shares)


def _exchange(node: Node, kind: Product, ticket: int, x: Words64, y: Words64, z: Words64) -> Steps[None]:
    """Send row 0 of `z` to the previous node and hear row 1 from the next one; take notes."""
    yield from _hear_next(z)
    if node.log is not None:
        node.log.ring(kind, ticket, x, y, z)


def _rows(x: Ring) -> Words64:
    """Both parts as rows, each in one piece."""
    rows = x.shares.reshape(2, -1)
    return rows if rows.strides[1] == rows.itemsize else np.ascontiguousarray(rows)


def _hear_next(shares: Words64) -> Steps[None]:
    own = np.ascontiguousarray(shares[0])
    heard: Heard = yield Round(to_previous=(own,), from_next=own.nbytes)
    shares[1] = np.frombuffer(heard.from_next, np.uint64).reshape(own.shape)
