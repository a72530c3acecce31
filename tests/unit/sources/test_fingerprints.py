"""What the fingerprint of a table is taken from, and what it does not depend on."""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.exchange.fingerprint import Kind, TablePrint, Verdict, encode_print, estimate_likeness, judge_prints, parse_print
from atoll.sources import ReadLimits
from atoll.sources.duck import DuckSource
from atoll.sources.errors import (
    BrokenQuoting,
    DuplicateColumn,
    MalformedTable,
    NotUtf8,
    OtherDelimiter,
    ScratchFull,
    SourceChanged,
    SourceTooLarge,
    TooManyColumns,
    WrongWidth,
)
from atoll.sources.fingerprints import ROWS_FILE, TableReading, read_table
from tests.unit.sources.desk import Desk

NAMES = ["id", "Name", "born", "seen", "paid", "member"]
ROWS = [
    (
        n * 7919 % 100_003,
        f"Zoë {n % 700}, no. {n}",
        date(1990, 1 + n % 12, 1 + n % 28),
        datetime(2024, 1, 1 + n % 28, n % 24, n % 60, tzinfo=UTC),
        Decimal(n * 37 % 9000) / 100,
        n % 3 == 0,
    )
    for n in range(3000)
]


@pytest.fixture
def take(desk: Desk, tmp_path: Path) -> Callable[[str], TableReading]:
    (tmp_path / "out").mkdir()
    return lambda address: read_table(address, root=desk.root, scratch=desk.scratch, out=tmp_path / "out")


def write_csv(
    desk: Desk, name: str, rows: Sequence[Sequence[object]], names: Sequence[str] = NAMES, delimiter: str = ","
) -> str:
    with (desk.data / name).open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([names, *rows])
    return name


def roots(table: TablePrint) -> tuple[bytes, bytes]:
    return table.content_root, table.nameless_root


def test_one_table_has_one_content_in_every_format(desk: Desk, take: Callable[[str], TableReading]) -> None:
    as_csv = take(write_csv(desk, "t.csv", ROWS)).print
    pq.write_table(pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))), desk.data / "t.parquet")
    with sqlite3.connect(desk.data / "t.sqlite") as database:
        database.execute('CREATE TABLE people ("id" INTEGER, "Name" TEXT, born TEXT, seen TEXT, paid REAL, member INTEGER)')
        spelled = [(i, n, str(b), s.isoformat(), float(p), int(m)) for i, n, b, s, p, m in ROWS]
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", spelled)
    database.close()
    as_parquet, as_sqlite = take("t.parquet").print, take("t.sqlite#people").print
    assert roots(as_csv) == roots(as_parquet) == roots(as_sqlite)
    assert as_csv.columns == as_parquet.columns == as_sqlite.columns
    assert (as_csv.minhash, as_csv.bands, as_csv.sketch) == (as_parquet.minhash, as_sqlite.bands, as_parquet.sketch)
    kinds = {column.name: column.kind for column in as_csv.columns}
    assert kinds == {
        "id": Kind.INTEGER,
        "name": Kind.TEXT,
        "born": Kind.DATE,
        "seen": Kind.TIMESTAMP,
        "paid": Kind.DECIMAL,
        "member": Kind.BOOLEAN,
    }


def test_order_delimiter_and_spelling_do_not_matter_but_names_do_to_one_root(
    desk: Desk, take: Callable[[str], TableReading]
) -> None:
    original = take(write_csv(desk, "a.csv", ROWS))
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    turned = [row[::-1] for row in shuffled]
    respelled = [
        (f"0{i}.0", f"\u3000{n} ", f"{b:%Y/%m/%d}", f"{s:%Y-%m-%dT%H:%MZ}", f"{p:.3f}", int(m)) for i, n, b, s, p, m in ROWS
    ]
    for copy in (
        write_csv(desk, "b.csv", shuffled),
        write_csv(desk, "c.csv", turned, NAMES[::-1]),
        write_csv(desk, "d.tsv", ROWS, delimiter="\t"),
        write_csv(desk, "e.csv", respelled, [" ID", "NAME", "Born", "seen", "paid", "member "]),
    ):
        found = take(copy)
        assert roots(found.print) == roots(original.print)
        assert judge_prints(found.print, original.print) is Verdict.SAME_CONTENT
        assert found.print.columns == original.print.columns
    assert take("b.csv").sample == original.sample
    renamed = take(write_csv(desk, "f.csv", turned, ["u", "v", "w", "x", "y", "z"])).print
    assert renamed.content_root != original.print.content_root
    assert renamed.nameless_root == original.print.nameless_root
    assert judge_prints(renamed, original.print) is Verdict.SAME_CONTENT


