"""Spellings that must meet, spellings that must not, and cells that are no identifiers at all."""

# ruff: noqa: RUF001 (look-alike characters are the point)

from __future__ import annotations

import traceback

import pytest

from atoll.protocols.identifiers import (
    MAX_IDENTIFIER_BYTES,
    RULE_NAMES,
    EmptyIdentifier,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    Rule,
    UnknownRule,
    normalise,
    normalise_key,
    parse_rule,
    parse_rules,
)

ALL_RULES = [*RULE_NAMES, "phone-e164/1?region=US"]

SPELLINGS = [
    ("text/1", b"m\xc3\xbcller", ["Müller", "MÜLLER", "  mu\u0308ller ", "M\u200bü\u00adller", "\ufeffMüller"]),
    ("text/1", b"de la cruz", ["De la Cruz", "de  la\tcruz", "DE\u00a0LA\u3000CRUZ\n"]),
    ("text/1", b"strasse", ["Straße", "STRASSE"]),
    ("text/1", "\u1f00\u03b9".encode(), ["\u1f80", "\u1f88", "\u1f08\u0345", "\u03b1\u0313\u0345"]),
    ("exact/1", b" A b ", [" A b "]),
    (
        "national-id/1",
        b"AT482913K",
        ["AT482913K", "at 482 913 k", "AT-482.913/K", "ＡＴ４８２９１３Ｋ", "at482\u2013913\u2011k", "AT_482\u200b913K"],
    ),
    ("national-id/1", b"0123456789", ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२ ३४५ ६७८९"]),
    ("integer/1", b"42", ["42", " 0042 ", "+42", "４２", "٤٢"]),
    ("integer/1", b"0", ["0", "-0", "+000"]),
    ("integer/1", b"-7", ["-7", "-007", "\u22127"]),
    ("email/1", b"ann.o'neil+x@example.org", ["Ann.O'Neil+x@Example.ORG", "  ann.o'neil+x@example.org\t"]),
    (
        "email/1",
        b"info@xn--mnchen-3ya.example",
        ["info@münchen.example", "INFO@MÜNCHEN.example", "info@xn--mnchen-3ya.example"],
    ),
    (
        "phone-e164/1",
        b"+14155550132",
        ["+1 415 555 0132", "+1 (415) 555-0132", "＋１ ４１５ ５５５ ０１３２", "+1\u2011415\u2011555\u20110132"],
    ),
    (
        "phone-e164/1?region=US",
        b"+14155550132",
        ["(415) 555-0132", "415.555.0132", "1-415-555-0132", "011 1 415 555 0132", "+14155550132"],
    ),
    ("phone-e164/1?region=DE", b"+493012345678", ["030 12345678", "0049 30 12345678", "+49 (0)30 12345678", "+49/30/12345678"]),
    ("phone-e164/1?region=IT", b"+390612345678", ["06 1234 5678", "+39 06 12345678"]),
]

STRANGERS = [
    ("text/1", "Müller", "Muller"),
    ("text/1", "de la cruz", "delacruz"),
    ("exact/1", "A", "a"),
    ("exact/1", "\u00fc", "u\u0308"),
    ("national-id/1", "AT0482913", "AT482913"),
    ("email/1", "a.b@example.org", "ab@example.org"),
    ("integer/1", "10", "100"),
    ("phone-e164/1?region=US", "+44 415 555 0132", "415 555 0132"),
]

EMPTY = [
    ("text/1", " \t\u00a0\u200b"),
    ("exact/1", ""),
    ("national-id/1", " -./_ "),
    ("integer/1", "  "),
    ("email/1", "\u200b "),
    ("phone-e164/1", "  "),
]

MALFORMED = [
    ("text/1", "a\x00b"),
    ("text/1", "a\x9fb"),
    ("text/1", "a\ud800b"),
    ("text/1", "a\U000e0fffb"),
    ("exact/1", "a\udfffb"),
    ("national-id/1", "AT48291é"),
    ("national-id/1", "AT+482913"),
    ("national-id/1", "AT482913\x00"),
    ("integer/1", "1,000"),
    ("integer/1", "1.0"),
    ("integer/1", "0x10"),
    ("integer/1", "--1"),
    ("integer/1", "1e3"),
    ("email/1", "ann"),
    ("email/1", "@example.org"),
    ("email/1", "ann@"),
    ("email/1", "ann@localhost"),
    ("email/1", "ann smith@example.org"),
    ("email/1", "ann@bob@example.org"),
    ("email/1", "Ann <ann@example.org>"),
    ("email/1", "ann@exa_mple.org"),
    ("email/1", "ann@-example.org"),
    ("email/1", "ann@" + "a" * 64 + ".org"),
    ("email/1", "ann@\u2028ü.org"),
    ("phone-e164/1", "415 555 0132"),
    ("phone-e164/1?region=US", "555 0132"),
    ("phone-e164/1?region=US", "+1 415 555 0132 ext. 4"),
    ("phone-e164/1?region=US", "1-800-FLOWERS"),
    ("phone-e164/1?region=US", "+1 415 555 01321234"),
    ("phone-e164/1?region=US", "+999 415 555 0132"),
    ("phone-e164/1?region=US", "tel:+14155550132"),
    ("phone-e164/1?region=US", "()"),
]


@pytest.mark.parametrize(("rule", "expected", "spellings"), SPELLINGS)
def test_spellings_of_one_thing_become_the_same_bytes(rule: str, expected: bytes, spellings: list[str]) -> None:
    assert {normalise(parse_rule(rule), spelling) for spelling in spellings} == {expected}


@pytest.mark.parametrize(("rule", "one", "other"), STRANGERS)
def test_different_things_stay_different(rule: str, one: str, other: str) -> None:
    assert normalise(parse_rule(rule), one) != normalise(parse_rule(rule), other)


@pytest.mark.parametrize(("rule", "value"), EMPTY)
def test_a_cell_with_nothing_left_is_empty(rule: str, value: str) -> None:
    with pytest.raises(EmptyIdentifier) as caught:
        normalise(parse_rule(rule), value, row=17)
    assert caught.value.row == 17


@pytest.mark.parametrize(("rule", "value"), MALFORMED)
def test_a_cell_of_another_form_is_malformed(rule: str, value: str) -> None:
    with pytest.raises(MalformedIdentifier):
        normalise(parse_rule(rule), value)


def test_every_rule_has_spellings_and_empty_cells_in_this_file() -> None:
    covered = [{text.split("?")[0] for text, *_ in cases} for cases in (SPELLINGS, STRANGERS, EMPTY, MALFORMED)]
    assert covered[0] == covered[2] == set(RULE_NAMES)
    assert covered[3] == set(RULE_NAMES)


@pytest.mark.parametrize("rule", ALL_RULES)
def test_errors_never_repeat_the_value(rule: str) -> None:
    secret = "S3CRET\ud800\x00-value ext. 5 @@"
    with pytest.raises(IdentifierError) as caught:
        normalise(parse_rule(rule), secret, row=3)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.operands)
    assert "S3CRET" not in told
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_an_identifier_may_be_1024_bytes_and_not_one_more() -> None:
    rule = parse_rule("exact/1")
    assert len(normalise(rule, "ü" * 512)) == MAX_IDENTIFIER_BYTES
    with pytest.raises(IdentifierTooLong):
        normalise(rule, "ü" * 512 + "a")


