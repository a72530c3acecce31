"""What both sides must agree on before the first message. A plan's `program` and row caps settle it."""

from __future__ import annotations

from dataclasses import dataclass

PROTOCOL = "psi-ecdh-curve25519"
VERSION = 4

HASH_DOMAIN = b"ATOLL-V04-PSI-ECDH-edwards25519_XMD:SHA-512_ELL2_RO_"
"""Domain tag of the hash to the curve; the context in lower-case hexadecimal follows."""

TAG_DOMAIN = b"ATOLL-V04-PSI-ECDH-TAG"
"""Domain tag of the hash that makes a tag; context, digest and value follow."""

CONTEXT_BYTES = 32
"""The plan's digest."""

SEED_BYTES = 32

TAG_BYTES = 16
"""128 bits, as digests have. Two keys of sets of 2^25 get one digest or one tag with probability 2^(25+25-127) = 2^-77."""

MAX_ITEMS = 1 << 25
"""Largest set: what fits, with the other side's, in 4 GiB, and what this protocol can do in minutes."""

MAX_POINTS_PER_FRAME = 1 << 14
"""512 KiB of points; one call of the kernel."""

MAX_CHECKPOINTS = 8
"""Most checkpoints of a run. Each holds all tags so far, so one every round would write the square of the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The agreed bounds, as one side sees them. A peer that passes them ends the run."""

    own_items: int
    """Most distinct keys that this side brings, 0 to MAX_ITEMS."""
    peer_items: int
    """Most distinct keys that the other side brings, 0 to MAX_ITEMS."""
    points_per_frame: int = MAX_POINTS_PER_FRAME
    """Items of a round, 1 to MAX_POINTS_PER_FRAME; the same on both sides."""

    def __post_init__(self) -> None:
        if not (0 <= self.own_items <= MAX_ITEMS and 0 <= self.peer_items <= MAX_ITEMS):
            raise ValueError(f"a set has 0 to {MAX_ITEMS} items")
        if not 1 <= self.points_per_frame <= MAX_POINTS_PER_FRAME:
            raise ValueError(f"a frame has 1 to {MAX_POINTS_PER_FRAME} points")


@dataclass(frozen=True, slots=True)
class Rounds:
    """How two sets of known sizes are cut into rounds. Both sides compute the same, so nothing of it is sent."""

    own_items: int
    peer_items: int
    per_round: int

    @property
    def count(self) -> int:
        """Rounds until both sets are through; 0 for two empty ones."""
        return -(-max(self.own_items, self.peer_items) // self.per_round)

    def own_part(self, round_: int) -> range:
        """The places of this side's items that travel in this round; empty once the set is through."""
        return self._part(round_, self.own_items)

    def peer_part(self, round_: int) -> range:
        """The places of the other side's items that travel in this round."""
        return self._part(round_, self.peer_items)

    def _part(self, round_: int, items: int) -> range:
        start = min(round_ * self.per_round, items)
        return range(start, min(start + self.per_round, items))

    def is_checkpoint_after(self, round_: int) -> bool:
        """Whether both sides make a checkpoint when `round_` is done: evenly spread, and none after the last: whoever is killed
        between that and what comes next repeats the rounds since the one before."""
        every = -(-self.count // MAX_CHECKPOINTS)
        return (round_ + 1) % every == 0 and round_ + 1 < self.count
