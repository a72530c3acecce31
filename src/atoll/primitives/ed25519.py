"""The one Ed25519 verifier, strict so that every node gives the same verdict.

Accepted is RFC 8032 section 5.1.7 with canonical A, R and S, no A or R of small order, and the equation without cofactor
(SECURITY.md 3.8). One function in `rust/core/src/ed25519.rs` decides, for one signature and for many; there is no batch
equation. Signing needs a secret and lives in `atoll.trust`. All inputs here are public, so time may vary with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll import _core
from atoll.primitives.errors import SignatureError

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def is_acceptable_key(public: bytes) -> bool:
    """Whether signatures under `public` can be accepted at all: 32 bytes, canonical, on the curve, not of small order."""
    return _core.ed25519_is_acceptable_key(public)


def is_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is `public`'s on `message`; anything malformed is a no."""
    return _core.ed25519_verify(public, message, signature)


def are_signatures(claims: Sequence[tuple[bytes, bytes, bytes]], *, threads: int = 0) -> list[bool]:
    """`is_signature` of each (public, message, signature), in order.

    Spread over `threads` threads (0: as many as the process may run) while other Python threads go on.
    """
    return _core.ed25519_verify_many(claims, threads)


def verify_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Check that `signature` is `public`'s on `message`.

    Raises:
        SignatureError: it is not.
    """
    if not is_signature(public, message, signature):
        raise SignatureError()
