"""The log as static files."""

from __future__ import annotations

import pytest

from atoll.ledger.errors import TileFormatError
from atoll.ledger.tiles import (
    ENTRIES as BUNDLE,
)
from atoll.ledger.tiles import (
    MAX_ENTRY_BYTES,
    Tile,
    TileReader,
    encode_bundle,
    encode_tile,
    parse_bundle,
    parse_tile,
    parse_tile_path,
    tiles_of,
    verify_bundle,
)
from atoll.primitives.errors import MerkleRangeError
from atoll.primitives.merkle import (
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    range_root,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.notes.keys import ENTRIES, TREE


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999, 5), "tile/0/999.p/5"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(63, 1234067, 255), "tile/63/x001/x234/067.p/255"),
        (Tile(BUNDLE, 1234067), "tile/entries/x001/x234/067"),
    ],
)
def test_tiles_have_one_path(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/" + "x999/" * 8 + "000",
    ],
)
def test_other_paths_name_no_tile(path: str) -> None:
    with pytest.raises(TileFormatError):
        parse_tile_path(path)


def test_a_log_of_70000_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))
    by_level = {level: [tile for tile in tiles if tile.level == level] for level in (BUNDLE, 0, 1, 2, 3)}
    assert [len(by_level[level]) for level in (BUNDLE, 0, 1, 2, 3)] == [274, 274, 2, 1, 0]
    assert by_level[0][-1] == Tile(0, 273, 112)
    assert by_level[1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert by_level[2] == [Tile(2, 0, 1)]


def test_a_log_of_256_has_a_full_tile_and_one_hash_above() -> None:
    assert list(tiles_of(256)) == [Tile(BUNDLE, 0), Tile(0, 0), Tile(1, 0, 1)]


def test_growth_writes_only_what_is_new() -> None:
    assert list(tiles_of(0)) == []
    assert list(tiles_of(300, 300)) == []
    assert list(tiles_of(300, 299)) == [Tile(BUNDLE, 1, 44), Tile(0, 1, 44)]
    written = {tile for size in range(1, 601) for tile in tiles_of(size, size - 1)}
    assert {tile for tile in tiles_of(600) if tile not in written} == set()


def _served() -> dict[Tile, bytes]:
    return {
        tile: encode_bundle(ENTRIES[tile.index * 256 :][: tile.width]) if tile.level == BUNDLE else encode_tile(TREE, tile)
        for tile in tiles_of(600)
    }


def test_bundles_hash_to_the_tiles_beside_them() -> None:
    served = _served()
    for tile in served:
        if tile.level == BUNDLE:
            beside = Tile(0, tile.index, tile.width)
            entries = parse_bundle(served[tile], tile)
            verify_bundle(entries, parse_tile(served[beside], beside))
            with pytest.raises(TileFormatError):
                verify_bundle([*entries[:-1], b"forged"], parse_tile(served[beside], beside))


def test_roots_and_proofs_come_out_of_tiles_alone() -> None:
    served, asked = _served(), []

    def fetch(tile: Tile) -> bytes:
        asked.append(tile)
        return served[tile]

    reader = TileReader(fetch, 600)
    assert range_root(reader, 0, 600) == TREE.root()
    for index in (0, 255, 256, 511, 512, 599):
        proof = prove_inclusion(reader, index, 600)
        verify_inclusion(leaf=leaf_hash(ENTRIES[index]), index=index, size=600, proof=proof, root=TREE.root())
    for old in (1, 255, 256, 300, 599):
        proof = prove_consistency(reader, old, 600)
        verify_consistency(old_size=old, old_root=TREE.root(old), new_size=600, new_root=TREE.root(), proof=proof)
    assert len(asked) == len(set(asked))


def test_a_reader_refuses_nodes_that_are_not_there() -> None:
    reader = TileReader(_served().__getitem__, 600)
    for level, index in ((0, 600), (9, 1), (10, 0), (-1, 0), (0, -1), (64, 0)):
        with pytest.raises(TileFormatError):
            reader(level, index)


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(TileFormatError):
        TileReader(lambda tile: _served()[tile][:-1], 600)(0, 0)
    with pytest.raises(TileFormatError):
        parse_tile(bytes(32 * 255), Tile(0, 0))
    with pytest.raises(MerkleRangeError):
        encode_tile(TREE, Tile(0, 2))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x02a", b"\x00\x01a", b"\x00\x01a\x00\x01b\x00\x01c", b"\x00\x01a\x00\x01b\x00"]
)
def test_a_bundle_holds_whole_entries_and_as_many_as_its_width(data: bytes) -> None:
    with pytest.raises(TileFormatError):
        parse_bundle(data, Tile(BUNDLE, 0, 2))


def test_entries_have_a_length_that_two_bytes_can_say() -> None:
    largest = bytes(MAX_ENTRY_BYTES)
    assert parse_bundle(encode_bundle([largest, b""]), Tile(BUNDLE, 0, 2)) == [largest, b""]
    for entries in ([], [largest + b"x"], [b""] * 257):
        with pytest.raises(TileFormatError):
            encode_bundle(entries)
