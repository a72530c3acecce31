"""X25519 (RFC 7748) of many points and one secret: Diffie-Hellman on Curve25519 by the u-coordinate alone.

A point and its negative have one u, 32 bytes, and neither reading nor writing it takes a root; so this takes a sixth less than
`ristretto`, and is good for Diffie-Hellman and nothing else: there is no addition, and the curve has a cofactor. Secrets are
clamped, multiples of the cofactor 8, which takes away whatever part of small order a hostile point has. Lists are packed.

Kernels are those of `ristretto.kernels`; results are the same to the bit.
"""

from __future__ import annotations

from atoll import _core
from atoll._core import ClampedSecret
from atoll.ports import Entropy

__all__ = ["POINT_BYTES", "ClampedSecret", "blind_packed", "draw_secret", "multiply"]

POINT_BYTES = 32


def draw_secret(entropy: Entropy) -> ClampedSecret:
    """A fresh secret from 32 bytes of `entropy`."""
    return ClampedSecret.from_bytes(entropy.bytes(32))


def multiply(points: bytes | bytearray, secret: ClampedSecret, *, threads: int = 0, kernel: str | None = None) -> bytes:
    """Each of the packed `points`, checked, times `secret`, packed in order.

    Args:
        points: from the other side; n times 32 bytes. Points of the twist are taken: it is as secure as the curve.
        secret: this session's.
        threads: 0 for as many as the process may run.
        kernel: one of `ristretto.kernels`, for tests and measurements; None for the best.

    Raises:
        PointError: `.index` is the first that is not below p, or of small order (its product would be zero); bytes that make
            no whole point count as one more.

    Cost: one ladder of 251 steps a point, one inversion a 256. Other Python threads run meanwhile.
    """
    return _core.x25519_multiply(points, secret, threads, kernel)


def blind_packed(
    items: bytes | bytearray,
    item_bytes: int,
    secret: ClampedSecret,
    dst: bytes,
    *,
    threads: int = 0,
    kernel: str | None = None,
) -> bytes:
    """Each item hashed to the curve under `dst` and multiplied by an eighth of `secret`, packed in order, 32 bytes each.

    An eighth, because the hash (`curve25519_XMD:SHA-512_ELL2_RO_` of RFC 9380 section 8.5) multiplies by the cofactor already;
    `multiply(blind_packed(x, a), b)` and `multiply(blind_packed(x, b), a)` agree. No hash is on the twist.

    Args:
        items: n times `item_bytes` bytes; time depends on their number and length, not on what they are.
        item_bytes: length of an item, from 1.
        secret: this session's; never reused for another, never sent.
        dst: domain tag, not empty; both sides use the same.
        threads: 0 for as many as the process may run.
        kernel: one of `ristretto.kernels`, for tests and measurements; None for the best.

    Raises:
        ValueError: `items` is not a whole number of them, or the tag is empty.

    Leaks: the number of items. Cost: two maps with a root each and one ladder an item. Other Python threads run meanwhile.
    """
    return _core.x25519_blind_packed(items, item_bytes, secret, dst, threads, kernel)
