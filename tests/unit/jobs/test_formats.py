"""Results as Arrow, CSV and Parquet."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet
import pytest

from atoll.jobs.formats import Format, encode_blocks_as
from atoll.jobs.result import Result, blocks

RESULT = Result.from_rows(
    ("id", 'a "name"', "n", "sure"),
    [("P1", "Ann", 1, True), ("P2", 'Bob "B", Ray', None, False), (None, "two\nlines", -3, None), ("P4", "", 2**62, True)],
)


def written(kind: Format, result: Result) -> bytes:
    return b"".join(encode_blocks_as(kind, result.table.schema, blocks(result)))


def read(kind: Format, data: bytes) -> pa.Table:
    if kind is Format.ARROW:
        return pa.ipc.open_stream(data).read_all()
    return pyarrow.parquet.read_table(io.BytesIO(data))


@pytest.mark.parametrize("kind", [Format.ARROW, Format.PARQUET])
@pytest.mark.parametrize("result", [RESULT, Result.from_rows(("id",), [])], ids=["rows", "none"])
def test_a_typed_file_holds_the_result_as_it_is(kind: Format, result: Result) -> None:
    assert Result(read(kind, written(kind, result))) == result


def test_a_csv_file_is_read_by_others_as_it_was_meant() -> None:
    rows = list(csv.reader(io.StringIO(written(Format.CSV, RESULT).decode(), newline="")))
    assert rows[0] == ["id", 'a "name"', "n", "sure"]
    assert rows[1:] == [
        ["P1", "Ann", "1", "true"],
        ["P2", 'Bob "B", Ray', "", "false"],
        ["", "two\nlines", "-3", ""],
        ["P4", "", str(2**62), "true"],
    ]


@pytest.mark.parametrize("kind", Format)
def test_a_file_leaves_piece_by_piece_and_nothing_is_kept(kind: Format) -> None:
    table = pa.table({"id": [f"P{at:09}" for at in range(50_000)]})
    parts = [Result(table.slice(at, 10_000)).table.to_batches()[0] for at in range(0, 50_000, 10_000)]
    pieces = list(encode_blocks_as(kind, parts[0].schema, parts))
    assert len(pieces) == len(parts) + 1
    assert sum(map(len, pieces[:-1])) > sum(map(len, pieces)) * 0.7
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 3
