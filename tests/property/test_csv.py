"""What holds for every CSV file: it is read as Python's own reader does, or refused; where a piece ends does not matter."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll import _core

SOUP = st.lists(
    st.sampled_from([b"a", b"b", b",", b"\n", b"\r\n", b'"', b'""', b"\r", b"\xc3\xbc", b"\xff", b" "]), max_size=24
)
CELL = st.text(st.sampled_from('ab,;"\n\r ü\0😀'), max_size=5)
TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6)
)


def parse(content: bytes, width: int, pieces: Sequence[int], delimiter: str = ",") -> list[tuple[str | None, ...]] | str:
    """All cells; or what is wrong, and in which line. `pieces`: where the content is cut."""
    rows: list[tuple[str | None, ...]] = []
    line, line_end, rest = 1, None, b""
    cuts = [0, *sorted(cut for cut in pieces if cut < len(content)), len(content)]
    for start, end in [*pairwise(cuts), (len(content), len(content))]:
        chunk, last = rest + content[start:end], start == len(content)
        found = _core.parse_csv(chunk, delimiter, width, range(width), line_end, last)
        if found.fault is not None:
            return f"{found.fault} {line + found.lines}"
        line, line_end, rest = line + found.lines, found.line_end, chunk[found.consumed :]
        rows += zip(*(cells(found.records, *column) for column in found.columns), strict=True)
    assert rest == b""
    return rows


def cells(records: int, offsets: bytes, text: bytes, present: bytes, nulls: int) -> list[str | None]:
    ends = [int.from_bytes(offsets[at : at + 4], "little") for at in range(0, len(offsets), 4)]
    assert len(ends) == records + 1
    found = [text[start:end].decode() for start, end in pairwise(ends)]
    assert [bool(present[i // 8] >> i % 8 & 1) for i in range(records)] == [cell != "" for cell in found]
    assert nulls == found.count("")
    return [cell or None for cell in found]


@settings(deadline=None)
@given(
    table=TABLE,
    pieces=st.lists(st.integers(1, 60), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_program_wrote_is_what_is_read(
    table: list[list[str]], pieces: list[int], delimiter: str, line_end: str, quoting: Literal[0, 1]
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # Python's writer does not quote a lone carriage return
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)
    assert parse(written.getvalue().encode(), len(table[0]), pieces, delimiter) == [
        tuple(cell or None for cell in row) for row in table
    ]


@settings(deadline=None)
@given(soup=SOUP, width=st.integers(1, 3), pieces=st.lists(st.integers(1, 40), max_size=4))
@example(soup=[b'"a"', b"\r"], width=1, pieces=[3])
@example(soup=[b'"a', b'"', b'"', b'b"'], width=1, pieces=[3, 4])
@example(soup=[b"a\r"], width=1, pieces=[1])
def test_no_bytes_are_read_in_two_ways(soup: list[bytes], width: int, pieces: list[int]) -> None:
    content = b"".join(soup)
    found = parse(content, width, [])
    in_pieces = parse(content, width, pieces)
    if isinstance(found, str):
        # Cut elsewhere, an earlier or later one of several faults may be seen first.
        assert isinstance(in_pieces, str)
        return
    assert in_pieces == found
    lines = io.StringIO(content.decode(), newline="")
    theirs = [row or [""] for row in csv.reader(lines, strict=True) if row or width == 1]
    assert found == [tuple(cell or None for cell in row) for row in theirs]
