"""SQLite: a table among others, in a file that may be a program, written to by somebody else at the same time."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import struct
from collections.abc import Iterator

import pyarrow as pa
import pytest

from atoll.sources.errors import MalformedTable, NotUtf8, SourceUnreadable, UnknownTable, WrongCellType
from tests.unit.sources.desk import Desk, text_of


@contextlib.contextmanager
def database(desk: Desk, *statements: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(desk.data / "t.sqlite", isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
        yield connection
    finally:
        connection.close()


def make(desk: Desk, *statements: str) -> str:
    with database(desk, *statements):
        return "t.sqlite#people"


def fingerprint_of(desk: Desk, address: str = "t.sqlite#people") -> str:
    with desk.open(address) as source:
        return str(source.fingerprint)


TWO_ROWS = ("CREATE TABLE people (id TEXT, age INTEGER)", "INSERT INTO people VALUES ('a', 1), ('b', 2)")


def test_declared_types_become_arrow_types(desk: Desk) -> None:
    address = make(
        desk,
        "CREATE TABLE people (a TEXT, b VARCHAR(9), c INTEGER, d REAL, e BLOB, f DATE, g)",
        "INSERT INTO people VALUES ('x', 'y', 3, 0.5, x'00ff', '2026-01-01', 7), (NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    with desk.open(address) as source:
        assert source.schema() == pa.schema(
            [
                ("a", pa.string()),
                ("b", pa.string()),
                ("c", pa.int64()),
                ("d", pa.float64()),
                ("e", pa.binary()),
                ("f", pa.string()),
                ("g", pa.string()),
            ]
        )
        rows = pa.Table.from_batches(source.batches(list("abcdefg"))).to_pylist()
    assert rows[0] == {"a": "x", "b": "y", "c": 3, "d": 0.5, "e": b"\x00\xff", "f": "2026-01-01", "g": "7"}
    assert set(rows[1].values()) == {None}


@pytest.mark.parametrize(
    ("declared", "value", "type_"),
    [("INTEGER", "'PRIVATE'", "int64"), ("REAL", "'PRIVATE'", "double"), ("TEXT", "x'50'", "string")],
)
def test_a_cell_of_another_type_than_declared_is_refused_with_its_row(
    desk: Desk, declared: str, value: str, type_: str
) -> None:
    address = make(
        desk, f"CREATE TABLE people (id {declared})", "INSERT INTO people VALUES (1)", f"INSERT INTO people VALUES ({value})"
    )
    with desk.open(address) as source, pytest.raises(WrongCellType) as caught:
        list(source.batches(["id"]))
    assert caught.value.operands == {"address": address, "column": "id", "type": type_, "row": 1}
    assert caught.value.__context__ is None


def test_text_that_is_not_utf8_is_refused_with_its_row(desk: Desk) -> None:
    address = make(desk, "CREATE TABLE people (id TEXT)", "INSERT INTO people VALUES ('a'), (CAST(x'ff50' AS TEXT))")
    with desk.open(address) as source, pytest.raises(NotUtf8, match="row 1"):
        list(source.batches(["id"]))


def test_the_fingerprint_is_the_documented_encoding(desk: Desk) -> None:
    make(desk, "CREATE TABLE people (a TEXT, b)", "INSERT INTO people VALUES ('é', 1.5), (NULL, -20), ('', x'00')")

    def prefixed(value: bytes) -> bytes:
        return len(value).to_bytes(8, "big") + value

    rows = [
        b"T" + prefixed("é".encode()) + b"F" + struct.pack(">d", 1.5),
        b"N" + b"I" + prefixed(b"-20"),
        b"T" + prefixed(b"") + b"B" + prefixed(b"\x00"),
    ]
    columns = b"C" + prefixed(b"a") + prefixed(b"TEXT") + b"C" + prefixed(b"b") + prefixed(b"")
    encoded = b"atoll rows-sha256/1\x00" + columns + b"".join(b"R" + row for row in rows)
    assert fingerprint_of(desk) == "rows-sha256/1:" + hashlib.sha256(encoded).hexdigest()


def test_the_fingerprint_tells_types_and_borders_of_cells_apart(desk: Desk) -> None:
    seen = set()
    for values in (
        "('ab', 'c')",
        "('a', 'bc')",
        "('1', 2)",
        "(1, '2')",
        "(1, 2.0)",
        "(x'61', NULL)",
        "('a', NULL)",
        "('a', '')",
    ):
        (desk.data / "t.sqlite").unlink(missing_ok=True)
        make(desk, "CREATE TABLE people (a, b)", f"INSERT INTO people VALUES {values}")
        seen.add(fingerprint_of(desk))
    assert len(seen) == 8


def test_other_tables_and_housekeeping_do_not_change_the_fingerprint(desk: Desk) -> None:
    make(desk, *TWO_ROWS)
    first = fingerprint_of(desk)
    make(
        desk,
        "CREATE TABLE other (x)",
        "INSERT INTO other VALUES (1)",
        "CREATE INDEX i ON people (age)",
        "PRAGMA journal_mode=WAL",
    )
    make(desk, "VACUUM", "DROP TABLE other")
    assert fingerprint_of(desk) == first


def test_committed_rows_in_the_write_ahead_log_are_part_of_the_table(desk: Desk) -> None:
    with database(desk, "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", *TWO_ROWS) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO people VALUES ('uncommitted', 3)")
        with desk.open("t.sqlite#people") as source:
            assert text_of(source, ["id"]) == [("a",), ("b",)]


def test_a_database_locked_by_a_writer_is_unreadable_for_now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.sources.snapshot._LOCK_WAIT_SECONDS", 0.05)
    with database(desk, *TWO_ROWS, "BEGIN EXCLUSIVE"), pytest.raises(SourceUnreadable, match="SQLITE_BUSY"):
        desk.open("t.sqlite#people")


def test_rows_come_in_the_order_of_the_key_whatever_the_columns(desk: Desk) -> None:
    address = make(
        desk,
        "CREATE TABLE people (n INTEGER PRIMARY KEY, id TEXT, padding TEXT, more TEXT)",
        "INSERT INTO people (n, id) VALUES (3, 'c'), (1, 'z'), (2, 'm')",
        "CREATE INDEX covering ON people (id)",
    )
    with desk.open(address) as source:
        assert text_of(source, ["id"]) == [("z",), ("m",), ("c",)]


def test_tables_without_rowid_are_ordered_by_their_primary_key(desk: Desk) -> None:
    address = make(
        desk,
        "CREATE TABLE people (a TEXT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID",
        "INSERT INTO people VALUES ('1', 'z'), ('2', 'a'), ('3', 'a')",
    )
    with desk.open(address) as source:
        assert text_of(source, ["a", "b"]) == [("2", "a"), ("3", "a"), ("1", "z")]


def test_a_column_called_rowid_does_not_change_the_order(desk: Desk) -> None:
    address = make(desk, "CREATE TABLE people (rowid TEXT, oid TEXT)", "INSERT INTO people VALUES ('9', 'x'), ('1', 'y')")
    with desk.open(address) as source:
        assert text_of(source, ["rowid"]) == [("9",), ("1",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW people AS SELECT 1 AS id",
        "CREATE VIRTUAL TABLE people USING fts5(id)",
        "CREATE TABLE persons (id TEXT)",
        "CREATE TABLE PEOPLE (id TEXT)",
    ],
)
def test_only_an_ordinary_table_of_that_name_can_be_opened(desk: Desk, statement: str) -> None:
    with pytest.raises(UnknownTable):
        desk.open(make(desk, statement))


def test_the_table_name_is_data_and_never_sql(desk: Desk) -> None:
    make(desk, 'CREATE TABLE "od""d; DROP TABLE people" (id TEXT)', """INSERT INTO "od""d; DROP TABLE people" VALUES ('x')""")
    with desk.open('t.sqlite#od"d; DROP TABLE people') as source:
        assert text_of(source, ["id"]) == [("x",)]


def test_code_in_the_database_does_not_run(desk: Desk) -> None:
    address = make(
        desk,
        "CREATE TABLE people (id TEXT, bomb TEXT GENERATED ALWAYS AS (printf('%.*c', 100000000, 'x')) VIRTUAL)",
        "INSERT INTO people (id) VALUES ('a')",
    )
    with desk.open(address) as source:
        assert source.schema().names == ["id"]
        assert text_of(source, ["id"]) == [("a",)]


def test_the_open_connection_reads_one_table_and_does_nothing_else(desk: Desk) -> None:
    address = make(desk, *TWO_ROWS, "CREATE TABLE other (x)")
    with desk.open(address) as source:
        connection = source._database  # type: ignore[attr-defined]
        for statement in (
            "SELECT x FROM other",
            "SELECT load_extension('x')",
            "SELECT upper(id) FROM people",
            "INSERT INTO people VALUES ('c', 3)",
            "ATTACH DATABASE ':memory:' AS more",
            "PRAGMA query_only = OFF",
            "CREATE TEMP TABLE t (x)",
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
        ):
            with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
                connection.execute(statement)


def test_a_row_over_the_limit_is_refused(desk: Desk) -> None:
    address = make(desk, "CREATE TABLE people (id TEXT)", "INSERT INTO people VALUES (hex(zeroblob(1000000)))")
    with pytest.raises(MalformedTable, match="SQLITE_TOOBIG"):
        desk.open(address)


def test_a_damaged_page_is_refused(desk: Desk) -> None:
    make(desk, "CREATE TABLE people (id TEXT)", *["INSERT INTO people VALUES (hex(randomblob(900)))"] * 30)
    path = desk.data / "t.sqlite"
    content = bytearray(path.read_bytes())
    content[4096 * 5 : 4096 * 8] = b"\xff" * 4096 * 3
    path.write_bytes(content)
    with pytest.raises(MalformedTable, match="SQLITE_CORRUPT"):
        desk.open("t.sqlite#people")
