"""The encoding of results, and the commitment made from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.jobs.errors import BadResult
from atoll.jobs.result import Result, commit_result, encode_result, parse_result, verify_result

RESULT = Result(("id", "count"), (("b", 2), ("a", None), ("b", 2)))
OPENING = bytes(range(32))
CELLS = st.one_of(st.text(st.characters(codec="utf-8")), st.integers(-(2**63), 2**64 - 1), st.booleans(), st.none())


def test_the_encoding_is_what_the_docstring_says() -> None:
    head = bytes.fromhex("8368") + b"result/1" + bytes.fromhex("8242") + b"id" + b"\x45count" + b"\x03"
    rows = [b"\x82\x41a\xf6", b"\x82\x41b\x02", b"\x82\x41b\x02"]
    assert encode_result(RESULT) == b"".join(len(part).to_bytes(4, "big") + part for part in [head, *rows])


def test_rows_in_another_order_are_the_same_result() -> None:
    assert encode_result(Result(RESULT.columns, RESULT.rows[::-1])) == encode_result(RESULT)


@given(rows=st.lists(st.tuples(CELLS, CELLS)))
def test_a_parsed_result_has_the_same_rows(rows: list[tuple[str | int | None, ...]]) -> None:
    data = encode_result(Result(("a", "b"), tuple(rows)))
    assert encode_result(parse_result(data)) == data
    assert sorted(map(repr, parse_result(data).rows)) == sorted(map(repr, rows))


@pytest.mark.parametrize(
    "other",
    [
        Result(("id", "count"), (("b", 2), ("a", None))),
        Result(("id", "number"), RESULT.rows),
        Result(("id", "count"), (("b", 2), ("a", 0), ("b", 2))),
        Result(("id", "count"), (("b", 2), ("a", None), ("b", True))),
    ],
    ids=["row-less", "column", "cell", "type"],
)
def test_another_result_does_not_fit_the_commitment(other: Result) -> None:
    commitment = commit_result(RESULT, OPENING)
    verify_result(RESULT, OPENING, commitment)
    with pytest.raises(BadResult):
        verify_result(other, OPENING, commitment)
    with pytest.raises(BadResult):
        verify_result(RESULT, bytes(32), commitment)


@pytest.mark.parametrize("at", range(len(encode_result(RESULT))))
def test_changed_bytes_are_no_longer_this_result(at: int) -> None:
    data = encode_result(RESULT)
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    try:
        assert encode_result(parse_result(changed)) == changed
    except BadResult:
        return


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        encode_result(RESULT)[:-1],
        encode_result(RESULT) + b"\0\0\0\0",
        framed(b"\x83\x68result/2\x80\x00"),
        framed(b"\x83\x68result/1\x80\x01"),
        framed(b"\x83\x68result/1\x81\x61a\x00"),
        framed(b"\x83\x68result/1\x81\x41a\x02", b"\x81\x02", b"\x81\x01"),
        framed(b"\x83\x68result/1\x81\x41a\x01", b"\x81\x61a"),
        framed(b"\x83\x68result/1\x81\x41a\x01", b"\x82\x01\x02"),
        framed(b"\x83\x68result/1\x81\x41a\x01", b"\x81\x41\xff"),
        framed(b"\x83\x68result/1\x05\x00"),
        framed(b"\x01"),
    ],
)
def test_bytes_that_are_not_the_one_encoding_are_refused(data: bytes) -> None:
    with pytest.raises(BadResult):
        parse_result(data)


def test_a_row_may_be_as_long_as_the_longest_cells_make_it() -> None:
    result = Result(("a", "b"), (("x" * 2**17, "y" * 2**17),))
    assert parse_result(encode_result(result)) == result


def test_a_row_has_one_cell_for_each_column() -> None:
    with pytest.raises(BadResult):
        Result(("a",), (("x", "y"),))


@pytest.mark.parametrize("cell", [2**64, "\ud800"], ids=["number", "surrogate"])
def test_a_cell_that_cannot_be_encoded_is_refused_and_stays_out_of_the_error(cell: str | int) -> None:
    with pytest.raises(BadResult) as caught:
        encode_result(Result(("a",), ((cell,),)))
    assert caught.value.__context__ is None


def test_a_printed_result_shows_how_many_rows_and_none_of_them() -> None:
    assert repr(RESULT) == "Result(columns=('id', 'count'), 3 rows)"
