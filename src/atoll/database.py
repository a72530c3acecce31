"""A SQLite file, as every part keeps its own: whole transactions, one process at a time, errors in the part's words."""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

_UNAVAILABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
)


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """What is read and written in the block is one atomic step; an exception leaves nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def translated(full: Callable[..., Exception], corrupt: Callable[..., Exception]) -> Iterator[None]:
    """SQLite's errors as a part's own, each made with a `reason`.

    Args:
        full: where the disk takes or gives nothing now; what is in the file is sound.
        corrupt: everything else.
    """
    try:
        yield
    except sqlite3.DatabaseError as err:
        if getattr(err, "sqlite_errorcode", 0) & 0xFF in _UNAVAILABLE:
            raise full(reason=str(err)) from err
        raise corrupt(reason=str(err)) from err


def lock_beside(path: Path) -> IO[bytes]:
    """Keep other processes off a file while what is returned is open; it is let go with its holder, however that ends.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the folder cannot be written.
    """
    lock = path.with_name(f"{path.name}.lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock
