"""The index of the catalogue: which datasets say what. All of it can be made again from the ledger and the cards.

Tables of our own and no full-text extension: an order of integers is the same on every machine and stays the same while pages
are turned, a program's text is never read as a query language, and the index works with whatever SQLite Python comes with.
A damaged or foreign index is thrown away, and its owner fills a new one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atoll.database import translated
from atoll.exchange.catalogue.entry import Entry, Key, class_names
from atoll.exchange.catalogue.query import Place, Query, encode_cursor, parse_cursor
from atoll.storage.errors import StoreCorrupt, StoreFull
from atoll.storage.store import make_private

SCHEMA_VERSION = "3"
NO_GRADE = 9
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (no INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, owner TEXT NOT NULL, level INTEGER NOT NULL,
    state TEXT NOT NULL, height INTEGER NOT NULL, grade INTEGER NOT NULL, third INTEGER NOT NULL, card INTEGER NOT NULL,
    record BLOB NOT NULL, shown TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entry_order ON entry (height DESC, id);
CREATE TABLE IF NOT EXISTS label (axis TEXT, value TEXT, entry INTEGER, until INTEGER NOT NULL,
    PRIMARY KEY (axis, value, entry)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS label_entry ON label (entry);
CREATE TABLE IF NOT EXISTS word (token TEXT, entry INTEGER, points INTEGER NOT NULL, PRIMARY KEY (token, entry)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS word_entry ON word (entry);
CREATE TABLE IF NOT EXISTS rests (lineage TEXT, entry INTEGER, PRIMARY KEY (lineage, entry)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rests_entry ON rests (entry);
CREATE TABLE IF NOT EXISTS opinion (id TEXT, evaluator TEXT, third INTEGER NOT NULL, time INTEGER NOT NULL,
    grade INTEGER NOT NULL, stands INTEGER NOT NULL, shown TEXT NOT NULL, PRIMARY KEY (id, evaluator)) WITHOUT ROWID;
"""
_HITS = """
CREATE TEMP TABLE hit (no INTEGER PRIMARY KEY, id TEXT, owner TEXT, level INTEGER, state TEXT, height INTEGER, grade INTEGER,
    score INTEGER)
"""
_COUNTS = "SELECT level, owner, state, grade, count(*) FROM hit GROUP BY level, owner, state, grade"
_CLASSES = """
SELECT l.value, count(*) FROM label l CROSS JOIN hit ON hit.no = l.entry WHERE l.axis = 'class' GROUP BY l.value
"""
"""Led by the labels, which stand in order of their values; led by the answers, each would be looked up alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one evaluator said of one dataset version, as far as the catalogue needs it."""

    dataset: str
    evaluator: str
    third_party: bool
    time: int
    grade: int
    score_ppm: int
    commitment: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One answer."""

    entry: Entry
    """Without its words."""
    score: int
    opinion: Opinion | None
    """The best-founded opinion that stands: a third party's before the owner's, then the newest."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of answers."""

    listed: tuple[Listed, ...]
    total: int
    """Answers on all pages."""
    facets: dict[str, dict[str, int]]
    """How many there are by class, level, owner, state and grade."""
    following: str
    """Cursor of the next page; empty on the last."""


