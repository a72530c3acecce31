"""A small set in memory: for tests, examples, and whoever reads a protocol for the first time."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from atoll.protocols.psi.hashing import bucket_of, digest_key
from atoll.protocols.psi.items import Bucket, Buckets


class MemoryItems:
    """The keys of rows 0, 1, 2, ..., None for a row without one; the reference that every other `Items` must equal."""

    def __init__(self, keys: Iterable[bytes | None]) -> None:
        self._keys = list(keys)

    @property
    def rows(self) -> int:
        return len(self._keys) - self._keys.count(None)

    def partition(self, salt: bytes, buckets: int) -> Buckets:
        cut: list[dict[bytes, list[int]]] = [{} for _ in range(buckets)]
        for row, key in enumerate(self._keys):
            if key is None:
                continue
            digest = digest_key(salt, key)
            cut[bucket_of(digest, buckets)].setdefault(digest, []).append(row)
        return _MemoryBuckets([_pack(one) for one in cut])


class _MemoryBuckets:
    def __init__(self, buckets: list[Bucket]) -> None:
        self._buckets = buckets

    @property
    def keys(self) -> int:
        return sum(map(len, self._buckets))

    def __len__(self) -> int:
        return len(self._buckets)

    def size(self, bucket: int) -> int:
        return len(self._buckets[bucket])

    def load(self, bucket: int) -> Bucket:
        return self._buckets[bucket]

    def load_digests(self, bucket: int) -> bytes:
        return self._buckets[bucket].digests

    def load_rows(self, bucket: int) -> tuple[bytes, bytes]:
        return self._buckets[bucket].ends, self._buckets[bucket].rows

    def close(self) -> None:
        """Nothing is on disk."""


def _pack(groups: dict[bytes, list[int]]) -> Bucket:
    digests = sorted(groups)
    rows = [row for digest in digests for row in groups[digest]]
    ends, end = [], 0
    for digest in digests:
        end += len(groups[digest])
        ends.append(end)
    return Bucket(b"".join(digests), struct.pack(f"<{len(ends)}I", *ends), struct.pack(f"<{len(rows)}I", *rows))
