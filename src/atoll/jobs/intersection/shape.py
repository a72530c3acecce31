"""An intersection without names: what protocols are compared by. Pure numbers and words."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.jobs.intersection.outputs import Join, Output, Security

MAX_MEMORY_BYTES = 4 << 30
"""No party needs more for any job that is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The slowest link between two sides."""

    megabits_per_second: int = 1000
    latency_ms: int = 1
    """One way."""

    def seconds(self, traffic_bytes: float, rounds: float) -> float:
        """How long so much traffic in so many one-way messages, each of which waits for the one before, takes."""
        return traffic_bytes * 8 / (self.megabits_per_second * 1e6) + rounds * self.latency_ms / 1e3

    def __str__(self) -> str:
        return f"{self.megabits_per_second} Mb/s, {self.latency_ms} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is asked, and how large it is at its row caps."""

    receiver_rows: int
    """Most rows of the side that leads a run; of several receivers the largest."""
    owner_rows: tuple[int, ...]
    """Most rows of each other side."""
    receivers: int = 1
    """How many runs, one for each receiver."""
    output: Output = Output.IDENTIFIERS
    join: Join = Join.INNER
    payload_bytes: int = 0
    """Bytes that travel beside each key of the owner."""
    epsilon_micro: int = 0
    """For a noisy cardinality, in millionths; 0: exact."""
    total_bits: int = 0
    """Width of a sum, where it is not the usual one."""
    security: Security = Security.SEMI_HONEST
    memory_bytes: int = MAX_MEMORY_BYTES
    """Most that a party's process may take."""

    @property
    def places(self) -> int:
        """How many sides take part."""
        return 1 + len(self.owner_rows)

    @property
    def largest(self) -> int:
        """Most rows of any side."""
        return max(self.receiver_rows, *self.owner_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run takes, both sides working at the same time on one core each."""

    seconds: float
    """Computation of the slower side."""
    traffic_bytes: int
    """What the busier side sends."""
    exchanged_bytes: int
    """What all sides send together."""
    rounds: float
    """Messages that wait for one another, one way."""
    memory_bytes: int
    """Peak of the hungrier side."""

    def wall_seconds(self, link: Link) -> float:
        """Time until the receiver has its result over this link."""
        return self.seconds + link.seconds(self.traffic_bytes, self.rounds)

    def times(self, runs: int) -> Cost:
        """So many runs one after another."""
        return Cost(
            seconds=self.seconds * runs,
            traffic_bytes=self.traffic_bytes * runs,
            exchanged_bytes=self.exchanged_bytes * runs,
            rounds=self.rounds * runs,
            memory_bytes=self.memory_bytes,
        )
