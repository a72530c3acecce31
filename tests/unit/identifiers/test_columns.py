"""Whole columns: what is kept, what is left out and counted, what stops the stream."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from atoll.protocols.identifiers import (
    DuplicateIdentifier,
    EmptyIdentifier,
    Fault,
    IdentifierTooLong,
    MalformedIdentifier,
    Report,
    TooManyIdentifiers,
    normalise_column,
    normalise_rows,
    parse_rule,
    parse_rules,
)

RULE = parse_rule("national-id/1")
TOO_LONG = "A" * 1025


def test_rows_are_kept_in_order_and_the_first_of_equals_stands() -> None:
    report = Report()
    kept = list(normalise_column(RULE, ["b-2", "a1", "B2", None, "", "ü", "A 1", "c3"], report=report))
    assert kept == [(0, b"B2"), (1, b"A1"), (7, b"C3")]
    assert report == Report(rows=8, kept=3, empty=2, duplicate=2, malformed=1, too_long=0)


def test_over_long_cells_stop_the_stream_unless_the_caller_only_counts() -> None:
    report = Report()
    stream = normalise_column(RULE, ["a1", TOO_LONG, "b2"], report=report)
    assert next(stream) == (0, b"A1")
    with pytest.raises(IdentifierTooLong) as caught:
        next(stream)
    assert caught.value.row == 1
    assert report == Report(rows=2, kept=1, too_long=1)

    counted = Report()
    assert len(list(normalise_column(RULE, ["a1", TOO_LONG, "b2"], report=counted, refuse=()))) == 2
    assert counted == Report(rows=3, kept=2, too_long=1)


@pytest.mark.parametrize(
    ("fault", "cell", "error"),
    [
        (Fault.EMPTY, " ", EmptyIdentifier),
        (Fault.MALFORMED, "ü", MalformedIdentifier),
        (Fault.DUPLICATE, "A-1", DuplicateIdentifier),
        (Fault.TOO_LONG, TOO_LONG, IdentifierTooLong),
    ],
)
def test_a_strict_owner_may_refuse_any_fault(fault: Fault, cell: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(normalise_column(RULE, ["a1", cell], report=Report(), refuse={fault}))
    others = set(Fault) - {fault}
    assert list(normalise_column(RULE, ["a1", cell], report=Report(), refuse=others)) == [(0, b"A1")]


def test_the_row_cap_counts_rows_with_an_identifier() -> None:
    cells = ["a1", "A1", "b2", "", "c3"]
    assert len(list(normalise_column(RULE, cells, report=Report(), max_identifiers=4))) == 3
    with pytest.raises(TooManyIdentifiers) as caught:
        list(normalise_column(RULE, cells, report=Report(), max_identifiers=3))
    assert caught.value.operands == {"limit": 3}


def test_composite_keys_stream_as_well() -> None:
    report = Report()
    rules = parse_rules(["text/1", "integer/1"])
    rows = [("Ann", "7"), ("ANN ", "07"), ("Ann", None), ("Ann", "8")]
    assert list(normalise_rows(rules, rows, report=report)) == [(0, b"\x00\x03ann\x00\x017"), (3, b"\x00\x03ann\x00\x018")]
    assert report == Report(rows=4, kept=2, empty=1, duplicate=1)


def test_the_stream_is_lazy() -> None:
    def endless() -> Iterator[str]:
        number = 0
        while True:
            yield str(number)
            number += 1

    stream = normalise_column(RULE, endless(), report=Report())
    assert [next(stream)[1] for _ in range(3)] == [b"0", b"1", b"2"]
