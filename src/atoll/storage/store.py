"""The node's database: bodies of committed documents, local datasets, jobs, tokens, the audit trail.

SQLite in WAL mode with `synchronous=FULL`: a call that returned is durable. The ledger has a store of its own
(`atoll.ordering.embedded`); what stands here is what must not stand there.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from atoll.database import translated
from atoll.storage.errors import StoreCorrupt, StoreFull

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS body (kind TEXT, id TEXT, data BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dataset (id TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, row TEXT NOT NULL, secret BLOB NOT NULL DEFAULT x'') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (digest BLOB PRIMARY KEY, role TEXT NOT NULL, label TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, time INTEGER, actor TEXT, action TEXT, subject TEXT, outcome TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDataset:
    """Where a registered dataset version lies, and what binds it to its registration."""

    id: str
    path: str
    table: str
    digest: str
    content_salt: str
    request: str = ""
    """Digest of the words it was registered with; the same words about the same bytes register nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalJob:
    """What this node knows of a job beside the ledger."""

    id: str
    phase: str = "waiting for plan"
    attempt: int = 0
    decision: dict[str, Any] | None = None
    progress: tuple[int, int, str] = (0, 0, "")
    sent_bytes: int = 0
    received_bytes: int = 0
    seconds: float = 0.0
    commitment: str = ""
    error: str = ""


_JOB_FIELDS = tuple(one.name for one in fields(LocalJob))


class NodeStore:
    """One node's database."""

    def __init__(self, path: Path | str) -> None:
        """Open it, or make it where there is none.

        Raises:
            StoreCorrupt: it is damaged, or of another version of the schema.
            StoreFull: the disk has no room for a new one.
        """
        make_private(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with self._writing():
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
        found = self.meta("schema")
        if found is None:
            self.set_meta("schema", str(SCHEMA_VERSION).encode())
        elif int(found) != SCHEMA_VERSION:
            raise StoreCorrupt(reason=f"schema version {int(found)}, this program knows {SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with translated(StoreFull, StoreCorrupt):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(StoreFull, StoreCorrupt), self._db:
            yield

    def meta(self, name: str) -> bytes | None:
        """A named value, or None."""
        row = self._row("SELECT value FROM meta WHERE name = ?", name)
        return bytes(row[0]) if row else None

    def set_meta(self, name: str, value: bytes) -> None:
        """Write a named value."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def body(self, kind: str, identifier: str) -> bytes | None:
        """The body of a committed document, or None."""
        row = self._row("SELECT data FROM body WHERE kind = ? AND id = ?", kind, identifier)
        return bytes(row[0]) if row else None

    def set_body(self, kind: str, identifier: str, data: bytes) -> None:
        """Keep the body of a committed document."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO body VALUES (?, ?, ?)", (kind, identifier, data))

    def bodies(self, kind: str, prefix: str = "") -> list[tuple[str, bytes]]:
        """All bodies of a kind whose identifier begins so, by identifier."""
        rows = self._rows(
            "SELECT id, data FROM body WHERE kind = ? AND substr(id, 1, ?) = ? ORDER BY id", kind, len(prefix), prefix
        )
        return [(one, bytes(data)) for one, data in rows]

    def dataset(self, identifier: str) -> LocalDataset | None:
        """Where a dataset of this node lies, or None."""
        row = self._row("SELECT row FROM dataset WHERE id = ?", identifier)
        return LocalDataset(**json.loads(row[0])) if row else None

    def set_dataset(self, dataset: LocalDataset) -> None:
        """Remember where a dataset lies."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO dataset VALUES (?, ?)", (dataset.id, json.dumps(asdict(dataset))))

    def job(self, identifier: str) -> LocalJob | None:
        """What this node knows of a job, or None."""
        row = self._row("SELECT row FROM job WHERE id = ?", identifier)
        return _read_job(row[0]) if row else None

    def jobs(self) -> list[LocalJob]:
        """All jobs this node knows something of."""
        return [_read_job(row) for (row,) in self._rows("SELECT row FROM job ORDER BY id")]

    def update_job(self, identifier: str, **changes: Any) -> LocalJob:
        """Change some fields of a job, which is made if it is new."""
        job = replace(self.job(identifier) or LocalJob(id=identifier), **changes)
        with self._writing():
            self._db.execute(
                "INSERT INTO job (id, row) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET row = excluded.row",
                (identifier, json.dumps({name: getattr(job, name) for name in _JOB_FIELDS})),
            )
        return job

    def job_secret(self, identifier: str) -> bytes | None:
        """The sealed secrets of a job, or None."""
        row = self._row("SELECT secret FROM job WHERE id = ?", identifier)
        return bytes(row[0]) if row and row[0] else None

    def set_job_secret(self, identifier: str, sealed: bytes) -> None:
        """Keep a job's sealed secrets; they are durable before the consent that rests on them is sent."""
        self.update_job(identifier)
        with self._writing():
            self._db.execute("UPDATE job SET secret = ? WHERE id = ?", (sealed, identifier))

    def add_token(self, digest: bytes, role: str, label: str) -> None:
        """Allow a bearer token; only its digest is kept."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO token VALUES (?, ?, ?)", (digest, role, label))

    def token(self, digest: bytes) -> tuple[str, str] | None:
        """Role and label of a token, or None."""
        row = self._row("SELECT role, label FROM token WHERE digest = ?", digest)
        return (row[0], row[1]) if row else None

    def audit(self, *, time: int, actor: str, action: str, subject: str, outcome: str) -> None:
        """Note who did what; never what the data say."""
        with self._writing():
            self._db.execute(
                "INSERT INTO audit (time, actor, action, subject, outcome) VALUES (?, ?, ?, ?, ?)",
                (time, actor, action, subject, outcome),
            )

    def audit_trail(self, limit: int = 100) -> list[tuple[int, int, str, str, str, str]]:
        """The newest notes, newest last."""
        rows = self._rows("SELECT * FROM audit ORDER BY seq DESC LIMIT ?", limit)
        return [(seq, time, actor, action, subject, outcome) for seq, time, actor, action, subject, outcome in reversed(rows)]


def make_private(path: Path | str) -> None:
    """A new database is its owner's alone: it holds plans, terms and their salts. SQLite makes its other files like it."""
    if path == ":memory:":
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(reason=err.strerror) from err
        raise StoreCorrupt(reason=err.strerror) from err


def _read_job(text: str) -> LocalJob:
    row = json.loads(text)
    known = {field.name for field in fields(LocalJob)}
    row["progress"] = tuple(row.get("progress", (0, 0, "")))
    return LocalJob(**{name: value for name, value in row.items() if name in known})
