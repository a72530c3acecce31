"""A public key in a form that two people can read to each other.

Thirty-two hexadecimal digits in groups of four, 128 bits of SHA-256: making a second key with the fingerprint of a given one
costs about 2^128 steps. (Two keys of one's own with equal fingerprints cost 2^64, and gain nothing.)
"""

from __future__ import annotations

import hashlib

from atoll.trust.algorithms import Algorithm

SHOWN_BYTES = 16
"""Bytes of the digest that people see."""


def derive_key_digest(algorithm: Algorithm, public: bytes) -> bytes:
    """SHA-256 over the key and its algorithm, 32 bytes; what invites are bound to."""
    return hashlib.sha256(b"atoll/key/1\0" + str(algorithm).encode() + b"\0" + public).digest()


def encode_fingerprint(digest: bytes) -> str:
    """The first SHOWN_BYTES of a digest as people see it, `3f2a-91bc-...`."""
    shown = digest[:SHOWN_BYTES].hex()
    return "-".join(shown[at : at + 4] for at in range(0, len(shown), 4))


def fingerprint(algorithm: Algorithm, public: bytes) -> str:
    """A public key's fingerprint, eight groups of four digits."""
    return encode_fingerprint(derive_key_digest(algorithm, public))