def test_length_counts_after_normalisation() -> None:
    assert normalise(parse_rule("text/1"), "a" + " " * 5000) == b"a"
    with pytest.raises(IdentifierTooLong):
        normalise(parse_rule("text/1"), "a" + " " * 50_000)


@pytest.mark.parametrize("text", ALL_RULES)
def test_a_rule_is_written_in_one_way(text: str) -> None:
    assert str(parse_rule(text)) == parse_rule(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "text/2",
        "text/01",
        "Text/1",
        " text/1",
        "text/1\n",
        "text/1?",
        "text/1?region=US",
        "phone-e164/1?region=us",
        "phone-e164/1?region=XX",
        "phone-e164/1?region=US&region=US",
        "phone-e164/1?land=US",
        "sql/1",
    ],
)
def test_any_other_text_is_no_rule(text: str) -> None:
    with pytest.raises(UnknownRule):
        parse_rule(text)


def test_a_key_of_one_column_is_that_columns_bytes() -> None:
    assert normalise_key(parse_rules(["text/1"]), ["Ann"]) == b"ann"


def test_a_composite_key_puts_each_part_behind_its_length() -> None:
    rules = parse_rules(["text/1", "integer/1"])
    assert normalise_key(rules, ["Ann", "007"]) == b"\x00\x03ann\x00\x017"


def test_moving_a_letter_between_columns_changes_the_key() -> None:
    rules = parse_rules(["text/1", "text/1"])
    assert normalise_key(rules, ["ab", "c"]) != normalise_key(rules, ["a", "bc"])


@pytest.mark.parametrize("values", [["Ann", ""], ["Ann", None], [None, "7"]])
def test_a_composite_key_with_a_hole_is_empty(values: list[str | None]) -> None:
    with pytest.raises(EmptyIdentifier):
        normalise_key(parse_rules(["text/1", "integer/1"]), values)


def test_the_limit_holds_for_the_whole_composite_key() -> None:
    rules = parse_rules(["exact/1", "exact/1"])
    assert len(normalise_key(rules, ["a" * 1000, "b" * 20])) == MAX_IDENTIFIER_BYTES
    with pytest.raises(IdentifierTooLong):
        normalise_key(rules, ["a" * 1000, "b" * 21])


def test_a_key_takes_one_cell_for_each_rule() -> None:
    with pytest.raises(ValueError, match="one cell for each rule"):
        normalise_key(parse_rules(["text/1", "text/1"]), ["a"])


@pytest.mark.parametrize("texts", [[], ["text/1"] * 9])
def test_a_key_joins_one_to_eight_columns(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="1 to 8 columns"):
        parse_rules(texts)


def test_rules_compare_by_what_they_do() -> None:
    assert parse_rule("phone-e164/1?region=US") == Rule("phone-e164/1", "US") != parse_rule("phone-e164/1")
