"""The fingerprint of a source: what it held when it was registered, and the means to notice that it holds something else.

Two methods, both SHA-256:

- `file-sha256/1`, for CSV and Parquet: over the file's bytes.
- `rows-sha256/1`, for SQLite: over the named table's columns and rows in the order of its key, because a database file holds
  other tables beside it and may be rewritten (VACUUM, WAL) without any change of content. The encoding is injective:

      "atoll rows-sha256/1" 00
      each column  43  length(name) name  length(declared type) type
      each row     52, then each cell: 4E | 49 length(digits) digits | 46 double | 54 length(text) text | 42 length(blob) blob

  with lengths as eight big-endian bytes, integers as decimal ASCII digits, doubles as eight bytes of IEEE 754 big-endian.

A fingerprint of a small table can be guessed, so it never leaves the node bare: the ledger holds a salted commitment to it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

FILE_METHOD = "file-sha256/1"
ROWS_METHOD = "rows-sha256/1"
_METHODS = (FILE_METHOD, ROWS_METHOD)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How a source was hashed, and the digest."""

    method: str
    digest: bytes
    """32 bytes."""

    def __post_init__(self) -> None:
        if self.method not in _METHODS or len(self.digest) != hashlib.sha256().digest_size:
            raise ValueError("a fingerprint is a known method and 32 bytes")

    def __str__(self) -> str:
        return f"{self.method}:{self.digest.hex()}"


def parse_fingerprint(text: str) -> Fingerprint:
    """Read `str(fingerprint)` back. Raises ValueError for any other text."""
    method, _, digest = text.partition(":")
    fingerprint = Fingerprint(method, bytes.fromhex(digest))
    if str(fingerprint) != text:
        raise ValueError("a fingerprint has one spelling")
    return fingerprint


class Text(bytes):
    """A cell of text as its undecoded bytes, to tell it from a blob."""


Cell = None | int | float | Text | bytes


class RowHasher:
    """`rows-sha256/1`, one row after the other; memory does not grow."""

    def __init__(self, columns: Iterable[tuple[str, str]]) -> None:
        """Args: columns: name and declared type of every column, in the table's order."""
        self._hash = hashlib.sha256(b"atoll rows-sha256/1\x00")
        for name, declared in columns:
            self._hash.update(b"C" + _prefixed(name.encode()) + _prefixed(declared.encode()))

    def add(self, row: Iterable[Cell]) -> None:
        """Hash one row, every column of it."""
        self._hash.update(b"R" + b"".join(map(_encode_cell, row)))

    def fingerprint(self) -> Fingerprint:
        """Of all rows so far."""
        return Fingerprint(ROWS_METHOD, self._hash.digest())


def _encode_cell(cell: Cell) -> bytes:
    if cell is None:
        return b"N"
    if isinstance(cell, Text):
        return b"T" + _prefixed(cell)
    if isinstance(cell, bytes):
        return b"B" + _prefixed(cell)
    if isinstance(cell, int):
        return b"I" + _prefixed(str(cell).encode())
    return b"F" + struct.pack(">d", cell)


def _prefixed(value: bytes) -> bytes:
    return len(value).to_bytes(8, "big") + value
