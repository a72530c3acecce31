"""What every intersection takes, whatever the protocol: reading, hashing, sessions, results.

The protocols' own constants stand in their adapters. All are measured on one core of a server of 2023 and rounded to the
unfavourable side. They are for consent, for caps and for comparing protocols, not for promises: a faster machine or more cores
make them pessimistic.
"""

from __future__ import annotations

import math

from atoll.jobs.intersection.shape import Cost, Shape
from atoll.jobs.kind import Estimate
from atoll.primitives.ristretto import kernels

BASE_SECONDS = 2.0
"""Sessions, snapshot of the input, commitment."""
READ_ROWS_PER_SECOND = 600_000
"""Rows read, normalised, hashed and cut into buckets."""
BASE_MEMORY_BYTES = 128 << 20
"""Interpreter, libraries, reader, frames of a round."""
BASE_TRAFFIC_BYTES = 64 << 10
"""Sessions, sizes, commitment, headers of frames."""
KERNEL_RATES = {"ifma": (150_000, 170_000), "avx2": (34_000, 35_000), "portable": (28_000, 30_000)}
"""By kernel of `ristretto`: keys hashed to a group and multiplied, and elements multiplied, a second of one core. For
ristretto255, of which Curve25519 takes less where there are lanes. Those of avx2 are of an AMD EPYC, beside other work."""
MASKED_PER_SECOND, MULTIPLIED_PER_SECOND = KERNEL_RATES[kernels()[0]]
"""By the best kernel of this node's processor; others' may be slower."""
ROW_MEMORY_BYTES = 24
"""Row number and digest of each row, where a set is cut in memory."""
CUT_MEMORY_BYTES = 256 << 20
"""Beyond this a cut goes to disk."""


def whole_cost(run: Cost, shape: Shape) -> Cost:
    """A job's cost from that of one run: everything is read once a run, and the runs follow one another."""
    reading = shape.largest / READ_ROWS_PER_SECOND
    memory = min(shape.largest * ROW_MEMORY_BYTES, CUT_MEMORY_BYTES)
    one = Cost(
        seconds=run.seconds + reading,
        traffic_bytes=run.traffic_bytes + BASE_TRAFFIC_BYTES,
        exchanged_bytes=run.exchanged_bytes + shape.places * BASE_TRAFFIC_BYTES,
        rounds=run.rounds + 4,
        memory_bytes=run.memory_bytes,
    ).times(shape.receivers)
    return Cost(
        seconds=one.seconds + BASE_SECONDS,
        traffic_bytes=one.traffic_bytes,
        exchanged_bytes=one.exchanged_bytes,
        rounds=one.rounds,
        memory_bytes=BASE_MEMORY_BYTES + memory + run.memory_bytes,
    )


def to_estimate(cost: Cost) -> Estimate:
    """In whole seconds, for the plan's readers."""
    return Estimate(
        seconds=math.ceil(cost.seconds),
        traffic_bytes=cost.traffic_bytes,
        memory_bytes=cost.memory_bytes,
    )
