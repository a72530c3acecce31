"""What both sides must agree on before the first message."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.protocols.psi.items import MAX_ROWS

CONTEXT_BYTES = 32
"""The plan's digest."""

SEED_BYTES = 32

MAX_WHOLE_ROWS = 1 << 24
"""Largest set of a protocol that keeps it in one bucket. At 240 to 360 bytes for a row of each side
that is 4 to 6 GB for sets as large as this, so a planner that keeps to less stops below."""

POINTS_PER_FRAME = 1 << 14
"""512 KiB of points; one call of the kernel."""

TAG_BYTES = 16
"""128 bits. Two different keys of sets of 2^24 get one tag with probability 2^(24 + 24 - 128) = 2^-80, well below 2^-40."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The agreed bounds, as one side sees them. A peer that passes them ends the run."""

    own_items: int
    """Most rows with a key that this side brings, 0 to MAX_ROWS."""
    peer_items: int
    """Most rows with a key that the other side brings, 0 to MAX_ROWS."""

    def __post_init__(self) -> None:
        if not (0 <= self.own_items <= MAX_ROWS and 0 <= self.peer_items <= MAX_ROWS):
            raise ValueError(f"a set has 0 to {MAX_ROWS} rows")


def hash_domain(protocol: str, context: bytes) -> bytes:
    """The domain tag under which the keys of one job and protocol are hashed to the group."""
    return f"ATOLL-V01-{protocol}-ristretto255_XMD:SHA-512_R255MAP_RO_{context.hex()}".encode()


def parts(count: int, per_frame: int) -> list[range]:
    """The places 0 to `count` - 1 in runs of `per_frame`, the rest in the last; both sides cut alike."""
    return [range(start, min(start + per_frame, count)) for start in range(0, count, per_frame)]
