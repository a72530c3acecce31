"""A detector is not fooled by formatting: the same number in any dress is the same number."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from atoll.exchange.grading.detectors.text import CELL_CHARACTERS, compact, fold, words_of
from tests.unit.exchange.columns import cards, findings, mobiles, resident_ids

FULL_WIDTH = str.maketrans({one: chr(ord(one) + 0xFEE0) for one in "0123456789X+@."})
ARABIC_INDIC = str.maketrans("0123456789", "".join(map(chr, range(0x660, 0x66A))))
DEVANAGARI = str.maketrans("0123456789", "".join(map(chr, range(0x966, 0x970))))
MATHEMATICAL = str.maketrans("0123456789", "".join(map(chr, range(0x1D7CE, 0x1D7D8))))
NUMERALS = str.maketrans("0123456789", "〇一二三四五六七八九")

DRESSES: dict[str, Callable[[str], str]] = {
    "plain": lambda one: one,
    "full-width": lambda one: one.translate(FULL_WIDTH),
    "Arabic-Indic digits": lambda one: one.translate(ARABIC_INDIC),
    "Devanagari digits": lambda one: one.translate(DEVANAGARI),
    "mathematical digits": lambda one: one.translate(MATHEMATICAL),
    "Chinese numerals": lambda one: one.translate(NUMERALS),
    "a mixture of scripts": lambda one: one[:5].translate(FULL_WIDTH) + one[5:9].translate(ARABIC_INDIC) + one[9:],
    "spaces": lambda one: " ".join((one[:4], one[4:8], one[8:])),
    "no-break spaces": lambda one: "\u00a0".join((one[:4], one[4:8], one[8:])),
    "ideographic spaces around": lambda one: f"\u3000{one}\u3000",
    "dashes": lambda one: "-".join((one[:4], one[4:8], one[8:])),
    "dashes of other kinds": lambda one: "\u2011".join((one[:4], one[4:8], one[8:])),
    "minus signs": lambda one: "\u2212".join((one[:4], one[4:8], one[8:])),
    "zero-width spaces": lambda one: "\u200b".join(one),
    "zero-width joiners": lambda one: "\u200d".join(one),
    "soft hyphens": lambda one: "\u00ad".join(one),
    "a byte order mark": lambda one: "\ufeff" + one,
    "direction marks": lambda one: f"\u202b{one}\u202c\u200f",
    "isolates": lambda one: f"\u2067{one}\u2069",
    "variation selectors": lambda one: "\ufe0f".join(one) + "\ufe0f",
    "combining marks": lambda one: "".join(each + "\u0332" for each in one),
    "a control character": lambda one: one[:6] + "\x07" + one[6:],
    "tabs and line ends": lambda one: f"\t{one}\r\n",
}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_resident_identifier_is_found_in_every_dress(dress: str) -> None:
    cells = [DRESSES[dress](one) for one in resident_ids()]
    found = findings(cells)["national-id"]
    assert (found.scheme, found.matched) == ("cn.ric", len(cells))
    assert found.confidence > 0.9


@pytest.mark.parametrize("dress", DRESSES)
def test_a_card_is_found_in_every_dress(dress: str) -> None:
    assert findings([DRESSES[dress](one) for one in cards()])["bank-card"].matched == 50


@pytest.mark.parametrize("dress", DRESSES)
def test_a_phone_is_found_in_every_dress(dress: str) -> None:
    assert findings([DRESSES[dress](one) for one in mobiles()])["phone"].confidence > 0.5


def test_a_check_letter_of_another_script_is_the_check_letter() -> None:
    with_x = [one for one in resident_ids(300) if one.endswith("X")]
    assert len(with_x) > 10
    for other in ("\u0425", "\u03a7", "\uff38", "x"):  # Cyrillic, Greek, full-width, small
        assert findings([one[:-1] + other for one in with_x])["national-id"].matched == len(with_x)


def test_addresses_with_letters_of_another_script_are_addresses() -> None:
    cells = [f"\u0430nn\u0430{n}\uff20ex\u0430mple\uff0ecom" for n in range(30)]
    assert findings(cells)["email"].confidence > 0.9


def test_plates_are_found_with_dots_spaces_and_letters_of_other_scripts() -> None:
    plates = ["京A12345", "京·A1234X", "沪 B 6789C", "粤\u0412D12345", "京\uff21１２３４５"]  # noqa: RUF001
    assert findings(plates)["licence-plate"].matched == 5


def test_identifiers_inside_texts_are_found_though_most_texts_hold_none() -> None:
    ids = resident_ids(20)
    notes = [f"nothing of note in case {n}" for n in range(500)] + [f"客户身份证：{one}，已核对" for one in ids]  # noqa: RUF001
    found = findings(notes)["national-id"]
    assert (found.matched, found.confidence > 0.8) == (20, True)


def test_folding_changes_nothing_that_is_plain_and_folding_again_changes_nothing() -> None:
    for dress in DRESSES.values():
        for one in resident_ids(5):
            folded = fold(dress(one))
            assert fold(folded) == folded
            assert compact(folded) == one
    assert fold("O'Brien, Anna-Maria (née Čapek)") == "O'Brien, Anna-Maria (née Čapek)"


def test_words_of_another_script_stay_what_they_are() -> None:
    assert fold("Москва, улица 12") == "Москва, улица 12"
    assert fold("Αθήνα 5") == "Αθήνα 5"
    assert fold("हिन्दी") == unicodedata.normalize("NFC", "हिन्दी")


def test_a_huge_cell_is_looked_at_in_its_beginning_alone() -> None:
    assert len(fold("x" * 10_000_000)) == CELL_CHARACTERS
    assert len(fold("\u200b" * 10_000_000 + "x")) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("idCardNo", " id card no "),
        ("ID_CARD-no", " id card no "),
        ("HTTPServer", " http server "),
        ("\uff49\uff44 card", " id card "),
        ("客户 身份证号", " 客户 身份证号 "),
    ],
)
def test_names_of_columns_are_read_as_words(name: str, words: str) -> None:
    assert words_of(name) == words
