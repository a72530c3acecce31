"""Numbers encrypted so that somebody else can add them up: exponential ElGamal over ristretto255, in limbs of 16 bits.

The holder of the keys encrypts and decrypts; anybody adds. Each limb has a key pair of its own, so the limbs of a number share
their randomness: a ciphertext has one element more than there are limbs. What is decrypted is a sum of limbs times the
generator, so it must be small enough to be searched for: a bound of 2^40 (2^24 limbs of 16 bits) takes 2^20 steps.

Security: decisional Diffie-Hellman, chosen plaintext. Who adds can change a ciphertext at will; nothing here notices.
Source: T. ElGamal, CRYPTO 1984, additive form: Cramer, Gennaro, Schoenmakers, EUROCRYPT 1997 section 2.4; one randomness for
several keys: K. Kurosawa, PKC 2002, and Bellare, Boldyreva, Staddon, PKC 2003; search: Shanks 1971.
"""

from __future__ import annotations

from atoll import _core
from atoll._core import SecretScalars

LIMB_BITS = 16
MAX_LIMBS = 4
NUMBER_BYTES = 8
"""A number in a packed list, little-endian."""


def ciphertext_bytes(limbs: int) -> int:
    """Bytes of a ciphertext of so many limbs."""
    return 32 * (limbs + 1)


def public_keys(keys: SecretScalars) -> bytes:
    """The public keys, 32 bytes a limb."""
    return _core.elgamal_public_keys(keys)


def encrypt(numbers: bytes, keys: SecretScalars, randomness: SecretScalars) -> bytes:
    """Each number under all keys, packed in order.

    Args:
        numbers: NUMBER_BYTES each, below 2^(16 limbs).
        keys: one a limb, 1 to MAX_LIMBS.
        randomness: one a number, fresh.

    Raises:
        ValueError: a number has more limbs than there are keys, or numbers and randomness differ in number.

    Cost: a multiplication of the generator a limb, and one more, in constant time.
    """
    return _core.elgamal_encrypt(numbers, keys, randomness)


def zero(limbs: int) -> bytes:
    """Where adding begins; not fit to be sent before it is refreshed."""
    return _core.elgamal_zero(limbs)


def add_up(total: bytes, ciphertexts: bytes, places: bytes) -> bytes:
    """`total` plus the ciphertexts at `places`.

    Args:
        total: `zero`, or what this function gave.
        ciphertexts: packed, from elsewhere. All are checked, so that a refusal says nothing about the places.
        places: 4 bytes each, little-endian.

    Raises:
        PointError: `.index` counts elements; the first that is none.
        ValueError: not whole ciphertexts, or a place past the last.

    Leaks: to whoever watches this process's memory accesses, the places. Cost: one decoding an element.
    """
    return _core.elgamal_add_up(total, ciphertexts, places)


def refresh(total: bytes, publics: bytes, randomness: SecretScalars) -> bytes:
    """`total` under fresh randomness (one scalar): for the holder of the keys, no sign is left of what was added.

    Raises:
        PointError: a public key is not an element.
    """
    return _core.elgamal_refresh(total, publics, randomness)


def decrypt(ciphertext: bytes, keys: SecretScalars, bound: int) -> int | None:
    """The number, each limb of which is at most `bound` (carries into the next limb are fine); None if one is above.

    Raises:
        PointError: a part of the ciphertext is not an element.
        ValueError: another number of parts, or a bound from 2^48.

    Cost: about 3 sqrt(bound) additions and encodings a limb, and some 24 sqrt(bound) bytes: a second for 2^40.
    """
    limbs = _core.elgamal_decrypt(ciphertext, keys, bound)
    return None if limbs is None else sum(limb << LIMB_BITS * place for place, limb in enumerate(limbs))
