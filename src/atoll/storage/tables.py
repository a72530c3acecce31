"""Tables that intersections look keys up in, sealed, one file an epoch: the disk behind `psi_oprf.TableCache`.

Both sides keep what they can get again: the owner makes a table anew, the receiver has it sent. So a file that does not open is
no error but a table less, and the oldest go when there are too many.
"""

from __future__ import annotations

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

    def forget(self, key: bytes) -> None:
        """Delete the table of an epoch that is over."""
        self._path(key).unlink(missing_ok=True)

    def _prune(self, newest: Path) -> None:
        others = [path for path in self._folder.glob(f"*{_SUFFIX}") if path != newest]
        others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        for path in others[self._most - 1 :]:
            path.unlink(missing_ok=True)

    def _path(self, key: bytes) -> Path:
        return self._folder / (key.hex() + _SUFFIX)


def _name(key: bytes) -> str:
    return f"psi-oprf table/{key.hex()}"
