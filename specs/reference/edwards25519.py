"""edwards25519 with its cofactor, slowly: encodings of RFC 8032 and the hash of RFC 9380 section 8.5 with Python integers.

An oracle for tests and for readers; nothing here is constant time. Points are those of `ristretto255`: (x, y, z, t).
"""

from __future__ import annotations

from specs.reference import curve25519, ed25519_zip215
from specs.reference.ristretto255 import IDENTITY, ORDER, P, Point, add

C = curve25519.root(-curve25519.J - 2)
C = C if C % 2 == 0 else P - C
"""The square root of -486664 with sgn0 0 (RFC 9380 appendix D.1)."""


def decode(data: bytes) -> Point | None:
    """RFC 8032 section 5.1.3; None for anything that is not the encoding of a point."""
    point = ed25519_zip215.decode(data)
    return point if len(data) == 32 and point is not None and encode(point) == data else None


def encode(point: Point) -> bytes:
    """RFC 8032 section 5.1.2."""
    x, y = affine(point)
    return (y | x % 2 << 255).to_bytes(32, "little")


def affine(point: Point) -> tuple[int, int]:
    x, y, z, _ = point
    return x * pow(z, -1, P) % P, y * pow(z, -1, P) % P


def multiply(point: Point, factor: int) -> Point:
    """Double and add, from the highest bit down; `factor` as it is, because L times a point need not be the neutral element."""
    total = IDENTITY
    for bit in bin(factor)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def negate(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def is_small(point: Point) -> bool:
    """Whether its order is 1, 2, 4 or 8."""
    return affine(multiply(point, 8)) == affine(IDENTITY)


def is_of_prime_order(point: Point) -> bool:
    """Whether its order is L."""
    return not is_small(point) and affine(multiply(point, ORDER)) == affine(IDENTITY)


def u_of(point: Point) -> bytes:
    """The u of the same point of Curve25519 (RFC 7748 section 4.1); 0 for the neutral element."""
    _, y = affine(point)
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


def hash_to_curve(message: bytes, dst: bytes) -> Point:
    """edwards25519_XMD:SHA-512_ELL2_RO_ (RFC 9380 section 8.5)."""
    u, v = curve25519.uncleared(message, dst)
    x, y = C * u * pow(v, -1, P) % P, (u - 1) * pow(u + 1, -1, P) % P
    return multiply((x, y, 1, x * y % P), 8)


GENERATOR = decode(bytes([0x58]) + bytes([0x66] * 31)) or IDENTITY

__all__ = [
    "GENERATOR",
    "P",
    "Point",
    "add",
    "affine",
    "decode",
    "encode",
    "hash_to_curve",
    "is_of_prime_order",
    "is_small",
    "multiply",
    "negate",
    "u_of",
]
