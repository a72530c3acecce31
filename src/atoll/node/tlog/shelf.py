"""What is published: one checkpoint with its cosignatures, and every tile below it.

Tiles are made from the log when they are asked for, never stored: complete nodes below an agreed size do not change. What
lies above the published checkpoint does not exist for an outsider, whatever this node knows already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.errors import TileFormatError
from atoll.ledger.tiles import ENTRIES, TILE_WIDTH, Tile, encode_bundle, encode_tile, parse_tile_path
from atoll.node.tlog.errors import NoSuchTile, NothingPublished
from atoll.primitives.merkle import MerkleTree
from atoll.primitives.smt import Tree


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint that outsiders have seen, or may see from now on."""

    checkpoint: Checkpoint
    """What it says."""
    note: bytes
    """The signed note, byte for byte."""
    at: int
    """When it was published, Unix seconds."""
    state: Tree | None = None
    """The state after its last block; None where it was published in an earlier life of this node."""


class Shelf:
    """See the module's docstring. Filled by the publisher, read by the routes; both on one event loop."""

    def __init__(self, *, log: Callable[[], MerkleTree], entries: Callable[[int, int], Iterable[bytes]]) -> None:
        """
        Args:
            log: the tree over the agreed log, or over more of it.
            entries: log entries from a place on, so many of them.
        """
        self._log = log
        self._entries = entries
        self.published: Published | None = None

    def need(self) -> Published:
        """What is published.

        Raises:
            NothingPublished: nothing yet.
        """
        if self.published is None:
            raise NothingPublished()
        return self.published

    def tile(self, path: str) -> tuple[Tile, bytes]:
        """A tile or bundle by its path.

        Raises:
            NoSuchTile: no tile has this path, or it is not below the published checkpoint.
            NothingPublished: nothing yet.
        """
        size = self.need().checkpoint.size
        try:
            tile = parse_tile_path(path)
        except TileFormatError as err:
            raise NoSuchTile(size=size) from err
        if not tile.is_within(size):
            raise NoSuchTile(size=size)
        return tile, self._bundle(tile) if tile.level == ENTRIES else encode_tile(self._log(), tile)

    def _bundle(self, tile: Tile) -> bytes:
        return encode_bundle(list(self._entries(tile.index * TILE_WIDTH, tile.width)))
