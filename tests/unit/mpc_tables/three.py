"""Three nodes in one process, and columns shared among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from atoll.primitives.replicated import Streams
from atoll.protocols.mpc import Adversary, Node, Planes, Ran, Ring, Steps, Words, run_together
from atoll.protocols.mpc.notes import Notes
from atoll.protocols.mpc.shuffling import Column
from atoll.protocols.mpc.together import Tap
from atoll.protocols.mpc.verification import verify

T = TypeVar("T")
Numbers = NDArray[np.uint64]


def nodes(seed: int = 0, adversary: Adversary = Adversary.SEMI_HONEST) -> list[Node]:
    """Malicious ones verify, as `set_up` makes them do."""
    keys = [bytes([index, *seed.to_bytes(15, "big")]) for index in range(3)]
    made = [Node(index, Streams(keys[index], keys[(index + 1) % 3]), adversary=adversary) for index in range(3)]
    for node in made:
        if node.is_malicious:
            node.log = Notes()
            node.verify = partial(verify, node, node.log)
    return made


def ring(values: Any, seed: int = 1) -> list[Ring]:
    """A column as each node holds it."""
    x = np.asarray(values).astype(np.int64).view(np.uint64)
    parts = _drawn((3, *x.shape), seed)
    parts[2] = x - parts[0] - parts[1]
    return [Ring(np.stack([parts[i], parts[(i + 1) % 3]])) for i in range(3)]


def words(values: Any, seed: int = 2) -> list[Words]:
    x = np.asarray(values, dtype=np.uint64)
    parts = _drawn((3, *x.shape), seed)
    parts[2] = x ^ parts[0] ^ parts[1]
    return [Words(np.stack([parts[i], parts[(i + 1) % 3]])) for i in range(3)]


def planes(values: Any, width: int, seed: int = 3) -> list[Planes]:
    """At most 64 bits an element; what stands beyond the column is arbitrary, and the same at both holders of a part."""
    made = [one.to_planes(width) for one in words(values, seed)]
    used = made[0].count % 64
    if used:
        beyond = [np.uint64((part + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - (1 << used)) for part in range(3)]
        for index, one in enumerate(made):
            one.planes[..., -1] &= np.uint64((1 << used) - 1)
            one.planes[..., -1] |= np.array([[beyond[index]], [beyond[(index + 1) % 3]]])
    return made


def numbers(held: Sequence[Column]) -> Numbers:
    """What a column holds, put together from the three nodes; both copies of each part are compared."""
    if isinstance(held[0], Planes):
        return numbers([one.to_words() for one in held if isinstance(one, Planes)])
    shares = [one.shares for one in held if not isinstance(one, Planes)]
    for index in range(3):
        assert np.array_equal(shares[index][1], shares[(index + 1) % 3][0])
    own = [one[0] for one in shares]
    total: Numbers = own[0] + own[1] + own[2] if isinstance(held[0], Ring) else own[0] ^ own[1] ^ own[2]
    return total


def run(
    program: Callable[[Node, int], Steps[T]],
    *,
    seed: int = 0,
    tap: Tap | None = None,
    adversary: Adversary = Adversary.SEMI_HONEST,
) -> Ran[T]:
    """`program(node, index)` at each node; in malicious mode all that it left unverified is verified then, beside its cost."""
    seats = nodes(seed, adversary)
    ran = run_together([program(node, index) for index, node in enumerate(seats)], tap=tap)
    if adversary is Adversary.MALICIOUS:
        run_together([node.verify() for node in seats])
    return ran


def _drawn(shape: tuple[int, ...], seed: int) -> Numbers:
    return np.random.default_rng(seed).integers(0, 1 << 64, shape, np.uint64)
