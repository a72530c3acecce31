"""Numbers and domain tags of the intersections by Diffie-Hellman."""

from __future__ import annotations

POINTS_PER_FRAME = 1 << 14
"""512 KiB of points; one call of the kernel."""

TAG_BYTES = 16
"""128 bits. Two different keys of sets of 2^24 get one tag with probability 2^(24 + 24 - 128) = 2^-80, well below 2^-40."""


def hash_domain(protocol: str, context: bytes) -> bytes:
    """The domain tag under which the keys of one job and protocol are hashed to the group."""
    return f"ATOLL-V01-{protocol}-ristretto255_XMD:SHA-512_R255MAP_RO_{context.hex()}".encode()


def parts(count: int, per_frame: int) -> list[range]:
    """The places 0 to `count` - 1 in runs of `per_frame`, the rest in the last; both sides cut alike."""
    return [range(start, min(start + per_frame, count)) for start in range(0, count, per_frame)]
