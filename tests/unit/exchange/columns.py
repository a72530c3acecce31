"""Columns to be looked at: numbers that are what they say, and numbers that only look so."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from stdnum import luhn
from stdnum.cn import ric, uscc

from atoll.exchange.grading import DETECTORS, Finding
from atoll.exchange.grading.detectors.base import detect, see_column
from atoll.exchange.profile import ValueType

TODAY = date(2026, 11, 22)


def dice(seed: object) -> random.Random:
    """The same throws in every run, whatever ran before."""
    return random.Random(repr(seed))


def findings(cells: Sequence[str | None], *, name: str = "x", kind: ValueType = ValueType.TEXT) -> dict[str, Finding]:
    """What the detectors say of a column, by detector."""
    column = see_column(name, kind, cells, TODAY)
    return {one.name: found for one in DETECTORS if (found := detect(one, column)) is not None}


def surest(cells: Sequence[str | None], **named: str) -> tuple[str, float]:
    """The surest finding; nothing and 0.0 where there is none."""
    found = sorted(findings(cells, name=named.get("name", "x")).values(), key=lambda one: -one.confidence)
    return (found[0].detector, found[0].confidence) if found else ("", 0.0)


def digits(length: int, count: int = 1000) -> list[str]:
    """Random digits."""
    throws = dice((length, count))
    return ["".join(throws.choices("0123456789", k=length)) for _ in range(count)]


def resident_ids(count: int = 50, *, born: tuple[int, int] = (1950, 2005)) -> list[str]:
    """Chinese resident identifiers of nobody."""
    made, throws = [], dice((count, born))
    for _ in range(count):
        place = throws.choice(["110101", "310104", "440106", "330106", "510107"])
        born_on = f"{throws.randrange(*born)}{throws.randrange(1, 13):02}{throws.randrange(1, 29):02}"
        number = f"{place}{born_on}{throws.randrange(1000):03}0"
        made.append(number[:-1] + ric.calc_check_digit(number))
    return made


def companies(count: int = 20) -> list[str]:
    """Unified social credit codes of nobody."""
    bodies = ["91110000" + one for one in digits(9, count)]
    return [one + uscc.calc_check_digit(one) for one in bodies]


def cards(prefix: str = "4", length: int = 16, count: int = 50) -> list[str]:
    """Card numbers of nobody."""
    bodies = [prefix + one for one in digits(length - 1 - len(prefix), count)]
    return [one + luhn.calc_check_digit(one) for one in bodies]


def mobiles(count: int = 50) -> list[str]:
    """Chinese mobile numbers."""
    return ["138" + one for one in digits(8, count)]


def times(spelt: Callable[[datetime], str], count: int = 500) -> list[str]:
    """Points in time, in any order."""
    start, throws = datetime(2024, 1, 1, tzinfo=UTC), dice(count)
    return [spelt(start + timedelta(seconds=throws.randrange(10**7))) for _ in range(count)]
