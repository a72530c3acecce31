"""Health: words for illnesses and treatments, and codes of the ICD."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atoll.exchange.grading.detectors.base import Column, Detector, Tally, Value, tally_all, words_in
from atoll.exchange.grading.detectors.words import words

_ICD = re.compile(r"[A-TV-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?")
_BLOOD = re.compile(r"(?:A|B|AB|O)(?:[+\-]|型| ?RH ?[+\-])|RH[+\-]", re.IGNORECASE)


def look_for_health(column: Column) -> Iterator[Tally]:
    """One value in twenty with such a word is enough: most rows of a register of notes are harmless."""
    listed = words("values", "health")

    def is_told(value: Value) -> bool:
        return any(True for _ in words_in(value.text.lower(), listed))

    yield tally_all(column.values, is_told, scheme="words", ceiling=0.9, enough=0.05)
    if column.is_called("health"):
        yield tally_all(column.values, _is_code, scheme="icd", ceiling=0.9, enough=0.5)
        yield tally_all(column.values, _is_blood_group, scheme="blood group", ceiling=0.9, enough=0.5)


def _is_code(value: Value) -> bool:
    return bool(_ICD.fullmatch(value.text.upper()))


def _is_blood_group(value: Value) -> bool:
    return bool(_BLOOD.fullmatch(value.text))


HEALTH = Detector(
    name="health",
    says="Words for illnesses and treatments in English and Chinese, ICD codes and blood groups where the column is called so",
    rests_on="a list of words; the shape of values",
    columns=("health",),
    named=0.55,
    look=look_for_health,
)
