"""The state tree by its definition, and slow: the judge of `atoll.primitives.smt`.

A tree is a function of the set of keys and nothing else, so it is computed from that set each time, by one recursion over the
bits of the key hashes. Neighbours are found by sorting. Layout: ICS 23 `SmtSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

EMPTY = bytes(32)


def bits(key: bytes) -> str:
    """The way of a raw key from the root: "0" is left, "1" is right."""
    return f"{int.from_bytes(sha256(key).digest(), 'big'):0256b}"


def root(entries: Mapping[bytes, bytes], prefix: str = "") -> bytes:
    """Root over the entries, all of whose ways begin with `prefix`."""
    if not entries:
        return EMPTY
    if len(entries) == 1:
        [(key, value)] = entries.items()
        return sha256(b"\x00" + sha256(key).digest() + sha256(value).digest()).digest()
    return sha256(b"\x01" + b"".join(root(_below(entries, prefix + bit), prefix + bit) for bit in "01")).digest()


def siblings(entries: Mapping[bytes, bytes], key: bytes, prefix: str = "") -> list[bytes]:
    """Hashes beside the way of `key`, from the root downwards."""
    if len(entries) < 2:
        return []
    bit = bits(key)[len(prefix)]
    other = "1" if bit == "0" else "0"
    below = siblings(_below(entries, prefix + bit), key, prefix + bit)
    return [root(_below(entries, prefix + other), prefix + other), *below]


def neighbours(entries: Mapping[bytes, bytes], key: bytes) -> tuple[bytes | None, bytes | None]:
    """The raw keys just left and just right of an absent one."""
    left = [other for other in entries if bits(other) < bits(key)]
    right = [other for other in entries if bits(other) > bits(key)]
    return max(left, key=bits, default=None), min(right, key=bits, default=None)


def _below(entries: Mapping[bytes, bytes], prefix: str) -> dict[bytes, bytes]:
    return {key: value for key, value in entries.items() if bits(key).startswith(prefix)}
