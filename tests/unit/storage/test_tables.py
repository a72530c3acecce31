"""Tables on disk."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.psi_oprf import Epoch, MemoryTables, TableCache, prepare_table
from atoll.storage.errors import StoreCorrupt, StoreFull
from atoll.storage.sealed import Sealer
from atoll.storage.tables import SealedTables, forget_tables
from tests.unit.dh.runs import items

KEY, OTHER = bytes([1] * 32), bytes([2] * 32)


def tables(folder: Path, *, seed: int = 0, most: int = 3) -> SealedTables:
    return SealedTables(folder / "tables", Sealer(bytes([5] * 32), SeededEntropy(bytes([seed] * 32))), most=most)


@pytest.fixture(params=["memory", "disk"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> TableCache:
    return MemoryTables() if request.param == "memory" else tables(tmp_path)


def test_a_cache_gives_back_what_was_saved_last_under_a_key(cache: TableCache) -> None:
    assert cache.load(KEY) is None
    cache.save(KEY, b"first")
    cache.save(KEY, b"second")
    cache.save(OTHER, b"")
    assert (cache.load(KEY), cache.load(OTHER)) == (b"second", b"")


def test_tables_outlive_the_process_and_the_protocol_takes_them(tmp_path: Path) -> None:
    epoch = Epoch(bytes(32), 1)
    made = prepare_table(items(1, 2), epoch=epoch, secret=bytes(32), cache=tables(tmp_path))
    assert tables(tmp_path, seed=1).load(epoch.cache_key) == made.encode()


def test_files_are_sealed_private_and_belong_to_their_key(tmp_path: Path) -> None:
    cache = tables(tmp_path)
    cache.save(KEY, b"a table that nobody else reads")
    (path,) = (tmp_path / "tables").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"table that" not in path.read_bytes()
    path.rename(path.with_name(OTHER.hex() + ".table"))
    assert cache.load(OTHER) is None


def test_a_damaged_table_counts_as_none(tmp_path: Path) -> None:
    cache = tables(tmp_path)
    cache.save(KEY, b"table")
    (path,) = (tmp_path / "tables").iterdir()
    for damaged in (b"", path.read_bytes()[:-1], bytes(40)):
        path.write_bytes(damaged)
        assert cache.load(KEY) is None


def test_the_oldest_tables_go(tmp_path: Path) -> None:
    cache = tables(tmp_path, most=2)
    for number in range(4):
        cache.save(bytes([number] * 32), b"%d" % number)
        for path in (tmp_path / "tables").iterdir():
            os.utime(path, ns=(number, number)) if path.name.startswith(f"{number:02x}") else None
    assert [cache.load(bytes([number] * 32)) for number in range(4)] == [None, None, b"2", b"3"]


def test_notes_stay_when_tables_go_and_outlive_the_process(tmp_path: Path) -> None:
    cache = tables(tmp_path, most=1)
    assert cache.note(KEY, "public key", lambda noted: noted or b"first") == b"first"
    for key in (KEY, OTHER):
        cache.save(key, b"table")
    forget_tables(tmp_path / "tables")
    assert (cache.load(KEY), cache.load(OTHER)) == (None, None)
    assert tables(tmp_path, seed=1).note(KEY, "public key", lambda noted: noted or b"second") == b"first"
    assert tables(tmp_path, seed=1).note(OTHER, "public key", lambda noted: noted) == b""


def test_a_note_that_does_not_open_or_a_change_that_fails_loses_nothing(tmp_path: Path) -> None:
    def refuse(noted: bytes) -> bytes:
        raise StoreFull(reason="enough")

    cache = tables(tmp_path)
    cache.note(KEY, "look ups", lambda _: b"7")
    with pytest.raises(StoreFull, match="enough"):
        cache.note(KEY, "look ups", refuse)
    assert cache.note(KEY, "look ups", lambda noted: noted) == b"7"
    (path,) = (tmp_path / "tables").iterdir()
    path.rename(path.with_name(OTHER.hex() + ".look-ups"))
    with pytest.raises(StoreCorrupt):
        cache.note(OTHER, "look ups", lambda noted: noted)


def test_two_processes_count_on_one_note_without_losing_a_count(tmp_path: Path) -> None:
    def count(_: int) -> None:
        for _ in range(10):
            tables(tmp_path).note(KEY, "look ups", lambda noted: noted + b"1")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(count, range(4)))
    assert len(tables(tmp_path).note(KEY, "look ups", lambda noted: noted)) == 40


def test_a_disk_that_takes_no_table_is_said_to_be_full(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("a file where the folder should be")
    with pytest.raises(StoreFull):
        tables(tmp_path).save(KEY, b"table")
