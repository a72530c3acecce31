"""What both sides of a two-party intersection must agree on before the first message."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.protocols.psi.items import MAX_ROWS

CONTEXT_BYTES = 32
"""The plan's digest."""

SEED_BYTES = 32

MAX_WHOLE_ROWS = 1 << 24
"""Largest set of a protocol that keeps it in one bucket. At 240 to 360 bytes for a row of each side
that is 4 to 6 GB for sets as large as this, so a planner that keeps to less stops below."""


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
