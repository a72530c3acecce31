"""CSV as RFC 4180 has it, and files that only look like it."""

from __future__ import annotations

import traceback

import pytest

from atoll.errors import AtollError
from atoll.sources.errors import BrokenQuoting, MalformedTable, NoHeader, NotUtf8, WrongWidth
from tests.unit.sources.desk import Desk, text_of


def read(desk: Desk, content: bytes, query: str = "") -> list[tuple[str | None, ...]]:
    with desk.open(desk.write("t.csv", content) + query) as source:
        return text_of(source, source.schema().names)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"id,name\n1,Ann\n", [("1", "Ann")]),
        (b"id,name\r\n1,Ann\r\n", [("1", "Ann")]),
        (b"id,name\n1,Ann", [("1", "Ann")]),
        (b"\xef\xbb\xbfid,name\n1,Ann\n", [("1", "Ann")]),
        (b'id,name\n1,"Ann, ""the"" one"\n', [("1", 'Ann, "the" one')]),
        (b'id,name\n1,"two\nlines"\n', [("1", "two\nlines")]),
        (b'"id","name"\n001,1.50\n', [("001", "1.50")]),
        (b'id,name\n,\n"",""\n', [(None, None), (None, None)]),
        (b"id,name\n 1 ,NULL\n", [(" 1 ", "NULL")]),
        (b"id,name\n2026-01-01,true\n", [("2026-01-01", "true")]),
        (b"id,name\n", []),
        (b"id,name\n1,2\n\n3,4\n", [("1", "2"), ("3", "4")]),
        ("id,name\n1,Zoë 😀\n".encode(), [("1", "Zoë 😀")]),
    ],
)
def test_cells_arrive_as_the_text_that_stands_in_the_file(
    desk: Desk, content: bytes, expected: list[tuple[str | None, ...]]
) -> None:
    assert read(desk, content) == expected


def test_a_byte_order_mark_is_not_part_of_the_first_name(desk: Desk) -> None:
    with desk.open(desk.write("t.csv", b"\xef\xbb\xbfid,name\n1,2\n")) as source:
        assert source.schema().names == ["id", "name"]


@pytest.mark.parametrize(("name", "delimiter"), [("semicolon", b";"), ("tab", b"\t"), ("pipe", b"|"), ("comma", b",")])
def test_the_delimiter_is_declared_and_not_guessed(desk: Desk, name: str, delimiter: bytes) -> None:
    header = b"id,a;b|c" + (b"\td" if name == "tab" else b"d")  # a tab that does not delimit has no place in a name
    content = header + b"\n1,2;3|4" + (b"\t5\n" if name == "tab" else b"5\n")
    expected = content.splitlines()[1].split(delimiter)
    assert read(desk, content, f"?delimiter={name}") == [tuple(cell.decode() for cell in expected)]


@pytest.mark.parametrize(
    ("content", "error", "where"),
    [
        (b'id,name\n1,"PRIVATE\n2,b\n', BrokenQuoting, "line 2"),
        (b'id,name\n0,a\n1,"PRI"VATE"\n2,b\n', BrokenQuoting, "line 3"),
        (b"id,name\n1,M\xfcller PRIVATE\n", NotUtf8, "line 2"),
        ("id,name\n1,PRIVATE\n".encode("utf-16"), NotUtf8, "in the header"),
        (b"PRIV\xc4TE,name\n1,2\n", NotUtf8, "in the header"),
        (b"id,name\nPRIVATE\n", WrongWidth, "line 2"),
        (b"id,name\n1,2,PRIVATE\n", WrongWidth, "line 2"),
        (b'id,"PRIVATE\n1,2\n', BrokenQuoting, "in the header"),
        (b'id,"PRI"VATE\n1,2\n', BrokenQuoting, "in the header"),
        (b"id,name\r\n1,PRIVATE\n2,b\r\n", MalformedTable, "line 2"),
        (b"id,name\n1,PRIVATE\r\n", MalformedTable, "line 2"),
        (b"id,name\r1,PRIVATE\r", MalformedTable, "line 1"),
        (b'id,name\n1,5" PRIVATE\n', BrokenQuoting, "line 2"),
        (b'id,name\n1, "PRIVATE"\n', BrokenQuoting, "line 2"),
        (b'id,name\n1,"PRIVATE" \n', BrokenQuoting, "line 2"),
        (b'id,name\n1,"two\nlines"\n2\n', WrongWidth, "line 4"),
        (b"id,name\n1,PRIVATE" + b"x" * (3 << 20) + b"\n", MalformedTable, "line 2"),
        (b"PRIVATE" * (1 << 18), MalformedTable, "in the header"),
        (b"", NoHeader, ""),
        (b"\xef\xbb\xbf", NoHeader, ""),
        (b"\n", NoHeader, ""),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_without_its_content(
    desk: Desk, content: bytes, error: type[AtollError], where: str
) -> None:
    with pytest.raises(error) as caught:
        read(desk, content)
    assert where in str(caught.value)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.operands)
    assert "PRIVATE" not in told
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"9,end"])
def test_a_file_is_the_same_in_pieces_of_any_size(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mark: bytes, line_end: bytes, last: bytes
) -> None:
    lines = [b"id,name", b"1,Ann", b'2,"two\nlines, one ""cell"""', b"3," + b"x" * 50, "4,Zoë".encode(), b"5,"]
    content = mark + b"".join(line + line_end for line in lines) + last
    expected = read(desk, content)
    assert len(expected) == 5 + bool(last)
    for piece_bytes in range(1, len(content) + 2):
        monkeypatch.setattr("atoll.sources.delimited.PIECE_BYTES", piece_bytes)
        assert read(desk, content) == expected
        with desk.open("t.csv") as source:
            assert source.row_count() == len(expected)


def test_a_fault_far_down_the_file_is_found_with_its_line(desk: Desk) -> None:
    with pytest.raises(NotUtf8, match="line 50002"):
        read(desk, b"id,name\n" + b"1,2\n" * 50_000 + b"1,\xff\n")


def test_the_number_of_rows_is_not_told_of_a_broken_file(desk: Desk) -> None:
    with desk.open(desk.write("t.csv", b"id,name\n1,2\n3\n")) as source, pytest.raises(WrongWidth):
        source.row_count()
