"""What holds for the fingerprint of every table: it is that of the slow oracle, and depends on nothing but the content."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll import _core
from atoll.exchange.fingerprint import (
    TablePrint,
    Verdict,
    encode_print,
    estimate_likeness,
    judge_prints,
    parse_print,
    shared_bands,
)
from atoll.sources.address import parse_address
from atoll.sources.row_store import RowStore
from atoll.sources.table_reader import TableReader, TableReading
from tests.property.reference import load_oracle

ORACLE = load_oracle("table_print")

SPELLINGS = st.one_of(
    st.text(st.sampled_from("0123456789+-.eE"), max_size=12),
    st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,5})?", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-2]?[0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,4})?)?)?", fullmatch=True
    ),
    st.builds(
        lambda day, time, zone: f"{day}T{time}{zone}",
        st.dates().map(str),
        st.times().map(str),
        st.from_regex(r"Z|[+-][0-2][0-9](:?[0-6][0-9])?", fullmatch=True),
    ),
    st.sampled_from(
        ["true", "FALSE", "True ", "t", "null", "NaN", "", " ", "\u3000", "0001-01-01T00:00+01", "9999-12-31T23:30-01"]
    ),
    st.text(st.sampled_from("aA \u00a0\u3000é\u0301\u0323eк中文\uac00\u1100\u1161\uff11\U0001f600\u200b\x1f"), max_size=8),
)
CELL = st.one_of(st.sampled_from(["", "1", "0", "a", "b", "2024-01-02"]), SPELLINGS).map(lambda text: text.replace("\r", ""))
NAMES = ["Name", " id", "jour \u00c9"]
REGISTERS = 4096


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))
    return NAMES[:width], rows


def spell(names: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    return file.getvalue().encode()


def read(names: Sequence[str], rows: Sequence[Sequence[str]], *, cut: int | None = None, tab: bool = False) -> TableReading:
    """Through CSV in pieces, or, where no cut is given, by column."""
    address = parse_address("t.tsv" if tab else "t.csv")
    with tempfile.TemporaryDirectory() as folder, RowStore(Path(folder), address.text) as store:
        reader = TableReader(names, address, store)
        if cut is None:
            columns = [pa.array([row[place] or None for row in rows], pa.string()) for place in range(len(names))]
            reader.read_batch(pa.RecordBatch.from_arrays(columns, names=list(names)))
        else:
            content = spell(names, rows, address.delimiter)
            for start in range(0, len(content), cut):
                reader.read_csv(content[start : start + cut], last=False)
            reader.read_csv(b"", last=True)
        return reader.finish(_core.FileDigests(False), Path(folder) / "rows.bin")


def content(table: TablePrint) -> tuple[object, ...]:
    return table.content_root, table.nameless_root, table.minhash, table.bands, table.sketch, table.columns, table.rows


@settings(max_examples=500)
@given(SPELLINGS)
@example("-0")
@example("1e9999")
@example("2024-02-30")
def test_a_cell_has_the_oracles_canonical_form_and_keeps_it(text: str) -> None:
    found = _core.canonical_cell(text.encode()).decode()
    assert found == ORACLE.canonical_cell(text)
    assert _core.canonical_cell(found.encode()).decode() == found


@given(st.text(st.sampled_from(" aAÉé\u0301ΣςİßK\u3000_1"), max_size=6))
def test_a_name_has_the_oracles_canonical_form(name: str) -> None:
    assert _core.canonical_name(name) == ORACLE.canonical_name(name)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 40))
@example(table=(["a"], [["0001-01-01T00:00+01"], ["\u1100\u200b"]]), cut=1)  # both in one register
def test_a_table_has_the_oracles_fingerprint(table: tuple[list[str], list[list[str]]], cut: int) -> None:
    names, rows = table
    found = read(names, rows, cut=cut)
    assert (found.print.content_root, found.print.nameless_root) == ORACLE.roots(names, rows)
    hashes = [int.from_bytes(digest[:8], "big") for digest, _ in ORACLE.row_digests(names, rows).elements()]
    signature = ORACLE.signature(hashes)
    assert found.print.minhash == b"".join(value.to_bytes(8, "big") for value in signature)
    assert list(found.print.bands) == ORACLE.bands(signature)
    assert (found.print.sketch.scale, list(found.print.sketch.to_integers())) == ORACLE.sketch(hashes)
    for column in found.print.columns:
        place = [ORACLE.canonical_name(name) for name in names].index(column.name)
        cells = [ORACLE.canonical_cell(row[place]).encode() for row in rows]
        hashes = [ORACLE.xxh64(cell) for cell in cells if cell]
        values = ORACLE.signature(hashes)
        assert column.minhash == b"".join(value.to_bytes(8, "big") for value in values)
        empty = REGISTERS - len({value % REGISTERS for value in hashes})  # of few values, by linear counting
        counted = round(REGISTERS * math.log(REGISTERS / empty))
        assert (column.nulls, column.distinct) == (cells.count(b""), min(counted, len(hashes)))
    assert read(names, rows).print.columns == found.print.columns
    assert parse_print(encode_print(found.print)) == found.print


def test_a_table_of_several_leaves_has_the_oracles_roots() -> None:
    for count in (64, 65, 128, 200):
        rows = [[str(number), "x"] for number in range(count)]
        found = read(["a", "b"], rows, cut=1000).print
        assert (found.content_root, found.nameless_root) == ORACLE.roots(["a", "b"], rows)


@settings(max_examples=30, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_order_format_and_arrangement_change_nothing(table: tuple[list[str], list[list[str]]], random: object) -> None:
    names, rows = table
    original = read(names, rows)
    order = list(range(len(names)))
    shuffled = list(rows)
    random.shuffle(order)  # type: ignore[attr-defined]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    moved = [[row[place] for place in order] for row in shuffled]
    respelled = [[ORACLE.canonical_cell(cell) for cell in row] for row in rows]
    for copy in (
        read(names, shuffled, cut=17, tab=True),
        read([names[place].upper() for place in order], moved),
        read(names, respelled, cut=1 << 20),
    ):
        assert content(copy.print) == content(original.print)
    renamed = read([f"x{place}" for place in order], moved)
    assert renamed.print.nameless_root == original.print.nameless_root
    assert (renamed.print.minhash, renamed.print.sketch) == (original.print.minhash, original.print.sketch)


@settings(max_examples=30, deadline=None)
@given(tables(), tables())
def test_tables_of_other_content_have_other_roots(
    one: tuple[list[str], list[list[str]]], other: tuple[list[str], list[list[str]]]
) -> None:
    def canonical(table: tuple[list[str], list[list[str]]]) -> tuple[list[str], list[list[str]]]:
        names, rows = table
        return names, sorted([ORACLE.canonical_cell(cell) for cell in row] for row in rows)

    roots = [read(*table).print.content_root for table in (one, other)]
    assert (roots[0] == roots[1]) == (canonical(one) == canonical(other))


@settings(max_examples=10, deadline=None)
@given(st.integers(100, 3000), st.floats(0, 1), st.integers(0, 10**6))
def test_likeness_is_what_a_count_gives(size: int, part: float, seed: int) -> None:
    shared = int(size * part)
    rows = [[f"{seed}-{number}", str(number % 7)] for number in range(2 * size - shared)]
    one, other = read(["a", "b"], rows[:size]).print, read(["a", "b"], rows[size - shared :]).print
    likeness = estimate_likeness(one, other)
    assert likeness.jaccard_ppm == shared * 1_000_000 // (2 * size - shared)  # exact: both fit in their sketches
    assert likeness.contained_ppm == shared * 1_000_000 // size
    if shared == size:
        assert judge_prints(one, other) is Verdict.EXACT
    if likeness.jaccard_ppm >= 900_000:
        assert shared_bands(one, other)
    if not shared:
        assert not shared_bands(one, other)
