"""What an intersection takes, from measured constants.

Measured with `bench/bench_psi_kernel.py` on one core of a server of 2023 with the portable kernel, rounded to the unfavourable
side. They are for consent and for caps, not for promises: a faster machine, more cores or a better kernel make them
pessimistic.
"""

from __future__ import annotations

import math

from atoll.jobs.kind import Estimate
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.psi_ecdh.params import TAG_BYTES

MASKED_PER_SECOND = 20_000
"""Items hashed to the group and multiplied, one core."""
MULTIPLIED_PER_SECOND = 24_000
"""The other side's points multiplied and shortened to tags, one core."""
BASE_SECONDS = 2
"""Sessions, snapshot of the input, commitment."""
OWN_ITEM_BYTES = 560
"""Memory an own item: key, spelling, row number, place, answer, and entries in sets while they are built."""
PEER_ITEM_BYTES = 200
"""Memory an item of the other side: tag, entry in the set of tags, copy in a checkpoint."""
BASE_MEMORY_BYTES = 96 << 20
"""Interpreter, libraries, frames of a round."""
BASE_TRAFFIC_BYTES = 64 << 10
"""Sessions, sizes, commitment, headers of frames."""


def estimate_cost(owner_items: int, receiver_items: int) -> Estimate:
    """The cost at the given sizes. Both sides work at the same time; the one with the larger set needs longer and more memory.

    >>> estimate_cost(100_000, 100_000)
    Estimate(seconds=12, traffic_bytes=4865536, memory_bytes=176663296)
    """
    larger, smaller = max(owner_items, receiver_items), min(owner_items, receiver_items)
    owner_sends = owner_items * POINT_BYTES + receiver_items * TAG_BYTES
    return Estimate(
        seconds=BASE_SECONDS + math.ceil(larger / MASKED_PER_SECOND + smaller / MULTIPLIED_PER_SECOND),
        traffic_bytes=BASE_TRAFFIC_BYTES + max(owner_sends, receiver_items * POINT_BYTES),
        memory_bytes=BASE_MEMORY_BYTES + larger * OWN_ITEM_BYTES + smaller * PEER_ITEM_BYTES,
    )
