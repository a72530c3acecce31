"""Read once, hash as it is read: a private copy of the source, on which everything else works.

DuckDB and SQLite open paths, may read a file several times and in any order, and know nothing of digests. So the source is read
exactly once, from one descriptor, by this module: each chunk goes through SHA-256 and into a copy that only the node's user may
read (mode 0600, in the job's scratch folder). Whatever happens to the original afterwards, the rows that enter a protocol are
those that were hashed. A copy costs one sequential write; it is deleted when the source is closed, and a scratch folder that
survives a crash is emptied by the node before the job resumes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sqlite3
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from atoll.sources.address import SourceAddress
from atoll.sources.errors import ScratchFull, SourceChanged, SourceUnreadable
from atoll.sources.fingerprint import FILE_METHOD, Fingerprint
from atoll.sources.root import SourceFile

CHUNK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LOCK_WAIT_SECONDS = 5.0

Progress = Callable[[int], None]
"""Called with the number of bytes read so far."""


def copy_file(
    source: SourceFile,
    address: SourceAddress,
    scratch: Path,
    progress: Progress | None = None,
    tap: Callable[[bytes], None] | None = None,
) -> tuple[Path, Fingerprint]:
    """Copy an open file into `scratch` and hash it on the way; `tap` gets every chunk.

    Returns:
        The copy's path, to be deleted by the caller, and the fingerprint of exactly its bytes.

    Raises:
        SourceChanged: the file was written to, cut, or replaced by another one while it was read.
        ScratchFull: no room for the copy. SourceUnreadable: the disk failed. No copy is left behind.

    Cost: one sequential read and write; memory of one chunk.
    """
    before = identify(source)
    with _private_file(address, scratch) as (path, descriptor):
        digest = hashlib.sha256()
        done = 0
        while chunk := source.handle.read(CHUNK_BYTES):
            digest.update(chunk)
            _write_all(descriptor, chunk)
            if tap is not None:
                tap(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done)
        verify_unchanged(source, before, address)
        return path, Fingerprint(FILE_METHOD, digest.digest())


def copy_database(source: SourceFile, address: SourceAddress, scratch: Path) -> Path:
    """Copy a SQLite database, as of one moment, into `scratch`.

    The pages are copied inside one read transaction (SQLite's backup interface), so a program that writes at the same time
    makes the copy older, never inconsistent; committed pages that still stand in the write-ahead log are in it. SQLite opens
    the file by its name once more, because it needs the journal beside it: who can swap names there can also write the data.

    Returns:
        The copy's path, to be deleted by the caller.

    Raises:
        SourceUnreadable: not a database, locked by a writer, left half-written by a crash. ScratchFull: no room for the copy.
    """
    reason = ""
    with _private_file(address, scratch) as (path, _):
        try:
            with (
                contextlib.closing(_connect_readonly(source.path)) as original,
                contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy,
            ):
                copy.execute("PRAGMA journal_mode=OFF")
                copy.execute("PRAGMA synchronous=OFF")
                # The lock first: `backup` itself would wait for a writer without end.
                original.execute("BEGIN")
                original.execute("SELECT count(*) FROM sqlite_master").fetchone()
                original.backup(copy)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
                raise ScratchFull(address=address.text) from None
            reason = getattr(error, "sqlite_errorname", "") or "the database library refused it"
        if reason:
            raise SourceUnreadable(address=address.text, reason=reason)
        return path


def delete_copy(path: Path) -> None:
    """Remove a copy and whatever a database library left beside it."""
    for leftover in (path, *path.parent.glob(path.name + "-*")):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _private_file(address: SourceAddress, scratch: Path) -> Iterator[tuple[Path, int]]:
    """A new empty file of mode 0600; stays only if the block ends well."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="snapshot-", suffix=f".{address.format}", dir=scratch)
    except OSError as error:
        raise disk_error(error, address.text) from error
    path = Path(name)
    try:
        yield path, descriptor
    except BaseException as error:
        delete_copy(path)
        if isinstance(error, OSError):
            raise disk_error(error, address.text) from error
        raise
    finally:
        os.close(descriptor)


def disk_error(error: OSError, address: str) -> ScratchFull | SourceUnreadable:
    """What to raise when the scratch folder failed while `address` was read."""
    if error.errno in _FULL:
        return ScratchFull(address=address)
    return SourceUnreadable(address=address, reason=os.strerror(error.errno or errno.EIO).lower())


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


Identity = tuple[int, int, int, int, int]
"""What changes when a file is written to or replaced; the change time cannot be set back by its owner."""


def identify(source: SourceFile) -> Identity:
    """The identity of an open file, to be compared when it was read."""
    return _identity(os.fstat(source.handle.fileno()))


def verify_unchanged(source: SourceFile, before: Identity, address: SourceAddress) -> None:
    """Raise SourceChanged if the file was written to, cut, or replaced by another one since `before`."""
    try:
        same = _identity(source.path.stat(follow_symlinks=False)) == before
    except OSError:
        same = False
    if not same:
        raise SourceChanged(address=address.text)


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _connect_readonly(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{urllib.parse.quote(str(path))}?mode=ro", uri=True, timeout=_LOCK_WAIT_SECONDS, isolation_level=None
    )
