"""What every source promises, whatever the format."""

from __future__ import annotations

import os
import stat

import pytest

from atoll.sources import MAX_COLUMNS, parse_fingerprint
from atoll.sources.errors import (
    DuplicateColumn,
    SourceChanged,
    SourceUnreadable,
    TooManyColumns,
    UnknownColumn,
    UnnamedColumn,
    UnprintableColumn,
)
from tests.unit.sources.desk import Desk, text_of

COLUMNS = ["id", "name", "age"]
ROWS: list[tuple[str | int | None, ...]] = [(f"A-{n:05d}", f"Zoë, no. {n}", n % 90) for n in range(2500)]
TEXT = [tuple(str(cell) for cell in row) for row in ROWS]


def test_rows_stream_in_the_tables_order_and_columns_in_the_order_asked_for(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        assert source.schema().names == COLUMNS
        assert source.row_count() == len(ROWS)
        assert text_of(source, COLUMNS) == TEXT
        assert text_of(source, ["age", "id"]) == [(age, id_) for id_, _, age in TEXT]


def test_batches_are_never_larger_than_asked_and_never_empty(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        sizes = [batch.num_rows for batch in source.batches(["id"], batch_rows=700)]
    assert max(sizes) <= 700
    assert min(sizes) > 0
    assert sum(sizes) == len(ROWS)


def test_a_source_can_be_read_twice_and_by_two_readers_at_once(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        one, other = source.batches(["id"], batch_rows=500), source.batches(["name"], batch_rows=500)
        assert next(one).column(0)[0].as_py() == "A-00000"
        assert next(other).column(0)[0].as_py() == "Zoë, no. 0"
        assert next(one).num_rows > 0
        assert text_of(source, COLUMNS) == TEXT


def test_missing_cells_are_null(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, ["id", "name"], [("1", None), ("2", "x")])) as source:
        assert text_of(source, ["id", "name"]) == [("1", None), ("2", "x")]


def test_the_fingerprint_follows_the_content(desk: Desk, kind: str) -> None:
    def fingerprint(rows: list[tuple[str | int | None, ...]], name: str) -> str:
        with desk.open(desk.table(kind, COLUMNS, rows, name=name)) as source:
            return str(source.fingerprint)

    first = fingerprint(ROWS, "first")
    assert fingerprint(ROWS, "copy") == first
    assert fingerprint(ROWS[:-1], "shorter") != first
    assert fingerprint([*ROWS[:-1], (*ROWS[-1][:2], 91)], "one cell") != first
    assert fingerprint([ROWS[1], ROWS[0], *ROWS[2:]], "swapped") != first
    assert str(parse_fingerprint(first)) == first


def test_a_registered_source_opens_only_while_it_is_what_was_registered(desk: Desk, kind: str) -> None:
    address = desk.table(kind, COLUMNS, ROWS)
    with desk.open(address) as source:
        registered = source.fingerprint
    with desk.open(address, registered) as source:
        assert source.row_count() == len(ROWS)
    (desk.data / address.split("#")[0]).unlink()
    desk.table(kind, COLUMNS, [*ROWS, ("A-99999", "intruder", 1)])
    with pytest.raises(SourceChanged):
        desk.open(address, registered)


def test_what_was_hashed_is_what_is_read_even_if_the_file_is_swapped_afterwards(desk: Desk, kind: str) -> None:
    address = desk.table(kind, COLUMNS, ROWS)
    with desk.open(address) as source:
        (desk.data / address.split("#")[0]).unlink()
        desk.table(kind, COLUMNS, [("B-00000", "other", 1)])
        assert text_of(source, COLUMNS) == TEXT


def test_the_copy_is_private_and_gone_after_closing(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        copies = list(desk.scratch.iterdir())
        assert [stat.S_IMODE(copy.stat().st_mode) for copy in copies] == [0o600]
    assert list(desk.scratch.iterdir()) == []
    source.close()


def test_a_closed_source_gives_nothing_more(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        stream = source.batches(["id"], batch_rows=500)
        next(stream)
    with pytest.raises(ValueError, match="closed"):
        next(stream)
    with pytest.raises(ValueError, match="closed"):
        next(source.batches(["id"]))


def test_the_owners_file_is_not_written_to(desk: Desk, kind: str) -> None:
    address = desk.table(kind, COLUMNS, ROWS)
    path = desk.data / address.split("#")[0]
    before = path.read_bytes(), path.stat().st_mtime_ns
    with desk.open(address) as source:
        text_of(source, COLUMNS)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(desk.data.iterdir()) == [path]


def test_a_column_that_is_not_there_is_named_as_it_was_asked_for(desk: Desk, kind: str) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        for asked in ("ID", "phone", "id; DROP TABLE people", 'id"', ""):
            with pytest.raises(UnknownColumn) as caught:
                source.batches(["id", asked])
            assert caught.value.operands["column"] == asked


@pytest.mark.parametrize("columns", [[], ["id", "id"]])
def test_asking_for_no_column_or_one_twice_is_a_programmers_error(desk: Desk, kind: str, columns: list[str]) -> None:
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source, pytest.raises(ValueError, match="each once"):
        source.batches(columns)


def test_names_of_columns_are_data_and_never_sql(desk: Desk, kind: str) -> None:
    odd = ['we"ird', "o'hara", "a,b", "*", "id; DROP TABLE people", "früh"]
    with desk.open(desk.table(kind, odd, [list("abcdef")])) as source:
        assert source.schema().names == odd
        assert text_of(source, odd[::-1]) == [tuple("fedcba")]


def test_ten_thousand_columns_are_refused(desk: Desk) -> None:
    for kind in ("csv", "parquet"):  # SQLite itself stops at 2,000
        names = [f"c{n}" for n in range(10_000)]
        with pytest.raises(TooManyColumns) as caught:
            desk.open(desk.table(kind, names, [["1"] * len(names)]))
        assert caught.value.operands == {"address": f"table.{kind}", "found": 10_000, "limit": MAX_COLUMNS}


def test_a_wide_table_within_the_limit_is_read(desk: Desk, kind: str) -> None:
    names = [f"c{n}" for n in range(1000)]
    with desk.open(desk.table(kind, names, [[str(n) for n in range(1000)]])) as source:
        assert text_of(source, ["c999", "c0"]) == [("999", "0")]


def test_a_column_without_a_name_is_refused(desk: Desk, kind: str) -> None:
    with pytest.raises(UnnamedColumn) as caught:
        desk.open(desk.table(kind, ["id", " "], [("1", "2")]))
    assert caught.value.operands["position"] == 2


@pytest.mark.parametrize("name", ["a\x1b]0;owned\x07", "a\nb", "a\x9b2J", "a\x7f"])
def test_a_column_whose_name_could_steer_a_terminal_is_refused(desk: Desk, kind: str, name: str) -> None:
    with pytest.raises(UnprintableColumn) as caught:
        desk.open(desk.table(kind, ["id", name], [("1", "2")]))
    assert caught.value.operands == {"address": caught.value.operands["address"], "position": 2}


def test_two_columns_that_differ_in_case_only_are_refused_where_the_format_allows_them(desk: Desk) -> None:
    with pytest.raises(DuplicateColumn) as caught:
        desk.open(desk.table("csv", ["id", "x", "ID"], [("1", "2", "3")]))
    assert caught.value.operands["position"] == 3
    assert "ID" not in str(caught.value)


def test_rubbish_is_refused(desk: Desk, kind: str) -> None:
    address = desk.write("rubbish." + kind, bytes(range(128, 256)) * 40)
    with pytest.raises(Exception, match=r"rubbish") as caught:
        desk.open(address + ("#people" if kind == "sqlite" else ""))
    assert caught.value.code in {"sources.not_utf8", "sources.malformed", "sources.unreadable"}  # type: ignore[attr-defined]


def test_an_empty_file_is_refused(desk: Desk, kind: str) -> None:
    address = desk.write("empty." + kind, b"")
    with pytest.raises(Exception, match=r"empty") as caught:
        desk.open(address + ("#people" if kind == "sqlite" else ""))
    assert caught.value.code in {"sources.no_header", "sources.malformed", "sources.unknown_table"}  # type: ignore[attr-defined]


def test_a_file_without_permission_is_unreadable(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = desk.table(kind, COLUMNS, ROWS)
    really_open = os.open

    def refuse(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:  # root may read everything, so the refusal is made by hand
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceUnreadable, match="permission denied"):
        desk.open(address)
