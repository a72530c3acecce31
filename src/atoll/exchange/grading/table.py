"""Tables of classes and levels: data files, one a jurisdiction, read strictly.

What is not understood is refused as a whole: a class that nobody knows, or a detector that no line speaks of, would be data
graded too low without anybody noticing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from atoll.exchange.grading.detectors import DETECTORS
from atoll.exchange.grading.errors import BadLevelTable, UnknownHarm

FORMAT = 1
MAX_TABLE_BYTES = 64_000
DEFAULT_TABLE = "gbt-43697-2024/1"
IMPORTANT, CORE, MOST_GENERAL = 5, 6, 4
DEGREES = ("general", "serious", "especially-serious")
GENERAL_DEGREES = ("none", *DEGREES)
_OUTCOMES = {"general": 0, "important": IMPORTANT, "core": CORE}
_KEYS = frozenset(
    {
        "format",
        "name",
        "version",
        "title",
        "status",
        "source",
        "jurisdiction",
        "sure",
        "nothing-found",
        "axes",
        "industry",
        "minimum",
        "kinds",
        "harm",
        "general",
    }
)
_AXES = frozenset({"subject", "personal"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTable:
    """A table of classes and levels."""

    id: str
    """name/version."""
    title: str
    status: str
    """How far it may be trusted, in its own words; shown wherever a level is shown."""
    source: str
    jurisdiction: str
    """ISO 3166 code; empty for none."""
    sure: float
    """Confidence from which a finding counts."""
    nothing_found: int
    """Level of a column in which nothing was found."""
    axes: Mapping[str, tuple[str, ...]]
    """Values of each axis, in rising order."""
    industry_scheme: str
    industry_code: str
    """Regular expression of an industry's code."""
    minimum: Mapping[str, int]
    """Least level by class."""
    kinds: Mapping[str, tuple[str, ...]]
    """Classes by what was found."""
    harm: Mapping[tuple[str, str], str]
    """`general`, `important` or `core`, by whom something harms and how much."""
    general: Mapping[str, int]
    """Level of general data, by harm to organisation or individual."""

    def level_of(self, classes: Iterable[str]) -> int:
        """The least level that these classes allow.

        >>> load_table(DEFAULT_TABLE).level_of(["subject:personal", "personal:sensitive"])
        4
        """
        return max((self.minimum.get(one, 1) for one in classes), default=1)

    def level_of_harm(self, whom: str, degree: str) -> int:
        """The level of data whose loss or misuse would do this harm, as a person judges.

        Args:
            whom: a line of the table, such as `public-interest`.
            degree: `general`, `serious` or `especially-serious`.

        Raises:
            UnknownHarm: the table has no such cell.
        """
        outcome = self.harm.get((whom, degree))
        if outcome is None:
            known = ", ".join(f"{one}={each}" for one, each in self.harm)
            raise UnknownHarm(table=self.id, harm=f"{whom}={degree}"[:80], known=known)
        return _OUTCOMES[outcome] or self.general[degree]

    def worst(self, columns: Iterable[Iterable[str]]) -> tuple[str, ...]:
        """The classes of a dataset: the highest value of each axis, and every industry."""
        found = {one for classes in columns for one in classes}
        highest = [
            max(mine, key=lambda one: self.axes[axis].index(one.partition(":")[2]))
            for axis in self.axes
            if (mine := [one for one in found if one.startswith(f"{axis}:")])
        ]
        return tuple(sorted({*highest, *(one for one in found if one.startswith("industry:"))}))

    def is_class(self, label: str) -> bool:
        """Whether a label is a class of this table: `axis:value`, or `industry:` with a code."""
        axis, _, value = label.partition(":")
        if axis == "industry":
            return re.fullmatch(self.industry_code, value) is not None
        return value in self.axes.get(axis, ())


def load_table(name: str) -> LevelTable:
    """A table that comes with this program, by name/version.

    Raises:
        KeyError: there is none; `built_in` has the names.
    """
    return built_in()[name]


def built_in() -> dict[str, LevelTable]:
    """The tables that come with this program, by name/version."""
    folder = resources.files(__package__).joinpath("tables")
    files = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    tables = [parse_table(folder.joinpath(name).read_bytes()) for name in files]
    return {one.id: one for one in tables}


