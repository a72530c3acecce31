"""Timestamped cosignatures on checkpoints: a witness says when a log's tree was the largest it had seen.

    signed message:  cosignature/v1
                     time 1679315147
                     <the checkpoint's text>
    signature bytes: 8 bytes of big-endian time || 64 bytes of Ed25519

The message does not name the witness, so one key must never serve two names. Source: C2SP tlog-cosignature, type 0x04.
"""

from __future__ import annotations

from collections.abc import Callable

from atoll.ledger.errors import NoteFormatError
from atoll.ledger.note_fields import MAX_NUMBER
from atoll.primitives.ed25519 import SIGNATURE_BYTES, is_signature

Sign = Callable[[bytes], bytes]
"""Signs a message; the key stays behind it (`atoll.trust`)."""

COSIGNATURE_BYTES = 8 + SIGNATURE_BYTES


def cosigned_message(text: str, timestamp: int) -> bytes:
    """The bytes that a cosignature signs."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def make_cosignature(text: str, timestamp: int, sign: Sign) -> bytes:
    """Cosign a checkpoint.

    Args:
        text: the checkpoint's whole text, last newline included.
        timestamp: Unix seconds; the signer has seen no larger tree of this log at that time.

    Returns:
        COSIGNATURE_BYTES bytes.
    """
    if not 0 < timestamp <= MAX_NUMBER:
        raise ValueError("a cosignature needs a time")
    return timestamp.to_bytes(8, "big") + sign(cosigned_message(text, timestamp))


def parse_cosignature(body: bytes) -> tuple[int, bytes]:
    """Time and Ed25519 signature of a cosignature.

    Raises:
        NoteFormatError: of another length, or with a time past 2^63 - 1.
    """
    timestamp = int.from_bytes(body[:8], "big")
    if len(body) != COSIGNATURE_BYTES or timestamp > MAX_NUMBER:
        raise NoteFormatError(reason="a cosignature is not a time and an Ed25519 signature")
    return timestamp, body[8:]


def is_cosignature(public: bytes, text: str, body: bytes) -> bool:
    """Whether `body` is a cosignature on `text` by the Ed25519 key `public`; anything malformed is a no."""
    try:
        timestamp, signature = parse_cosignature(body)
    except NoteFormatError:
        return False
    return is_signature(public, cosigned_message(text, timestamp), signature)
