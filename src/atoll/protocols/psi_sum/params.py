"""What both sides must agree on before the first message, beside the row caps."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.primitives.elgamal import LIMB_BITS, MAX_LIMBS, ciphertext_bytes
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.dh.params import hash_domain
from atoll.protocols.role import MAX_FRAME_BYTES

PROTOCOL = "psi-sum-ristretto255"
VERSION = 1

TAG_DOMAIN = b"ATOLL-V01-PSI-SUM-TAG"

VALUE_BITS = tuple(LIMB_BITS * limbs for limbs in range(1, MAX_LIMBS + 1))
VALUE_BYTES = 8
"""A key's value as the caller gives it: two's complement, little-endian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is summed and when."""

    value_bits: int = 64
    """Width of a key's value, 16, 32, 48 or 64: -2^(value_bits - 1) to 2^(value_bits - 1) - 1. Narrower is cheaper."""
    min_count: int = 1
    """Fewest matched keys whose sum may be told, from 1."""

    def __post_init__(self) -> None:
        if self.value_bits not in VALUE_BITS:
            raise ValueError(f"a value has {VALUE_BITS} bits")
        if self.min_count < 1:
            raise ValueError("a sum of nothing says nothing, so the least count is 1")

    @property
    def limbs(self) -> int:
        """Parts in which a value is encrypted."""
        return self.value_bits // LIMB_BITS

    @property
    def offset(self) -> int:
        """What is added to each value, so that none is negative under encryption."""
        return 1 << (self.value_bits - 1)

    @property
    def entry_bytes(self) -> int:
        """A masked key and its encrypted value."""
        return POINT_BYTES + ciphertext_bytes(self.limbs)

    @property
    def entries_per_frame(self) -> int:
        """As many entries as fit into a frame, and at most 4,096, so that the other side has work early."""
        return min(1 << 12, MAX_FRAME_BYTES // self.entry_bytes)


def key_domain(context: bytes) -> bytes:
    """The domain tag under which keys are hashed to the group."""
    return hash_domain("PSI-SUM", context)
