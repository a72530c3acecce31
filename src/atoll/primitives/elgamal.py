"""Numbers encrypted so that somebody else can add them up: exponential ElGamal over ristretto255.

The holder of the key encrypts; anybody adds. Who added opens the sum with the holder's help (`blind`, `decryption_share`,
`open_sum`), and the holder sees neither the sum nor what is in it; who opens sees the sum and nothing else. What is opened is a
number times the generator, so it must be small enough to be searched for, up to 2^47 either way. The numbers that are added may
be larger.

Security: decisional Diffie-Hellman, chosen plaintext; what is blinded is hidden as well as its randomness is random. Who adds
can have opened what it likes, and the holder can encrypt and answer what it likes; nothing here notices.
Source: T. ElGamal, CRYPTO 1984, additive form: Cramer, Gennaro, Schoenmakers, EUROCRYPT 1997 section 2.4; blind decoding:
K. Sakurai, Y. Yamane, Information Hiding 1996; search: Shanks 1971.
"""

from __future__ import annotations

from atoll import _core
from atoll._core import SecretScalars

CIPHERTEXT_BYTES = 64
NUMBER_BYTES = 8
"""A number in a packed list: two's complement, little-endian."""
MAX_BOUND = 1 << 47
"""Largest sum, either way, that can be searched for."""


def public_key(key: SecretScalars) -> bytes:
    """The public key of one scalar, 32 bytes."""
    return _core.elgamal_public_key(key)


def encrypt(numbers: bytes, key: SecretScalars, randomness: SecretScalars) -> bytes:
    """Each number, packed in order.

    Args:
        numbers: NUMBER_BYTES each.
        key: one scalar.
        randomness: one a number, fresh.

    Raises:
        ValueError: numbers and randomness differ in number, or there are several keys.

    Cost: two multiplications of the generator a number, in constant time.
    """
    return _core.elgamal_encrypt(numbers, key, randomness)


def zero() -> bytes:
    """Where adding begins. A total itself is never sent, only what `blind` makes of it."""
    return _core.elgamal_zero()


def add_up(total: bytes, ciphertexts: bytes, places: bytes) -> bytes:
    """`total` plus the ciphertexts at `places`.

    Args:
        total: `zero`, or what this function gave.
        ciphertexts: packed, from elsewhere. All are checked, so that a refusal says nothing about the places.
        places: 4 bytes each, little-endian.

    Raises:
        PointError: `.index` counts elements, two a ciphertext; the first that is none.
        ValueError: not whole ciphertexts, or a place past the last.

    Leaks: to whoever watches this process's memory accesses, the places. Cost: one decoding an element.
    """
    return _core.elgamal_add_up(total, ciphertexts, places)


def blind(total: bytes, randomness: SecretScalars) -> bytes:
    """What the holder of the key needs of `total` to open it: one element, uniform, so it shows nothing of what was added.

    Args:
        total: `zero`, or what `add_up` gave.
        randomness: one scalar, fresh for each total; `open_sum` needs it again.
    """
    return _core.elgamal_blind(total, randomness)


def decryption_share(blinded: bytes, key: SecretScalars) -> bytes:
    """The element multiplied by the key, 32 bytes; for the holder of the key.

    Raises:
        PointError: it is no element other than the identity.
        ValueError: it does not have 32 bytes.

    Leaks: whoever has it opens one sum, of whatever it made `blinded` from.
    """
    return _core.elgamal_decryption_share(blinded, key)


def open_sum(total: bytes, public: bytes, share: bytes, randomness: SecretScalars, bound: int) -> int | None:
    """The number in `total`.

    Args:
        total: as `blind` was given it.
        public: the public key, 32 bytes.
        share: what `decryption_share` gave for it.
        randomness: as `blind` was given it.
        bound: the largest number, either way, that is looked for, 0 to MAX_BOUND.

    Returns:
        None if it is beyond the bound: it is too large, or ciphertexts or share were not made as they should be.

    Raises:
        PointError: the public key or the share is no element other than the identity.
        ValueError: a part has another length, or the bound is too large.

    Leaks: to whoever watches this process's memory accesses, the number. Cost: additions and encodings (`search_steps`), as
    many whatever is found. Up to 80 MiB.
    """
    return _core.elgamal_open(total, public, share, randomness, bound)


def search_steps(bits: int) -> int:
    """How many steps `open_sum` takes, to the nearest few, for a bound of so many bits, its sign among them."""
    small = 1 << min(bits // 2, 21)
    return small + (1 << bits) // small
