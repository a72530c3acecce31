"""Profiles: exact where they say so, sampled where they say so, made by an engine that sees nothing but what it is handed."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.exchange.profile import DISTINCT_ERROR_PPM, SAMPLE_ROWS, Profile, Sample, ValueType
from atoll.sources import ReadLimits, open_source
from atoll.sources.duck import connect_locked
from atoll.sources.errors import BrokenQuoting, MalformedTable, TooManyColumns, WrongWidth
from atoll.sources.profiling import CELL_CHARACTERS, Sampler, profile_source
from tests.unit.sources.desk import Desk


def profile(desk: Desk, name: str) -> tuple[Profile, Sample]:
    with open_source(name, root=desk.root, scratch=desk.scratch) as source:
        return profile_source(source)


def write(desk: Desk, text: str) -> str:
    (desk.data / "t.csv").write_text(text, encoding="utf-8")
    return "t.csv"


def test_every_figure_of_a_small_table_is_exact(desk: Desk) -> None:
    made, sample = profile(desk, write(desk, 'a,b\nAB-123,\nCD-456,"x"\n"É 1",é\n'))
    assert (made.rows, made.sampled_rows, made.is_complete) == (3, 3, True)
    a, b = made.columns
    assert (a.nulls, a.distinct, a.shortest, a.longest, a.mean_bytes) == (0, 3, 4, 6, 16 / 3)
    assert (b.nulls, b.distinct, b.shortest, b.longest, b.kind) == (1, 2, 1, 2, "string")
    assert a.patterns == (("AA-999", 666_666), ("A 9", 333_333))
    assert b.patterns == (("a", 1_000_000),)
    assert sample.columns["b"] == (None, "x", "é")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+30", " 4 "], ValueType.INTEGER),
        (["1.5", "2", "-3e4", ".5"], ValueType.DECIMAL),
        (["true", "No", "Y"], ValueType.BOOLEAN),
        (["是", "否"], ValueType.BOOLEAN),
        (["2024-01-31", "2024-02-29"], ValueType.DATE),
        (["2024/1/31", "2024年2月3日"], ValueType.DATE),
        (["2024-02-30", "x"], ValueType.TEXT),
        (["2024-01-31 12:00:00", "2024-01-31T12:00:01"], ValueType.TIMESTAMP),
        (["1", "two"], ValueType.TEXT),
        (["", ""], ValueType.EMPTY),
    ],
)
def test_the_type_is_that_of_the_values(desk: Desk, cells: list[str], kind: ValueType) -> None:
    made, _ = profile(desk, write(desk, "n,x\n" + "".join(f"0,{one}\n" for one in cells)))
    assert made.columns[1].type is kind


def test_one_wrong_cell_in_a_hundred_does_not_change_a_type(desk: Desk) -> None:
    rows = [str(one) for one in range(99)]
    assert profile(desk, write(desk, "x\n" + "\n".join([*rows, "?"]) + "\n"))[0].columns[0].type is ValueType.INTEGER
    assert profile(desk, write(desk, "x\n" + "\n".join([*rows, "?", "?"]) + "\n"))[0].columns[0].type is ValueType.TEXT


def test_quantiles_are_those_of_numbers_and_days(desk: Desk) -> None:
    made, _ = profile(desk, write(desk, "n,d,t\n" + "".join(f"{one},1970-01-{one + 1:02},x\n" for one in range(21))))
    number, day, text = made.columns
    assert number.quantiles == (0, 5, 10, 15, 20)
    assert day.quantiles == (0, 5, 10, 15, 20)
    assert text.quantiles == ()


def test_the_most_frequent_values_stand_first_and_are_in_nothing_that_is_printed(desk: Desk) -> None:
    made, sample = profile(desk, write(desk, "x\n" + "often\n" * 5 + "seldom\n" * 2))
    assert made.columns[0].top == (("often", 5), ("seldom", 2))
    assert "often" not in repr(made)
    assert "often" not in repr(sample)


def test_a_long_table_is_counted_whole_and_looked_at_in_an_even_sample(desk: Desk) -> None:
    rows = 3 * SAMPLE_ROWS
    made, sample = profile(desk, write(desk, "n,k\n" + "".join(f"{one},{one % 7}\n" for one in range(rows))))
    assert made.rows == rows
    assert SAMPLE_ROWS // 2 <= made.sampled_rows <= SAMPLE_ROWS
    assert not made.is_complete
    numbers = [int(one or -1) for one in sample.columns["n"]]
    assert numbers == list(range(0, rows, 4))
    assert abs(made.columns[0].distinct - rows) * 1_000_000 <= rows * DISTINCT_ERROR_PPM


@pytest.mark.parametrize("distinct", [1, 10, 1000, 30_000])
def test_the_number_of_distinct_values_is_within_the_error_that_is_stated(desk: Desk, distinct: int) -> None:
    cells = [str(one % distinct) for one in range(30_000)]
    random.Random(1).shuffle(cells)
    found = profile(desk, write(desk, "x\n" + "\n".join(cells) + "\n"))[0].columns[0].distinct
    assert abs(found - distinct) * 1_000_000 <= max(1, distinct) * DISTINCT_ERROR_PPM


def test_the_same_rows_are_sampled_in_every_pass_and_whatever_the_batches() -> None:
    def sample(sizes: list[int]) -> list[str]:
        sampler, at = Sampler(["n"], 100), 0
        for size in sizes:
            sampler.see(pa.record_batch({"n": list(range(at, at + size))}))
            at += size
        return [str(one) for one in sampler.table().column("n").to_pylist()]

    whole = sample([1000])
    assert whole == [str(one) for one in range(0, 1000, 16)]
    assert sample([1] * 1000) == sample([7] * 142 + [6]) == sample([999, 1]) == whole


def test_every_kind_of_column_of_a_parquet_file_is_profiled(desk: Desk) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int32()),
            "f": pa.array([1.5, 2.5, None]),
            "d": pa.array([1, 2, 3], pa.date32()),
            "b": pa.array([True, False, None]),
            "l": pa.array([[1, 2], None, [3]]),
            "s": pa.array([{"x": 1}, {"x": 2}, None]),
            "y": pa.array([b"\xff\x00", b"a", None]),
            "n": pa.array([None, None, None], pa.string()),
        }
    )
    pq.write_table(table, desk.data / "t.parquet")
    made, _ = profile(desk, "t.parquet")
    assert [one.nulls for one in made.columns] == [1, 1, 0, 1, 1, 1, 1, 3]
    kinds = [one.type for one in made.columns]
    assert kinds[:4] == [ValueType.INTEGER, ValueType.DECIMAL, ValueType.DATE, ValueType.BOOLEAN]
    assert kinds[7] is ValueType.EMPTY


def test_names_of_columns_are_names_whatever_they_hold(desk: Desk) -> None:
    header = '"a""b","x"" FROM read_text(\'/etc/passwd\') --","select","a b"'
    made, sample = profile(desk, write(desk, f"{header}\n1,2,3,4\n"))
    assert [one.name for one in made.columns] == ['a"b', "x\" FROM read_text('/etc/passwd') --", "select", "a b"]
    assert sample.columns["select"] == ("3",)


def test_a_table_of_more_columns_than_one_pass_takes_is_profiled(desk: Desk) -> None:
    names = ",".join(f"c{one}" for one in range(700))
    row = ",".join(str(one) for one in range(700))
    made, _ = profile(desk, write(desk, f"{names}\n{row}\n{row}\n"))
    assert len(made.columns) == 700
    assert {one.distinct for one in made.columns} == {1}


def test_ten_thousand_columns_are_refused_by_the_reader(desk: Desk) -> None:
    with pytest.raises(TooManyColumns):
        profile(desk, write(desk, ",".join(f"c{one}" for one in range(10_000)) + "\n"))


def test_of_huge_cells_the_length_is_told_and_the_beginning_kept(desk: Desk) -> None:
    pq.write_table(pa.table({"x": ["a" * 30_000_000, "b"]}), desk.data / "t.parquet")
    made, sample = profile(desk, "t.parquet")
    assert made.columns[0].longest == 30_000_000
    assert [len(one or "") for one in sample.columns["x"]] == [CELL_CHARACTERS, 1]
    assert max(len(pattern) for pattern, _ in made.columns[0].patterns) == 60


def test_the_strict_reader_refuses_cells_of_a_megabyte_and_more(desk: Desk) -> None:
    with pytest.raises(MalformedTable, match="line 2"):
        profile(desk, write(desk, "x,y\n" + "a" * 8_000_000 + ",1\n"))


def test_a_table_without_rows_has_a_profile(desk: Desk) -> None:
    made, sample = profile(desk, write(desk, "a,b\n"))
    assert (made.rows, made.sampled_rows, sample.columns["a"]) == (0, 0, ())
    assert [(one.type, one.distinct, one.longest, one.rounded_nulls_percent()) for one in made.columns] == [
        (ValueType.EMPTY, 0, 0, 0)
    ] * 2


@pytest.mark.parametrize(
    ("text", "error"), [('a,b\n1,"2\n', BrokenQuoting), ("a,b\n1\n", WrongWidth), ('a,b\n1,x"y\n', BrokenQuoting)]
)
def test_the_readers_refusal_is_told_and_not_the_engines(desk: Desk, text: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        profile(desk, write(desk, text))
    assert caught.value.__context__ is None or not isinstance(caught.value.__context__, duckdb.Error)


def test_what_goes_on_a_card_is_rounded_up(desk: Desk) -> None:
    rows = ["" if one < 11 else str(one) for one in range(100)]
    column = profile(desk, write(desk, "k,x\n" + "".join(f"0,{one}\n" for one in rows)))[0].columns[1]
    assert (column.nulls, column.rounded_nulls_percent()) == (11, 15)
    assert column.rounded_distinct() == 128


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{file}.out'",
        "ATTACH '{file}.db'",
        "SELECT * FROM 'http://example.org/x.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '100GB'",
        "EXPORT DATABASE '{file}'",
    ],
)
def test_the_engine_reads_no_file_writes_none_and_fetches_nothing(tmp_path: Path, question: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a\n1\n")
    database = connect_locked(None, ReadLimits())
    with pytest.raises(duckdb.Error):
        database.execute(question.format(file=file)).fetchall()
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]
    database.close()
