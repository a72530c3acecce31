"""Seals that are kept for good, and how far the headers have been looked through for more of them.

A header names the validators of the next height. Whoever verifies evidence walks from the genesis over every header that names
others than its own, so the seals of these are kept, whatever CometBFT prunes. They prove themselves; what this file could lose
is found again by looking through the headers once more, as far as CometBFT still has them.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from pathlib import Path
from typing import Any

from atoll import database
from atoll.errors import AtollError
from atoll.ledger.light.verify import verify_light_block
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.errors import StoreCorrupt, StoreFull

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seals (height INTEGER PRIMARY KEY, seal BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS swept (id INTEGER PRIMARY KEY CHECK (id = 0), consensus_height INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS missing (id INTEGER PRIMARY KEY CHECK (id = 0));
"""


class SealStore:
    """See the module's docstring."""

    def __init__(self, path: Path, *, chain_id: str) -> None:
        """Open or create.

        Raises:
            StoreCorrupt: a seal in it does not hold.
            StoreFull: it cannot be created.
        """
        self._path = path
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
        rows = self._read("SELECT height, seal FROM seals ORDER BY height")
        for height, seal in rows:
            self._need_good(height, seal, chain_id)

    def _need_good(self, height: int, data: bytes, chain_id: str) -> None:
        try:
            seal = parse_seal(data)
            holds = isinstance(seal, HeaderSeal) and seal.is_of_header()
            if isinstance(seal, HeaderSeal):
                verify_light_block(seal.light, chain_id=chain_id)
        except AtollError as err:
            raise StoreCorrupt(path=self._path, reason=f"the seal of height {height} does not hold: {err}") from err
        if not holds:
            raise StoreCorrupt(path=self._path, reason=f"the seal of height {height} is not of its header")

    def close(self) -> None:
        """Nothing is written any more."""
        self._db.close()

    @property
    def swept(self) -> int:
        """Consensus height up to which the headers were looked through, or a lower one."""
        rows = self._read("SELECT consensus_height FROM swept")
        return int(rows[0][0]) if rows else 0

    def sweep(self, consensus_height: int) -> None:
        """Note that the headers were looked through up to here."""
        with self._translated():
            self._db.execute("INSERT OR REPLACE INTO swept VALUES (0, ?)", (consensus_height,))

    @property
    def is_missing(self) -> bool:
        """Whether there were headers that nobody here has looked through."""
        return bool(self._read("SELECT id FROM missing"))

    def note_missing(self) -> None:
        """Note that some headers cannot be looked through here."""
        with self._translated():
            self._db.execute("INSERT OR REPLACE INTO missing VALUES (0)")

    def note_complete(self) -> None:
        """Note that what they would have told is known."""
        with self._translated():
            self._db.execute("DELETE FROM missing")

    def keep(self, height: int, seal: bytes) -> None:
        """Keep the seal of a ledger height."""
        with self._translated():
            self._db.execute("INSERT OR REPLACE INTO seals VALUES (?, ?)", (height, seal))

    def first_from(self, height: int) -> bytes | None:
        """The first one kept of this height or a later one."""
        rows = self._read("SELECT seal FROM seals WHERE height >= ? ORDER BY height LIMIT 1", height)
        return rows[0][0] if rows else None

    def all_from(self, height: int, *, max_count: int) -> list[bytes]:
        """Those kept from this height on, in order, at most so many."""
        return [
            row[0] for row in self._read("SELECT seal FROM seals WHERE height >= ? ORDER BY height LIMIT ?", height, max_count)
        ]

    def _read(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._db.execute(query, values).fetchall()

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database.translated(StoreFull, functools.partial(StoreCorrupt, path=self._path))
