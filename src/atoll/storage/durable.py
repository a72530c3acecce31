"""Files that a crash leaves whole: private, flushed, and moved into place."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from atoll.storage.errors import StoreFull

PRIVATE_MODE = 0o600
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Write a private file, part by part; after a crash the old one is there or the new one, never a piece.

    Raises:
        StoreFull: no room; the old one is there, and nothing of the new.
    """
    beside = path.with_name(path.name + ".new")
    try:
        with _room():
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)  # there only if the above failed; it would keep room that is missing


def append_durably(path: Path, data: bytes, *, at: int) -> None:
    """Put bytes at the place `at` of a private file, which is made if it is not there, and end it behind them.

    Raises:
        StoreFull: no room; what stood before `at` is there, behind it perhaps a piece of `data`.
    """
    is_new = not path.exists()
    with _room():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.truncate(at)
            file.seek(at)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _room() -> Iterator[None]:
    """Says of a full disk that it is full."""
    try:
        yield
    except OSError as err:
        if err.errno in _FULL:
            raise StoreFull(reason=os.strerror(err.errno).lower()) from err
        raise
