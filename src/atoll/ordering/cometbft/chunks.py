"""A chunk of a snapshot: pairs of byte strings, `[[a, b], ...]` in strict CBOR.

A stranger's chunk is read one pair at a time: as a whole, a list of millions of tiny things would take a hundred times the
memory that its bytes do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from atoll.ordering.cometbft.errors import BadSnapshot
from atoll.wire.cbor import encode

CHUNK_BYTES = 6 << 20
"""A chunk ends before this; a single block may be 4 MiB, and no chunk is above 10 MB."""
MAX_CHUNK_BYTES = 10_000_000
_BYTES, _ARRAY = 2, 4
"""Major types."""


def encode_chunk(pairs: Iterable[list[bytes]]) -> bytes:
    """The bytes of a chunk."""
    return encode(list(pairs), max_bytes=MAX_CHUNK_BYTES)


def read_chunk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Its pairs in order, each made when it is asked for.

    Raises:
        BadSnapshot: it is too long, or is not the one encoding of a list of pairs; what came before the fault was given.
    """
    if len(data) > MAX_CHUNK_BYTES:
        raise BadSnapshot(reason="a chunk is too long")
    count, at = _head(data, 0, _ARRAY)
    for _ in range(count):
        length, at = _head(data, at, _ARRAY)
        if length != 2:
            raise BadSnapshot(reason="a chunk holds something that is no pair")
        first, at = _bytes(data, at)
        second, at = _bytes(data, at)
        yield first, second
    if at != len(data):
        raise BadSnapshot(reason="a chunk goes on after its end")


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _head(data, at, _BYTES)
    if at + length > len(data):
        raise BadSnapshot(reason="a chunk is cut short")
    return data[at : at + length], at + length


def _head(data: bytes, at: int, major: int) -> tuple[int, int]:
    """How much follows, and where: RFC 8949 section 3, in the shortest of its forms."""
    if at >= len(data) or data[at] >> 5 != major:
        raise BadSnapshot(reason="a chunk is no list of pairs of bytes")
    short = data[at] & 31
    if short < 24:
        return short, at + 1
    width = 1 << (short - 24)
    value = int.from_bytes(data[at + 1 : at + 1 + width])
    if short > 27 or at + 1 + width > len(data) or value < (24 if width == 1 else 1 << (4 * width)):
        raise BadSnapshot(reason="a chunk is not in the one form that there is")
    return value, at + 1 + width
