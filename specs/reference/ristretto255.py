"""ristretto255, slowly: RFC 9496 section 4 written down with Python integers.

An oracle for tests and for readers; nothing here is constant time. A point is extended coordinates (x, y, z, t) of a
representative on edwards25519; equal elements have many representatives and one encoding.
"""

from __future__ import annotations

from specs.reference.hash_to_curve import expand_message_xmd

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY: Point = (0, 1, 1, 0)


def absolute(value: int) -> int:
    """Section 3.1: of a value and its negative, the even one."""
    return value % P if value % P % 2 == 0 else -value % P


def sqrt_ratio_m1(u: int, v: int) -> tuple[bool, int]:
    """Section 4.2: whether u/v is a square, and the even root of u/v or of SQRT_M1 * u/v."""
    root = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * root * root % P
    if check in (-u % P, -u * SQRT_M1 % P):
        root = root * SQRT_M1 % P
    return check in (u % P, -u % P), absolute(root)


SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = sqrt_ratio_m1(1, -1 - D)[1]


def decode(data: bytes) -> Point | None:
    """Section 4.3.1; None for anything that is not the encoding of an element."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or s % 2 == 1:
        return None
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    was_square, invsqrt = sqrt_ratio_m1(1, v * u2 * u2)
    den_x = invsqrt * u2
    den_y = invsqrt * den_x * v
    x, y = absolute(2 * s * den_x), u1 * den_y % P
    t = x * y % P
    return None if not was_square or t % 2 == 1 or y == 0 else (x, y, 1, t)


def encode(point: Point) -> bytes:
    """Section 4.3.2."""
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0), x0 * y0
    _, invsqrt = sqrt_ratio_m1(1, u1 * u2 * u2)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inverse = den1 * den2 * t0 % P
    if t0 * z_inverse % P % 2 == 1:
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if x * z_inverse % P % 2 == 1:
        y = -y % P
    return absolute(den * (z0 - y)).to_bytes(32, "little")


def from_uniform(data: bytes) -> Point:
    """Section 4.3.4: 64 uniform bytes to an element."""
    mask = 2**255 - 1
    halves = (int.from_bytes(data[:32], "little") & mask, int.from_bytes(data[32:], "little") & mask)
    return add(_map(halves[0] % P), _map(halves[1] % P))


def _map(t: int) -> Point:
    r = SQRT_M1 * t * t % P
    u = (r + 1) * (1 - D * D) % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio_m1(u, v)
    s, c = (s, -1) if was_square else (-absolute(s * t) % P, r)
    n = (c * (r - 1) * (D - 1) ** 2 - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def hash_to_group(message: bytes, dst: bytes) -> Point:
    """RFC 9380 appendix B."""
    return from_uniform(expand_message_xmd("sha512", message, dst, 64))


def add(left: Point, right: Point) -> Point:
    """Complete addition on edwards25519 in extended coordinates (RFC 8032 section 5.1.4)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = left, right
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(point: Point, scalar: int) -> Point:
    """Double and add, from the highest bit down."""
    total = IDENTITY
    for bit in bin(scalar % ORDER)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total
