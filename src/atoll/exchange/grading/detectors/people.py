"""What persons are called, and how old they are. Names have no check digit: what is said of them is a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from atoll.exchange.grading.detectors.base import Column, Detector, Tally, Value, tally_all
from atoll.exchange.grading.detectors.words import words
from atoll.exchange.profile import ValueType

_HAN_NAME = re.compile("[一-鿿·]{2,5}")
_LATIN_NAME = re.compile(r"[^\W\d_][^\W\d_]*(?:[ '\-.]+[^\W\d_]+){1,3}\.?")
_ONE_LATIN_WORD = re.compile(r"[^\W\d_]{2,20}(?:['\-][^\W\d_]+)?")
_DATES = re.compile(r"((?:19|20)\d{2})[-/.年]?([01]?\d)[-/.月]?([0-3]?\d)日?(?:[T ].*)?")
_RESIDENT = re.compile(r"[1-9]\d{5}((?:19|20)\d{2})(\d{2})(\d{2})\d{3}[\dX]")
ADULT_YEARS = 18
OLDEST_YEARS = 120


def look_for_names(column: Column) -> Iterator[Tally]:
    """Family names of Chinese; words with capitals, where the column is called after a person."""
    surnames, double = words("values", "surnames")[0], words("values", "double-surnames")

    def is_chinese(value: Value) -> bool:
        text = value.text.replace(" ", "")
        known = (text[:1] in surnames and len(text) <= 4) or text[:2] in double
        return bool(_HAN_NAME.fullmatch(text)) and known

    yield tally_all(column.values, is_chinese, scheme="chinese", chance=0.2, ceiling=0.7, enough=0.6)
    if column.is_called("person-name"):
        yield tally_all(column.values, _is_latin_word, scheme="words", chance=0.3, ceiling=0.6, enough=0.6)
    elif column.is_called("person-name-perhaps") and not column.is_called("not-a-person"):
        yield tally_all(column.values, _is_latin_name, scheme="words", chance=0.3, ceiling=0.5, enough=0.6)


def look_for_minors(column: Column) -> Iterator[Tally]:
    """Ages under 18 by age, date of birth, or the date inside a Chinese resident identifier."""
    ages = [age for one in column.values if (age := _resident_age(one, column.today)) is not None]
    if len(ages) * 2 > len(column.values):
        yield _of_ages("resident id", ages)
    if column.is_called("birth"):
        born = [age for one in column.values if (age := _age(_DATES.fullmatch(one.text), column.today)) is not None]
        yield _of_ages("date of birth", born)
    elif column.is_called("age") and column.type is ValueType.INTEGER:
        yield _of_ages("age", [int(one.text) for one in column.values if one.text.isdecimal()])


def _of_ages(scheme: str, ages: list[int]) -> Tally:
    """One minor among adults is enough; a column that also holds impossible ages says less."""
    minors = sum(0 <= one < ADULT_YEARS for one in ages)
    possible = sum(0 <= one <= OLDEST_YEARS for one in ages)
    sure = 0.95 if possible == len(ages) else 0.6
    return Tally(scheme=scheme, candidates=minors, matched=minors, ceiling=sure, enough=0.27)


def _resident_age(value: Value, today: date) -> int | None:
    return _age(_RESIDENT.fullmatch(value.compact), today)


def _age(found: re.Match[str] | None, today: date) -> int | None:
    if found is None:
        return None
    try:
        born = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _is_latin_word(value: Value) -> bool:
    return bool(_ONE_LATIN_WORD.fullmatch(value.text)) or _is_latin_name(value)


def _is_latin_name(value: Value) -> bool:
    return bool(_LATIN_NAME.fullmatch(value.text)) and len(value.text) <= 60


PERSON_NAME = Detector(
    name="person-name",
    says="Names of persons, by the name of the column, by frequent Chinese family names, and by words without digits; a guess",
    rests_on="lists of words; the shape of values",
    columns=("person-name",),
    named=0.4,
    look=look_for_names,
)
MINOR = Detector(
    name="minor",
    says="Persons under 18: by age, by date of birth where the column is called so, by the date in a resident identifier",
    rests_on="the day on which it is asked",
    columns=(),
    named=0.0,
    look=look_for_minors,
)
BIRTH_DATE = Detector(
    name="birth-date",
    says="Dates of birth and ages, by the name of the column and values that can be one",
    rests_on="lists of words; the shape of values",
    columns=("birth", "age"),
    named=0.5,
    needs_name=True,
    look=lambda column: [tally_all(column.values, lambda one: _can_be_birth(one, column.today), ceiling=0.8, enough=0.8)],
)


def _can_be_birth(value: Value, today: date) -> bool:
    age = int(value.text) if value.text.isdecimal() and len(value.text) <= 3 else _age(_DATES.fullmatch(value.text), today)
    return age is not None and 0 <= age <= OLDEST_YEARS
