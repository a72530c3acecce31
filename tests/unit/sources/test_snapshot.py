"""Read once, hashed as it is read: what happens if the file changes or the disk fills while that goes on."""

from __future__ import annotations

import hashlib
import os
import resource
from pathlib import Path

import pytest

from atoll.sources import Fingerprint, open_source, parse_fingerprint
from atoll.sources.errors import ScratchFull, SourceChanged, SourceUnreadable
from tests.unit.sources.desk import Desk

CONTENT = b"id,name\n" + b"1,Ann\n" * 400_000  # three chunks


def test_the_fingerprint_of_a_file_is_the_sha256_of_its_bytes(desk: Desk) -> None:
    with desk.open(desk.write("t.csv", CONTENT)) as source:
        assert source.fingerprint == Fingerprint("file-sha256/1", hashlib.sha256(CONTENT).digest())
        (copy,) = desk.scratch.iterdir()
        assert copy.read_bytes() == CONTENT


def test_progress_counts_bytes(desk: Desk) -> None:
    counts: list[int] = []
    desk.write("t.csv", CONTENT)
    with open_source("t.csv", root=desk.root, scratch=desk.scratch, progress=counts.append):
        pass
    assert counts == [1 << 20, 2 << 20, len(CONTENT)]


@pytest.mark.parametrize("how", ["append", "cut", "overwrite", "overwrite and set the time back", "replace", "remove"])
def test_a_file_that_changes_while_it_is_read_is_refused(desk: Desk, how: str) -> None:
    path = desk.data / desk.write("t.csv", CONTENT)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)

    def interfere(done: int) -> None:
        if done > 1 << 20:
            return
        if how == "append":
            with path.open("ab") as file:
                file.write(b"2,Bob\n")
        elif how == "cut":
            os.truncate(path, 1 << 19)
        elif how.startswith("overwrite"):
            with path.open("r+b") as file:
                file.write(b"id,NAME\n")
            if how != "overwrite":
                os.utime(path, ns=times)
        elif how == "replace":
            other = path.with_suffix(".new")
            other.write_bytes(CONTENT)
            other.replace(path)
        else:
            path.unlink()

    with pytest.raises(SourceChanged):
        open_source("t.csv", root=desk.root, scratch=desk.scratch, progress=interfere)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_a_full_disk_is_told_and_leaves_no_copy(desk: Desk, kind: str) -> None:
    address = desk.table(kind, ["id"], [[os.urandom(40).hex()] for _ in range(2000)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 10, hard))  # files of this process end after 32 KiB
    try:
        with pytest.raises(ScratchFull):
            desk.open(address)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_missing_scratch_folder_is_an_error_of_ours(desk: Desk) -> None:
    desk.write("t.csv", CONTENT)
    with pytest.raises(SourceUnreadable):
        open_source("t.csv", root=desk.root, scratch=Path("/nonexistent"))


def test_an_interrupted_reading_leaves_no_copy(desk: Desk) -> None:
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    desk.write("t.csv", CONTENT)
    with pytest.raises(KeyboardInterrupt):
        open_source("t.csv", root=desk.root, scratch=desk.scratch, progress=interrupt)


@pytest.mark.parametrize("text", ["", "md5:00", "file-sha256/1:00", "file-sha256/1:" + "AB" * 32, "rows-sha256/1:" + "zz" * 32])
def test_other_text_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_fingerprint(text)
