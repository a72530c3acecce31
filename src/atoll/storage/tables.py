"""Tables that intersections look keys up in, sealed, one file an epoch: the disk behind `psi_oprf.TableCache`.

Both sides keep what they can get again: the owner makes a table anew, the receiver has it sent. So a file that does not open is
no error but a table less, and the oldest go when there are too many. Beside them lie notes, small files that stay: how many
look-ups were answered, and which key an owner announced first.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from atoll.storage.durable import write_durably
from atoll.storage.errors import StoreCorrupt, StoreFull
from atoll.storage.sealed import Sealer

MOST_TABLES = 16
_SUFFIX = ".table"


class SealedTables:
    """Tables in a folder of their own."""

    def __init__(self, folder: Path, sealer: Sealer, *, most: int = MOST_TABLES) -> None:
        """
        Args:
            folder: made if it is not there; nothing else belongs in it.
            sealer: under the node's storage key.
            most: how many tables are kept.
        """
        self._folder = folder
        self._sealer = sealer
        self._most = most

    def load(self, key: bytes) -> bytes | None:
        """The table last saved under `key`; None when there is none, or none that opens."""
        try:
            return self._sealer.open(_name(key), self._path(key).read_bytes())
        except (FileNotFoundError, StoreCorrupt):
            return None

    def save(self, key: bytes, table: bytes) -> None:
        """Keep `table` under `key`, durably, and let the oldest go.

        Raises:
            StoreFull: the disk does not take it; what was there before is there still.
        """
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, [self._sealer.seal(_name(key), table)])
            self._prune(path)
        except OSError as err:
            raise StoreFull(reason=err.strerror or "the table was not written") from err

    def note(self, key: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
        """Change a note, while no other process changes one here; what it says now, durably.

        Unlike a table it is not let go, and one that does not open is an error: it counts and pins what must not be forgotten.

        Args:
            key: 32 bytes.
            name: lower-case words.
            change: as `psi_oprf.TableCache.note`; what it raises leaves everything as it is.

        Raises:
            StoreCorrupt: the note does not open. StoreFull: the disk does not take it.
        """
        path, sealed_as = self._folder / f"{key.hex()}.{name.replace(' ', '-')}", f"psi-oprf {name}/{key.hex()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone(self._folder):
                before = self._sealer.open(sealed_as, path.read_bytes()) if path.exists() else b""
                after = change(before)
                if after != before:
                    write_durably(path, [self._sealer.seal(sealed_as, after)])
        except OSError as err:
            raise StoreFull(reason=err.strerror or "the note was not written") from err
        return after

    def _prune(self, newest: Path) -> None:
        others = [path for path in self._folder.glob(f"*{_SUFFIX}") if path != newest]
        others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        for path in others[self._most - 1 :]:
            path.unlink(missing_ok=True)

    def _path(self, key: bytes) -> Path:
        return self._folder / (key.hex() + _SUFFIX)


def forget_tables(folder: Path) -> None:
    """Delete all tables of a folder; notes stay, so that nobody can shake off a count or a pinned key that way."""
    for path in folder.glob(f"*{_SUFFIX}"):
        path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Jobs of one owner run in processes of their own and count on the same note."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _name(key: bytes) -> str:
    return f"psi-oprf table/{key.hex()}"