def parse_table(data: bytes) -> LevelTable:
    """A table from the bytes of its file.

    Raises:
        BadLevelTable: with what is wrong.
    """
    reason = "it is longer than 64,000 bytes"
    if len(data) <= MAX_TABLE_BYTES:
        try:
            return _read(tomllib.loads(data.decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            reason = "it is no TOML"
        except _Wrong as wrong:
            reason = str(wrong)
    raise BadLevelTable(reason=reason)


class _Wrong(Exception):
    """What is wrong, in words."""


def _read(found: dict[str, Any]) -> LevelTable:
    _need(found.get("format") == FORMAT, f"its format is not {FORMAT}, the only one that this version reads")
    _need(set(found) == _KEYS, f"its keys are not exactly {', '.join(sorted(_KEYS))}")
    _need(_NAME.fullmatch(_text(found, "name")) is not None, "its name is not lower case with hyphens")
    version = found["version"]
    _need(type(version) is int and 1 <= version < 1000, "its version is no number from 1 to 999")
    sure = found["sure"]
    _need(type(sure) is float and 0 < sure <= 1, "`sure` is not between 0 and 1")
    _need(found["status"] != "", "it does not say its status")
    axes = _axes(found["axes"])
    industry = _map(found, "industry")
    _need(set(industry) == {"scheme", "code"}, "`industry` has not exactly scheme and code")
    try:
        re.compile(_text(industry, "code"))
    except re.error:
        raise _Wrong("the code of industries is no regular expression") from None
    classes = {f"{axis}:{value}" for axis, values in axes.items() for value in values}
    kinds = {kind: _texts(value, kind) for kind, value in _map(found, "kinds").items()}
    _need(set(kinds) == {one.name for one in DETECTORS}, "`kinds` does not name exactly what is looked for")
    unknown = sorted({one for each in kinds.values() for one in each} - classes)
    _need(not unknown, f"`kinds` names classes that no axis has: {', '.join(unknown)}")
    minimum = {one: _level(value, CORE) for one, value in _map(found, "minimum").items()}
    _need(set(minimum) <= classes, "`minimum` names classes that no axis has")
    general = {degree: _level(value, MOST_GENERAL) for degree, value in _map(found, "general").items()}
    _need(tuple(general) == GENERAL_DEGREES, f"`general` has not exactly {', '.join(GENERAL_DEGREES)}, in this order")
    _need(list(general.values()) == sorted(general.values()), "`general` falls where harm rises")
    return LevelTable(
        id=f"{found['name']}/{version}",
        title=_text(found, "title"),
        status=_text(found, "status"),
        source=_text(found, "source"),
        jurisdiction=_text(found, "jurisdiction"),
        sure=sure,
        nothing_found=_level(found["nothing-found"], MOST_GENERAL),
        axes=axes,
        industry_scheme=_text(industry, "scheme"),
        industry_code=_text(industry, "code"),
        minimum=minimum,
        kinds=kinds,
        harm=_harm(found["harm"]),
        general=general,
    )


def _axes(found: Any) -> dict[str, tuple[str, ...]]:
    _need(isinstance(found, dict) and set(found) == _AXES, "its axes are not exactly personal and subject")
    axes = {axis: _texts(values, axis) for axis, values in found.items()}
    _need(all(values and len(set(values)) == len(values) for values in axes.values()), "an axis has no values, or one twice")
    return axes


def _harm(found: Any) -> dict[tuple[str, str], str]:
    _need(isinstance(found, list) and bool(found), "it has no lines of harm")
    cells: dict[tuple[str, str], str] = {}
    for line in found:
        _need(isinstance(line, dict) and set(line) == {"harmed", *DEGREES}, "a line of harm lacks a cell, or has one too many")
        whom = _text(line, "harmed")
        _need((whom, DEGREES[0]) not in cells, f"harm to {whom} stands twice")
        outcomes = [_text(line, degree) for degree in DEGREES]
        _need(set(outcomes) <= set(_OUTCOMES), f"harm to {whom} leads to something else than general, important and core")
        _need([_OUTCOMES[one] for one in outcomes] == sorted(_OUTCOMES[one] for one in outcomes), f"harm to {whom} falls")
        cells |= {(whom, degree): one for degree, one in zip(DEGREES, outcomes, strict=True)}
    return cells


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _Wrong(otherwise)


def _map(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = found[key]
    _need(isinstance(value, dict), f"`{key}` is no table")
    return dict(value)


def _text(found: dict[str, Any], key: str) -> str:
    value = found[key]
    _need(isinstance(value, str) and len(value) <= 200 and value.isprintable(), f"`{key}` is no short text")
    return str(value)


def _texts(value: Any, key: str) -> tuple[str, ...]:
    _need(isinstance(value, list) and all(isinstance(one, str) for one in value), f"`{key}` is no list of texts")
    return tuple(value)


def _level(value: Any, most: int) -> int:
    _need(type(value) is int and 1 <= value <= most, f"a level is not between 1 and {most}")
    return int(value)
