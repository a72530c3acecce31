"""One replica of the embedded engine on disk (`ordering/store.py`), with what its quorum needs.

records   the state at the newest *agreed* height; later blocks are carried out again when the store is opened
notes     the sequencer's signed checkpoints that are not agreed yet
epochs    agreed notes from just before the members that count changed: those who catch up verify them one after the other
vows      what this member must never contradict: cosigned roots, sizes to be signed, votes, the agreed note
evidence  signed contradictions of others
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from atoll.ordering.store import LedgerStore

FORMAT = 3
MAX_EVIDENCE = 1000
"""A liar fills no disk."""


class Store(LedgerStore):
    """See the module's docstring. Writing calls come one after another, under the replica's lock."""

    FORMAT: ClassVar[int] = FORMAT
    SCHEMA: ClassVar[str] = """
CREATE TABLE notes (height INTEGER PRIMARY KEY, note BLOB NOT NULL);
CREATE TABLE epochs (height INTEGER PRIMARY KEY, note BLOB NOT NULL);
CREATE TABLE evidence (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time INTEGER NOT NULL, data BLOB NOT NULL,
                       digest BLOB UNIQUE);
"""

    def drop_above(self, height: int) -> None:
        """Forget the blocks above a height, which nobody acknowledged."""
        self._db.execute("DELETE FROM blocks WHERE height > ?", (height,))
        self._db.execute("DELETE FROM transactions WHERE height > ?", (height,))
        self._db.execute("DELETE FROM notes WHERE height > ?", (height,))

    def put_note(self, height: int, note: bytes) -> None:
        """Keep the sequencer's checkpoint of a block."""
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (height, note))

    def notes(self) -> dict[int, bytes]:
        """Height -> the sequencer's signed checkpoint."""
        with self.translated():
            return dict(self._reader.execute("SELECT height, note FROM notes ORDER BY height"))

    def drop_notes_below(self, height: int) -> None:
        """Notes that an agreed one has overtaken."""
        self._db.execute("DELETE FROM notes WHERE height < ?", (height,))

    def put_epoch(self, height: int, note: bytes) -> None:
        """Keep an agreed note for good."""
        self._db.execute("INSERT OR REPLACE INTO epochs VALUES (?, ?)", (height, note))

    def next_epoch(self, height: int) -> tuple[int, bytes] | None:
        """The first such note above a height."""
        with self.translated():
            row = self._reader.execute(
                "SELECT height, note FROM epochs WHERE height > ? ORDER BY height LIMIT 1", (height,)
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def keep_evidence(self, kind: str, time: int, data: bytes) -> None:
        """Keep a signed contradiction; the same one is kept once, and no more than MAX_EVIDENCE."""
        digest = hashlib.sha256(kind.encode() + b"\0" + data).digest()
        self._db.execute(
            "INSERT OR IGNORE INTO evidence (kind, time, data, digest) SELECT ?, ?, ?, ?"
            " WHERE (SELECT count(*) FROM evidence) < ?",
            (kind, time, data, digest, MAX_EVIDENCE),
        )

    def evidence(self) -> list[tuple[str, int, bytes]]:
        """Kind, time and data of everything kept, oldest first."""
        with self.translated():
            return [tuple(row) for row in self._reader.execute("SELECT kind, time, data FROM evidence ORDER BY id")]
