"""Numbers that a job computes with: the rule by which a column's cells become integers, and the columns once they were read.

The rule of a column stands in the plan, in the place where an intersection says how a key is spelt:

    int64/1?low=0&high=120                       whole numbers in a range, both ends included
    fixed/1?low=-8388608&high=8388608&fraction=20   multiples of 2^-20; the ends are told in these units, so this is -8 to 8
    bool/1                                       true or false, held as 1 and 0
    ...&null=yes                                 a cell may be empty, and a table may have fewer rows than the plan has places
    ...&null=bad                                 likewise, and what cannot be read or lies outside is no value either

A number is held as an integer, *raw*: itself, or how many units of 2^-fraction it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.jobs.errors import UnknownNumberRule

Base: TypeAlias = Literal["int64", "fixed", "bool"]
Raw: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

LIMIT = 1 << 62
"""Raw numbers lie strictly between -LIMIT and LIMIT, as those of programs do."""
MAX_FRACTION = 60
_RULE = re.compile(
    r"(?:(?P<base>int64|fixed)/1\?low=(?P<low>-?[0-9]{1,19})&high=(?P<high>-?[0-9]{1,19})(?:&fraction=(?P<fraction>[0-9]{1,2}))?"
    r"(?:&null=(?P<null>yes|bad))?|(?P<bool>bool)/1(?:\?null=(?P<bool_null>yes|bad))?)"
)


class Nulls(StrEnum):
    """Which cells may have no value."""

    NONE = "none"
    """Every cell has one, and there are as many rows as places."""
    EMPTY = "yes"
    """Empty cells have none, and places beyond the last row."""
    BAD = "bad"
    """Nor has a cell that cannot be read, that is no number, or that lies outside the range."""


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the cells of one column become raw numbers."""

    base: Base
    low: int
    """Least raw number."""
    high: int
    """Largest."""
    fraction: int = 0
    """Bits after the point; 0 unless `base` is `fixed`."""
    nulls: Nulls = Nulls.NONE

    @property
    def is_nullable(self) -> bool:
        """Whether a cell may have no value."""
        return self.nulls is not Nulls.NONE

    @property
    def text(self) -> str:
        """As plans say it; `parse_number_rule` reads it."""
        null = "" if self.nulls is Nulls.NONE else f"null={self.nulls}"
        if self.base == "bool":
            return f"bool/1?{null}" if null else "bool/1"
        point = f"&fraction={self.fraction}" if self.base == "fixed" else ""
        return f"{self.base}/1?low={self.low}&high={self.high}{point}" + (f"&{null}" if null else "")


def parse_number_rule(text: str) -> NumberRule:
    """The rule that a plan states. There is one text a rule.

    >>> parse_number_rule("int64/1?low=0&high=120").high
    120

    Raises:
        UnknownNumberRule: no such rule, an empty range, or one beyond 62 bits.
    """
    found = _RULE.fullmatch(text)
    if found is not None:
        nulls = Nulls(found["null"] or found["bool_null"] or Nulls.NONE)
        if found["bool"]:
            rule = NumberRule("bool", 0, 1, nulls=nulls)
        else:
            base: Base = "fixed" if found["base"] == "fixed" else "int64"
            rule = NumberRule(base, int(found["low"]), int(found["high"]), int(found["fraction"] or 0), nulls)
        if rule.text == text and -LIMIT < rule.low <= rule.high < LIMIT and rule.fraction <= MAX_FRACTION:
            return rule
    raise UnknownNumberRule(rule=text[:64])


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """One column, read."""

    raw: Raw = field(repr=False)
    """One for each place; where there is no value, the number of the range that is nearest to 0."""
    present: Mask | None = field(default=None, repr=False)
    """Where there is one; None where that is everywhere by the column's rule."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The columns of one of the plan's inputs, as long as its row cap."""

    columns: Mapping[str, NumberColumn]
    """By name."""
    rows: int
    """How many rows the source really has; its owner's secret where columns may have no value."""
