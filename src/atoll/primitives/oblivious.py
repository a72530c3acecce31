"""An oblivious function on Curve25519 whose client multiplies fixed points only.

The holder of a key k has the function m -> u of k.H(m), where H hashes to the group (`edwards25519_XMD:SHA-512_ELL2_RO_`
of RFC 9380 section 8.5); its public key is K = k.G. Who wants the value at m sends H(m) + r.G for a fresh uniform r, gets k
times that, and takes r.K off. Multiples of the fixed points G and K come from tables, for a sixth of what any other takes.

    blind(m) = H(m) + r.G     answer(B) = k.B     unblind(A) = u of A - r.K     evaluate(m) = u of k.H(m)

H(m) + r.G is uniform whatever m is, so the question hides m perfectly. Nothing shows that an answer was made with k: what a
hostile answer holds is a matter for the protocol (`specs/psi-ecdh.md`). For the function of RFC 9497 see `oprf`.

Lists are packed, points encoded as in RFC 8032 section 5.1.2, 32 bytes. Kernels are those of `ristretto.kernels`; results
are the same to the bit. Source: S. Jarecki, H. Krawczyk, J. Xu, On the (in)security of the Diffie-Hellman oblivious PRF with
multiplicative blinding, PKC 2021, where groups are written as products.
"""

from __future__ import annotations

from atoll import _core
from atoll._core import ClampedSecret, ObliviousKey, SecretScalars

__all__ = [
    "GENERATOR",
    "POINT_BYTES",
    "ClampedSecret",
    "ObliviousKey",
    "SecretScalars",
    "answer",
    "blind",
    "evaluate",
    "public_key",
    "unblind",
]

POINT_BYTES = 32

GENERATOR = bytes([0x58]) + bytes([0x66] * 31)
"""G of RFC 8032 section 5.1, encoded."""


def public_key(key: ClampedSecret) -> bytes:
    """K, 32 bytes: what `ObliviousKey.from_point` takes on the other side."""
    return answer(GENERATOR, key)


def blind(
    items: bytes | bytearray,
    item_bytes: int,
    blinders: SecretScalars,
    dst: bytes,
    *,
    threads: int = 0,
    kernel: str | None = None,
) -> bytes:
    """The question for each item: the item hashed under `dst`, plus the generator times the blinder of its place.

    Args:
        items: n times `item_bytes` bytes; time depends on their number and length, not on what they are.
        item_bytes: length of an item, from 1.
        blinders: one an item, fresh, never sent; the same ones go into `unblind`.
        dst: domain tag, not empty; both sides use the same.
        threads: 0 for as many as the process may run.
        kernel: one of `ristretto.kernels`, for tests and measurements; None for the best.

    Raises:
        ValueError: `items` is not a whole number of them, not as many as blinders, or the tag is empty.

    Leaks: the number of items. Cost: two maps with a root each and 43 additions an item. Other Python threads run meanwhile.
    """
    return _core.oblivious_blind(items, item_bytes, blinders, dst, threads, kernel)


def answer(points: bytes | bytearray, key: ClampedSecret, *, threads: int = 0, kernel: str | None = None) -> bytes:
    """Each of the packed `points`, checked, times `key`.

    Raises:
        PointError: `.index` is the first that is no canonical encoding of a point, or of one of small order; bytes that make no
            whole point count as one more.

    Cost: a root, a ladder of 254 steps. A part of small order in a point does not come back.
    """
    return _core.oblivious_answer(points, key, threads, kernel)


def unblind(answers: bytes | bytearray, blinders: SecretScalars, key: ObliviousKey, *, threads: int = 0) -> bytes:
    """The value in each answer, checked: the u of the answer less `key` times the blinder of its place, 32 bytes.

    Raises:
        PointError: as `answer`.
        ValueError: not as many answers as blinders.

    Cost: a root and 43 additions. Runs the kernel that `key` was made for.
    """
    return _core.oblivious_unblind(answers, blinders, key, threads)


def evaluate(
    items: bytes | bytearray, item_bytes: int, key: ClampedSecret, dst: bytes, *, threads: int = 0, kernel: str | None = None
) -> bytes:
    """The value of each item, 32 bytes, for who has the key.

    Args and raises as `blind`. Cost: two maps with a root each and a ladder an item.
    """
    return _core.oblivious_evaluate(items, item_bytes, key, dst, threads, kernel)
