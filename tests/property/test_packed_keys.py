"""What holds for every column there is: packed keys are, byte for byte, what the rules say of each cell."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll.protocols.identifiers import (
    RULE_NAMES,
    EmptyIdentifier,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    Rule,
    normalise_key,
    parse_rule,
)
from atoll.sources.packing import EMPTY, MALFORMED, TOO_LONG, pack_keys

RULES = [parse_rule(text) for text in [*RULE_NAMES, "phone-e164/1?region=US"]]
CODES = {EmptyIdentifier: EMPTY, MalformedIdentifier: MALFORMED, IdentifierTooLong: TOO_LONG}

ASCII = [chr(code) for code in range(128)]
PIECES = [*ASCII, *"0123456789AaZz@@..--++__//  ", "example.org", "\x1c", "\x85", "\xa0", "\u3000", "\u2212", "\u2010"]
PIECES += ["\uff11\uff12", "\uff21", "\u0663", "\ufb01", "é", "e\u0301", "ü", "ß", "\u0130", "\ufeff", "\u200b", "\u0378", "😀"]
CELL = st.one_of(
    st.none(),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.from_regex(r"[ \t]?[+-]?0{0,3}[0-9]{0,6} ?", fullmatch=True),
    st.from_regex(r"[a-zA-Z. ]{0,6}@[a-zA-Z.-]{0,12}", fullmatch=True),
)


def outcome(rules: Sequence[Rule], cells: Sequence[str | None]) -> bytes | int:
    try:
        return normalise_key(rules, cells)
    except IdentifierError as error:
        return CODES[type(error)]


def unpacked(rules: Sequence[Rule], rows: Sequence[Sequence[str | None]]) -> list[bytes | int]:
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(rules))]
    lengths, text = pack_keys(rules, columns)
    found: list[bytes | int] = []
    for at in range(0, len(lengths), 2):
        length = int.from_bytes(lengths[at : at + 2], "little")
        if 0 < length <= 1024:
            found.append(text[:length])
            text = text[length:]
        else:
            found.append(length)
    assert text == b""
    return found


@pytest.mark.parametrize("rule", RULES, ids=str)
@settings(deadline=None)
@given(cells=st.lists(CELL, max_size=20))
@example(cells=[before + character + after for character in ASCII for before in ("", "a", "1") for after in ("", "b", "2")])
@example(cells=["x" * 1024, "x" * 1025, "x" * 8192, "x" * 8193, " " * 8192, " " * 8193, "ü" * 512, "ü" * 513, "ü" * 8193])
@example(cells=["0" * 9000, "-" + "0" * 1500 + "7", "-0", "+0", "-", "+", "+-1", "1" * 1024, "-" + "1" * 1024, "1 2", "0x1"])
@example(cells=["a" * 64 + "@b.c", "a" * 65 + "@b.c", "a@" + "b" * 63 + ".c", "a@" + "b" * 64 + ".c", "a@b", "a@b..c", "@b.c"])
@example(cells=["a@" + "b." * 126 + "c", "a@" + "b." * 127 + "c", "a@-b.c", "a@b-.c", "a@b.c.", "a @b.c", " A@B.C ", "a b@c.d"])
@example(
    cells=[
        "a@b@c.d",
        "a\\@b.c",
        '"a"@b.c',
        "a@ b.c",
        "a@b.c\n",
        "a\x00@b.c",
        "ä@b.c",
        "a@bücher.de",
        "\ufeffa@b.c",
        "1" * 10_240,
    ]
)
def test_a_column_packs_to_what_the_rule_says_of_each_cell(rule: Rule, cells: list[str | None]) -> None:
    assert unpacked([rule], [(cell,) for cell in cells]) == [outcome([rule], [cell]) for cell in cells]


@settings(deadline=None)
@given(data=st.data(), rules=st.lists(st.sampled_from(RULES), min_size=2, max_size=4))
def test_columns_join_to_what_the_rules_say_of_each_row(data: st.DataObject, rules: list[Rule]) -> None:
    cell = st.one_of(CELL, st.sampled_from(["1" * 340, "1" * 510, "1" * 511, "1" * 1024, "a", "1"]))
    rows = data.draw(st.lists(st.tuples(*[cell] * len(rules)), max_size=8))
    assert unpacked(rules, rows) == [outcome(rules, row) for row in rows]


@settings(deadline=None)
@given(cells=st.lists(CELL, max_size=12), first=st.integers(0, 5), rows=st.integers(0, 5))
def test_a_slice_of_a_column_packs_as_if_it_were_alone(cells: list[str | None], first: int, rows: int) -> None:
    rule = parse_rule("text/1")
    part = pa.array(cells, pa.string()).slice(first, rows)
    alone = pa.array(part.to_pylist(), pa.string())
    assert pack_keys([rule], [part]) == pack_keys([rule], [alone])
