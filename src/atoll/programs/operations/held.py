"""What operations do to values as a node holds them, without a message: constants among shares, and other shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs.kind import Kind
from atoll.programs.operation import Held
from atoll.protocols.mpc import Planes, Ring, Steps, public_planes
from atoll.protocols.mpc.shares import as_ring, word_count


def unpack(kind: Kind, value: Planes) -> NDArray[np.uint8]:
    """Bits of both parts one by one: (2, *shape), 0 or 1."""
    octets = np.ascontiguousarray(value.planes[:, 0]).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=value.count, bitorder="little").reshape(2, *kind.shape)


def pack(bits: NDArray[Any]) -> Planes:
    """The reverse of `unpack`."""
    count = bits[0].size
    octets = np.packbits(bits.reshape(2, -1), axis=1, bitorder="little")
    planes = np.zeros((2, 8 * word_count(count)), np.uint8)
    planes[:, : octets.shape[1]] = octets
    return Planes(planes.view(np.uint64).reshape(2, 1, -1), count)


def column(value: Ring) -> Ring:
    """As a vector."""
    return value.reshape(-1)


def total(node: Any, x: Held, y: Held) -> Ring:
    """x + y; one may be public."""
    if isinstance(x, Ring):
        return x + y if isinstance(y, Ring) else x.plus_public(node.me, y)
    assert isinstance(y, Ring)
    return y.plus_public(node.me, x)


def difference(node: Any, x: Held, y: Held) -> Ring:
    """x - y; one may be public."""
    if isinstance(y, Ring):
        return x - y if isinstance(x, Ring) else (-y).plus_public(node.me, x)
    assert isinstance(x, Ring)
    return x.plus_public(node.me, -y)


def by_public(x: Held, y: Held) -> Ring:
    """x y, of which one is public; no message."""
    secret, public = (x, y) if isinstance(x, Ring) else (y, x)
    return Ring(secret.shares * as_ring(public))


def bits_of_public(value: NDArray[Any]) -> NDArray[np.uint64]:
    """Public truth values as one plane, (1, words)."""
    planes: NDArray[np.uint64] = pack(np.stack([value.astype(np.uint8)] * 2)).planes[0]
    return planes


def shared(node: Any, value: Held) -> Planes:
    """Truth values, public ones as shares of themselves."""
    return value if isinstance(value, Planes) else public_planes(node.me, value.reshape(-1).astype(np.uint64), 1)


def in_shape(kind: Kind, steps: Steps[Ring]) -> Steps[tuple[Held, ...]]:
    """The column that an operation gives, in the shape of its kind."""
    result = yield from steps
    return (Ring(result.shares.reshape(2, *kind.shape)),)


def alone(steps: Steps[Planes]) -> Steps[tuple[Held, ...]]:
    """One result as the only one of several."""
    return ((yield from steps),)
