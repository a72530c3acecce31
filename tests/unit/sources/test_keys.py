"""From rows to identifiers."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.protocols.identifiers import IdentifierTooLong, Report, parse_rules
from atoll.sources import stream_keys
from atoll.sources.errors import NotAnIdentifier, UnknownColumn
from tests.unit.sources.desk import Desk

COLUMNS = ["id", "born"]
ROWS = [("at-1 a", 7), ("AT1A", 8), ("", 9), (None, 9), ("ü", 1), ("AT 2B", 7)]


def test_keys_stream_normalised_distinct_and_with_their_rows(desk: Desk, kind: str) -> None:
    report = Report()
    with desk.open(desk.table(kind, COLUMNS, ROWS)) as source:
        keys = list(stream_keys(source, ["id"], parse_rules(["national-id/1"]), report=report, batch_rows=2))
    assert keys == [(0, b"AT1A"), (5, b"AT2B")]
    assert report == Report(rows=6, kept=2, empty=2, duplicate=1, malformed=1)


def test_owners_with_different_formats_get_the_same_keys(desk: Desk) -> None:
    seen = []
    for kind, rows in {"csv": ROWS, "parquet": ROWS[::-1], "sqlite": ROWS}.items():
        with desk.open(desk.table(kind, COLUMNS, rows)) as source:
            rules = parse_rules(["national-id/1", "integer/1"])
            seen.append({key for _, key in stream_keys(source, COLUMNS, rules, report=Report())})
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == 3


def test_whole_numbers_dates_and_dictionaries_are_text_to_a_rule(desk: Desk) -> None:
    table = pa.table(
        {"n": pa.array([42], pa.uint16()), "d": pa.array([20_000], pa.date32()), "c": pa.array(["x"]).dictionary_encode()}
    )
    pq.write_table(table, desk.data / "t.parquet")
    with desk.open("t.parquet") as source:
        rules = parse_rules(["integer/1", "exact/1", "exact/1"])
        assert [key for _, key in stream_keys(source, ["n", "d", "c"], rules, report=Report())] == [
            b"\x00\x0242" + b"\x00\x0a2024-10-04" + b"\x00\x01x"
        ]


@pytest.mark.parametrize("cell", [0.5, b"x", [1], True, {"a": 1}])
def test_what_two_owners_would_write_differently_is_no_identifier(desk: Desk, cell: object) -> None:
    pq.write_table(pa.table({"id": [cell]}), desk.data / "t.parquet")
    with desk.open("t.parquet") as source, pytest.raises(NotAnIdentifier):
        stream_keys(source, ["id"], parse_rules(["exact/1"]), report=Report())


def test_faults_are_told_at_the_call_or_with_the_row(desk: Desk) -> None:
    with desk.open(desk.table("csv", COLUMNS, [("a", 1), ("b" * 2000, 2)])) as source:
        with pytest.raises(UnknownColumn):
            stream_keys(source, ["phone"], parse_rules(["exact/1"]), report=Report())
        with pytest.raises(ValueError, match="one rule for each column"):
            stream_keys(source, ["id", "born"], parse_rules(["exact/1"]), report=Report())
        with pytest.raises(IdentifierTooLong) as caught:
            list(stream_keys(source, ["id"], parse_rules(["exact/1"]), report=Report()))
        assert caught.value.row == 1
