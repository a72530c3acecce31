"""The encoding of results, and the commitment made from it."""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.jobs import result as module
from atoll.jobs.errors import BadResult
from atoll.jobs.result import (
    Cell,
    Result,
    commit_result,
    decimal_column,
    decimal_digits,
    encode_result,
    encoded_bytes,
    verify_result,
)
from atoll.ledger.detail import RESULT_DOMAIN
from atoll.primitives.commitment import commit
from atoll.wire.cbor import decode

RESULT = Result.from_rows(("id", "count", "sure"), [("b", 2, True), ("a", None, False), (None, -2, None)])
OPENING = bytes(range(32))
TEXTS = st.none() | st.text(st.characters(codec="utf-8"))
NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)
TRUTHS = st.none() | st.booleans()


def encoded(result: Result) -> bytes:
    return b"".join(encode_result(result))


def test_the_encoding_is_what_the_docstring_says() -> None:
    columns = [b"\x42id\x64text", b"\x45count\x67integer", b"\x44sure\x67boolean"]
    head = b"\x83\x68result/2\x83" + b"".join(b"\x82" + one for one in columns) + b"\x03"
    texts = struct.pack("<3I", 2, 2, 0) + b"ba"
    numbers = bytes([1, 0, 1]) + struct.pack("<3q", 2, 0, -2)
    assert encoded(RESULT) == len(head).to_bytes(4, "big") + head + texts + numbers + bytes([2, 1, 0])


def read(data: bytes, block_rows: int) -> tuple[list[str], list[tuple[Cell, ...]]]:
    """The encoding, read by nothing but its docstring."""
    at = 4 + int.from_bytes(data[:4], "big")
    tag, columns, left = decode(data[4:at])
    assert tag == "result/2"
    rows: list[tuple[Cell, ...]] = []

    def take(length: int) -> bytes:
        nonlocal at
        at += length
        assert at <= len(data)
        return data[at - length : at]

    while left:
        n = min(left, block_rows)
        left -= n
        block: list[list[Cell]] = []
        for _, kind in columns:
            if kind == "text":
                lengths = struct.unpack(f"<{n}I", take(4 * n))
                block.append([take(one - 1).decode() if one else None for one in lengths])
            elif kind == "integer":
                there = take(n)
                numbers = struct.unpack(f"<{n}q", take(8 * n))
                block.append([number if one else None for one, number in zip(there, numbers, strict=True)])
            elif kind.startswith("decimal/"):
                there = take(n)
                wide = [int.from_bytes(take(16), "little", signed=True) for _ in range(n)]
                scale = int(kind.partition("/")[2])
                block.append([Decimal(one).scaleb(-scale) if here else None for here, one in zip(there, wide, strict=True)])
                assert all(here or not one for here, one in zip(there, wide, strict=True))
            else:
                block.append([(None, False, True)[one] for one in take(n)])
        rows += zip(*block, strict=True)
    assert at == len(data)
    return [name.decode() for name, _ in columns], rows


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, NUMBERS, TRUTHS, TEXTS)), at=st.integers(0, 5))
def test_the_encoding_can_be_read_in_one_way_and_its_length_is_known_before(rows: list[tuple[Cell, ...]], at: int) -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.int64()), ("c", pa.bool_()), ("d", pa.string())])
    whole = pa.Table.from_pylist([dict(zip("abcd", row, strict=True)) for row in rows], schema)
    result = Result(pa.concat_tables([whole.slice(0, at), whole.slice(at)]))  # buffers that begin elsewhere than their cells
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_ROWS", 3)
        data = encoded(result)
    assert read(data, 3) == (["a", "b", "c", "d"], rows)
    assert encoded_bytes(result) == len(data)


@given(
    raw=st.lists(st.none() | st.integers(-(2**62) + 1, 2**62 - 1), min_size=1),
    fraction=st.integers(0, 60),
    at=st.integers(0, 5),
)
def test_a_fixed_point_number_is_the_nearest_decimal_and_can_be_had_again(
    raw: list[int | None], fraction: int, at: int
) -> None:
    held = np.array([5 if one is None else one for one in raw], np.int64)
    valid = np.array([one is not None for one in raw])
    column = decimal_column(held, valid, fraction=fraction)
    scale = decimal_digits(fraction)
    result = Result(pa.table({"x": pa.chunked_array([column.slice(0, at), column.slice(at)])}))
    found = [cell for (cell,) in result.rows()]
    for one, cell in zip(raw, found, strict=True):
        assert (one is None) is (cell is None)
        if one is not None:
            assert isinstance(cell, Decimal)
            assert Fraction(cell) == Fraction(round(Fraction(one, 1 << fraction) * 10**scale), 10**scale)
            assert round(Fraction(cell) * (1 << fraction)) == one
    assert read(encoded(result), 1 << 16) == (["x"], [(cell,) for cell in found])
    assert encoded_bytes(result) == len(encoded(result))
    verify_result(result, OPENING, commit_result(result, OPENING))


