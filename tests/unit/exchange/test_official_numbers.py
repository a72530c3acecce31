"""Official numbers, by somebody else's rules: the examples that python-stdnum's documentation gives, and numbers made by it."""

from __future__ import annotations

import doctest
import re
import sys
from collections.abc import Iterator

import pytest

from atoll.exchange.grading.detectors.numbers import COMPANIES, PERSONAL, Scheme
from tests.unit.exchange.columns import cards, digits, findings, resident_ids

SCHEMES = {one.name: one for one in (*PERSONAL, *COMPANIES)}


def module_of(scheme: Scheme) -> str:
    """Its module in python-stdnum."""
    return "stdnum." + scheme.name.replace("in.", "in_.")


def examples(scheme: Scheme) -> Iterator[tuple[str, bool]]:
    """Numbers that the documentation of the library calls valid, or refuses for their check digit."""
    __import__(module_of(scheme))
    text = sys.modules[module_of(scheme)].__doc__ or ""
    for one in doctest.DocTestParser().get_examples(text):
        call = one.source.strip()
        if call.startswith("validate('") and call.endswith("')"):
            number = call.removeprefix("validate('").removesuffix("')")
            if not one.exc_msg:
                yield number, True
            elif "InvalidChecksum" in one.exc_msg or "InvalidComponent" in one.exc_msg:
                yield number, False


CASES = [(scheme.name, number, valid) for scheme in SCHEMES.values() for number, valid in examples(scheme)]


def test_the_library_gives_examples_of_nearly_all_of_them() -> None:
    assert len({name for name, _, _ in CASES}) >= len(SCHEMES) - 3
    assert sum(not valid for _, _, valid in CASES) >= 30


@pytest.mark.parametrize(("name", "number", "valid"), CASES)
def test_the_librarys_own_examples_are_told_apart(name: str, number: str, valid: bool) -> None:
    compact = number.replace(" ", "").replace("-", "").replace(".", "") if not SCHEMES[name].dashed else number
    assert SCHEMES[name].fits(compact) == valid


def lengths(scheme: Scheme) -> list[int]:
    """How many digits alone make its shape."""
    return [one for one in range(8, 21) if re.fullmatch(scheme.shape, "2" * one)]


@pytest.mark.parametrize("name", [one.name for one in SCHEMES.values() if lengths(one) and not one.dashed])
def test_no_more_random_numbers_pass_than_are_allowed_for(name: str) -> None:
    scheme = SCHEMES[name]
    tried = [one for length in lengths(scheme) for one in digits(length, 2000) if re.fullmatch(scheme.shape, one)]
    passed = sum(scheme.fits(one) for one in tried)
    assert passed / len(tried) <= scheme.chance * 1.3 + 0.005


def test_a_column_of_resident_identifiers_is_found_and_one_wrong_digit_each_is_not() -> None:
    good = resident_ids()
    found = findings(good)["national-id"]
    assert (found.scheme, found.matched, found.looked_at) == ("cn.ric", 50, 50)
    assert found.confidence > 0.9
    wrong = [one[:-1] + str((int(one[-1]) + 1) % 10 if one[-1] != "X" else 0) for one in good]
    assert "national-id" not in findings(wrong)


ISSUED = [("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("36", 14), ("62", 16), ("62", 19), ("6011", 16), ("3528", 16)]


@pytest.mark.parametrize(("prefix", "length"), ISSUED)
def test_cards_are_found_by_issuer_and_check_digit(prefix: str, length: int) -> None:
    good = cards(prefix, length)
    assert findings(good)["bank-card"].confidence > 0.9
    wrong = [one[:-1] + str((int(one[-1]) + 1) % 10) for one in good]
    assert "bank-card" not in findings(wrong)


def test_numbers_with_a_luhn_digit_that_no_issuer_has_are_no_cards() -> None:
    assert "bank-card" not in findings(cards("1", 16))
    assert "bank-card" not in findings(cards("35", 15)), "serial numbers of telephones"


def test_accounts_are_found_by_iban() -> None:
    numbers = ["GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000", "FR1420041010050500013M02606", "nl91 abna 0417 1643 00"]
    assert findings(numbers)["bank-card"].scheme == "iban"
    assert findings(numbers)["bank-card"].matched == 4


def test_two_numbers_are_too_few_to_be_sure_without_a_name() -> None:
    two = resident_ids(2)
    assert findings(two)["national-id"].confidence < 0.5
    assert findings(two, name="身份证号")["national-id"].confidence > 0.5
