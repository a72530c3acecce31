"""Scores, what is told of counts, and reports beside samples."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from atoll.exchange.quality.compare import Verdict, allowance_ppm, compare
from atoll.exchange.quality.errors import BadMetrics, BadReport, NothingToMeasure
from atoll.exchange.quality.metrics import MILLION, packaged, parse_metric_set
from atoll.exchange.quality.score import Count, Value, score_of, values_of
from atoll.exchange.quality.subject import Described, questions, subject_of

GENERAL = packaged()
FILLED = "cells-filled"
MINIMAL = """
name = "m/1"
standard = "none"
status = "made up"
{dimensions}
[grades]
A = 900_000
B = 800_000
C = 700_000
D = 600_000
[patterns]
[[metric]]
id = "one"
dimension = "complete"
over = "table"
weight = 1
threshold = 500_000
sampled = true
sql = "SELECT 1, 1"
meaning = ""
""".format(
    dimensions="".join(
        f'[dimensions.{name}]\ntitle = ""\nweight = 1\nclause = ""\niso25012 = ""\n'
        for name in ("normative", "complete", "accurate", "consistent", "timely", "accessible")
    )
)


def value(ppm: int, cells: int, metric: str = FILLED, column: int = 1) -> Value:
    return Value(metric=metric, column=column, ppm=ppm, cells_at_most=cells)


def test_counts_are_told_in_thousandths_of_a_power_of_two() -> None:
    told = values_of([Count(metric=FILLED, column=1, good=998, total=1001), Count(metric=FILLED, column=2, good=0, total=0)])
    assert told == (value(997_000, 1024),)
    assert values_of([Count(metric=FILLED, column=1, good=1, total=1)]) == (value(MILLION, 1),)


def test_a_metric_is_full_from_its_threshold_on_and_in_proportion_below() -> None:
    made = parse_metric_set(MINIMAL.encode())
    scores = {ppm: score_of(made, [value(ppm, 8, "one", 0)], rows=1) for ppm in (0, 250_000, 500_000, MILLION)}
    assert {ppm: one.score_ppm for ppm, one in scores.items()} == {0: 0, 250_000: 500_000, 500_000: MILLION, MILLION: MILLION}
    assert [one.grade for one in scores.values()] == [5, 5, 1, 1]
    assert scores[0].dimensions["timely"] is None
    assert score_of(made, [value(MILLION, 8, "one", 0)], rows=0).grade == 5


@pytest.mark.parametrize(
    ("score", "grade"), [(900_000, 1), (899_999, 2), (800_000, 2), (700_000, 3), (600_000, 4), (599_999, 5)]
)
def test_grades_begin_at_their_scores(score: int, grade: int) -> None:
    assert GENERAL.grade(score) == grade


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('dimension = "complete"', 'dimension = "beautiful"'),
        ("weight = 1\nthreshold", "weight = 0\nthreshold"),
        ("threshold = 500_000", "threshold = 2_000_000"),
        ('sql = "SELECT 1, 1"', "sql = 'SELECT {column}, 1'"),
        ('over = "table"', 'over = "universe"'),
        ('over = "table"', 'over = "table"\ncolour = "red"'),
        ("B = 800_000", "B = 950_000"),
        ("[patterns]", ""),
        ("name =", "name"),
        ("[dimensions.timely]", "[dimensions.tidy]"),
    ],
)
def test_a_set_of_metrics_that_makes_no_sense_is_refused(old: str, new: str) -> None:
    assert old in MINIMAL
    with pytest.raises(BadMetrics):
        parse_metric_set(MINIMAL.replace(old, new).encode())


@pytest.mark.parametrize("name", ["nothing", "../general", "", "general.toml"])
def test_a_packaged_set_is_found_by_its_name_and_by_nothing_else(name: str) -> None:
    with pytest.raises(BadMetrics):
        packaged(name)


def test_every_metric_of_the_packaged_set_is_mapped_and_its_status_said() -> None:
    assert {one.dimension for one in GENERAL.metrics} == {one.id for one in GENERAL.dimensions}
    assert GENERAL.status == "unverified transcription"


def test_names_of_columns_are_quoted_and_the_rest_of_a_card_is_a_parameter() -> None:
    evil = 'x" FROM data; DROP TABLE data; --'
    subject = subject_of(
        [Described(evil, "phone'; DROP", "national-id/1", "after-join"), Described("h", "", "", "hidden")],
        accrual="daily",
        description="'; DROP",
        purposes=(),
        keywords=(),
    )
    asked = list(questions(subject, GENERAL, now=1))
    assert all('"x"" FROM data; DROP TABLE data; --"' in one.sql for one in asked if evil[:2] in one.sql)
    assert all("phone'" not in one.sql for one in asked)
    assert {one.column for one in asked} == {0, 1}


def test_hidden_columns_alone_are_nothing_to_measure() -> None:
    with pytest.raises(NothingToMeasure):
        subject_of([Described("h", "", "", "hidden")], accrual="", description="", purposes=(), keywords=())


def test_an_honest_sample_agrees_and_another_table_differs() -> None:
    generator = random.Random(7)
    rows = [generator.random() < 0.93 for _ in range(100_000)]
    (reported,) = values_of([Count(metric=FILLED, column=1, good=sum(rows), total=len(rows))])
    disagreed = 0
    for _ in range(300):
        sample = generator.sample(rows, 400)
        found = values_of([Count(metric=FILLED, column=1, good=sum(sample), total=400)])
        disagreed += compare([reported], GENERAL.digest, found, GENERAL)[0].verdict is Verdict.DIFFERS
    assert disagreed <= 2
    worse = [value(800_000, 512)]
    assert compare([reported], GENERAL.digest, worse, GENERAL)[0].verdict is Verdict.DIFFERS


def test_what_a_sample_cannot_have_or_one_side_lacks_is_not_judged() -> None:
    doubles = value(500_000, 512, "rows-unique", 0)
    (one, two) = compare([doubles, value(MILLION, 512)], GENERAL.digest, [replace(doubles, ppm=MILLION)], GENERAL)
    assert (one.verdict, two.verdict, two.found_ppm) == (Verdict.NOT_COMPARABLE, Verdict.NOT_COMPARABLE, None)


def test_values_of_another_set_are_not_compared() -> None:
    with pytest.raises(BadReport, match="another set"):
        compare([], bytes(32), [], GENERAL)


def test_more_cells_allow_less() -> None:
    allowed = [allowance_ppm(value(900_000, cells), value(900_000, cells)) for cells in (2, 64, 4096, 1 << 20)]
    assert allowed == sorted(allowed, reverse=True)
    assert allowed[-1] < 3000