def test_a_single_cell_more_or_elsewhere_changes_the_content(desk: Desk, take: Callable[[str], TableReading]) -> None:
    original = take(write_csv(desk, "a.csv", [("1", "2", "x"), ("3", "", "y")], "abc")).print
    for number, rows in enumerate(
        (
            [("1", "2", "x"), ("3", "4", "y")],
            [("1", "2", "x"), ("", "3", "y")],
            [("2", "1", "x"), ("3", "", "y")],
            [("1", "2", "x"), ("3", "", "y"), ("3", "", "y")],
            [("1", "2", "x")],
            [("1", "2", "x"), ("3", "", "Y")],
            [("1", "", "x"), ("3", "2", "y")],
        )
    ):
        assert take(write_csv(desk, f"b{number}.csv", rows, "abc")).print.content_root != original.content_root
    assert (
        take(write_csv(desk, "names.csv", [("1", "2", "x"), ("3", "", "y")], "abd")).print.content_root != original.content_root
    )


def test_digests_are_those_of_the_file(desk: Desk, take: Callable[[str], TableReading]) -> None:
    found = take(desk.write("a.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n")).print
    assert found.bytes_sha256 == hashlib.sha256(b"\xef\xbb\xbfa,b\r\n1,2\r\n").digest()
    assert found.bytes_sm3 is None
    assert [column.name for column in found.columns] == ["a", "b"]


def test_sm3_of_the_file_is_taken_where_it_is_wanted_and_changes_nothing_else(
    desk: Desk, take: Callable[[str], TableReading], tmp_path: Path
) -> None:
    desk.write("a.csv", b"a,b\n1,2\n")
    plain = take("a.csv").print
    both = read_table("a.csv", root=desk.root, scratch=desk.scratch, out=tmp_path / "out", sm3=True).print
    assert both.bytes_sm3 == hashlib.new("sm3", b"a,b\n1,2\n").digest()
    assert replace(both, bytes_sm3=None) == plain
    assert encode_print(both) != encode_print(plain)
    assert [parse_print(encode_print(one)) for one in (both, plain)] == [both, plain]
    assert judge_prints(both, plain) is Verdict.EXACT


def test_the_file_of_rows_has_every_distinct_row_once_and_in_order(
    desk: Desk, take: Callable[[str], TableReading], tmp_path: Path
) -> None:
    found = take(write_csv(desk, "a.csv", ROWS + ROWS[:500] + ROWS[:1])).print
    data = (tmp_path / "out" / ROWS_FILE).read_bytes()
    records = [data[at : at + 36] for at in range(0, len(data), 36)]
    digests = [record[:32] for record in records]
    assert (
        (found.rows, found.distinct_rows) == (3501, 3000) == (sum(int.from_bytes(r[32:], "big") for r in records), len(records))
    )
    assert digests == sorted(set(digests))
    assert [int.from_bytes(one[:8], "big") for one in digests] == list(found.sketch.to_integers())


def test_a_print_comes_back_from_its_encoding(desk: Desk, take: Callable[[str], TableReading]) -> None:
    found = take(write_csv(desk, "a.csv", ROWS)).print
    assert parse_print(encode_print(found)) == found


def test_a_sample_holds_rows_as_they_stand_in_the_file(desk: Desk, take: Callable[[str], TableReading]) -> None:
    rows = [(f"00{n}.50", ' a "q"', "" if n % 2 else "x,y") for n in range(100)]
    sample = take(write_csv(desk, "a.csv", rows, "abc")).sample
    assert sample.column_names == ["a", "b", "c"]
    found = [tuple("" if cell is None else cell for cell in row.values()) for row in sample.to_pylist()]
    assert sorted(found) == sorted(rows)
    assert sample.column("c").null_count == 50


@pytest.mark.parametrize(
    ("content", "error", "where"),
    [
        ('a,b\n1,"2\n', BrokenQuoting, "line 2"),
        ('a,b\n1,"2"3\n', BrokenQuoting, "line 2"),
        ("a,b\n1,2\n1,2,3\n", WrongWidth, "line 3"),
        (b"a,b\n1,\xff\n", NotUtf8, "line 2"),
        ("a,b\n1,2\r\n", MalformedTable, "line 2"),
        ("a,b\n1,2\n" + "x" * (3 << 20) + ",2\n", MalformedTable, "line 3"),
    ],
)
def test_a_file_at_fault_says_where_and_leaves_nothing(
    desk: Desk, take: Callable[[str], TableReading], tmp_path: Path, content: bytes | str, error: type[Exception], where: str
) -> None:
    with pytest.raises(error, match=where):
        take(desk.write("a.csv", content))
    assert list((tmp_path / "out").iterdir()) == []


