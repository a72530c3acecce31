"""Curve25519 by u-coordinates, slowly: RFC 7748 section 5 and the hash of RFC 9380 section 8.5 with Python integers.

An oracle for tests and for readers; nothing here is constant time. The curve is v^2 = u^3 + J u^2 + u.
"""

from __future__ import annotations

from specs.reference.hash_to_curve import expand_message_xmd

Point = tuple[int, int]

P = 2**255 - 19
J = 486662
SQRT_M1 = pow(2, (P - 1) // 4, P)


def clamp(data: bytes) -> int:
    """RFC 7748 section 5: a scalar from 32 bytes; bit 254 set, a multiple of 8."""
    return int.from_bytes(data, "little") & (2**254 - 8) | 2**254


def multiply(u: int, scalar: int) -> int:
    """The u of the point times `scalar`, 0 for infinity; from its highest bit down (RFC 7748 section 5, a24 = 121665)."""
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in bin(scalar)[2:]:
        if bit == "1":
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if bit == "1":
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, -1, P) % P if z2 else 0


def is_square(number: int) -> bool:
    return pow(number, (P - 1) // 2, P) in (0, 1)


def root(square: int) -> int:
    """One of the two roots."""
    found = pow(square, (P + 3) // 8, P)
    return found if found * found % P == square % P else found * SQRT_M1 % P


def curve(u: int) -> int:
    """The right side of the curve's equation."""
    return (u**3 + J * u**2 + u) % P


def map_to_curve(t: int) -> Point:
    """Elligator 2 with Z = 2 (RFC 9380 section 6.7.1)."""
    first = -J * pow(1 + 2 * t * t, -1, P) % P
    u, odd = (first, 1) if is_square(curve(first)) else ((-first - J) % P, 0)
    v = root(curve(u))
    return u, v if v % 2 == odd else -v % P


def add(left: Point, right: Point) -> Point:
    """The sum of two points that are neither equal nor opposite."""
    (u1, v1), (u2, v2) = left, right
    slope = (v2 - v1) * pow(u2 - u1, -1, P)
    u = (slope * slope - J - u1 - u2) % P
    return u, (slope * (u1 - u) - v1) % P


def uncleared(message: bytes, dst: bytes) -> Point:
    """hash_to_curve (RFC 9380 section 3) before the cofactor is cleared."""
    uniform = expand_message_xmd("sha512", message, dst, 96)
    first, second = (int.from_bytes(half, "big") % P for half in (uniform[:48], uniform[48:]))
    return add(map_to_curve(first), map_to_curve(second))


def hash_to_curve(message: bytes, dst: bytes) -> int:
    """The u of curve25519_XMD:SHA-512_ELL2_RO_ (RFC 9380 section 8.5)."""
    return multiply(uncleared(message, dst)[0], 8)
