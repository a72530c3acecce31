"""Bytes kept in memory or on disk read back the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from atoll.sources.errors import SourceUnreadable
from atoll.sources.spool import MemoryBudget, Spool

PIECES = [b"one", b"", b"twenty-two", b"3" * 50, b"4"]
WHOLE = b"".join(PIECES)


@pytest.mark.parametrize("memory_bytes", [0, 10, 20, 1000])
def test_any_stretch_reads_back(tmp_path: Path, memory_bytes: int) -> None:
    budget = MemoryBudget(memory_bytes)
    spool = Spool(tmp_path, budget, address="t.csv")
    for piece in PIECES:
        spool.append(piece)
    assert len(spool) == len(WHOLE)
    assert spool.on_disk == (memory_bytes < len(WHOLE))
    assert all(spool.read(a, b - a) == WHOLE[a:b] for b in range(len(WHOLE) + 1) for a in range(b + 1))
    assert list(tmp_path.iterdir()) == []
    spool.close()
    spool.close()
    assert budget.left_bytes == memory_bytes


def test_memory_that_one_gives_back_another_may_use(tmp_path: Path) -> None:
    budget = MemoryBudget(100)
    one, other = Spool(tmp_path, budget, address="t.csv"), Spool(tmp_path, budget, address="t.csv")
    one.append(bytes(60))
    other.append(bytes(60))
    assert (one.on_disk, other.on_disk, budget.left_bytes) == (False, True, 40)
    one.append(bytes(60))
    assert (one.on_disk, budget.left_bytes) == (True, 100)
    one.close()
    other.close()


def test_what_was_not_appended_cannot_be_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MemoryBudget(10), address="t.csv")
    spool.append(random.randbytes(5))
    for offset, length in ((0, 6), (-1, 2), (5, 1), (3, -1)):
        with pytest.raises(ValueError, match="not appended"):
            spool.read(offset, length)
    spool.close()
    with pytest.raises(ValueError, match="not appended"):
        spool.read(0, 1)


def test_a_missing_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        Spool(tmp_path / "none", MemoryBudget(0), address="t.csv").append(b"x")
