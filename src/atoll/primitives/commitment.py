"""A promise about bytes that shows nothing until it is opened.

    commitment = SHA-256(tag || opening || length of domain || domain || length of message || message)

with lengths as 64 bits big-endian and a fresh secret opening of 32 bytes. Binding because SHA-256 resists collisions and the
frame can be read in one way only; hiding, with SHA-256 as a random oracle, because the opening has 256 bits, so even a yes or
no can be committed to (SECURITY.md 2.1).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from atoll.ports import Entropy
from atoll.primitives.errors import CommitmentError

OPENING_BYTES = 32
COMMITMENT_BYTES = 32

_TAG = b"atoll commitment v1"


def draw_opening(entropy: Entropy) -> bytes:
    """A fresh opening; used for one commitment, kept by those who may open it."""
    return entropy.bytes(OPENING_BYTES)


def commit(domain: str, opening: bytes, message: bytes) -> bytes:
    """The commitment to `message`, 32 bytes.

    Args:
        domain: what kind of thing is committed to, such as `receipt/result/1`; a commitment never opens under another.
        opening: 32 secret uniform bytes, fresh for each commitment.
        message: any bytes.

    Raises:
        ValueError: the opening is not 32 bytes.

    Leaks: nothing about the message while the opening is secret, not even its length.
    """
    return commit_parts(domain, opening, len(message), (message,))


def commit_parts(domain: str, opening: bytes, length: int, parts: Iterable[bytes | memoryview]) -> bytes:
    """`commit` to a message that is never in memory whole.

    Args:
        length: of the message, in bytes.
        parts: the message, in pieces.

    Raises:
        ValueError: the opening is not 32 bytes, or the parts are not `length` bytes.
    """
    if len(opening) != OPENING_BYTES:
        raise ValueError(f"{len(opening)} bytes given, {OPENING_BYTES} needed")
    digest = hashlib.sha256(_TAG + opening + _frame(domain.encode()) + length.to_bytes(8, "big"))
    for part in parts:
        digest.update(part)
        length -= len(part)
    if length:
        raise ValueError("the parts are not as long as was said")
    return digest.digest()


def is_opening(commitment: bytes, domain: str, opening: bytes, message: bytes) -> bool:
    """Whether `opening` and `message` are what `commitment` was made from; anything malformed is a no."""
    return len(opening) == OPENING_BYTES and hmac.compare_digest(commitment, commit(domain, opening, message))


def verify_opening(commitment: bytes, domain: str, opening: bytes, message: bytes) -> None:
    """Check an opening.

    Raises:
        CommitmentError: it does not fit.
    """
    if not is_opening(commitment, domain, opening, message):
        raise CommitmentError()


def _frame(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part
