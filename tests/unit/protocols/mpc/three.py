"""Three nodes of a test: dealt keys, dealt shares, runs in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from atoll.primitives import replicated
from atoll.protocols.mpc import Adversary, Node, Planes, Ran, Ring, Steps, as_is, open_planes, open_ring, run_together
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.mpc.together import Tap

T = TypeVar("T")
KEYS = (bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48)))
SIGNED = (-(1 << 63), (1 << 63) - 1)
EDGES = [0, 1, -1, 2, -2, *SIGNED, (1 << 62) - 1, -(1 << 62), (1 << 32) - 1, 1 << 32, -(1 << 32)]


def nodes(*, keys: tuple[bytes, bytes, bytes] = KEYS, adversary: Adversary = Adversary.SEMI_HONEST) -> list[Node]:
    """Nodes with dealt keys; malicious ones compute as such, but nothing is verified (`test_verification` does)."""
    seats = [Node(i, replicated.Streams(keys[i], keys[(i + 1) % 3]), adversary=adversary) for i in range(3)]
    for node in seats:
        node.verify = lambda: as_is(None)
    return seats


def held(parts: Words64) -> list[Words64]:
    """Parts (3, ...) as the shares (2, ...) of each node."""
    return [np.stack([parts[i], parts[(i + 1) % 3]]) for i in range(3)]


def ring_parts(values: NDArray[Any], random: np.random.Generator) -> Words64:
    """Three parts of numbers."""
    parts = random.integers(0, 1 << 64, (3, *values.shape), np.uint64)
    parts[2] = values.astype(np.uint64) - parts[0] - parts[1]
    return parts


def plane_parts(values: NDArray[Any], width: int, random: np.random.Generator) -> Words64:
    """Three parts of bit planes; what stands beyond the last element is random."""
    planes = replicated.to_planes(values.astype(np.uint64), width)
    parts = random.integers(0, 1 << 64, (3, *planes.shape), np.uint64)
    if len(values) % 64 == 0:
        parts[2] = planes ^ parts[0] ^ parts[1]
    else:
        used = np.uint64((1 << len(values) % 64) - 1)
        parts[2, :, :-1] = planes[:, :-1] ^ parts[0, :, :-1] ^ parts[1, :, :-1]
        last = parts[0, :, -1] ^ parts[1, :, -1]
        parts[2, :, -1] = ((planes[:, -1] ^ last) & used) | (parts[2, :, -1] & ~used)
    return parts


def deal_ring(values: NDArray[Any], seed: int = 0) -> list[Ring]:
    """Shares of numbers, one a node."""
    return [Ring(shares) for shares in held(ring_parts(values, np.random.default_rng([seed, 1])))]


def deal_planes(values: NDArray[Any], width: int, seed: int = 0) -> list[Planes]:
    """Shares of bits, one a node."""
    parts = plane_parts(values, width, np.random.default_rng([seed, 2]))
    return [Planes(shares, len(values)) for shares in held(parts)]


def opened(node: Node, shared: Ring | Planes) -> Steps[Words64]:
    """Opens either."""
    return open_ring(node, shared) if isinstance(shared, Ring) else open_planes(node, shared)


def run(
    operation: Callable[..., Steps[T]],
    *inputs: list[Any],
    adversary: Adversary = Adversary.SEMI_HONEST,
    keys: tuple[bytes, bytes, bytes] = KEYS,
    tap: Tap | None = None,
) -> Ran[T]:
    """The operation at three nodes; `inputs[k][i]` goes to node i."""
    seats = nodes(keys=keys, adversary=adversary)
    return run_together([operation(node, *(one[node.me] for one in inputs)) for node in seats], tap=tap)


def answer(
    operation: Callable[..., Steps[Any]], *inputs: list[Any], adversary: Adversary = Adversary.SEMI_HONEST
) -> NDArray[np.int64]:
    """The opened result, as signed numbers; the same at all nodes."""

    def steps(node: Node, *mine: Any) -> Steps[Words64]:
        return (yield from opened(node, (yield from operation(node, *mine))))

    first, second, third = run(steps, *inputs, adversary=adversary).outputs
    assert np.array_equal(first, second)
    assert np.array_equal(first, third)
    return first.view(np.int64)


def numbers(count: int, seed: int = 0, *, bits: int = 64) -> NDArray[np.int64]:
    """Signed numbers of so many bits, edges among them."""
    random = np.random.default_rng([seed, count, bits])
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    drawn = random.integers(low, high, count, np.int64, endpoint=True)
    edges = [edge for edge in (*EDGES, low, high) if low <= edge <= high][:count]
    drawn[: len(edges)] = edges
    return drawn
