"""Files that a crash, or a full disk, leaves whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from atoll.storage.durable import append_durably, write_durably
from atoll.storage.errors import StoreFull


def break_disk(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_and_leaves_the_old_file_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    path = tmp_path / "outcome"
    write_durably(path, [b"old"])
    break_disk(monkeypatch, number)
    with pytest.raises(StoreFull, match=os.strerror(number).lower()):
        write_durably(path, [b"new", b"er"])
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("outcome", b"old")]


def test_a_full_disk_is_said_when_appending_and_what_stood_there_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    append_durably(path, b"first", at=0)
    break_disk(monkeypatch, errno.ENOSPC)
    with pytest.raises(StoreFull):
        append_durably(path, b"second", at=5)
    assert path.read_bytes()[:5] == b"first"


def test_another_fault_of_the_disk_is_not_called_a_full_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    break_disk(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="nput/output"):
        write_durably(tmp_path / "outcome", [b"new"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_appended_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    append_durably(path, b"a long note", at=0)
    append_durably(path, b"b", at=2)
    assert path.read_bytes() == b"a b"
    assert path.stat().st_mode & 0o777 == 0o600
