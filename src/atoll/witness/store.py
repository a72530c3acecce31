"""What a witness remembers: the newest checkpoint of each log that it cosigned, and contradictions with both signatures.

SQLite in WAL mode with `synchronous=FULL`; what `deciding` leaves behind is durable when the block ends. One process at a time:
a lock beside the file sees to it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from atoll import database
from atoll.ledger.witness import WitnessState, parse_add_checkpoint
from atoll.witness.errors import WitnessRunning, WitnessStoreCorrupt, WitnessStoreFull

FORMAT = 1
KEPT_CHECKPOINTS = 10_000
"""Cosigned checkpoints kept a log, so that another root of an older size is noticed as well."""
MAX_CONTRADICTIONS = 1_000
"""Kept a log; whoever has shown so many needs no further ones."""
_SCHEMA = """
CREATE TABLE newest (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
                     time INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cosigned (origin TEXT, size INTEGER, root BLOB NOT NULL, note BLOB NOT NULL,
                       PRIMARY KEY (origin, size)) WITHOUT ROWID;
CREATE TABLE contradictions (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
                             known BLOB NOT NULL, request BLOB NOT NULL, digest BLOB UNIQUE);
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), time INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that was cosigned."""

    origin: str
    size: int
    root: bytes
    note: bytes
    """As the log signed it, our own line not among its lines."""
    time: int
    """When it was cosigned last, Unix seconds."""

    @property
    def state(self) -> WitnessState:
        """What decisions are made from."""
        return WitnessState(self.size, self.root)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that an honest log does not sign."""

    origin: str
    kind: str
    """`fork`: two roots of one size. `unproven`: a larger tree of which no proof says that it continues the known one."""
    time: int
    """When it was seen, Unix seconds."""
    known: bytes
    """The signed checkpoint that was cosigned."""
    request: bytes
    """The refused request: old size, proof, and the other signed checkpoint."""


class WitnessStore:
    """See the module's docstring."""

    def __init__(self, path: Path, *, read_only: bool = False, must_exist: bool = False) -> None:
        """Open it, or make it.

        Args:
            path: the file.
            read_only: beside a witness that runs.
            must_exist: the key has been in use, so that a missing memory is a lost one and not a new one.

        Raises:
            WitnessRunning: another process uses it. WitnessStoreCorrupt: it is none, or lost. WitnessStoreFull: it cannot be
                made.
        """
        self._path = path
        if must_exist and not (path.exists() and path.stat().st_size):
            raise WitnessStoreCorrupt(path=path, reason="it is missing or empty")
        with contextlib.ExitStack() as opened:
            if not read_only:
                opened.enter_context(_lock(path))
            with self._translated():
                place = f"file:{path}?mode=ro" if read_only else path
                self._db = sqlite3.connect(place, isolation_level=None, check_same_thread=False, uri=read_only)
                opened.callback(self._db.close)
                self._prepare(read_only)
            self._opened = opened.pop_all()

    def _prepare(self, read_only: bool) -> None:
        if not read_only:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not read_only:
            self._db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={FORMAT};COMMIT;")
        elif version != FORMAT:
            raise WitnessStoreCorrupt(path=self._path, reason=f"its format is {version}, this program knows {FORMAT}")

    def close(self) -> None:
        """Close it."""
        self._opened.close()

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """Read and write as one atomic, durable step; an exception leaves nothing of it.

        Raises:
            WitnessStoreFull: the disk did not take it.
        """
        with self._translated(), database.transaction(self._db):
            yield

    def newest(self, origin: str) -> Cosigned | None:
        """The newest checkpoint of a log that was cosigned."""
        return next((one for one in self.logs() if one.origin == origin), None)

    def logs(self) -> list[Cosigned]:
        """The newest of each log, by origin."""
        return [Cosigned(*row) for row in self._rows("SELECT origin, size, root, note, time FROM newest ORDER BY origin")]

    def cosigned(self, origin: str, size: int) -> tuple[bytes, bytes] | None:
        """Root and note cosigned at this very size, if that is still kept."""
        rows = self._rows("SELECT root, note FROM cosigned WHERE origin = ? AND size = ?", origin, size)
        return rows[0] if rows else None

    def keep(self, cosigned: Cosigned) -> None:
        """Remember what is about to be cosigned."""
        origin, size, root, note, time = cosigned.origin, cosigned.size, cosigned.root, cosigned.note, cosigned.time
        self._db.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?)", (origin, size, root, note, time))
        self._db.execute("INSERT OR IGNORE INTO cosigned VALUES (?, ?, ?, ?)", (origin, size, root, note))
        self._db.execute(
            "DELETE FROM cosigned WHERE origin = ?1 AND size <="
            " (SELECT size FROM cosigned WHERE origin = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)",
            (origin, KEPT_CHECKPOINTS),
        )
        self._db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (time,))

    def last_time(self) -> int:
        """The newest time that any cosignature was given; 0 if none was."""
        rows = self._rows("SELECT time FROM clock")
        return int(rows[0][0]) if rows else 0

    def keep_contradiction(self, found: Contradiction) -> None:
        """Keep it; of one size and root, once."""
        shown = parse_add_checkpoint(found.request).note.text
        digest = hashlib.sha256(f"{found.kind}\n{shown}".encode()).digest()
        self._db.execute(
            "INSERT OR IGNORE INTO contradictions (origin, kind, time, known, request, digest) SELECT ?1, ?2, ?3, ?4, ?5, ?6"
            " WHERE (SELECT count(*) FROM contradictions WHERE origin = ?1 AND kind = ?2) < ?7",
            (found.origin, found.kind, found.time, found.known, found.request, digest, MAX_CONTRADICTIONS),
        )

    def contradictions(self) -> list[Contradiction]:
        """All of them, oldest first."""
        rows = self._rows("SELECT origin, kind, time, known, request FROM contradictions ORDER BY id")
        return [Contradiction(*row) for row in rows]

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._db.execute(query, values).fetchall()

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return database.translated(WitnessStoreFull, functools.partial(WitnessStoreCorrupt, path=self._path))


def _lock(path: Path) -> IO[bytes]:
    try:
        return database.lock_beside(path)
    except BlockingIOError as err:
        raise WitnessRunning(path=path.parent) from err
    except OSError as err:
        raise WitnessStoreFull(reason=err.strerror or "its folder cannot be written") from err
