"""The keystore's file on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from atoll.storage.keyfile import load_keystore, save_keystore
from atoll.trust.errors import KeystoreExists, KeystoreExposed, KeystoreMissing, KeystoreUnavailable
from atoll.trust.keystore import MAX_KEYSTORE_BYTES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.atoll"


def test_what_is_saved_is_loaded(path: Path) -> None:
    save_keystore(path, b"sealed")
    assert load_keystore(path) == b"sealed"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_file_is_the_owners_alone_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        save_keystore(path, b"sealed")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o644])
def test_a_file_that_others_can_touch_is_refused(path: Path, mode: int) -> None:
    save_keystore(path, b"sealed")
    path.chmod(mode)
    with pytest.raises(KeystoreExposed, match=f"{mode:04o}"):
        load_keystore(path)


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_keystore(path, b"sealed")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(KeystoreExposed, match="another user"):
        load_keystore(path)


def test_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    save_keystore(tmp_path / "elsewhere", b"sealed")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeystoreExposed, match="link"):
        load_keystore(path)


def test_a_pipe_or_a_folder_is_refused_without_waiting(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path, 0o600)
    for odd in (path, tmp_path):
        with pytest.raises(KeystoreExposed, match="plain file"):
            load_keystore(odd)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(KeystoreMissing, match=r"keys\.atoll"):
        load_keystore(path)


def test_an_enormous_file_is_refused(path: Path) -> None:
    save_keystore(path, bytes(MAX_KEYSTORE_BYTES))
    assert len(load_keystore(path)) == MAX_KEYSTORE_BYTES
    save_keystore(path, bytes(MAX_KEYSTORE_BYTES + 1), replace=True)
    with pytest.raises(KeystoreUnavailable, match="larger"):
        load_keystore(path)


def test_keys_are_not_overwritten_by_accident(path: Path) -> None:
    save_keystore(path, b"old")
    with pytest.raises(KeystoreExists):
        save_keystore(path, b"new")
    assert load_keystore(path) == b"old"
    save_keystore(path, b"new", replace=True)
    assert load_keystore(path) == b"new"


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_else_is_left_in_the_folder(path: Path, replace: bool) -> None:
    save_keystore(path, b"sealed", replace=replace)
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_keystore(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(KeystoreUnavailable, match="No space left"):
            save_keystore(path, b"new", replace=True)
    assert load_keystore(path) == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_file_and_folder_are_flushed_in_that_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_fsync, real_link = os.fsync, Path.hardlink_to

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def hardlink_to(self: Path, target: Path) -> None:
        steps.append("place")
        real_link(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "hardlink_to", hardlink_to)
    save_keystore(path, b"sealed")
    assert steps == ["file", "place", "folder"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeystoreUnavailable, match="cannot be written"):
        save_keystore(tmp_path / "nowhere" / "keys.atoll", b"sealed")
