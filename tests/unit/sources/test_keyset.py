"""The keys of a table: what is counted, what is refused, what is kept where."""

from __future__ import annotations

import resource
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atoll.protocols.identifiers import (
    DEFAULT_REFUSED,
    DuplicateIdentifier,
    EmptyIdentifier,
    Fault,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    Report,
    TooManyIdentifiers,
    normalise_rows,
    parse_rules,
)
from atoll.protocols.psi.hashing import digest_key
from atoll.protocols.psi.items import SALT_BYTES
from atoll.protocols.psi.memory import MemoryItems
from atoll.sources import KeySet, Source, keyset, open_items
from atoll.sources.errors import NotAnIdentifier, NotUtf8, ScratchFull, TooManyRows, UnknownColumn
from tests.unit.sources.desk import Desk, Row

COLUMNS = ["id", "born"]
ROWS: list[Row] = [("at-1 a", 7), ("AT1A", 8), ("", 9), (None, 9), ("ü", 1), ("AT 2B", 7), ("at1a", 0)]
SALT = bytes(SALT_BYTES)


def read(
    desk: Desk,
    address: str,
    columns: Sequence[str] = ("id",),
    rules: Sequence[str] = ("national-id/1",),
    *,
    report: Report | None = None,
    max_rows: int | None = None,
    memory_bytes: int = 1 << 20,
    refuse: Collection[Fault] = DEFAULT_REFUSED,
) -> KeySet:
    with desk.open(address) as source:
        return open_items(
            source,
            columns,
            parse_rules(rules),
            report=report or Report(),
            scratch=desk.scratch,
            max_rows=max_rows,
            memory_bytes=memory_bytes,
            refuse=refuse,
        )


def test_rows_with_equal_keys_stay_together_and_are_told_apart_once_they_are_cut(desk: Desk, kind: str) -> None:
    report = Report()
    with read(desk, desk.table(kind, COLUMNS, ROWS), report=report) as items:
        assert items.rows == 4
        assert report == Report(rows=7, kept=4, empty=2, malformed=1)
        bucket = items.partition(SALT, 1).load(0)
    assert report == Report(rows=7, kept=2, empty=2, duplicate=2, malformed=1)
    groups = {digest_key(SALT, b"AT1A"): [0, 1, 6], digest_key(SALT, b"AT2B"): [5]}
    assert bucket.digests == b"".join(sorted(groups))
    assert bucket.rows == b"".join(row.to_bytes(4, "little") for digest in sorted(groups) for row in groups[digest])


def test_a_key_of_whole_numbers_and_text_is_the_same_from_every_format(desk: Desk) -> None:
    digests = set()
    for kind in ("csv", "parquet", "sqlite"):
        with read(desk, desk.table(kind, COLUMNS, ROWS), COLUMNS, ["national-id/1", "integer/1"]) as items:
            digests.add(items.partition(SALT, 1).load(0).digests)
    assert len(digests) == 1


@pytest.mark.parametrize("refused", list(Fault))
def test_a_refused_fault_ends_at_the_row_at_which_the_rules_end(desk: Desk, refused: Fault) -> None:
    rows: list[Row] = [("a", 1), ("b", 2), ("", 3), ("ü", 4), ("x" * 2000, 5), ("B", 6), ("a", 7)]
    cells = [(cell,) for cell, _ in rows]
    report, reference = Report(), Report()
    with pytest.raises(IdentifierError) as theirs:
        list(normalise_rows(parse_rules(["national-id/1"]), cells, report=reference, refuse={refused}))  # type: ignore[arg-type]
    with pytest.raises(IdentifierError) as ours:
        read(desk, desk.table("csv", COLUMNS, rows), report=report, refuse={refused})
    assert type(ours.value) is type(theirs.value)
    assert ours.value.operands == theirs.value.operands
    if refused is not Fault.DUPLICATE:  # which is known at the end only
        assert report == Report(
            rows=reference.rows,
            kept=reference.rows
            - 1
            - reference.empty * (refused is not Fault.EMPTY)
            - reference.malformed * (refused is not Fault.MALFORMED),
            empty=reference.empty,
            malformed=reference.malformed,
            too_long=reference.too_long,
        )


def test_long_cells_are_refused_unless_they_shrink(desk: Desk) -> None:
    address = desk.table("csv", COLUMNS, [("a", 1), (" " * 8000 + "b", 2), ("c" * 10_240, 3)])
    with pytest.raises(IdentifierTooLong) as caught:
        read(desk, address)
    assert caught.value.row == 2
    report = Report()
    read(desk, address, report=report, refuse=()).close()
    assert report == Report(rows=3, kept=2, too_long=1)


