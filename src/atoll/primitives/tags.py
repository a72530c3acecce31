"""Tags: short digests of group elements, compared in place of them. Packed lists, no Python object a tag.

A protocol that has multiplied items twice compares not the elements but the first bytes of a hash of them under a prefix that
names the job, so that what is sent is shorter and means nothing elsewhere.
"""

from __future__ import annotations

from atoll import _core
from atoll.primitives.drbg import SeededEntropy

MAX_TAG_BYTES = 16
"""Longest tag that is compared here."""


def tags_packed(
    points: bytes | bytearray, prefix: bytes, tag_bytes: int, *, items: bytes | None = None, threads: int = 0
) -> bytes:
    """The first `tag_bytes` bytes of SHA-256(prefix || item || encoding) of each packed encoding, packed in order.

    Args:
        points: n times 32 bytes, not checked.
        prefix: domain tag and context; of a length that is fixed for the caller.
        tag_bytes: 1 to 32.
        items: as many as points, packed, of a length that is fixed for the caller; None for no items.
        threads: 0 for as many as the process may run.

    Raises:
        ValueError: not whole encodings, not as many items, or another length of tags.

    Cost: one block of SHA-256 an encoding when prefix and item have up to 23 bytes, else two or more.
    """
    return _core.tags_packed(points, prefix, tag_bytes, threads, items)


def match_tags(own: bytes | bytearray, theirs: bytes | bytearray, tag_bytes: int) -> bytes:
    """The places in `own` whose tag is in `theirs`: 4 bytes each, little-endian, ascending.

    Args:
        own: packed tags, fewer than 2^32; one may stand there twice.
        theirs: the same.
        tag_bytes: 1 to MAX_TAG_BYTES.

    Raises:
        ValueError: not whole tags, or another length of tags.

    Cost: both lists sorted, 20 bytes of memory a tag. Who chooses tags cannot make it slower than that.
    """
    return _core.match_tags(own, theirs, tag_bytes)


def first_repeated_tag(tags: bytes | bytearray, tag_bytes: int) -> int | None:
    """The lowest place whose tag stands at a lower place too; None when all tags differ.

    Raises:
        ValueError: not whole tags, or another length of tags.

    Cost: as `match_tags`.
    """
    return _core.first_repeated_tag(tags, tag_bytes)


class TagSet:
    """Tags that came in frames, in their order: refuses one that came before, and finds those of another list.

    Cost: 24 bytes a tag, about 50 ns to add or find one. Who sends the tags may choose them; the table's key comes from `seed`.
    """

    def __init__(self, tag_bytes: int, seed: bytes) -> None:
        """
        Args:
            tag_bytes: 1 to MAX_TAG_BYTES.
            seed: 32 bytes that the sender of the tags does not know.
        """
        self._set = _core.TagSet(tag_bytes, SeededEntropy(seed).fork("tag table").bytes(16))

    def __len__(self) -> int:
        return len(self._set)

    def packed(self) -> bytes:
        """All tags, packed, in the order in which they came."""
        return self._set.packed()

    def add(self, tags: bytes | bytearray) -> int | None:
        """Take packed tags in, up to the first that is there already; the place of that one among them, or None.

        Raises:
            ValueError: not whole tags, or 2^31 of them.
        """
        return self._set.add(tags)

    def find(self, tags: bytes | bytearray) -> bytes:
        """The places in packed `tags` of those that are there: 4 bytes each, little-endian, ascending.

        Raises:
            ValueError: not whole tags.
        """
        return self._set.find(tags)