def test_another_scale_is_another_result() -> None:
    half = [Decimal("0.5")]
    one, other = (Result(pa.table({"x": pa.array(half, pa.decimal128(38, scale))})) for scale in (1, 2))
    with pytest.raises(BadResult):
        verify_result(other, OPENING, commit_result(one, OPENING))


def test_what_stands_behind_an_empty_cell_in_memory_is_not_part_of_the_result() -> None:
    buffers = [pa.py_buffer(b"\x01"), pa.py_buffer(struct.pack("<3q", 0, 1, 7)), pa.py_buffer(b"ahidden")]
    hidden = pa.Array.from_buffers(pa.large_string(), 2, buffers)
    numbers = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(struct.pack("<2q", 1, 99))])
    result = Result(pa.table({"a": hidden, "n": numbers}))
    assert encoded(result) == encoded(Result.from_rows(("a", "n"), [("a", 1), (None, None)]))
    assert encoded_bytes(result) == len(encoded(result))


def test_the_width_that_a_column_came_in_changes_nothing() -> None:
    wide = Result(pa.table({"t": pa.array(["x", None], pa.large_string()), "n": pa.array([1, 2], pa.int64())}))
    narrow = Result(pa.table({"t": pa.array(["x", None], pa.string()), "n": pa.array([1, 2], pa.uint8())}))
    assert encoded(wide) == encoded(narrow)
    assert wide.table.equals(narrow.table)


@pytest.mark.parametrize(
    "other",
    [
        Result(RESULT.table.slice(0, 2)),
        Result(RESULT.table.take([1, 0, 2])),
        Result(RESULT.table.rename_columns(["id", "number", "sure"])),
        Result.from_rows(RESULT.columns, [("b", 2, True), ("a", 0, False), (None, -2, None)]),
        Result.from_rows(RESULT.columns, [("b", 2, True), ("a", None, False), ("", -2, None)]),
        Result.from_rows(RESULT.columns, [("b", 2, True), ("a", None, None), (None, -2, None)]),
        Result.from_rows(RESULT.columns, [("b", "2", True), ("a", None, False), (None, "-2", None)]),
    ],
    ids=["row-less", "order", "column", "number", "text", "truth", "kind"],
)
def test_another_result_does_not_fit_the_commitment(other: Result) -> None:
    commitment = commit_result(RESULT, OPENING)
    verify_result(RESULT, OPENING, commitment)
    for result, opening in ((other, OPENING), (RESULT, bytes(32)), (RESULT, OPENING + b"x")):
        with pytest.raises(BadResult):
            verify_result(result, opening, commitment)


def test_the_commitment_is_one_to_the_encoding() -> None:
    assert commit_result(RESULT, OPENING) == commit(RESULT_DOMAIN, OPENING, encoded(RESULT))


def test_a_result_without_rows_or_with_empty_columns_has_an_encoding_too() -> None:
    for result in (Result.from_rows(("a", "b"), []), Result.from_rows(("a",), [(None,), (None,)])):
        assert read(encoded(result), 1 << 16) == (list(result.columns), result.rows())
        assert encoded_bytes(result) == len(encoded(result))


def test_a_row_has_one_cell_for_each_column() -> None:
    with pytest.raises(BadResult):
        Result.from_rows(("a",), [("x", "y")])


@pytest.mark.parametrize(
    "cells",
    [[2**64], [2**63], ["\ud800"], ["secret", 1], [1, True], [Decimal(1).scaleb(40)], [Decimal(1).scaleb(-40)]],
    ids=["number", "unsigned", "surrogate", "mixed", "mixed-truth", "wide-decimal", "fine-decimal"],
)
def test_a_cell_that_cannot_be_kept_is_refused_and_stays_out_of_the_error(cells: list[Cell]) -> None:
    with pytest.raises(BadResult) as caught:
        Result.from_rows(("a",), [(cell,) for cell in cells])
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


def test_a_number_above_63_bits_is_refused_whatever_arrow_keeps_it_in() -> None:
    with pytest.raises(BadResult) as caught:
        Result(pa.table({"a": pa.array([2**63], pa.uint64())}))
    assert caught.value.__context__ is None


def test_a_printed_result_shows_how_many_rows_and_none_of_them() -> None:
    assert repr(RESULT) == "Result(columns=('id', 'count', 'sure'), 3 rows)"
