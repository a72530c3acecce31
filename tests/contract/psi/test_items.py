"""Every `Items` cuts a set into the same buckets as the one that is written to be read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atoll.protocols.identifiers import Report, parse_rules
from atoll.protocols.psi.items import SALT_BYTES, Bucket, Items
from atoll.protocols.psi.memory import MemoryItems
from atoll.sources import KeySet, Source, buckets, keyset, open_items, parse_address

Open = Callable[[Sequence[str | None]], Items]
SALT = bytes(range(SALT_BYTES))
CELLS = st.lists(st.one_of(st.none(), st.text(st.characters(codec="ascii"), max_size=2), st.sampled_from("aabü")), max_size=60)


class MemoryTable:
    """As much of a `Source` as reading keys takes."""

    address = parse_address("table.parquet")

    def __init__(self, cells: Sequence[str | None]) -> None:
        self._table = pa.table({"id": pa.array(cells, pa.string())})

    def schema(self) -> pa.Schema:
        return self._table.schema

    def batches(self, columns: Sequence[str], *, batch_rows: int) -> Iterator[pa.RecordBatch]:
        yield from self._table.select(columns).to_batches(max_chunksize=batch_rows)


@pytest.fixture(params=["in memory", "on disk", "in small pieces", "in small pieces on disk"])
def open_table(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    if "pieces" in request.param:
        monkeypatch.setattr(keyset, "_RUN_ROWS", 7)
        monkeypatch.setattr(buckets, "_SPAN_ROWS", 5)
        monkeypatch.setattr(keyset, "_BATCH_ROWS", 3)
    memory_bytes = 0 if "disk" in request.param else 1 << 20
    with ExitStack() as opened:

        def open_(cells: Sequence[str | None]) -> KeySet:
            source = cast("Source", MemoryTable(cells))
            rules = parse_rules(["exact/1"])
            items = open_items(source, ["id"], rules, report=Report(), scratch=tmp_path, memory_bytes=memory_bytes)
            return opened.enter_context(items)

        yield open_
    assert list(tmp_path.iterdir()) == []


def expected(cells: Sequence[str | None], salt: bytes, count: int) -> list[Bucket]:
    """What `MemoryItems` makes of the rows that have a key, with the numbers that these rows have in the table."""
    numbers = [row for row, cell in enumerate(cells) if cell]
    cut = MemoryItems([cells[row].encode() for row in numbers]).partition(salt, count)  # type: ignore[union-attr]
    found = []
    for bucket in map(cut.load, range(count)):
        rows = [numbers[at] for (at,) in struct.iter_unpack("<I", bucket.rows)]
        found.append(Bucket(bucket.digests, bucket.ends, struct.pack(f"<{len(rows)}I", *rows)))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(cells=CELLS, count=st.one_of(st.integers(1, 9), st.just(255)), salt=st.binary(min_size=32, max_size=32))
def test_the_buckets_are_those_of_the_reference(open_table: Open, cells: list[str | None], count: int, salt: bytes) -> None:
    items = open_table(cells)
    reference = expected(cells, salt, count)
    cut = items.partition(salt, count)
    assert items.rows == sum(cell not in (None, "") for cell in cells)
    assert len(cut) == count
    assert cut.keys == sum(map(len, reference))
    assert [cut.load(i) for i in range(count)] == reference
    assert [Bucket(cut.load_digests(i), *cut.load_rows(i)) for i in range(count)] == reference
    assert [cut.size(i) for i in range(count)] == [len(bucket) for bucket in reference]
    cut.close()


def test_cutting_again_gives_the_same_and_another_salt_another_cut(open_table: Open) -> None:
    items = open_table([f"key {n % 40}" for n in range(100)])
    first, again, other = (items.partition(salt, 3) for salt in (SALT, SALT, bytes(SALT_BYTES)))
    assert [first.load(i) for i in range(3)] == [again.load(i) for i in range(3)]
    assert {first.load(i).digests for i in range(3)}.isdisjoint({other.load(i).digests for i in range(3)})
    first.close()
    first.close()
    assert [len(other.load(i)) for i in range(3)] == [other.size(i) for i in range(3)]


@pytest.mark.parametrize("cells", [[], ["a"], ["a"] * 50, [None, ""]], ids=["no rows", "one row", "all equal", "no keys"])
def test_odd_sets(open_table: Open, cells: list[str | None]) -> None:
    cut = open_table(cells).partition(SALT, 4)
    assert [cut.load(i) for i in range(4)] == expected(cells, SALT, 4)
    assert cut.keys <= 1


def test_the_most_buckets_that_there_may_be(open_table: Open) -> None:
    cells = [f"key {n % 40}" for n in range(100)]
    cut = open_table(cells).partition(SALT, 1 << 16)
    assert [cut.load(i) for i in range(1 << 16)] == expected(cells, SALT, 1 << 16)


def test_impossible_questions_are_programmers_errors(open_table: Open) -> None:
    items = open_table(["a"])
    for count in (0, (1 << 16) + 1):
        with pytest.raises(ValueError, match="buckets"):
            items.partition(SALT, count)
    with pytest.raises(ValueError, match="32 bytes"):
        items.partition(b"", 1)
    with pytest.raises(IndexError):
        items.partition(SALT, 1).load(1)
