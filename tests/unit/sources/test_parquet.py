"""Parquet: types survive, damage is refused, and memory has a limit."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.sources import ReadLimits
from atoll.sources.errors import MalformedTable, SourceTooLarge
from tests.unit.sources.desk import Desk


def test_types_are_those_of_the_file(desk: Desk) -> None:
    table = pa.table(
        {"id": pa.array([1, 2], pa.int32()), "score": [0.5, None], "on": pa.array([0, 1], pa.date32()), "s": ["a", "b"]}
    )
    pq.write_table(table, desk.data / "t.parquet")
    with desk.open("t.parquet") as source:
        assert source.schema() == table.schema
        assert pa.Table.from_batches(source.batches(["id", "score", "on", "s"])) == table


def test_the_number_of_rows_comes_from_the_footer(desk: Desk) -> None:
    pq.write_table(pa.table({"id": range(1_000_000)}), desk.data / "t.parquet")
    with desk.open("t.parquet") as source:
        assert source.row_count() == 1_000_000


@pytest.mark.parametrize("damage", ["cut", "footer", "page"])
def test_a_damaged_file_is_refused(desk: Desk, damage: str) -> None:
    path = desk.data / "t.parquet"
    pq.write_table(pa.table({"id": [f"PRIVATE {n}" for n in range(5000)]}), path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[-100:]
    elif damage == "footer":
        content[-60:-20] = b"\xff" * 40
    else:
        content[200:400] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(MalformedTable) as caught, desk.open("t.parquet") as source:
        list(source.batches(["id"]))
    assert "PRIVATE" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_row_group_too_large_for_the_memory_is_refused_and_not_swapped_to_disk(desk: Desk) -> None:
    big = pa.table({"id": [f"{n * 7919:032d}" for n in range(400_000)]})
    pq.write_table(big, desk.data / "t.parquet", row_group_size=400_000, compression="none", use_dictionary=False)
    with (
        pytest.raises(SourceTooLarge) as caught,
        desk.open("t.parquet", limits=ReadLimits(memory_bytes=4 << 20)) as source,
    ):
        list(source.batches(["id"]))
    assert caught.value.operands["limit_bytes"] == 4 << 20
