"""Payloads sealed under group elements: whoever can compute an element finds its record by a tag, and opens it.

    record = tag, 16 bytes || payload under AES-256-GCM || seal, 16 bytes

SHA-512(prefix || element) gives the tag (bytes 0 to 15) and the key (bytes 32 to 63): with the hash as a random oracle, the tag
says nothing of the key. An element seals one record, so each key is used once, under the nonce zero.

AES-GCM does not commit to its key: whoever seals could make one ciphertext that opens to two payloads under two keys. Here a
record belongs to the one element that its tag names, and who seals may choose payloads as it likes anyway.
"""

from __future__ import annotations

from atoll import _core

TAG_BYTES = 16
SEAL_BYTES = 16


def record_tags(elements: bytes, prefix: bytes) -> bytes:
    """The tags of the records of packed elements, 16 bytes each.

    Args:
        elements: 32 bytes each, not checked.
        prefix: domain tag and context, of a length fixed for the caller.
    """
    return _core.payload_tags(elements, prefix)


def seal_records(elements: bytes, prefix: bytes, payloads: bytes, payload_bytes: int) -> bytes:
    """One record an element, `payload_bytes` + 32 bytes each, packed in order.

    Raises:
        ValueError: not as many payloads as elements.
    """
    return _core.payload_seal(elements, prefix, payloads, payload_bytes)


def open_payloads(elements: bytes, prefix: bytes, sealed: bytes, payload_bytes: int) -> bytes:
    """What is in records without their tags (`payload_bytes` + 16 bytes each), 1 + `payload_bytes` bytes each, packed in order.

    Returns:
        For each record 1 and its payload; zeros for one that was not sealed under its element and prefix.

    Raises:
        ValueError: not as many records as elements.
    """
    return _core.payload_open(elements, prefix, sealed, payload_bytes)