@pytest.mark.parametrize(("cell", "error"), [("", EmptyIdentifier), ("é", MalformedIdentifier)])
def test_the_row_of_a_fault_counts_from_the_tables_start(
    desk: Desk, cell: str, error: type[IdentifierError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "_BATCH_ROWS", 10)
    with pytest.raises(error) as caught:
        read(desk, desk.table("csv", COLUMNS, [("a", 1)] * 25 + [(cell, 2)]), refuse=set(Fault) - {Fault.DUPLICATE})
    assert caught.value.row == 25


def test_the_cap_counts_rows_with_a_key_as_the_protocols_announce_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    address = desk.table("csv", COLUMNS, [(f"a{n % 30}" if n < 90 else "", n) for n in range(100)])
    report = Report()
    read(desk, address, max_rows=90, report=report).close()
    assert (report.kept, report.empty) == (90, 10)
    monkeypatch.setattr(keyset, "_BATCH_ROWS", 10)
    early = Report()
    with pytest.raises(TooManyIdentifiers) as caught:
        read(desk, address, max_rows=75, report=early)
    assert caught.value.operands == {"limit": 75}
    assert early.rows == 80


def test_a_refused_duplicate_is_the_first_one(desk: Desk) -> None:
    with pytest.raises(DuplicateIdentifier) as caught:
        read(desk, desk.table("csv", COLUMNS, [(f"a{n % 70}", n) for n in range(200)]), refuse={Fault.DUPLICATE})
    assert caught.value.row == 70
    read(
        desk, desk.table("csv", COLUMNS, [(f"a{n}", n) for n in range(200)], name="distinct"), refuse={Fault.DUPLICATE}
    ).close()


def test_faults_of_the_question_are_told_before_anything_is_read(desk: Desk) -> None:
    address = desk.table("csv", COLUMNS, ROWS)
    with pytest.raises(UnknownColumn):
        read(desk, address, ["phone"])
    with pytest.raises(ValueError, match="one rule for each column"):
        read(desk, address, COLUMNS)


@pytest.mark.parametrize("cell", [0.5, b"x", [1], True, {"a": 1}])
def test_what_two_owners_would_write_differently_is_no_identifier(desk: Desk, cell: object) -> None:
    pq.write_table(pa.table({"id": [cell]}), desk.data / "t.parquet")
    with pytest.raises(NotAnIdentifier):
        read(desk, "t.parquet")


def test_whole_numbers_dates_and_dictionaries_are_text_to_a_rule(desk: Desk) -> None:
    table = pa.table(
        {"n": pa.array([42], pa.uint16()), "d": pa.array([20_000], pa.date32()), "c": pa.array(["x"]).dictionary_encode()}
    )
    pq.write_table(table, desk.data / "t.parquet")
    with read(desk, "t.parquet", ["n", "d", "c"], ["integer/1", "exact/1", "exact/1"]) as items:
        key = b"\x00\x0242" + b"\x00\x0a2024-10-04" + b"\x00\x01x"
        assert items.partition(SALT, 1).load(0).digests == digest_key(SALT, key)


def test_text_that_is_not_utf8_is_told_without_it(desk: Desk) -> None:
    with pytest.raises(NotUtf8, match="line 3") as caught:
        read(desk, desk.write("t.csv", b"id\nok\nPRIVATE\xff\n"))
    assert caught.value.__context__ is None


def test_quoted_lines_are_one_cell_and_line_breaks_are_white_space_to_text(desk: Desk) -> None:
    with read(desk, desk.write("t.csv", b'id\n"Ann\r\nLee"\n"ann lee"\n'), rules=["text/1"]) as items:
        assert items.partition(SALT, 1).load(0).digests == digest_key(SALT, b"ann lee")


def test_what_does_not_fit_in_memory_lies_in_files_that_nobody_can_name(desk: Desk) -> None:
    address = desk.table("csv", COLUMNS, [(f"a{n}", n) for n in range(5000)])
    with read(desk, address, memory_bytes=1000) as items:
        cut = items.partition(SALT, 3)
        assert cut.on_disk
        assert list(desk.scratch.iterdir()) == []
        assert cut.keys == 5000
        cut.close()


@pytest.mark.parametrize(("buckets", "spans"), [(1, 16), (3, 18), (20, 20), (60, 60), (70, 16)])
def test_a_bucket_is_made_of_whole_spans_unless_they_were_small(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, buckets: int, spans: int
) -> None:
    monkeypatch.setattr("atoll.sources.buckets._SPAN_ROWS", 64)
    monkeypatch.setattr("atoll.sources.buckets._FEWEST_SPAN_ROWS", 16)
    monkeypatch.setattr(keyset, "_RUN_ROWS", 300)
    keys = [f"a{n % 700}".encode() for n in range(1000)]
    with read(desk, desk.table("csv", ["id"], [(key.decode(),) for key in keys]), ["id"], ["exact/1"]) as items:
        cut, expected = items.partition(SALT, buckets), MemoryItems(keys).partition(SALT, buckets)
        assert [cut.load(bucket) for bucket in range(buckets)] == [expected.load(bucket) for bucket in range(buckets)]
        lies_as_it_is = [cut.load_digests(bucket) is cut.load_digests(bucket) for bucket in range(buckets)]
        assert all(lies_as_it_is) == (spans == buckets)


@pytest.mark.parametrize("where", ["reading", "cutting", "sorting"])
def test_a_full_disk_is_told_and_leaves_nothing(desk: Desk, where: str) -> None:
    address = desk.table("csv", ["id"], [(f"{n:06d}",) for n in range(20_000)])  # packed 160 kB, as records 400 kB
    memory_bytes = {"reading": 0, "cutting": 200_000, "sorting": 600_000}[where]
    report = Report()

    def read_and_cut(source: Source) -> None:
        rules = parse_rules(["exact/1"])
        with open_items(source, ["id"], rules, report=report, scratch=desk.scratch, memory_bytes=memory_bytes) as items:
            items.partition(SALT, 4)

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with desk.open(address) as source:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(ScratchFull):
                read_and_cut(source)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert report.rows == 20_000


def test_row_numbers_end_at_32_bits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "MAX_ROWS", 6)
    with pytest.raises(TooManyRows):
        read(desk, desk.table("csv", COLUMNS, ROWS))
