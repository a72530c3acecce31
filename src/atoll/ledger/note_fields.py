"""Decimal numbers and base64, in the one form that C2SP texts allow for each value."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

MAX_NUMBER = (1 << 63) - 1
"""Largest size, index or timestamp."""


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding, RFC 4648 section 4."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes | None:
    """The bytes, or None: foreign characters, missing padding, or set bits where padding belongs."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return data if encode_base64(data) == text else None


def parse_number(text: str) -> int | None:
    """The number, 0 to MAX_NUMBER, or None: signs, spaces, leading zeros, digits other than 0 to 9."""
    if not 1 <= len(text) <= 19 or not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
        return None
    number = int(text)
    return number if number <= MAX_NUMBER else None


def parse_hash(text: str) -> bytes | None:
    """The 32 bytes of a base64 line, or None."""
    data = parse_base64(text)
    return data if data is not None and len(data) == 32 else None
