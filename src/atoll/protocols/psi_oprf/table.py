"""The table: a short tag of the function's value at every key of a set, and of dummies, sorted.

On the wire and in a cache a large table is two lists: how many tags begin with each pair of bytes, 2 bytes a pair, and the rest
of every tag, in order. That is two bytes a tag less; the tags themselves are random and cannot be shortened further.

    table = counts of the 65,536 first pairs, 2 bytes little-endian each || tags without their first pair    from 2^17 entries
    table = tags                                                                                              below
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol, TypeAlias

import numpy as np

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.oprf import OUTPUT_BYTES, ServerKey
from atoll.protocols.psi.cut import bucket_count
from atoll.protocols.psi.items import DIGEST_BYTES, Items
from atoll.protocols.psi.rows import Places
from atoll.protocols.psi_oprf.errors import TableUnusable
from atoll.protocols.psi_oprf.params import MAX_TABLE_ROWS, Epoch, derive_key, padded_entries, tag_bytes

Tags: TypeAlias = np.ndarray[Any, np.dtype[np.bytes_]]

COUNTED_FROM = 1 << 17
_PAIRS = 1 << 16
_PUBLIC_BYTES = 32
_ENTRIES_BYTES = 8


class TableCache(Protocol):
    """Where tables are kept between jobs. Whoever implements it keeps them as it keeps data: sealed, and deletes old ones."""

    def load(self, key: bytes) -> bytes | None:
        """What was last saved under `key`, CACHE_KEY_BYTES; None when there is nothing."""
        ...

    def save(self, key: bytes, table: bytes) -> None:
        """Keep `table` durably under `key`."""
        ...

    def note(self, key: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
        """Change a small note of the epoch `key`, durably and nobody else meanwhile; what it says now.

        Tables may go when there are too many; a note goes with its epoch only.

        Args:
            key: CACHE_KEY_BYTES.
            name: of the note, in lower-case words.
            change: from what the note says, nothing at first, to what it is to say. If it raises, the note stays as it is.
        """
        ...


class MemoryTables:
    """A cache that forgets everything with its process."""

    def __init__(self) -> None:
        self._tables: dict[bytes, bytes] = {}
        self._notes: dict[tuple[bytes, str], bytes] = {}

    def load(self, key: bytes) -> bytes | None:
        return self._tables.get(key)

    def save(self, key: bytes, table: bytes) -> None:
        self._tables[key] = table

    def note(self, key: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
        self._notes[key, name] = change(self._notes.get((key, name), b""))
        return self._notes[key, name]


@dataclass(frozen=True, slots=True)
class Table:
    """A table and the public key that it was made under."""

    public: bytes
    entries: int
    body: bytes = field(repr=False)
    """What is sent."""

    @property
    def digest(self) -> bytes:
        return sha256(self.body).digest()

    def encode(self) -> bytes:
        """For a cache."""
        return self.public + self.entries.to_bytes(_ENTRIES_BYTES, "big") + self.body

    def find(self, tags: bytes) -> Places:
        """The places in packed `tags` (tag_bytes(entries) each) whose tag is in the table, ascending."""
        width = tag_bytes(self.entries)
        ours, theirs = np.frombuffer(tags, f"S{width}"), _unpack(self.body, self.entries)
        near = np.minimum(np.searchsorted(theirs, ours), self.entries - 1)
        return np.flatnonzero(theirs[near] == ours).astype("<u4")

    def is_whole(self) -> bool:
        """Whether the body is tags in ascending order, each once, as many as announced."""
        if len(self.body) != body_bytes(self.entries):
            return False
        try:
            tags = _unpack(self.body, self.entries)
        except ValueError:
            return False
        return bool((tags[:-1] < tags[1:]).all())


def parse_table(data: bytes | None) -> Table | None:
    """What `Table.encode` wrote; None for anything else."""
    if data is None or len(data) < _PUBLIC_BYTES + _ENTRIES_BYTES:
        return None
    public, rest = data[:_PUBLIC_BYTES], data[_PUBLIC_BYTES:]
    table = Table(public, int.from_bytes(rest[:_ENTRIES_BYTES], "big"), rest[_ENTRIES_BYTES:])
    return table if table.entries and table.is_whole() else None


def body_bytes(entries: int) -> int:
    """Length of the table of so many entries."""
    if entries < COUNTED_FROM:
        return entries * tag_bytes(entries)
    return 2 * _PAIRS + entries * (tag_bytes(entries) - 2)


def prepare_table(items: Items, *, epoch: Epoch, secret: bytes, cache: TableCache) -> Table:
    """The owner's table of an epoch, from the cache or made now: what a node does when it begins an epoch.

    Args:
        items: the whole set of the dataset version.
        epoch: that version, and the epoch.
        secret: as `derive_key`.
        cache: the owner's own.

    Raises:
        TableUnusable: the set is too large.

    Cost: a hash to the group and a multiplication a key, and sorting.
    """
    key = derive_key(secret, epoch)
    kept = parse_table(cache.load(epoch.cache_key))
    if kept is not None and kept.public == key.public:
        return kept
    if items.rows > MAX_TABLE_ROWS:
        raise TableUnusable(found=items.rows, limit=MAX_TABLE_ROWS)
    table = _make(items, epoch, key, SeededEntropy(secret).fork(f"psi-oprf dummies {epoch.cache_key.hex()}"))
    cache.save(epoch.cache_key, table.encode())
    return table


def _make(items: Items, epoch: Epoch, key: ServerKey, entropy: SeededEntropy) -> Table:
    entries = padded_entries(items.rows)
    width = tag_bytes(entries)
    buckets = items.partition(epoch.salt, bucket_count(items.rows))
    try:
        tags = b"".join(
            shorten(key.outputs(buckets.load(number).digests, DIGEST_BYTES), width) for number in range(len(buckets))
        )
    finally:
        buckets.close()
    unique = np.unique(np.frombuffer(tags, f"S{width}"))
    while len(unique) < entries:  # dummies, and again should one be there already
        more = np.frombuffer(entropy.bytes(width * (entries - len(unique))), f"S{width}")
        unique = np.union1d(unique, more)
    return Table(key.public, entries, _pack(unique, width))


def shorten(outputs: bytes, width: int) -> bytes:
    """The tags of packed outputs: their first `width` bytes."""
    return np.frombuffer(outputs, np.uint8).reshape(-1, OUTPUT_BYTES)[:, :width].tobytes()


def _pack(tags: Tags, width: int) -> bytes:
    if len(tags) < COUNTED_FROM:
        return tags.tobytes()
    table = np.frombuffer(tags.tobytes(), np.uint8).reshape(-1, width)
    pairs = table[:, 0].astype(np.int64) << 8 | table[:, 1]
    counts = np.bincount(pairs, minlength=_PAIRS)
    if counts.max() >= 1 << 16:
        raise ValueError("tags are not spread evenly")  # one run in 2^1000
    return counts.astype("<u2").tobytes() + table[:, 2:].tobytes()


def _unpack(body: bytes, entries: int) -> Tags:
    width = tag_bytes(entries)
    if entries < COUNTED_FROM:
        return np.frombuffer(body, f"S{width}")
    counts = np.frombuffer(body[: 2 * _PAIRS], "<u2")
    pairs = np.repeat(np.arange(_PAIRS, dtype=">u2"), counts).view(np.uint8).reshape(-1, 2)
    rest = np.frombuffer(body, np.uint8, offset=2 * _PAIRS).reshape(-1, width - 2)
    if len(pairs) != entries:
        raise ValueError("the counts are not those of the tags")
    return np.ascontiguousarray(np.concatenate([pairs, rest], axis=1)).view(f"S{width}").reshape(-1)
