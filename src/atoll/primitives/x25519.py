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

__all__ = ["POINT_BYTES", "ClampedSecret", "draw_secret", "multiply"]

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
