"""What detectors share: a column as they see it, what they count, and how a count becomes a confidence.

A confidence says how sure a detector is that a column holds something, from 0 to 1. It is made of two parts:

- values: the lower bound of a 90% Wilson interval for the share that fits, minus what would fit by chance (a tenth of all
  16-digit numbers pass the check of a bank card), times the most that values of this form can say;
- the column's name, which counts in full where the values do not speak against it, and else a third.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from atoll.exchange.grading.detectors.text import compact, fold, words_of
from atoll.exchange.grading.detectors.words import words
from atoll.exchange.grading.model import Finding
from atoll.exchange.profile import ValueType

VALUES_LOOKED_AT = 1_000
"""Different values of a column that detectors look at."""
SAMPLES = 3
_Z = 1.645
_MANY = 20
_AGAINST = 0.3
"""So many values of which so little can be said speak against the name."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a column."""

    raw: str = field(repr=False)
    text: str = field(repr=False)
    """Folded."""
    compact: str = field(repr=False)
    """Folded, in capitals, without separators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as detectors see it."""

    name: str
    words: str
    """Its name as words between spaces."""
    type: ValueType
    values: tuple[Value, ...] = field(repr=False)
    """Different values, up to VALUES_LOOKED_AT, in the table's order."""
    rises: bool
    """Whether the values are whole numbers that only rise, or only fall: then they count rows or time."""
    today: date
    """For ages."""

    def is_called(self, *lists: str) -> bool:
        """Whether its name holds one of the words of these lists of `words.toml`."""
        return any(_holds(self.words, word) for each in lists for word in words("columns", each))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted for one form of a thing."""

    scheme: str = ""
    """Which form: `cn.ric`."""
    candidates: int
    """Values whose shape is right; all values, for a detector without a check."""
    matched: int
    """Of these, values that fit."""
    chance: float = 0.0
    """Share of candidates that would fit by chance."""
    ceiling: float = 0.99
    """The most that values alone say."""
    enough: float = 1.0
    """Share of fitting candidates at which they say it."""
    samples: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One kind of thing that is looked for."""

    name: str
    """As tables of levels know it: `national-id`."""
    says: str
    """What it finds and how, for people."""
    rests_on: str
    """Libraries and lists that it uses."""
    columns: tuple[str, ...]
    """Lists of `words.toml` with names of such columns."""
    named: float
    """What the name of the column says."""
    needs_name: bool = False
    """Whether values alone say nothing."""
    look: Callable[[Column], Iterable[Tally]]


def see_column(
    name: str, kind: ValueType, cells: Sequence[str | None], today: date, *, values_looked_at: int = VALUES_LOOKED_AT
) -> Column:
    """A column from the cells of a sample."""
    distinct = itertools.islice(dict.fromkeys(cell for cell in cells if cell), values_looked_at)
    values = []
    for cell in distinct:
        text = fold(cell)
        if text:
            values.append(Value(cell, text, compact(text)))
    return Column(name=name, words=words_of(name), type=kind, values=tuple(values), rises=_rises(values), today=today)


def detect(detector: Detector, column: Column) -> Finding | None:
    """What a detector says of a column; None where it says nothing."""
    by_name = column.is_called(*detector.columns)
    best: Finding | None = None
    tallies = list(detector.look(column)) or [Tally(candidates=0, matched=0)]
    for tally in tallies:
        confidence = _confidence(detector, tally, len(column.values), by_name)
        if confidence >= 0.05 and (best is None or confidence > best.confidence):
            best = Finding(
                detector=detector.name,
                scheme=tally.scheme,
                column=column.name,
                confidence=round(confidence, 2),
                looked_at=len(column.values),
                matched=tally.matched,
                by_name=by_name,
                samples=tally.samples[:SAMPLES],
            )
    return best


def tally_all(values: Iterable[Value], fits: Callable[[Value], bool], *, scheme: str = "", **bounds: float) -> Tally:
    """A tally in which each value is a candidate."""
    some = tuple(values)
    matched = [one.raw for one in some if fits(one)]
    return Tally(scheme=scheme, candidates=len(some), matched=len(matched), samples=tuple(matched[:SAMPLES]), **bounds)


def words_in(text: str, listed: Iterable[str]) -> Iterator[str]:
    """The words of a list that a text in lower case holds."""
    spaced = words_of(text)
    return (one for one in listed if _holds(spaced, one))


def wilson_lower(matched: int, of: int) -> float:
    """Lower bound of the 90% Wilson score interval (Wilson 1927) for a share.

    >>> round(wilson_lower(1, 1), 2), round(wilson_lower(1000, 1000), 3), wilson_lower(0, 50)
    (0.27, 0.997, 0.0)
    """
    if not of:
        return 0.0
    share = matched / of
    centre = share + _Z**2 / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return max(0.0, (centre - spread) / (1 + _Z**2 / of))


def _confidence(detector: Detector, tally: Tally, looked_at: int, by_name: bool) -> float:
    share = max(0.0, (wilson_lower(tally.matched, tally.candidates) - tally.chance) / (1 - tally.chance))
    values = tally.ceiling * min(1.0, share / tally.enough)
    if detector.needs_name and not by_name:
        return 0.0
    name = detector.named if by_name else 0.0
    if looked_at >= _MANY and values < _AGAINST:
        name /= 3
    return 1 - (1 - values) * (1 - name)


def _holds(spaced: str, word: str) -> bool:
    return f" {word} " in spaced if word.isascii() else word in spaced


def _rises(values: Sequence[Value]) -> bool:
    if len(values) < _MANY or not all(one.text.isascii() and one.text.isdecimal() for one in values):
        return False
    numbers = [int(one.text) for one in values]
    pairs = list(itertools.pairwise(numbers))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
