"""Payloads of fixed width, and numbers to be summed."""

from __future__ import annotations

import struct
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.jobs.errors import NotSummable, PayloadTooLong
from atoll.jobs.payload import MAX_PAYLOAD_BYTES, decode_payloads, encode_payloads, sum_values
from atoll.jobs.table import MemoryRows
from atoll.protocols.psi.items import Bucket
from atoll.protocols.psi.memory import MemoryItems

CELLS = st.none() | st.text(st.characters(codec="utf-8"), max_size=5)


def bucket_of(keys: list[bytes]) -> Bucket:
    return MemoryItems(keys).partition(bytes(32), 1).load(0)


def groups(bucket: Bucket) -> list[list[int]]:
    """The rows of each key."""
    ends = struct.unpack(f"<{len(bucket)}I", bucket.ends)
    rows = struct.unpack(f"<{len(bucket.rows) // 4}I", bucket.rows)
    return [list(rows[begin:end]) for begin, end in zip((0, *ends), ends, strict=False)]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 3), CELLS, CELLS), min_size=1, max_size=20))
def test_each_key_gets_the_cells_of_its_rows_and_all_payloads_are_equally_long(
    rows: list[tuple[int, str | None, str | None]],
) -> None:
    bucket = bucket_of([bytes([key]) for key, _, _ in rows])
    table = MemoryRows(pa.table({"a": pa.array([a for _, a, _ in rows]), "b": pa.array([b for _, _, b in rows])}))
    data = encode_payloads(bucket, table, ["b", "a"], 1000)
    assert len(data) == 1000 * len(bucket)
    found = decode_payloads(data, 1000, ["b", "a"])
    expected = [{"b": rows[row][2], "a": rows[row][1]} for group in groups(bucket) for row in group]
    assert found.table.to_pylist() == expected
    assert found.ends == bucket.ends


def test_a_payload_is_what_the_spec_says() -> None:
    table = MemoryRows([{"a": "x", "b": None}, {"a": "", "b": "yz"}])
    data = encode_payloads(bucket_of([b"k", b"k"]), table, ["a", "b"], 20)
    assert data == b"\x02\0" + b"\x02\0x" + b"\0\0" + b"\x01\0" + b"\x03\0yz" + bytes(7)


def test_rows_that_do_not_fit_are_refused_by_their_size_and_not_by_their_cells() -> None:
    table = MemoryRows([{"a": "secret"}])
    assert encode_payloads(bucket_of([b"k"]), table, ["a"], 10)
    with pytest.raises(PayloadTooLong) as caught:
        encode_payloads(bucket_of([b"k"]), table, ["a"], 9)
    assert caught.value.operands == {"needed": 10, "columns": 1, "limit": 9}
    assert "secret" not in str(caught.value)
    with pytest.raises(PayloadTooLong):
        encode_payloads(bucket_of([b"k"]), MemoryRows([{"a": "x" * 70_000}]), ["a"], MAX_PAYLOAD_BYTES)


def test_no_keys_have_no_payloads() -> None:
    none = bucket_of([])
    assert encode_payloads(none, MemoryRows([]), ["a"], 8) == b""
    assert decode_payloads(b"", 8, ["a"]).table.num_rows == 0
    assert sum_values(none, MemoryRows([]), "a") == b""


@pytest.mark.parametrize(
    "data",
    [bytes(8), b"\x01\0\x09\0abcd", b"\x01\0\x02\0\xff\0\0\0", b"\x01\0\x02\0a\0\0\x01", b"\x02\0\x05\0abcd"],
    ids=["no-row", "cut", "no-text", "bytes-behind", "row-missing"],
)
def test_what_no_rows_encode_to_has_none_is_counted_and_harms_no_other(data: bytes) -> None:
    good = b"\x01\0\x03\0ab\0\0"
    found = decode_payloads(good + data + good, 8, ["a"])
    assert (found.table.to_pylist(), found.spoiled) == ([{"a": "ab"}, {"a": "ab"}], 1)
    assert found.ends == struct.pack("<3I", 1, 1, 2)
    assert decode_payloads(good, 8, ["a"]).spoiled == 0


def test_more_than_the_columns_of_the_plan_is_no_payload() -> None:
    data = encode_payloads(bucket_of([b"k"]), MemoryRows([{"a": "x", "b": "y"}]), ["a", "b"], 16)
    assert decode_payloads(data, 16, ["a"]).spoiled == 1


def sums(keys: list[bytes], cells: list[str | None], scale: int = 0) -> list[int]:
    bucket = bucket_of(keys)
    data = sum_values(bucket, MemoryRows(pa.table({"n": pa.array(cells, pa.string())})), "n", scale=scale)
    return list(struct.unpack(f"<{len(bucket)}q", data))


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.decimals(-(10**16) + 1, 10**16 - 1, places=2)), min_size=1, max_size=30
    )
)
def test_the_sum_of_a_key_is_the_exact_sum_of_its_cells(rows: list[tuple[int, Decimal | None]]) -> None:
    keys = [bytes([key]) for key, _ in rows]
    expected = [sum(int((rows[row][1] or Decimal(0)).scaleb(2)) for row in group) for group in groups(bucket_of(keys))]
    assert sums(keys, [None if cell is None else f"{cell:f}" for _, cell in rows], scale=2) == expected


@pytest.mark.parametrize(
    "cell", ["", " 1", "1e3", "+1", "1.5", "0x1", "1\n", "1,000", "\u0661", "1" * 19, "secret", "--1", "-"]
)
def test_a_cell_that_is_no_whole_number_is_refused_and_not_repeated(cell: str) -> None:
    with pytest.raises(NotSummable) as caught:
        sums([b"a", b"b"], ["1", cell])
    assert "1 of its cells" in str(caught.value) and "secret" not in str(caught.value)


def test_digits_behind_the_point_are_those_of_the_scale() -> None:
    assert sums([b"a", b"a", b"a"], ["1.5", "-0.25", "3"], scale=2) == [425]
    for cell in ("1.125", "1.", ".5", "9" * 17):
        with pytest.raises(NotSummable):
            sums([b"a"], [cell], scale=2)


def test_a_sum_that_leaves_64_bits_is_refused_at_either_end() -> None:
    most = "9" * 18
    assert sums([b"a"] * 9, [most] * 9) == [9 * int(most)]
    assert sums([b"a"] * 9, ["-" + most] * 9) == [-9 * int(most)]
    for sign in ("", "-"):
        with pytest.raises(NotSummable):
            sums([b"a"] * 10, [sign + most] * 10)
    assert sums([b"a"] * 20, [most, "-" + most] * 10) == [0]
