"""The log as static files: tiles of 256 hashes, bundles of 256 entries.

    tile/<level>/<index>[.p/<width>]      hashes of neighbouring complete subtrees of 256^level leaves, 32 bytes each
    tile/entries/<index>[.p/<width>]      entries, each behind its length as two big-endian bytes

An index is written in groups of three digits, all but the last with an `x`: 1234067 is `x001/x234/067`. A partial tile holds 1
to 255 hashes; empty ones do not exist. No tile ever changes, because partial ones are named by their width, so all can be
cached for ever. Source: C2SP tlog-tiles.

Nothing here opens a file: functions name what to write and make its bytes, and `TileReader` reads through a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from atoll.ledger.errors import TileFormatError
from atoll.primitives.merkle import HASH_BYTES, MAX_SIZE, MerkleTree, leaf_hash, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 63
ENTRIES = -1
"""The level of entry bundles, which have no number in their path."""
MAX_ENTRY_BYTES = 65_535
"""What two length bytes can say; larger evidence stays outside, its digest goes in."""

_INDEX = r"(?:x[0-9]{3}/)*[0-9]{3}"
_PATH = re.compile(rf"tile/(entries|0|[1-9][0-9]?)/({_INDEX})(?:\.p/([1-9][0-9]{{0,2}}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The name of a tile or, at level -1, of a bundle of entries."""

    level: int
    """0 for leaf hashes, up to 63; ENTRIES for a bundle."""
    index: int
    """Place in its level, from 0."""
    width: int = TILE_WIDTH
    """Hashes or entries in it, 1 to 256."""

    def __post_init__(self) -> None:
        if not ENTRIES <= self.level <= MAX_LEVEL or not 0 <= self.index <= MAX_SIZE or not 1 <= self.width <= TILE_WIDTH:
            raise TileFormatError(reason=f"there is no tile {self.index} of width {self.width} at level {self.level}")

    @property
    def path(self) -> str:
        """Where it is served, relative to the log's prefix."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level == ENTRIES else self.level}/{name}{partial}"

    def is_within(self, size: int) -> bool:
        """Whether all of it lies in a log of `size` entries. Narrower tiles than such a log has now belong to smaller ones."""
        return self.index * TILE_WIDTH + self.width <= size >> (max(self.level, 0) * TILE_HEIGHT)


def parse_tile_path(path: str) -> Tile:
    """The tile that a path names.

    Raises:
        TileFormatError: the path is not the one that a tile has.
    """
    match = _PATH.fullmatch(path)
    if match:
        level, index, width = match.groups()
        digits = index.replace("/", "").replace("x", "")
        if len(digits) <= 21:
            tile = Tile(ENTRIES if level == "entries" else int(level), int(digits), int(width or TILE_WIDTH))
            if tile.path == path:
                return tile
    raise TileFormatError(reason="its path is not in the one allowed form")


def tiles_of(size: int, old_size: int = 0) -> Iterator[Tile]:
    """Every tile and bundle of a log of `size` entries that a log of `old_size` did not have, bundles and low levels first."""
    yield from _level_tiles(ENTRIES, size, old_size)
    level = 0
    while size >> (level * TILE_HEIGHT):
        yield from _level_tiles(level, size >> (level * TILE_HEIGHT), old_size >> (level * TILE_HEIGHT))
        level += 1


def _level_tiles(level: int, count: int, old_count: int) -> Iterator[Tile]:
    if count == old_count:
        return
    for index in range(old_count // TILE_WIDTH, count // TILE_WIDTH):
        yield Tile(level, index)
    if count % TILE_WIDTH:
        yield Tile(level, count // TILE_WIDTH, count % TILE_WIDTH)


# -- bytes ---------------------------------------------------------------------------------------------------------------------


def encode_tile(tree: MerkleTree, tile: Tile) -> bytes:
    """The tile's bytes; `tile.level` is not ENTRIES.

    Raises:
        MerkleRangeError: the tree is not that large.
    """
    return tree.nodes(tile.level * TILE_HEIGHT, tile.index * TILE_WIDTH, tile.width)


def parse_tile(data: bytes, tile: Tile) -> list[bytes]:
    """The hashes of a tile.

    Raises:
        TileFormatError: another number of bytes than its width says.
    """
    if len(data) != tile.width * HASH_BYTES:
        raise TileFormatError(reason=f"{len(data)} bytes are not {tile.width} hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """A bundle of 1 to 256 entries.

    Raises:
        TileFormatError: none, too many, or one of more than MAX_ENTRY_BYTES bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH or any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise TileFormatError(reason=f"a bundle has 1 to {TILE_WIDTH} entries of at most {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(data: bytes, tile: Tile) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        TileFormatError: cut short, or another number of entries than its width says.
    """
    entries = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data) or len(entries) != tile.width:
        raise TileFormatError(reason=f"the bundle does not hold {tile.width} whole entries")
    return entries


def verify_bundle(entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    """Check that a bundle's entries have the leaf hashes of the tile beside it.

    Raises:
        TileFormatError: they have not.
    """
    if [leaf_hash(entry) for entry in entries] != list(hashes):
        raise TileFormatError(reason="an entry is not the one that was hashed")


class TileReader:
    """Complete nodes of a log from its tiles: the `NodeReader` that roots and proofs of `atoll.primitives.merkle` take.

    What it reads is not verified. Compare the root with a verified checkpoint before any of it is believed:
    `range_root(reader, 0, size) == checkpoint.root`.
    """

    def __init__(self, fetch: Callable[[Tile], bytes], size: int) -> None:
        """
        Args:
            fetch: gives a tile's bytes; asked at most once a tile.
            size: of the checkpoint whose tiles these are.
        """
        self._fetch = fetch
        self._size = size
        self._tiles: dict[Tile, list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level).

        Raises:
            TileFormatError: a tile has another length than it should, or the log is not that large.
        """
        if not 0 <= level <= MAX_LEVEL or index < 0 or (index + 1) << level > self._size:
            raise TileFormatError(reason=f"node {index} of level {level} is not complete in a log of {self._size} entries")
        tile_level, above = divmod(level, TILE_HEIGHT)
        tile_index, place = divmod(index << above, TILE_WIDTH)
        row = self._hashes(tile_level, tile_index)[place : place + (1 << above)]
        while len(row) > 1:  # levels between two tile levels are not stored
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def _hashes(self, level: int, index: int) -> list[bytes]:
        count = self._size >> (level * TILE_HEIGHT)
        tile = Tile(level, index, min(TILE_WIDTH, count - index * TILE_WIDTH))
        if tile not in self._tiles:
            self._tiles[tile] = parse_tile(self._fetch(tile), tile)
        return self._tiles[tile]
