"""Ways to reach somebody: phone numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from atoll.exchange.grading.detectors.base import Column, Detector, Tally, Value, tally_all

_INTERNATIONAL = re.compile(r"(?:\+|\b00)[1-9](?:[ ().\-/]*\d){6,14}(?!\d)")
_CHINESE_MOBILE = re.compile(r"(?<!\d)1[3-9]\d(?:[ \-]?\d){8}(?!\d)")
_NATIONAL = re.compile(r"\(?0?\d(?:[ ().\-/]*\d){6,13}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-.]{0,251}[A-Za-z0-9])?\.[A-Za-z]{2,24}")
_LETTER_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@[^\s@<>()\[\],;:\".]+(?:\.[^\s@<>()\[\],;:\".]+)+")
NATIONAL_REGIONS = ("CN", "US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "IN", "JP", "KR", "SG", "HK", "TW")
"""Numbering plans by which a national number is read, in a column that is called after phones."""


def look_for_phones(column: Column) -> Iterator[Tally]:
    """International numbers anywhere; Chinese mobile numbers with doubt; national ones where the column's name says so."""
    international = [one for one in column.values if _INTERNATIONAL.search(one.text)]
    yield tally_all(international, _is_international, scheme="international", chance=0.15)
    rises = 0.4 if column.rises else 1.0  # numbers that only rise count something
    mobile = [one for one in column.values if _CHINESE_MOBILE.search(one.text)]
    if len(mobile) * 2 >= len(column.values):  # among other numbers a few look like it by chance
        yield tally_all(mobile, _is_chinese_mobile, scheme="cn.mobile", chance=0.3, ceiling=0.85 * rises)
    if column.is_called("phone"):
        national = [one for one in column.values if _NATIONAL.fullmatch(one.text)]
        yield tally_all(national, _is_national, scheme="national", chance=0.5, ceiling=0.8)


def look_for_emails(column: Column) -> Iterator[Tally]:
    """Addresses anywhere in a value; spelt with spaces around the sign too."""
    yield tally_all([one for one in column.values if "@" in one.text], lambda one: _has_email(one.text), scheme="", chance=0.02)


def _is_international(value: Value) -> bool:
    found = _INTERNATIONAL.search(value.text)
    return found is not None and _is_valid("+" + re.sub(r"\D", "", found[0]).lstrip("0"), None)


def _is_chinese_mobile(value: Value) -> bool:
    found = _CHINESE_MOBILE.search(value.text)
    return found is not None and _is_valid(found[0], "CN")


def _is_national(value: Value) -> bool:
    return any(_is_valid(value.text, region) for region in NATIONAL_REGIONS)


def _is_valid(text: str, region: str | None) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False


def _has_email(text: str) -> bool:
    joined = re.sub(r"\s*@\s*", "@", text)
    return bool(_EMAIL.search(joined) or _LETTER_EMAIL.search(joined))


PHONE = Detector(
    name="phone",
    says="Phone numbers: international ones anywhere, Chinese mobile numbers, and national ones where the column is called so",
    rests_on="phonenumbers (numbering plans of libphonenumber)",
    columns=("phone",),
    named=0.6,
    look=look_for_phones,
)
EMAIL = Detector(
    name="email",
    says="E-mail addresses, alone or inside of texts",
    rests_on="the form local@domain.name",
    columns=("email",),
    named=0.55,
    look=look_for_emails,
)
