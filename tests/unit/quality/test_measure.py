"""Metrics on tables of every sort, and metrics that try to leave their table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.exchange.quality.errors import MetricFailed
from atoll.exchange.quality.metrics import Metric, MetricSet, Needs, Over, packaged
from atoll.exchange.quality.score import Score, score_of, values_of
from atoll.exchange.quality.subject import Column, Subject, questions
from atoll.sources import SourceRoot, open_source
from atoll.sources.metrics import MeasureLimits, measure

NOW = 1_780_000_000
GENERAL = packaged()
CARD = Subject(
    columns=(
        Column(number=1, name="id", semantics="", is_key=True),
        Column(number=2, name="day", semantics="date", is_key=False),
        Column(number=4, name='a "b" c', semantics="amount", is_key=False),
    ),
    all_columns=4,
    accrual="monthly",
    has_description=True,
    has_purposes=True,
    has_keywords=True,
)
HEADER = 'id,day,hidden,"a ""b"" c"\n'


def found(
    folder: Path, text: str | bytes, *, metrics: MetricSet = GENERAL, limits: MeasureLimits | None = None
) -> tuple[int, dict[tuple[str, int], tuple[int, int]]]:
    (folder / "data").mkdir(exist_ok=True)
    path = folder / "data" / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with open_source("table.csv", root=SourceRoot([folder / "data"]), scratch=folder) as source:
        asked = list(questions(CARD, metrics, now=NOW))
        rows, counts = measure(source, [one.name for one in CARD.columns], asked, scratch=folder, limits=limits)
    assert [path.name for path in folder.iterdir()] == ["data"], "nothing is left behind"
    return rows, {(one.metric, one.column): (one.good, one.total) for one in counts}


def score(folder: Path, text: str) -> Score:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "table.csv").write_text(text)
    with open_source("table.csv", root=SourceRoot([folder / "data"]), scratch=folder) as source:
        asked = list(questions(CARD, GENERAL, now=NOW))
        rows, counts = measure(source, [one.name for one in CARD.columns], asked, scratch=folder)
    return score_of(GENERAL, values_of(counts), rows=rows)


def rows_of(count: int) -> Iterator[str]:
    return (f"P{at},2026-05-{1 + at % 28:02},secret,{at}.5\n" for at in range(count))


def test_a_clean_table_has_the_best_grade(tmp_path: Path) -> None:
    result = score(tmp_path, HEADER + "".join(rows_of(200)))
    assert result.grade == 1
    assert all(one is not None and one > 800_000 for one in result.dimensions.values())


def test_what_is_wrong_is_counted_where_it_is(tmp_path: Path) -> None:
    text = HEADER + "P1,2026-02-30,x,1.5\np1,2026-05-01,x,N/A\n,not a day,x,\nP3,2099-01-01,x,7\nP3,2099-01-01,x,7\n"
    rows, counts = found(tmp_path, text)
    assert rows == 5
    assert counts["cells-filled", 1] == counts["keys-filled", 1] == (4, 5)
    assert counts["keys-unique", 1] == (2, 4)
    assert counts["one-spelling", 1] == (2, 3)
    assert counts["rows-unique", 0] == (4, 5)
    assert counts["values-in-form", 2] == (4, 5)
    assert counts["dates-exist", 2] == (3, 5)
    assert counts["not-in-future", 2] == (1, 3)
    assert counts["no-placeholders", 4] == (3, 4)
    assert counts["values-in-form", 4] == (3, 4)
    assert counts["one-type", 4] == (3, 4)
    assert ("cells-filled", 3) not in counts, "a hidden column is not looked at"
    assert counts["plain-column-names", 4] == (0, 1)
    assert counts["columns-usable", 0] == (3, 4)


def test_a_table_without_rows_has_the_worst_grade_whatever_its_card_says(tmp_path: Path) -> None:
    result = score(tmp_path, HEADER)
    assert (result.score_ppm, result.grade) == (0, 5)


def test_one_row_can_be_measured(tmp_path: Path) -> None:
    assert score(tmp_path, HEADER + next(rows_of(1))).grade <= 2


def test_a_table_of_nothing_but_blanks_is_graded_low(tmp_path: Path) -> None:
    rows, counts = found(tmp_path, HEADER + ",,,\n" * 50)
    assert rows == 50
    assert counts["cells-filled", 1] == (0, 50)
    assert score(tmp_path, HEADER + ",,,\n" * 50).grade >= 3


def test_a_huge_cell_is_a_cell(tmp_path: Path) -> None:
    rows, counts = found(tmp_path, HEADER + f"{'x' * 500_000},2026-05-01,h,1\n")
    assert (rows, counts["cells-filled", 1]) == (1, (1, 1))


def test_what_the_reader_refuses_is_refused_in_the_readers_words(tmp_path: Path) -> None:
    with pytest.raises(AtollError, match=r"table\.csv") as caught:
        found(tmp_path, HEADER + "P1,2026-05-01,x,1\nP2,too,few\n")
    assert not isinstance(caught.value, MetricFailed)


def hostile(sql: str) -> MetricSet:
    bad = Metric(id="bad", dimension="accurate", over=Over.TABLE, needs=Needs.ANY, weight=1, threshold_ppm=1, sampled=False, sql=sql, meaning="")  # fmt: skip  # noqa: E501
    return replace(GENERAL, metrics=(bad,))


HOSTILE = [
    "SELECT count(*), count(*) FROM read_csv('{folder}/data/table.csv')",
    "SELECT count(*), count(*) FROM read_text('/etc/hostname')",
    "SELECT count(*), count(*) FROM glob('/*')",
    "SELECT count(*), count(*) FROM 'http://127.0.0.1:9/x.parquet'",
    "SELECT count(*), count(*) FROM sniff_csv('/etc/hostname')",
    "COPY data TO '{folder}/stolen.csv'",
    "ATTACH '{folder}/other.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "PRAGMA threads = 64",
    "DROP TABLE data",
    "DELETE FROM data",
    "CREATE TABLE more AS SELECT 1",
    "SELECT 1, 1; DROP TABLE data",
    "SELECT 1, 1; SELECT 1, 1",
    "EXPORT DATABASE '{folder}/all'",
    "SELECT id, id FROM data",
    "SELECT 2, 1",
    "SELECT -1, 1",
    "SELECT 1",
    "SELECT 1, 1, 1",
    "SELECT 0.5, 1",
    "SELECT NULL, 1",
    "SELECT true, true",
    "SELECT 1, 1 FROM range(2)",
    "SELECT 1, 1 FROM data WHERE false",
    "SELECT 1, 1 FROM incoming",
    "SELECT hidden, hidden FROM data",
    "not sql",
    "",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_metric_that_wants_more_than_its_table_or_gives_no_count_fails_and_leaves_nothing(tmp_path: Path, sql: str) -> None:
    text = HEADER + "".join(rows_of(3))
    with pytest.raises(MetricFailed, match="bad") as caught:
        found(tmp_path, text, metrics=hostile(sql.replace("{folder}", str(tmp_path))))
    assert "P1" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_metric_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    endless = "SELECT count(*), count(*) FROM range(100000000000) a"
    with pytest.raises(MetricFailed, match=r"longer than 0\.3 s"):
        found(tmp_path, HEADER + next(rows_of(1)), metrics=hostile(endless), limits=MeasureLimits(seconds=0.3))


def test_a_metric_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    big = "SELECT length(string_agg(repeat('x', 1000) || range, '')), 1 FROM range(10000000)"
    with pytest.raises(MetricFailed):
        found(tmp_path, HEADER + next(rows_of(1)), metrics=hostile(big), limits=MeasureLimits(memory_bytes=32 << 20))


def names(subject: Subject) -> Sequence[str]:
    return [one.name for one in subject.columns]


def test_a_sample_is_measured_by_the_columns_it_has() -> None:
    assert names(CARD.within(["id", "other"])) == ["id"]
