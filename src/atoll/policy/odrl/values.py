"""How the right side of a constraint is read: whole numbers, decimals, moments, lengths of time.

Digits are 0 to 9 and nothing else. No sign, no exponent, no blank, no digits of other scripts: whoever wrote them may have
meant something else than whoever reads them. A moment without a time zone may be any of those that zones make of it, 14 hours
to either side (XML Schema part 2, 3.2.7.4).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

Number: TypeAlias = int | Decimal
Interval: TypeAlias = tuple[Number, Number]
"""The least and the greatest that a text may mean; both the same where it says exactly one thing."""

_DECIMAL = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,18})?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DURATION = re.compile(r"P(?=[0-9T])(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,9})S)?)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDEST_ZONE_SECONDS = 14 * 3600
"""The furthest that clocks on earth stand from UTC."""


def parse_number(text: str) -> Number | None:
    """A whole number; None if the text is none.

    >>> parse_number("10"), parse_number("1e3"), parse_number("\u0661")
    (10, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() else None


def parse_decimal(text: str) -> Number | None:
    """A decimal number, at most 30 digits before and 18 behind the point; None if the text is none.

    >>> parse_decimal("5.00"), parse_decimal("5,00"), parse_decimal("1e3")
    (Decimal('5.00'), None, None)
    """
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Interval | None:
    """A moment in Unix seconds: digits, a date, or a date and time; None if the text is none of them.

    >>> parse_time("2026-01-01T00:00:00Z"), parse_time("2026-01-01T02:00:00+02:00")
    ((1767225600, 1767225600), (1767225600, 1767225600))
    """
    plain = parse_number(text)
    if plain is not None:
        return plain, plain
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(one or 0) for one in found.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        ahead = _ahead(found[8])
    except ValueError:
        return None
    seconds: Number = (moment - _EPOCH) // timedelta(seconds=1)
    if found[7]:
        seconds = seconds + Decimal(found[7])
    if ahead is None:
        return seconds - WIDEST_ZONE_SECONDS, seconds + WIDEST_ZONE_SECONDS
    return seconds - ahead, seconds - ahead


def _ahead(zone: str | None) -> int | None:
    """How far a zone is ahead of UTC, in seconds; None if there is no zone.

    Raises:
        ValueError: there is no such zone.
    """
    if zone is None:
        return None
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    seconds = hours * 3600 + minutes * 60
    if minutes > 59 or seconds > WIDEST_ZONE_SECONDS:
        raise ValueError
    return -seconds if zone[0] == "-" else seconds


def parse_duration(text: str) -> Number | None:
    """A length of time in seconds: digits, or days, hours, minutes and seconds as ISO 8601 writes them; None if neither.

    Months and years have no fixed length and are not read.

    >>> parse_duration("P1DT12H"), parse_duration("P1M")
    (129600, None)
    """
    plain = parse_number(text)
    if plain is not None:
        return plain
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
