"""Hashing to three curves, slowly: RFC 9380 written down with Python integers.

An oracle for tests and for readers: affine points, no constant time, one function for each box of the RFC. `ristretto255.py`
beside it uses the same expansion. Suites: edwards25519 and curve25519 by Elligator 2 (section 6.7), P-256 by simplified SWU
(section 6.6.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

Affine = tuple[int, int] | None
"""(x, y), or None for the point at infinity."""


def expand_message_xmd(hash_name: str, message: bytes, dst: bytes, length: int) -> bytes:
    """Section 5.3.1, with long tags hashed as in section 5.3.3."""
    if len(dst) > 255:
        dst = hashlib.new(hash_name, b"H2C-OVERSIZE-DST-" + dst).digest()
    tag = dst + bytes([len(dst)])
    block = bytes(hashlib.new(hash_name).block_size)
    b_0 = hashlib.new(hash_name, block + message + length.to_bytes(2, "big") + b"\0" + tag).digest()
    b_i, uniform = bytes(len(b_0)), b""
    for i in range(1, -(-length // len(b_0)) + 1):
        mixed = bytes(left ^ right for left, right in zip(b_0, b_i, strict=True))
        b_i = hashlib.new(hash_name, mixed + bytes([i]) + tag).digest()
        uniform += b_i
    return uniform[:length]


@dataclass(frozen=True)
class Suite:
    """A curve with its map and its addition; the scalar `cofactor` clears what is outside the prime-order group."""

    hash_name: str
    p: int
    map: Callable[[int], Affine]
    add: Callable[[Affine, Affine], Affine]
    cofactor: int
    zero: Affine = None
    element_bytes: int = 48

    def hash_to_field(self, message: bytes, dst: bytes, count: int) -> list[int]:
        """Section 5.2: `count` field elements, each with negligible bias."""
        size = self.element_bytes
        uniform = expand_message_xmd(self.hash_name, message, dst, count * size)
        return [int.from_bytes(uniform[i * size : (i + 1) * size], "big") % self.p for i in range(count)]

    def hash_to_curve(self, message: bytes, dst: bytes) -> Affine:
        """Section 3: a point indistinguishable from a random one."""
        u0, u1 = self.hash_to_field(message, dst, 2)
        return self.clear(self.add(self.map(u0), self.map(u1)))

    def encode_to_curve(self, message: bytes, dst: bytes) -> Affine:
        """Section 3: a point of a non-uniform distribution."""
        return self.clear(self.map(self.hash_to_field(message, dst, 1)[0]))

    def clear(self, point: Affine) -> Affine:
        total = self.zero
        for _ in range(self.cofactor):
            total = self.add(total, point)
        return total


def is_square(value: int, p: int) -> bool:
    return pow(value, (p - 1) // 2, p) in (0, 1)


def square_root(value: int, p: int) -> int:
    """A root of a square, for p = 3 mod 4 or p = 5 mod 8."""
    if p % 4 == 3:
        return pow(value, (p + 1) // 4, p)
    root = pow(value, (p + 3) // 8, p)
    return root if (root * root - value) % p == 0 else root * pow(2, (p - 1) // 4, p) % p


def with_sign(value: int, sign: int, p: int) -> int:
    """`value` or its negative, whichever has the parity `sign` (sgn0 of section 4.1)."""
    return value % p if value % p % 2 == sign else -value % p


# -- curve25519 and edwards25519 -----------------------------------------------------------------------------------------------

P_25519 = 2**255 - 19
_J = 486662
_D = -121665 * pow(121666, -1, P_25519) % P_25519
_SQRT_MINUS_486664 = with_sign(square_root(-486664 % P_25519, P_25519), 0, P_25519)


def _elligator_2(u: int) -> Affine:
    p = P_25519
    x1 = -_J * pow(1 + 2 * u * u, -1, p) % p  # 1 + 2u^2 is never 0, because -1/2 is no square
    gx1 = (x1**3 + _J * x1**2 + x1) % p
    if is_square(gx1, p):
        return x1, with_sign(square_root(gx1, p), 1, p)
    x2 = (-x1 - _J) % p
    gx2 = (x2**3 + _J * x2**2 + x2) % p
    return x2, with_sign(square_root(gx2, p), 0, p)


def _elligator_2_edwards(u: int) -> Affine:
    point = _elligator_2(u)
    assert point is not None
    s, t = point
    if t == 0 or s == P_25519 - 1:
        return 0, 1
    x = _SQRT_MINUS_486664 * s * pow(t, -1, P_25519) % P_25519
    return x, (s - 1) * pow(s + 1, -1, P_25519) % P_25519


def _add_edwards(left: Affine, right: Affine) -> Affine:
    assert left is not None
    assert right is not None
    (x1, y1), (x2, y2), p = left, right, P_25519
    k = _D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, p) % p, (y1 * y2 + x1 * x2) * pow(1 - k, -1, p) % p


def _chord(p: int, a2: int, a4: int) -> Callable[[Affine, Affine], Affine]:
    """Addition on y^2 = x^3 + a2 x^2 + a4 x + a6."""

    def add(left: Affine, right: Affine) -> Affine:
        if left is None or right is None:
            return right if left is None else left
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % p == 0:
            return None
        if left == right:
            slope = (3 * x1 * x1 + 2 * a2 * x1 + a4) * pow(2 * y1, -1, p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, p)
        x3 = (slope * slope - a2 - x1 - x2) % p
        return x3, (slope * (x1 - x3) - y1) % p

    return add


# -- P-256 ---------------------------------------------------------------------------------------------------------------------

P_256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A, _B, _Z = -3, 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B, -10


def _simplified_swu(u: int) -> Affine:
    p = P_256
    tv = (_Z * _Z * u**4 + _Z * u * u) % p
    x1 = _B * pow(_Z * _A, -1, p) if tv == 0 else -_B * pow(_A, -1, p) * (1 + pow(tv, -1, p))
    x, x2 = x1 % p, _Z * u * u * x1 % p
    if not is_square((x**3 + _A * x + _B) % p, p):
        x = x2
    return x, with_sign(square_root((x**3 + _A * x + _B) % p, p), u % 2, p)


CURVE25519 = Suite("sha512", P_25519, _elligator_2, _chord(P_25519, _J, 1), cofactor=8)
EDWARDS25519 = Suite("sha512", P_25519, _elligator_2_edwards, _add_edwards, cofactor=8, zero=(0, 1))
P256 = Suite("sha256", P_256, _simplified_swu, _chord(P_256, 0, _A), cofactor=1)
