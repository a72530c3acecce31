"""The small mathematics around the kernels: what an instance is bound to, dummies, and the way back from places to rows."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.psi.errors import BucketOverflow
from atoll.protocols.psi.items import DIGEST_BYTES, ROW_BYTES

_DOMAIN = b"ATOLL-V01-PSI-RR22-BUCKET"

Rows: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]
"""Row numbers."""


def instance_domain(context: bytes, salt: bytes, bucket: int) -> bytes:
    """What both sides know of a bucket's instance and no other instance has. The salt was drawn once the sets were fixed."""
    return sha256(_DOMAIN + context + salt + bucket.to_bytes(8, "big")).digest()


def pad(digests: bytes, size: int, entropy: SeededEntropy, *, number: int) -> bytes:
    """The digests of bucket `number` and dummies behind them, `size` in all.

    Dummies are random digests: another side has one with probability 2^-128 a pair.

    Raises:
        BucketOverflow: the bucket has more keys than `size`.
    """
    keys = len(digests) // DIGEST_BYTES
    if keys > size:
        raise BucketOverflow(bucket=number, found=keys, limit=size)
    return digests + entropy.bytes(DIGEST_BYTES * (size - keys))


def flags_of(places: bytes, keys: int) -> bytes:
    """Matched places as one bit a key, packed; places behind the keys are dummies and do not count."""
    found = np.frombuffer(places, "<u4")
    flags = np.zeros(keys, np.bool_)
    flags[found[found < keys]] = True
    return np.packbits(flags).tobytes()


def flags_bytes(keys: int) -> int:
    """Length of `flags_of`."""
    return -(-keys // 8)


def rows_of(ends: bytes, packed_rows: bytes, flags: bytes) -> tuple[int, Rows]:
    """How many keys of a bucket are flagged, and the rows that have them."""
    flagged = np.unpackbits(np.frombuffer(flags, np.uint8), count=len(ends) // ROW_BYTES).view(np.bool_)
    rows = np.frombuffer(packed_rows, "<u4")
    matched = int(np.count_nonzero(flagged))
    if len(packed_rows) != len(ends):  # not every key has one row
        flagged = np.repeat(flagged, np.diff(np.frombuffer(ends, "<u4"), prepend=np.uint32(0)))
    return matched, np.compress(flagged, rows)  # a quarter of the time that `rows[flagged]` takes


def pack_rows(parts: list[Rows]) -> bytes:
    """All of them, ascending, ROW_BYTES each."""
    return np.sort(np.concatenate([np.zeros(0, "<u4"), *parts])).astype(f"<u{ROW_BYTES}", copy=False).tobytes()


def add_coins(left: bytes, right: bytes) -> bytes:
    """The coin of two shares."""
    return bytes(one ^ other for one, other in zip(left, right, strict=True))
