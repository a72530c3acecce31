"""What both engines keep on disk: SQLite in WAL mode with `synchronous=FULL`; a call that returned is durable.

    blocks        every block with its summary and the sentences of its refusals
    transactions  where each transaction's bytes are, so that none is carried out or answered twice
    records       the state at the newest height that is never taken back: what each block changed; a key's last row counts
    vows          small things with a digest each: whose store this is, where it stands, what must never be contradicted

An engine's own store derives from this one and adds its tables. Everything but the vows is below a root that somebody signed,
so that a flipped bit is found when the store is opened.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol

from atoll import database
from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ledger.block import Block, BlockSummary, parse_block
from atoll.ledger.chain import Executed
from atoll.ledger.transaction import transaction_ids
from atoll.ordering.errors import ForeignStore, StoreClosed, StoreCorrupt, StoreFull, StoreInUse
from atoll.wire.cbor import decode, encode
from atoll.wire.message import parse_message

TIDY_ROWS = 10_000
"""So many rows that are out of date are not worth looking at."""
_BLOCKS = "SELECT data, summary, sentences, height, first, size FROM blocks WHERE height BETWEEN ? AND ? ORDER BY height"
_SCHEMA = """
CREATE TABLE vows (name TEXT PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (height INTEGER PRIMARY KEY, first INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,
                     summary BLOB NOT NULL, sentences BLOB NOT NULL);
CREATE TABLE transactions (id BLOB PRIMARY KEY, height INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX transactions_by_height ON transactions (height);
CREATE TABLE records (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL);
"""
_MAX_SENTENCES_BYTES = 4 << 20


class StateLookup(Protocol):
    """The state, as far as tidying asks for it."""

    def get(self, key: bytes, /) -> bytes | None:
        """The record under a raw key."""
        ...

    def __len__(self) -> int:
        """How many records there are."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it was made durable."""

    block: Block
    """The block."""
    summary: BlockSummary
    """Its summary."""
    outcomes: tuple[Outcome, ...]
    """What became of its transactions; sentences included."""
    entries: tuple[bytes, ...]
    """Its log entries, the summary's bytes last."""


class LedgerStore:
    """See the module's docstring. Writing calls come one after another; blocks and transactions may be read meanwhile, and show
    what the last finished call left."""

    FORMAT: ClassVar[int]
    """Written into the file; a file of another format is not touched."""
    SCHEMA: ClassVar[str]
    """The engine's own tables."""

    def __init__(self, path: Path, *, max_pages: int | None = None) -> None:
        """Open or create.

        Args:
            path: the database file.
            max_pages: most pages of 4 KiB that it may grow to; past them it behaves as on a full disk.

        Raises:
            StoreCorrupt: not a database any more.
            ForeignStore: of another format. StoreInUse: another process has it.
            StoreFull: it cannot be created.
        """
        self.path = path
        self._lock = _lock(path)
        self._is_open = True
        self._connections: list[sqlite3.Connection] = []
        self._own = threading.local()
        try:
            with self.translated():
                self._db = self._connect()
                self._prepare(max_pages)
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        if not self._is_open:
            raise StoreClosed(path=self.path)
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._connections.append(connection)
        return connection

    @property
    def _reader(self) -> sqlite3.Connection:
        """For questions with one answer, over a connection that only this thread has.

        While an answer is being read, its connection sees the store as it was when that began, and so would whoever else asks
        over it: a node that asks for its newest block must not be told of the one before.
        """
        found: sqlite3.Connection | None = getattr(self._own, "reader", None)
        if found is None:
            found = self._own.reader = self._connect()
            found.execute("PRAGMA query_only=ON")
        return found

    def _prepare(self, max_pages: int | None) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self.limit_pages(max_pages)
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, self.FORMAT):
            raise ForeignStore(path=self.path, reason=f"its format is {version}, this one writes {self.FORMAT}")
        if version == 0:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise ForeignStore(path=self.path, reason="it is somebody else's database")
            self._db.executescript(f"BEGIN;{_SCHEMA}{self.SCHEMA}PRAGMA user_version={self.FORMAT};COMMIT;")

    def limit_pages(self, max_pages: int | None) -> None:
        """Let the file grow to so many pages of 4 KiB and no further; None for no limit but the disk's."""
        self._db.execute(f"PRAGMA max_page_count={max_pages or 2**31 - 2:d}")

    def close(self) -> None:
        """Nothing is read or written any more; harmless when closed already."""
        self._is_open = False
        for connection in list(self._connections):
            connection.close()
        self._lock.close()

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """One durable transaction around several of the methods below.

        Raises:
            StoreFull: the disk took it not; nothing of it is there.
        """
        with self.translated(), database.transaction(self._db):
            yield

    # -- blocks ----------------------------------------------------------------------------------------------------------------

    def append(self, executed: Executed) -> None:
        """Add a block; the log entries are its transactions and its summary."""
        block, summary = executed.block, executed.summary
        sentences = encode(
            [[at, one.code, one.sentence] for at, one in enumerate(executed.outcomes) if not one.ok],
            max_bytes=_MAX_SENTENCES_BYTES,
        )
        self._append(block, summary.first, executed.entries[-1], sentences)

    def append_bare(self, block: Block, summary: bytes) -> None:
        """Add a block of which only the bytes are known, not the words of its refusals."""
        self._append(block, parse_message(summary, BlockSummary).first, summary, encode([]))

    def _append(self, block: Block, first: int, summary: bytes, sentences: bytes) -> None:
        size = first + len(block.transactions) + 1
        self._db.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", (block.height, first, size, block.encode(), summary, sentences)
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO transactions VALUES (?, ?, ?)",
            [(name, block.height, at) for at, name in enumerate(transaction_ids(block.transactions))],
        )

    def block(self, height: int) -> StoredBlock | None:
        """The block at a height.

        Raises:
            StoreCorrupt: it cannot be read back.
        """
        with self.translated():
            row = self._reader.execute(_BLOCKS, (height, height)).fetchone()
        return None if row is None else self._stored(*row)

    def blocks(self, first: int, last: int) -> Iterator[StoredBlock]:
        """Blocks in order of height, both ends included."""
        return (self._stored(*row) for row in self._rows(_BLOCKS, first, last))

    def encoded_blocks(self, first: int, last: int) -> Iterator[tuple[bytes, bytes]]:
        """Bytes of blocks and of their summaries in order of height, both ends included."""
        return self._rows("SELECT data, summary FROM blocks WHERE height BETWEEN ? AND ? ORDER BY height", first, last)

    def _rows(self, question: str, *values: int) -> Iterator[Any]:
        """Many answers one by one, over a connection of its own for the reason that `_reader` gives: it may take long."""
        with self.translated():
            connection = self._connect()
            try:
                for row in connection.execute(question, values):  # noqa: UP028 - of a closed store it would close the cursor
                    yield row
            finally:
                connection.close()
                self._connections.remove(connection)

    def raw_blocks(self, first: int, *, max_bytes: int, max_count: int) -> list[bytes]:
        """Encoded blocks from a height on, as many as fit; at least one where there is one."""
        found: list[bytes] = []
        total = 0
        with self.translated():
            for (data,) in self._reader.execute(
                "SELECT data FROM blocks WHERE height >= ? ORDER BY height LIMIT ?", (first, max_count)
            ):
                total += len(data)
                if found and total > max_bytes:
                    break
                found.append(data)
        return found

    def size_at(self, height: int) -> int | None:
        """Size of the log after a block; None where it is not here."""
        with self.translated():
            row = self._reader.execute("SELECT size FROM blocks WHERE height = ?", (height,)).fetchone()
        return None if row is None else int(row[0])

    def find_transaction(self, identifier: bytes) -> tuple[int, int] | None:
        """Height and position of a transaction."""
        with self.translated():
            row = self._reader.execute("SELECT height, position FROM transactions WHERE id = ?", (identifier,)).fetchone()
        if row is not None and not all(isinstance(number, int) for number in row):
            raise StoreCorrupt(path=self.path, reason="it does not say where a transaction stands")
        return None if row is None else (row[0], row[1])

    def placed(self, identifiers: Sequence[bytes]) -> set[bytes]:
        """Those of some transactions that a block here holds. Asked one by one, each may have to wait for another thread."""
        marks = ",".join("?" * len(identifiers))
        with self.translated():
            rows = self._reader.execute(f"SELECT id FROM transactions WHERE id IN ({marks})", identifiers)  # noqa: S608 - marks
            return {identifier for (identifier,) in rows}

    def find_entry(self, index: int) -> tuple[int, int] | None:
        """Height of the block that holds a log entry, and the entry's position in it."""
        with self.translated():
            row = self._reader.execute(
                "SELECT height, first FROM blocks WHERE first <= ? ORDER BY height DESC LIMIT 1", (index,)
            ).fetchone()
        return None if row is None else (row[0], index - row[1])

    # -- state -----------------------------------------------------------------------------------------------------------------

    def put_records(self, changes: Iterable[tuple[bytes, bytes]]) -> None:
        """Move the state. Rows are added behind what is there: keys look random, and each in its place would write a page."""
        self._db.executemany("INSERT INTO records (key, value) VALUES (?, ?)", changes)

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """The state; of a key that comes twice the last value counts."""
        return self._rows("SELECT key, value FROM records ORDER BY id")

    def tidy_records(self, count: int, state: StateLookup) -> None:
        """After `count` rows were added: look at twice as many of the oldest, where most rows are out of date.

        Those that still say what the state says are added behind the others, and all of them go. So the table never holds much
        more than three times the state, a write costs at most two more, and nothing is ever written anew as a whole.

        Args:
            count: rows added in this transaction.
            state: as it is now, whatever was added included.
        """
        first, last = self._db.execute(  # rows go at one end, come at the other; asked together, both are found by reading all
            "SELECT (SELECT min(id) FROM records), (SELECT max(id) FROM records)"
        ).fetchone()
        if count == 0 or last - first + 1 <= 2 * len(state) + TIDY_ROWS:
            return
        oldest = self._db.execute("SELECT id, key, value FROM records ORDER BY id LIMIT ?", (2 * count,)).fetchall()
        self._db.execute("DELETE FROM records WHERE id <= ?", (oldest[-1][0],))
        self.put_records((key, value) for _, key, value in oldest if state.get(key) == value)

    # -- vows ------------------------------------------------------------------------------------------------------------------

    def put_vow(self, name: str, value: bytes) -> None:
        """Write down what this member must not contradict."""
        self._db.execute("INSERT OR REPLACE INTO vows VALUES (?, ?, ?)", (name, value, _vow_digest(name, value)))

    def drop_vows(self, names: Iterable[str]) -> None:
        """Vows that later ones have overtaken."""
        self._db.executemany("DELETE FROM vows WHERE name = ?", [(name,) for name in names])

    def vow(self, name: str) -> bytes | None:
        """What was written down under this name.

        Raises:
            StoreCorrupt: it is not what was written.
        """
        return dict(self.vows(name)).get(name)

    def vows(self, prefix: str) -> list[tuple[str, bytes]]:
        """All vows whose name begins so, by name."""
        with self.translated():
            rows = self._db.execute("SELECT name, value, digest FROM vows WHERE name >= ? ORDER BY name", (prefix,)).fetchall()
        found = []
        for name, value, digest in rows:
            if not name.startswith(prefix):
                break
            if digest != _vow_digest(name, value):
                raise StoreCorrupt(path=self.path, reason=f"its entry {name} was changed")
            found.append((name, value))
        return found

    # -- inside ----------------------------------------------------------------------------------------------------------------

    def _stored(self, data: bytes, summary_bytes: bytes, sentences: bytes, *place: int) -> StoredBlock:
        try:
            block = parse_block(data)
            summary = parse_message(summary_bytes, BlockSummary)
            words = {at: (code, sentence) for at, code, sentence in decode(sentences, max_bytes=_MAX_SENTENCES_BYTES)}
        except (AtollError, ValueError, TypeError) as err:
            raise StoreCorrupt(path=self.path, reason="a block cannot be read back") from err
        outcomes = tuple(Outcome(number, *words.get(at, ("", ""))) for at, number in enumerate(summary.outcomes))
        stored = StoredBlock(block, summary, outcomes, (*block.transactions, summary_bytes))
        if place != (block.height, summary.first, summary.first + len(stored.entries)):
            raise StoreCorrupt(path=self.path, reason=f"block {block.height} is said to stand elsewhere")
        return stored

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """SQLite's errors as StoreFull and StoreCorrupt; StoreClosed for whoever still reads while the node stops."""
        try:
            with database.translated(StoreFull, functools.partial(StoreCorrupt, path=self.path)):
                yield
        except StoreCorrupt as err:
            if not self._is_open:
                raise StoreClosed(path=self.path) from err
            raise


def _lock(path: Path) -> IO[bytes]:
    """Two processes on one store would sign against each other."""
    try:
        return database.lock_beside(path)
    except BlockingIOError as err:
        raise StoreInUse(path=path) from err
    except OSError as err:
        raise StoreFull(reason=err.strerror or "its folder cannot be written") from err


def _vow_digest(name: str, value: bytes) -> bytes:
    return hashlib.sha256(b"vow\0" + name.encode() + b"\0" + value).digest()
