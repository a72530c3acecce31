"""What both sides must agree on before the first message, beside the row caps."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.primitives.elgamal import CIPHERTEXT_BYTES
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.dh.params import hash_domain
from atoll.protocols.role import MAX_FRAME_BYTES

PROTOCOL = "psi-sum-ristretto255"
VERSION = 2

TAG_DOMAIN = b"ATOLL-V01-PSI-SUM-TAG"

TOTAL_BITS = range(16, 49)
"""Widths of a sum, its sign among them."""
ENTRY_BYTES = POINT_BYTES + CIPHERTEXT_BYTES
"""A masked key and its encrypted value."""
ENTRIES_PER_FRAME = min(1 << 12, MAX_FRAME_BYTES // ENTRY_BYTES)
"""At most 4,096, so that the other side has work early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is summed and when."""

    total_bits: int = 44
    """Width of the sum: it is above -2^(total_bits - 1) and below 2^(total_bits - 1). The receiver's search has 2^21 + 2^23
    steps for 44 bits; the second part doubles with each bit more."""
    min_count: int = 1
    """Fewest matched keys whose sum may be told, from 1."""

    def __post_init__(self) -> None:
        if self.total_bits not in TOTAL_BITS:
            raise ValueError(f"a sum has {TOTAL_BITS[0]} to {TOTAL_BITS[-1]} bits")
        if self.min_count < 1:
            raise ValueError("a sum of nothing says nothing, so the least count is 1")

    @property
    def bound(self) -> int:
        """The largest sum, either way."""
        return (1 << (self.total_bits - 1)) - 1


def key_domain(context: bytes) -> bytes:
    """The domain tag under which keys are hashed to the group."""
    return hash_domain("PSI-SUM", context)