class CatalogueIndex:
    """The index in one file. Calls may come from any thread, one at a time."""

    def __init__(self, path: Path | str, *, ledger: str) -> None:
        """Open it, or begin an empty one where there is none, none that can be read, or one of another ledger.

        Args:
            path: of the database.
            ledger: which ledger it is about.

        Raises:
            StoreFull: the disk has no room for a new one.
        """
        self._lock = threading.Lock()
        self._path = path
        self._meaning = meaning = f"{SCHEMA_VERSION} {ledger}"
        try:
            self._db = self._open()
            found = self._db.execute("SELECT value FROM meta WHERE name = 'meaning'").fetchone()
            if found is None or found[0] != meaning:
                self._begin_anew(meaning)
        except sqlite3.DatabaseError:
            self._begin_anew(meaning)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def put(self, entry: Entry, record: bytes) -> None:
        """Take a dataset version in, or what is known of it now.

        Args:
            entry: what is known.
            record: digest of the ledger's record that it was made from.
        """
        is_here = entry.has_card or bool(entry.refused)  # what was refused is not asked for again
        with self._writing() as db:
            self._remove(db, entry.dataset)
            opinion = self._opinion(db, entry.dataset)
            grade, third = (opinion.grade, opinion.third_party) if opinion else (NO_GRADE, False)
            row = (entry.dataset, entry.owner, entry.level, entry.state, entry.height, grade, third, is_here, record)
            number = db.execute(
                "INSERT INTO entry (id, owner, level, state, height, grade, third, card, record, shown)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, _shown(entry)),
            ).lastrowid
            words = ((word, number, points) for word, points in entry.words.items())
            db.executemany("INSERT INTO word VALUES (?, ?, ?)", words)
            labels = ((axis, value, number, until) for axis, value, until in _labels(entry))
            db.executemany("INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)", labels)
            db.executemany("INSERT INTO rests VALUES (?, ?)", ((lineage, number) for lineage in entry.lineages))

    def remove(self, dataset: str) -> None:
        """Forget a dataset version that the ledger does not hold."""
        with self._writing() as db:
            self._remove(db, dataset)

    def put_opinion(self, opinion: Opinion) -> None:
        """Take an opinion of quality in, whether or not it stands."""
        row = (opinion.dataset, opinion.evaluator, opinion.third_party, opinion.time, opinion.grade, opinion.stands)
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO opinion VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, json.dumps(asdict(opinion))))
            best = self._opinion(db, opinion.dataset)
            grade, third = (best.grade, best.third_party) if best else (NO_GRADE, False)
            db.execute("UPDATE entry SET grade = ?, third = ? WHERE id = ?", (grade, third, opinion.dataset))

    def opinions(self, dataset: str) -> list[Opinion]:
        """All opinions of a dataset version, newest first, withdrawn ones included."""
        with self._held():
            rows = self._db.execute(
                "SELECT shown FROM opinion WHERE id = ? ORDER BY time DESC, evaluator", (dataset,)
            ).fetchall()
        return [Opinion(**json.loads(row)) for (row,) in rows]

    def known(self) -> dict[str, tuple[bytes, bool]]:
        """For each dataset version the record it was taken in from, and whether with its card."""
        with self._held():
            rows = self._db.execute("SELECT id, record, card FROM entry").fetchall()
        return {name: (bytes(record), bool(card)) for name, record, card in rows}

    def look_up(self, dataset: str) -> tuple[bytes, bool] | None:
        """The same of one."""
        with self._held():
            row = self._db.execute("SELECT record, card FROM entry WHERE id = ?", (dataset,)).fetchone()
        return (bytes(row[0]), bool(row[1])) if row else None

    def versions(self, lineage: str) -> list[str]:
        """The dataset versions of a lineage, owner/name."""
        with self._held():
            rows = self._db.execute("SELECT id FROM entry WHERE id >= ? AND id < ?", (f"{lineage}/", f"{lineage}0")).fetchall()
        return [name for (name,) in rows]

    def resting_on(self, lineage: str) -> list[str]:
        """The dataset versions of a lineage, and those that were derived from one of them, at whatever remove."""
        with self._held():
            rows = self._db.execute("SELECT id FROM rests JOIN entry ON no = entry WHERE lineage = ?", (lineage,)).fetchall()
        return [name for (name,) in rows]

    def clear(self) -> None:
        """Begin an empty one."""
        with self._held():
            self._begin_anew(self._meaning)

    def without_card(self) -> list[tuple[str, str]]:
        """Dataset versions whose card is not here, with their owners, by owner."""
        with self._held():
            return self._db.execute("SELECT id, owner FROM entry WHERE card = 0 ORDER BY owner, id").fetchall()

    def search(self, query: Query) -> Page:
        """One page of what a query finds. Cost: a look at each answer on all pages, for the counts.

        Raises:
            BadQuery: see `Query.verify` and `parse_cursor`.
        """
        query.verify()
        place = parse_cursor(query)
        where, values, skipped = "", [], (query.page - 1) * query.limit
        if place is not None:
            where, values, skipped = "WHERE (-score, -height, id) > (?, ?, ?)", [-place.score, -place.height, place.dataset], 0
        with self._held():
            self._find(query)
            total, facets = self._counts()
            rows = self._db.execute(
                "SELECT hit.score, hit.height, hit.id, e.shown, e.card, e.level, e.state, e.owner"  # noqa: S608
                f" FROM (SELECT * FROM hit {where} ORDER BY -score, -height, id LIMIT ? OFFSET ?) hit"
                " JOIN entry e ON e.no = hit.no ORDER BY -hit.score, -hit.height, hit.id",
                [*values, query.limit + 1, skipped],
            ).fetchall()
            shown = rows[: query.limit]
            opinions = [self._opinion(self._db, row[2]) for row in shown]
        listed = tuple(Listed(_entry(row), row[0], opinion) for row, opinion in zip(shown, opinions, strict=True))
        following = ""
        if len(rows) > query.limit:
            last = shown[-1]
            following = encode_cursor(query, Place(last[0], last[1], last[2]))
        return Page(listed, total, facets, following)

    def _find(self, query: Query) -> None:
        """Write all answers down, in memory, so that the counts and the page need not find them twice."""
        spans = [self._span(first, beyond) for first, beyond in query.ranges()]
        hits, values = _hits(query, spans)
        self._db.execute("DELETE FROM temp.hit")
        self._db.execute(f"INSERT INTO temp.hit {hits}", values)

    def _span(self, first: str, beyond: str) -> tuple[str | None, str | None]:
        ends = (
            "SELECT (SELECT min(token) FROM word WHERE token >= ? AND token < ?), (SELECT max(token) FROM word WHERE token < ?)"
        )
        least, most = self._db.execute(ends, (first, beyond, beyond)).fetchone()
        return least, most

    def _counts(self) -> tuple[int, dict[str, dict[str, int]]]:
        """How many answers there are, and of which kinds."""
        facets: dict[str, Counter[str]] = {axis: Counter() for axis in ("level", "owner", "state", "quality")}
        total = 0
        for *values, count in self._db.execute(_COUNTS):
            total += count
            for counted, value in zip(facets.values(), values, strict=True):
                counted[str(value)] += count
        classes = dict(self._db.execute(_CLASSES).fetchall())
        return total, {axis: dict(counted) for axis, counted in facets.items()} | {"class": classes}

    def _open(self) -> sqlite3.Connection:
        make_private(self._path)
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")  # what a power cut takes is made again
        db.execute("PRAGMA temp_store=MEMORY")
        for statement in (*_SCHEMA.split(";"), _HITS):
            db.execute(statement)
        return db

    def _begin_anew(self, meaning: str) -> None:
        if hasattr(self, "_db"):
            self._db.close()
        if self._path != ":memory:":
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._db = self._open()
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('meaning', ?)", (meaning,))

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One caller at a time, and errors in our words."""
        with self._lock, translated(StoreFull, StoreCorrupt):
            yield

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._held():
            self._db.execute("BEGIN")
            with self._db:
                yield self._db

    def _remove(self, db: sqlite3.Connection, dataset: str) -> None:
        row = db.execute("SELECT no FROM entry WHERE id = ?", (dataset,)).fetchone()
        if row is not None:
            db.execute("DELETE FROM word WHERE entry = ?", row)
            db.execute("DELETE FROM label WHERE entry = ?", row)
            db.execute("DELETE FROM rests WHERE entry = ?", row)
            db.execute("DELETE FROM entry WHERE no = ?", row)

    def _opinion(self, db: sqlite3.Connection, dataset: str) -> Opinion | None:
        best = "SELECT shown FROM opinion WHERE id = ? AND stands ORDER BY third DESC, time DESC, evaluator LIMIT 1"
        row = db.execute(best, (dataset,)).fetchone()
        return Opinion(**json.loads(row[0])) if row else None


def _hits(query: Query, spans: Sequence[tuple[str | None, str | None]]) -> tuple[str, list[Any]]:
    """The statement that finds all answers, and its values. What a person typed is only ever a value.

    Args:
        query: what is looked for.
        spans: for each of its words the first and the last that there is of those that it stands for.
    """
    joined: list[str] = []
    values: list[Any] = []
    for at, (first, last) in enumerate(spans):
        if first == last:  # one word, whose cards stand in order: each is looked up, and nothing is sorted
            joined.append(f"JOIN word w{at} ON w{at}.token = ? AND w{at}.entry = e.no")
            values.append(first)
        else:
            best = "SELECT entry, max(points) AS points FROM word WHERE token BETWEEN ? AND ? GROUP BY entry"
            joined.append(f"JOIN ({best}) w{at} ON w{at}.entry = e.no")
            values += [first, last]
    score = " + ".join(f"w{at}.points" for at in range(len(spans))) or "0"
    where = ["e.level BETWEEN ? AND ?"]
    values += [query.least_level, query.most_level]
    for axis, wanted in (("class-name", query.classes), ("semantics", query.semantics)):
        for one in wanted:
            where.append("EXISTS (SELECT 1 FROM label WHERE axis = ? AND value = ? AND entry = e.no)")
            values += [axis, one]
    for column, allowed in (("owner", query.owners), ("state", query.states)):
        if allowed:
            where.append(f"e.{column} IN ({_places(allowed)})")
            values += allowed
    if query.rules:
        where.append(
            "EXISTS (SELECT 1 FROM label WHERE axis = 'rule' AND entry = e.no AND (until = 0 OR until >= ?)"  # noqa: S608
            f" AND value IN ({_places(query.rules)}))"
        )
        values += [query.now, *query.rules]
    if query.not_owner:
        where.append("e.owner <> ?")
        values.append(query.not_owner)
    if query.worst_grade:
        where.append("e.grade <= ?")
        values.append(query.worst_grade)
    if query.third_party:
        where.append("e.third")
    columns = f"e.no, e.id, e.owner, e.level, e.state, e.height, e.grade, {score} AS score"
    return f"SELECT {columns} FROM entry e {' '.join(joined)} WHERE {' AND '.join(where)}", values  # noqa: S608


def _places(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)


def _labels(entry: Entry) -> Iterator[tuple[str, str, int]]:
    for one in entry.classes:
        yield "class", one, 0
        for name in class_names(one):
            yield "class-name", name, 0
    for one in entry.semantics:
        yield "semantics", one, 0
    ends: dict[str, int] = {}
    for key in entry.keys:  # of two columns under one rule the one that may be compared longer counts
        ends[key.rule] = 0 if 0 in (key.until, ends.get(key.rule, key.until)) else max(key.until, ends.get(key.rule, 0))
    yield from (("rule", rule, until) for rule, until in ends.items())


_LISTS = ("classes", "semantics", "keywords")
_TEXTS = ("refused", "title", "summary", "rows_at_most", "accrual", "spatial", "licence")


def _shown(entry: Entry) -> str:
    fields: dict[str, Any] = {name: getattr(entry, name) for name in (*_LISTS, *_TEXTS)}
    return json.dumps(fields | {"keys": [asdict(one) for one in entry.keys]}, ensure_ascii=False)


def _entry(row: tuple[Any, ...]) -> Entry:
    _, height, dataset, shown, card, level, state, owner = row
    fields = json.loads(shown)
    lists: dict[str, Any] = {name: tuple(fields[name]) for name in _LISTS}
    texts: dict[str, Any] = {name: fields[name] for name in _TEXTS}
    return Entry(
        dataset=dataset,
        owner=owner,
        level=level,
        state=state,
        height=height,
        has_card=bool(card) and not fields["refused"],
        keys=tuple(Key(**one) for one in fields["keys"]),
        words={},
        **lists,
        **texts,
    )
