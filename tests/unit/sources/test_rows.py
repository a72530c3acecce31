"""Chosen rows, as the source spells them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.protocols.identifiers import Report, parse_rules
from atoll.sources import SourceRows, open_items
from atoll.sources.errors import NotText, NotUtf8, UnknownColumn
from tests.unit.sources.desk import Desk

COLUMNS = ["id", "name", "age"]
ROWS = [(f"A-{n:05d}", None if n % 7 == 0 else f"Zoë, no. {n}", n % 90) for n in range(40_000)]
TEXT = [(id_, name, str(age)) for id_, name, age in ROWS]


def packed(*rows: int) -> bytes:
    return struct.pack(f"<{len(rows)}I", *rows)


def cells(table: pa.Table) -> list[tuple[str | None, ...]]:
    assert all(field.type == pa.string() for field in table.schema)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture(params=[128 << 20, 1000], ids=["kept", "streamed"])
def rows(desk: Desk, kind: str, request: pytest.FixtureRequest) -> Iterator[SourceRows]:
    with SourceRows(desk.open(desk.table(kind, COLUMNS, ROWS)), memory_bytes=request.param) as opened:
        yield opened


@pytest.mark.parametrize(
    "wanted",
    [(), (0,), (39_999,), (0, 1, 7, 16_383, 16_384, 39_999), (39_999, 3, 20_000), (5, 5, 5), (9, 2, 9, 2)],
    ids=["none", "first", "last", "ascending", "any order", "repeated", "both"],
)
def test_rows_come_in_the_order_asked_for_as_text_with_their_nulls(rows: SourceRows, wanted: tuple[int, ...]) -> None:
    assert cells(rows.take(COLUMNS, packed(*wanted))) == [TEXT[row] for row in wanted]
    assert cells(rows.take(["age", "id"], packed(*wanted))) == [(TEXT[row][2], TEXT[row][0]) for row in wanted]


def test_a_row_or_column_that_is_not_there(rows: SourceRows) -> None:
    with pytest.raises(ValueError, match="no such row"):
        rows.take(["id"], packed(1, 40_000))
    with pytest.raises(UnknownColumn):
        rows.take(["id", "phone"], packed(1))


def test_closing_closes_the_source(rows: SourceRows) -> None:
    rows.take(["id"], packed(1))
    rows.close()
    with pytest.raises(ValueError, match="closed"):
        rows.take(["id"], packed(1))


def test_what_cannot_be_written_as_text_is_told_by_its_column(desk: Desk) -> None:
    pq.write_table(pa.table({"a": [[1]], "b": [b"\xff"], "c": [True], "d": [1.5]}), desk.data / "t.parquet")
    with SourceRows(desk.open("t.parquet")) as opened:
        assert cells(opened.take(["c", "d"], packed(0))) == [("true", "1.5")]
        with pytest.raises(NotText):
            opened.take(["a"], packed(0))
        with pytest.raises(NotUtf8) as caught:
            opened.take(["b"], packed(0))
        assert caught.value.__context__ is None


def test_what_is_kept_is_read_once_and_serves_keys_and_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk.open(desk.table("csv", COLUMNS, ROWS[:100]))
    asked: list[list[str]] = []
    really_read = source.batches

    def batches(columns: list[str], **options: int) -> Iterator[pa.RecordBatch]:
        asked.append(list(columns))
        return really_read(columns, **options)

    monkeypatch.setattr(source, "batches", batches)
    with SourceRows(source) as opened:
        opened.keep(["id", "name"])
        opened.keep(["name"])
        assert cells(opened.take(["name"], packed(8, 3))) == [TEXT[8][1:2], TEXT[3][1:2]]
        keys = open_items(opened, ["id"], parse_rules(["exact/1"]), report=Report(), scratch=desk.scratch)
        assert (keys.rows, len(opened)) == (100, 100)
        assert [batch.num_rows for batch in opened.batches(["id"], batch_rows=40)] == [40, 40, 20]
        assert asked == [["id", "name"]]
        assert cells(opened.take(["age"], packed(8))) == [TEXT[8][2:]]
        assert asked == [["id", "name"], ["age"]]
        keys.close()


def test_an_empty_table_is_kept_too(desk: Desk) -> None:
    with SourceRows(desk.open(desk.write("t.csv", "id\n"))) as opened:
        opened.keep(["id"])
        assert list(opened.batches(["id"])) == []
        assert opened.take(["id"], b"").num_rows == 0
        assert len(opened) == 0


def test_what_does_not_fit_is_read_no_further_than_that(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk.open(desk.table("csv", COLUMNS, ROWS))
    read = 0
    really_read = source.batches

    def batches(columns: list[str], **options: int) -> Iterator[pa.RecordBatch]:
        nonlocal read
        for batch in really_read(columns, **options):
            read += 1
            yield batch

    monkeypatch.setattr(source, "batches", batches)
    with SourceRows(source, memory_bytes=1000) as opened:
        opened.keep(["id"])
        assert read == 1
        assert cells(opened.take(["id"], packed(39_999))) == [TEXT[39_999][:1]]