OTHERS = [(";", "semicolon"), ("|", "pipe"), ("\t", "tab")]


@pytest.mark.parametrize(("mark", "name"), OTHERS)
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_file_of_another_delimiter_is_not_taken_for_one_column(
    desk: Desk, take: Callable[[str], TableReading], mark: str, name: str, quote: str
) -> None:
    address = desk.write("a.csv", f"{quote}id{quote}{mark}{quote}x{quote}\n1{mark}2\n")
    with pytest.raises(OtherDelimiter, match=f"read with commas, .* separated by {name}s"):
        take(address)
    assert take(f"{address}?delimiter={name}").names == ("id", "x")


def test_one_column_whose_name_holds_a_delimiter_is_read_once_somebody_says_so(
    desk: Desk, take: Callable[[str], TableReading]
) -> None:
    assert take(desk.write("a.csv", "id;x\n1;2\n") + "?delimiter=comma").names == ("id;x",)


def test_tabs_are_noticed_beside_commas(desk: Desk, take: Callable[[str], TableReading]) -> None:
    address = desk.write("a.csv", "id\tname, given\n1\tx, y\n")
    with pytest.raises(OtherDelimiter, match="separated by tabs"):
        take(address)
    assert take(f"{address}?delimiter=tab").names == ("id", "name, given")


def test_a_broken_quote_is_not_taken_for_a_delimiter(desk: Desk, take: Callable[[str], TableReading]) -> None:
    with pytest.raises(BrokenQuoting, match="in the header"):
        take(desk.write("a.csv", '"id"x,y\n1,2\n'))


def test_columns_that_differ_in_spelling_alone_are_refused(desk: Desk, take: Callable[[str], TableReading]) -> None:
    with pytest.raises(DuplicateColumn):
        take(desk.write("a.csv", "Jos\u00e9,x,Jose\u0301 \n1,2,3\n"))


def test_a_file_that_changes_while_it_is_read_is_refused(desk: Desk, tmp_path: Path) -> None:
    address = write_csv(desk, "a.csv", ROWS)

    def grow(_: int) -> None:
        with (desk.data / address).open("a") as file:
            file.write("1,2,3,4,5,6\r\n")

    with pytest.raises(SourceChanged):
        read_table(address, root=desk.root, scratch=desk.scratch, out=tmp_path, progress=grow)
    assert not (tmp_path / ROWS_FILE).exists()


def test_near_copies_and_parts_are_told_from_others(desk: Desk, take: Callable[[str], TableReading]) -> None:
    original = take(write_csv(desk, "a.csv", ROWS)).print
    changed = [(-1, *row[1:]) if n % 20 == 0 else row for n, row in enumerate(ROWS)]
    near = take(write_csv(desk, "b.csv", changed)).print
    part = take(write_csv(desk, "c.csv", ROWS[::3])).print
    half = take(write_csv(desk, "d.csv", ROWS[:2100] + [(n, *row[1:]) for n, row in enumerate(ROWS[:800])])).print
    other = take(write_csv(desk, "e.csv", [(n, *row[1:]) for n, row in enumerate(ROWS)])).print
    verdicts = [judge_prints(one, original) for one in (near, part, half, other)]
    assert verdicts == [Verdict.NEAR, Verdict.SUBSET, Verdict.REVIEW, Verdict.NEW]
    assert estimate_likeness(part, original).contained_ppm == 1_000_000
    assert estimate_likeness(part, original).containing_ppm == 333_333


def test_more_columns_than_a_table_may_have_are_refused(desk: Desk, take: Callable[[str], TableReading]) -> None:
    with pytest.raises(TooManyColumns):
        take(desk.write("a.csv", ",".join(f"c{n}" for n in range(10_000)) + "\n"))
    widest = [f"c{n}" for n in range(4096)]
    assert len(take(write_csv(desk, "b.csv", [widest] * 3, widest)).print.columns) == 4096


