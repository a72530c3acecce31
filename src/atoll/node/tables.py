"""Tables that a node keeps from one job to the next, sealed, under names that say nothing (`atoll.protocols.psi_oprf`)."""

from __future__ import annotations

from pathlib import Path

from atoll.storage.durable import write_durably
from atoll.storage.sealed import Sealer

KEPT_TABLES = 32
"""Of more than these the ones that were used longest ago are deleted; a table can be made, or be sent, again."""


class SealedTables:
    """A folder of tables, each sealed under its key."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        """
        Args:
            folder: made if it is not there.
            sealer: under the key of this node's tables.
        """
        self._folder = folder
        self._sealer = sealer

    def load(self, key: bytes) -> bytes | None:
        """What was last saved under `key`; None when there is nothing.

        Raises:
            StoreCorrupt: it was changed.
        """
        path = self._path(key)
        try:
            sealed = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        return self._sealer.open(path.name, sealed)

    def save(self, key: bytes, table: bytes) -> None:
        """Keep `table` durably under `key`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(key)
        write_durably(path, [self._sealer.seal(path.name, table)])
        by_use = sorted(self._folder.glob("*.table"), key=lambda one: one.stat().st_mtime_ns)
        for old in by_use[:-KEPT_TABLES]:
            old.unlink(missing_ok=True)

    def _path(self, key: bytes) -> Path:
        return self._folder / f"{key.hex()}.table"
