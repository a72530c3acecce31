"""What operations do to values as a node holds them, without a message: constants among shares, and other shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs.kind import Kind
from atoll.programs.operation import Held
from atoll.protocols.mpc import Planes, Ring, Steps, public_planes
from atoll.protocols.mpc.shares import as_ring, word_count


def moved_bits(values: Sequence[tuple[Kind, Planes]], move: Callable[[list[NDArray[np.uint8]]], NDArray[Any]]) -> Planes:
    """Truth values at other places.

    Args:
        values: with their shapes.
        move: from arrays of bits to the array that becomes of them.

    Memory: a byte for each bit of one share of them, and of the result.
    """
    planes = [_packed(move([_unpacked(kind, value.planes[part, 0]) for kind, value in values])) for part in range(2)]
    count = planes[0][1]
    return Planes(np.stack([words for words, _ in planes])[:, None], count)


def _unpacked(kind: Kind, words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits one by one, 0 or 1, in the kind's shape."""
    octets = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(octets, count=kind.size, bitorder="little").reshape(kind.shape)


def _packed(bits: NDArray[Any]) -> tuple[NDArray[np.uint64], int]:
    """The reverse of `_unpacked`, and how many there are."""
    octets = np.packbits(bits.reshape(-1), bitorder="little")
    words = np.zeros(8 * word_count(bits.size), np.uint8)
    words[: len(octets)] = octets
    return words.view(np.uint64), bits.size


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
    return _packed(value.astype(np.uint8))[0][None]


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
