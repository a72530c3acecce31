"""Tables that a node keeps between jobs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from atoll.node.tables import KEPT_TABLES, SealedTables
from atoll.ports import SystemEntropy
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer


def tables(folder: Path, key: int = 1) -> SealedTables:
    return SealedTables(folder / "tables", Sealer(bytes([key] * 32), SystemEntropy()))


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_a_table_is_there_after_a_restart_and_not_readable_on_disk(tmp_path: Path) -> None:
    assert tables(tmp_path).load(name(1)) is None
    tables(tmp_path).save(name(1), b"a table of tags")
    assert tables(tmp_path).load(name(1)) == b"a table of tags"
    (file,) = (tmp_path / "tables").iterdir()
    assert b"tags" not in file.read_bytes()
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_table_that_was_changed_or_renamed_is_not_used(tmp_path: Path) -> None:
    tables(tmp_path).save(name(1), b"a table")
    (file,) = (tmp_path / "tables").iterdir()
    file.rename(file.with_name(f"{name(2).hex()}.table"))
    with pytest.raises(StoreCorrupt):
        tables(tmp_path).load(name(2))
    with pytest.raises(StoreCorrupt):
        tables(tmp_path, key=2).load(name(2))


def test_of_many_tables_those_used_longest_ago_go(tmp_path: Path) -> None:
    kept = tables(tmp_path)
    for number in range(KEPT_TABLES):
        kept.save(name(number), b"x")
        os.utime(tmp_path / "tables" / f"{name(number).hex()}.table", ns=(number, number))
    assert kept.load(name(0)) == b"x"
    kept.save(name(99), b"y")
    assert (kept.load(name(0)), kept.load(name(1)), kept.load(name(99))) == (b"x", None, b"y")