def test_a_cell_of_100_megabytes_is_refused_in_every_format(desk: Desk, take: Callable[[str], TableReading]) -> None:
    for opening, closing in ((b"", b"\n"), (b'"', b'"\n')):
        with (desk.data / "t.csv").open("wb") as file:
            file.write(b"a,b\n1," + opening)
            file.seek(100 << 20, os.SEEK_CUR)  # a hole, read as zeros
            file.write(closing)
        with pytest.raises(MalformedTable, match="line 2"):
            take("t.csv")
    pq.write_table(pa.table({"a": ["x" * (2 << 20)]}), desk.data / "t.parquet")
    with pytest.raises(MalformedTable, match="longer than 1 MiB"):
        take("t.parquet")
    with sqlite3.connect(desk.data / "t.sqlite") as database:
        database.execute("CREATE TABLE people (a)")
        database.execute("INSERT INTO people VALUES (zeroblob(?))", (100 << 20,))
    database.close()
    with pytest.raises(MalformedTable, match="SQLITE_TOOBIG"):
        take("t.sqlite#people")


def test_long_cells_that_repeat_come_in_small_batches(desk: Desk) -> None:
    long = pa.array(["x" * 500_000]).dictionary_encode()
    cells = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int8()), long.dictionary)
    pq.write_table(pa.table({"a": cells, "b": range(300)}), desk.data / "t.parquet")
    assert (desk.data / "t.parquet").stat().st_size < 1 << 20
    with desk.open("t.parquet") as source:
        assert isinstance(source, DuckSource)
        batches = [(batch.num_rows, batch.nbytes) for batch in source.text_batches(batch_rows=2048)]
    assert sum(rows for rows, _ in batches) == 300
    assert max(size for _, size in batches) < 33 << 20
    assert len(batches) < 10
    with desk.open("t.parquet", limits=ReadLimits(memory_bytes=128 << 20)) as source:
        assert isinstance(source, DuckSource)
        with pytest.raises(SourceTooLarge):
            next(source.text_batches(batch_rows=2048))


def test_a_row_of_parquet_is_no_longer_than_one_of_other_formats(desk: Desk, take: Callable[[str], TableReading]) -> None:
    half = 1 << 19
    for width in (half, half + 1):
        pq.write_table(pa.table({"a": ["x" * half], "b": ["y" * width]}), desk.data / "t.parquet")
        if width == half:
            assert take("t.parquet").print.rows == 1
            continue
        with pytest.raises(MalformedTable, match="a row is longer than 1 MiB"):
            take("t.parquet")


def test_a_table_is_read_alike_whatever_the_size_of_a_batch(
    desk: Desk, take: Callable[[str], TableReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))), desk.data / "t.parquet")
    whole = take("t.parquet")
    monkeypatch.setattr("atoll.sources.table_reader._SLICE_BYTES", 1000)
    assert take("t.parquet").print == whole.print


def test_halves_of_a_large_file_are_cut_between_records_and_faults_keep_their_line(
    desk: Desk, take: Callable[[str], TableReading]
) -> None:
    rows = [(str(number), f'x{number}\n"", \n"', "y" * (number % 50)) for number in range(40_000)]
    content = "a,b,c\r\n" + "".join('{},"{}",{}\r\n'.format(n, x.replace('"', '""'), y) for n, x, y in rows)
    found = take(desk.write("t.csv", content))
    with (desk.data / "u.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("c", "b", "a"), *(row[::-1] for row in rows[::-1])])
    assert (found.print.rows, roots(found.print)) == (40_000, roots(take("u.csv").print))
    lines = content.count("\n")
    for at, fault, error in (
        (30_000, "1,2\r\n", WrongWidth),
        (39_000, "1,2,3\n", MalformedTable),
        (7, '1,2"3,4\r\n', BrokenQuoting),
        (39_999, '1,"2,3\r\n', BrokenQuoting),
    ):
        before = content.index(f"{at},")
        with pytest.raises(error) as caught:
            take(desk.write("v.csv", content[:before] + fault + content[before:]))
        assert f"line {1 + content[:before].count(chr(10))}" in str(caught.value)
    assert lines > 40_000


def test_halves_whose_lines_end_differently_are_refused(desk: Desk, take: Callable[[str], TableReading]) -> None:
    first = "a,b\n" + "1,2\n" * 20_000
    assert take(desk.write("t.csv", first + "1,2\n" * 20_000)).print.rows == 40_000
    with pytest.raises(MalformedTable):
        take(desk.write("t.csv", first + "1,2\r\n" * 16_000))  # the cut is where the ends change


def test_a_full_disk_says_so_and_leaves_nothing(
    desk: Desk, take: Callable[[str], TableReading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = write_csv(desk, "a.csv", ROWS)
    monkeypatch.setattr(os, "fsync", fail_full)
    with pytest.raises(ScratchFull):
        take(address)
    assert list((tmp_path / "out").iterdir()) == []


def fail_full(_: int) -> None:
    raise OSError(errno.ENOSPC, "full")
