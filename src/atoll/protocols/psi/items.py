"""What an intersection takes in and gives back, whatever protocol runs it and wherever the rows lie.

A set may have a hundred million keys, so no protocol asks for a list of them. It draws a salt with the others once the job has
started, has the set hashed and cut into buckets under it, and loads one bucket at a time. Where the set lies meanwhile, in
memory or on disk, is its own business (`atoll.sources` brings the large ones, `memory` the small ones).

    keys of the table --(salt)--> digests, 16 bytes each --> buckets, the same on every side for equal keys

A *row* is the number of a row in the source, from 0. A *key* is what several rows may share; a bucket lists each key once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

DIGEST_BYTES = 16
"""A key under the job's salt. Two different keys of 2^32 have one digest with probability 2^(64 - 128 - 1) = 2^-65; the salt is
drawn jointly once the sets are fixed, so nobody can look for such a pair beforehand."""

ROW_BYTES = 4
"""A row number, little-endian."""

MAX_ROWS = (1 << 32) - 1
"""Largest set."""

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Bucket:
    """Some keys of a set and the rows that have them. Three packed lists; `len` is the number of keys."""

    digests: bytes = field(repr=False)
    """DIGEST_BYTES a key; distinct, ascending."""
    ends: bytes = field(repr=False)
    """ROW_BYTES a key, little-endian: where the key's rows end in `rows`, counted in rows."""
    rows: bytes = field(repr=False)
    """ROW_BYTES a row, little-endian: grouped by key in the order of `digests`, ascending within a key."""

    def __len__(self) -> int:
        return len(self.digests) // DIGEST_BYTES


class Buckets(Protocol):
    """A set, hashed and cut. Asking again gives the same; `close` forgets it."""

    @property
    def keys(self) -> int:
        """Distinct keys in all buckets together."""
        ...

    def __len__(self) -> int:
        """Number of buckets."""
        ...

    def size(self, bucket: int) -> int:
        """Distinct keys in one bucket."""
        ...

    def load(self, bucket: int) -> Bucket:
        """One bucket, whole."""
        ...

    def load_digests(self, bucket: int) -> bytes:
        """`Bucket.digests` of one alone, for whoever needs no rows."""
        ...

    def load_rows(self, bucket: int) -> tuple[bytes, bytes]:
        """`Bucket.ends` and `Bucket.rows` of one, for whoever needs no digests."""
        ...

    def close(self) -> None:
        """Delete what the cut left on disk. May be called twice."""
        ...


class Items(Protocol):
    """One party's set: the normalised keys of its rows, read and kept, not yet hashed."""

    @property
    def rows(self) -> int:
        """Rows that have a key, rows with equal keys counted each; 0 to MAX_ROWS."""
        ...

    def partition(self, salt: bytes, buckets: int) -> Buckets:
        """Hash every key under `salt` and cut the set.

        A key's digest is the first DIGEST_BYTES of SHA-256(domain || salt || key), `hashing.digest_key`. Its bucket is
        floor(d * buckets / 2^32), d the first 4 bytes of the digest, big-endian.

        Args:
            salt: SALT_BYTES, the same on every side.
            buckets: 1 to 65,536.

        Cost: one pass over the keys; a cut that does not fit in memory goes to disk once.
        """
        ...


@dataclass(frozen=True, slots=True)
class Matches:
    """What a receiver learns."""

    keys: int
    """Distinct keys that are in the intersection."""
    rows: bytes = field(repr=False)
    """The receiver's rows that have such a key, ROW_BYTES each, little-endian, ascending."""
