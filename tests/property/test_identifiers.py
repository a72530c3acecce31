"""What holds for every text there is: bounds, idempotence, and a join that cannot be confused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.protocols.identifiers import (
    MAX_IDENTIFIER_BYTES,
    RULE_NAMES,
    Fault,
    IdentifierError,
    Report,
    Rule,
    normalise,
    normalise_column,
    normalise_key,
    parse_rule,
    parse_rules,
)

RULES = [parse_rule(text) for text in [*RULE_NAMES, "phone-e164/1?region=US"]]
CELLS = st.one_of(
    st.text(),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text("0123456789+-() ./", max_size=20),
    st.from_regex(r"\A[a-zA-ZüÉ.+]{1,10}@[a-zA-ZüÉ-]{1,10}\.[a-z]{2,4}\Z"),
)
ONE_ROW = parse_rules(["exact/1", "exact/1", "exact/1"])
CELL = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(cell=CELLS)
def test_a_cell_becomes_1_to_1024_bytes_of_utf8_or_one_of_our_errors(rule: Rule, cell: str) -> None:
    try:
        key = normalise(rule, cell)
    except IdentifierError:
        return
    assert 1 <= len(key) <= MAX_IDENTIFIER_BYTES
    key.decode()


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(cell=CELLS)
def test_normalising_again_changes_nothing(rule: Rule, cell: str) -> None:
    try:
        key = normalise(rule, cell)
    except IdentifierError:
        return
    assert normalise(rule, key.decode()) == key


@given(cell=st.text(st.characters(codec="utf-8"), max_size=30))
def test_text_does_not_depend_on_case_or_on_the_normal_form_it_came_in(cell: str) -> None:
    rule = parse_rule("text/1")

    def outcome(text: str) -> bytes | str:
        try:
            return normalise(rule, text)
        except IdentifierError as error:
            return error.code

    assert outcome(cell) == outcome(unicodedata.normalize("NFD", cell)) == outcome(unicodedata.normalize("NFC", cell))
    assert outcome(cell) == outcome(cell.casefold())


@given(one=st.tuples(CELL, CELL, CELL), other=st.tuples(CELL, CELL, CELL))
def test_composite_keys_are_equal_only_if_every_part_is(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (normalise_key(ONE_ROW, one) == normalise_key(ONE_ROW, other)) == (one == other)


@given(cells=st.lists(st.one_of(st.none(), st.sampled_from(["a", "A ", "b", "", "ü", "a" * 1100]), st.text(max_size=5))))
def test_the_report_accounts_for_every_row(cells: list[str | None]) -> None:
    report = Report()
    kept = list(normalise_column(parse_rule("national-id/1"), cells, report=report, refuse=()))
    assert report.rows == len(cells)
    assert report.kept == len(kept) == len({key for _, key in kept})
    assert report.rows == report.kept + sum(getattr(report, fault.value) for fault in Fault)
    assert all(normalise(parse_rule("national-id/1"), cells[row] or "") == key for row, key in kept)
