"""Ed25519 verification under ZIP 215, slowly: the rule by which CometBFT's validators count votes.

An oracle for tests and for readers; nothing here is constant time. Rules: A and R are any encodings that decode to a point, y
taken modulo p; S is below the group's order; `[8][S]B = [8]R + [8][k]A` with k over the bytes as received.
"""

from __future__ import annotations

import hashlib

from specs.reference.ristretto255 import ORDER, SQRT_M1, D, P, Point, add, multiply

BASE_Y = 4 * pow(5, -1, P) % P


def decode(data: bytes) -> Point | None:
    """RFC 8032 section 5.1.3 without the rules on y < p and on a negative zero; None where there is no such point."""
    number = int.from_bytes(data, "little")
    y, sign = (number & (2**255 - 1)) % P, number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_M1 % P
    if v * x * x % P != u:
        return None
    if x % 2 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature counts."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r, s = decode(public), decode(signature[:32]), int.from_bytes(signature[32:], "little")
    base = decode(BASE_Y.to_bytes(32, "little"))
    if key is None or r is None or base is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = _times_eight(multiply(base, s)), _times_eight(add(r, multiply(key, k)))
    return _is_same(left, right)


def _times_eight(point: Point) -> Point:
    for _ in range(3):
        point = add(point, point)
    return point


def _is_same(left: Point, right: Point) -> bool:
    (x1, y1, z1, _), (x2, y2, z2, _) = left, right
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0
