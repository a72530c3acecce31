"""ristretto255 (RFC 9496): a group of prime order, about 2^252, where every element has exactly one encoding.

Elements are 32 bytes, lists of them are packed. What comes from outside is checked in `multiply`, `add` and `is_point`:
canonical, and not the identity. Secrets are `SecretScalar`s, which cannot be printed; operations with them take constant time.

Lists go through a kernel: eight elements at once where the processor has AVX-512 IFMA ("ifma", about 17,000 cycles an element),
four where it has AVX2 ("avx2", four times as long), one at a time elsewhere ("portable", six times as long). Results are
the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from atoll import _core
from atoll._core import SecretScalar
from atoll.ports import Entropy

__all__ = [
    "POINT_BYTES",
    "SCALAR_BYTES",
    "SecretScalar",
    "add",
    "blind",
    "blind_packed",
    "draw_secret",
    "expand_message_xmd",
    "from_uniform",
    "hash_to_group",
    "is_point",
    "kernels",
    "multiply",
    "multiply_base",
]

POINT_BYTES = 32
SCALAR_BYTES = 32


def draw_secret(entropy: Entropy) -> SecretScalar:
    """A fresh secret from 64 bytes of `entropy`; its bias is below 2^-250."""
    return SecretScalar.from_wide(entropy.bytes(64))


def is_point(data: bytes) -> bool:
    """Whether `data` is the encoding of an element other than the identity."""
    return _core.is_point(data)


def add(left: bytes, right: bytes) -> bytes:
    """The sum of two elements; it can be the identity (32 zero bytes).

    Raises:
        PointError: one is not an element, or is the identity; `.index` is 0 for `left`, 1 for `right`.
    """
    return _core.add_points(left, right)


def from_uniform(data: bytes) -> bytes:
    """The element for 64 uniform bytes: the one-way map of RFC 9496 section 4.3.4."""
    return _core.point_from_uniform(data)


def hash_to_group(message: bytes, dst: bytes) -> bytes:
    """hash_to_ristretto255 of RFC 9380 appendix B, with expand_message_xmd and SHA-512.

    Args:
        message: any bytes; time depends on their number only.
        dst: domain tag, not empty; names the protocol and its version, and what the result is for.
    """
    return _core.hash_to_group(message, dst)


def expand_message_xmd(hash_name: Literal["sha256", "sha512"], message: bytes, dst: bytes, length: int) -> bytes:
    """`length` uniform bytes (RFC 9380 section 5.3.1); a tag above 255 bytes is hashed first (section 5.3.3).

    Raises:
        ValueError: empty tag, or a length that is 0, above 255 digests or above 65,535 bytes.
    """
    return _core.expand_message_xmd(hash_name, message, dst, length)


def multiply_base(secret: SecretScalar) -> bytes:
    """The generator times `secret`: its public key."""
    return _core.multiply_base(secret)


def kernels() -> tuple[str, ...]:
    """The kernels that this processor runs, the best first; names for the `kernel` of the functions below."""
    return tuple(_core.curve_kernels())


def multiply(points: bytes | bytearray, secret: SecretScalar, *, threads: int = 0, kernel: str | None = None) -> bytes:
    """Each of the packed `points`, checked, times `secret`, packed in order.

    Args:
        points: from the other side; n times 32 bytes.
        secret: this session's.
        threads: 0 for as many as the process may run.
        kernel: one of `kernels`, for tests and measurements; None for the best.

    Raises:
        PointError: `.index` is the first that is not canonical or is the identity; bytes that make no whole point count as
            one more.

    Cost: one decoding and one multiplication a point, one inversion a 256. Other Python threads run meanwhile.
    """
    return _core.multiply(points, secret, threads, kernel)


def blind(items: Sequence[bytes], secret: SecretScalar, dst: bytes, *, threads: int = 0, kernel: str | None = None) -> bytes:
    """Each item hashed to the group under `dst` and multiplied by `secret`, packed in order, 32 bytes each.

    Args:
        items: any bytes; time depends on their number and lengths, not on what they are.
        secret: this session's; never reused for another, never sent.
        dst: domain tag, not empty; both sides use the same.
        threads: 0 for as many as the process may run.
        kernel: one of `kernels`, for tests and measurements; None for the best.

    Leaks: the number of items. Cost: one hash to the group and one multiplication an item. Other Python threads run meanwhile.
    Source: RFC 9380 appendix B for the hash; the blinding is the first step of Diffie-Hellman private set intersection.
    """
    return _core.blind(items, secret, dst, threads, kernel)


def blind_packed(
    items: bytes | bytearray,
    item_bytes: int,
    secret: SecretScalar,
    dst: bytes,
    *,
    threads: int = 0,
    kernel: str | None = None,
) -> bytes:
    """`blind` for items of one length, packed: no Python object an item.

    Args:
        items: n times `item_bytes` bytes.
        item_bytes: length of an item, from 1.
        secret: this session's.
        dst: domain tag, not empty.
        threads: 0 for as many as the process may run.
        kernel: one of `kernels`, for tests and measurements; None for the best.

    Raises:
        ValueError: `items` is not a whole number of them, or the tag is empty.
    """
    return _core.blind_packed(items, item_bytes, secret, dst, threads, kernel)
