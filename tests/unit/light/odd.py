"""A signature that only its key's owner can make and only the equation with a cofactor accepts."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from specs.reference.ed25519_zip215 import BASE_Y, decode
from specs.reference.ristretto255 import ORDER, P, Point, add, multiply

ORDER_TWO: Point = (0, P - 1, 1, 0)


def sign_oddly(key: Ed25519PrivateKey, message: bytes) -> bytes:
    """RFC 8032 section 5.1.6, but R has a part of order 2."""
    spread = hashlib.sha512(key.private_bytes_raw()).digest()
    secret = int.from_bytes(spread[:32], "little") & ((1 << 254) - 8) | 1 << 254
    nonce = int.from_bytes(hashlib.sha512(spread[32:] + message).digest(), "little") % ORDER
    base = decode(BASE_Y.to_bytes(32, "little"))
    assert base is not None
    r = _encode(add(multiply(base, nonce), ORDER_TWO))
    k = int.from_bytes(hashlib.sha512(r + key.public_key().public_bytes_raw() + message).digest(), "little") % ORDER
    return r + ((nonce + k * secret) % ORDER).to_bytes(32, "little")


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P % 2) << 255).to_bytes(32, "little")
