"""Cells as detectors read them: however somebody has dressed up a number, it is the same number.

Folded are full-width and other compatibility forms (NFKC), digits of every script, digits written as Chinese numerals, dashes,
white space, and letters of Cyrillic and Greek that look like Latin ones and stand beside Latin ones or digits. Removed is what
nobody sees: zero-width characters, direction marks, soft hyphens, variation selectors, control characters; marks on digits and
on a letter behind one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from atoll.exchange.grading.detectors.words import words

CELL_CHARACTERS = 512
"""What is looked at of one cell."""

_LOOKALIKES = str.maketrans({one[0]: one[1] for one in words("letters", "lookalikes")})
_NUMERALS = str.maketrans("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00123456789123456789")
_NUMERAL_RUN = re.compile("[〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖]{7,}")
_FOREIGN = re.compile("[Ѐ-ӿͰ-Ͽ]")
_LATIN_OR_DIGIT = re.compile("[A-Za-z0-9]")
_ONLY_FOREIGN_WORD = re.compile("[Ѐ-ӿͰ-Ͽ]{3,}")
_INVISIBLE = frozenset({"Cf", "Cc", "Me", "Co", "Cn", "Cs"})
_VARIATIONS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180B, 0x180C, 0x180D, 0x180F]))
_MARKED_DIGIT = re.compile("(?<=[0-9])[\u0300-\u036f]+")
_MARKED_CHECK_LETTER = re.compile("(?<=[0-9][A-Za-z])[\u0300-\u036f]+")
_SEPARATORS = re.compile(r"[\s\-./_()·,'\\]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def fold(cell: str) -> str:
    """A cell in its plainest spelling, letters as they are; for values only, never for what is compared or kept.

    >>> fold("138\\u00a0\\uff10\\uff10\\u200b13\\u20118000")
    '138 0013-8000'
    """
    text = cell[:CELL_CHARACTERS]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = "".join(map(_fold_character, unicodedata.normalize("NFKC", text)))
    text = _MARKED_CHECK_LETTER.sub("", _MARKED_DIGIT.sub("", text))
    text = _NUMERAL_RUN.sub(lambda found: found[0].translate(_NUMERALS), text)
    if _FOREIGN.search(text) and _LATIN_OR_DIGIT.search(text) and not _ONLY_FOREIGN_WORD.search(text):
        text = text.translate(_LOOKALIKES)
    return " ".join(unicodedata.normalize("NFC", text).split())


def compact(text: str) -> str:
    """A folded cell without what people put between the parts of a number, in capitals.

    >>> compact("gb 29 nwbk-6016.1331 9268 19")
    'GB29NWBK60161331926819'
    """
    return _SEPARATORS.sub("", text).upper()


def words_of(name: str) -> str:
    """A column's name as words in lower case between spaces: `idCardNo` is ` id card no `."""
    folded = _CAMEL.sub(" ", fold(name))
    return " " + " ".join(re.sub(r"[\W_]+", " ", folded.lower()).split()) + " "


@lru_cache(maxsize=4096)
def _fold_character(one: str) -> str:
    if one.isascii() and one.isprintable():
        return one
    category = unicodedata.category(one)
    if category == "Nd":
        return str(unicodedata.decimal(one))
    if category == "Pd" or one in "\u2212\u2043":
        return "-"
    if category in ("Zs", "Zl", "Zp") or one in "\t\r\n\v\f":
        return " "
    return "" if category in _INVISIBLE or one in _VARIATIONS else one
