"""Tags: short digests of group elements, compared in place of them. Packed lists, no Python object a tag.

A protocol that has multiplied items twice compares not the elements but the first bytes of a hash of them under a prefix that
names the job, so that what is sent is shorter and means nothing elsewhere.
"""

from __future__ import annotations

from atoll import _core

MAX_TAG_BYTES = 16
"""Longest tag that is compared here."""


def tags_packed(points: bytes | bytearray, prefix: bytes, tag_bytes: int, *, threads: int = 0) -> bytes:
    """The first `tag_bytes` bytes of SHA-256(prefix || encoding) of each packed encoding, packed in order.

    Args:
        points: n times 32 bytes, not checked.
        prefix: domain tag and context; of a length that is fixed for the caller.
        tag_bytes: 1 to 32.
        threads: 0 for as many as the process may run.

    Raises:
        ValueError: not whole encodings, or another length of tags.

    Cost: one block of SHA-256 an encoding when the prefix has up to 23 bytes or fills its blocks, else two.
    """
    return _core.tags_packed(points, prefix, tag_bytes, threads)


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
