"""The questions put to the table engine, and how answers are read. Names of columns are quoted; nothing else comes from data.

Two tables are asked: `whole`, a stream of all rows, once; and `sample`, a row a cell: the number of
its column `c`, and the cell as text `v`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atoll.exchange.profile.model import ColumnProfile, ValueType

WHOLE, SAMPLE = "whole", "sample"
TOP_VALUES = 10
TOP_CHARACTERS = 200
TOP_PATTERNS = 5
PATTERN_CHARACTERS = 60
"""A pattern describes the beginning of a longer value."""
ENOUGH_PERCENT = 99
"""Share of values that must be of a type for a column to be of it; a table with one wrong cell in a hundred is a usual one."""
_TRIMMED = "trim(v)"
QUANTILES = "[0.0, 0.25, 0.5, 0.75, 1.0]"

_COUNTED = ("count({c})", "approx_count_distinct({c})", "min({l})", "max({l})", "sum({l})")
FIGURES = len(_COUNTED)
"""Figures a column in the answer to `whole_query`."""
_DATE = "try_strptime({t}, ['%Y-%m-%d', '%Y/%m/%d', '%d.%m.%Y', '%Y年%m月%d日'])"
_TYPES = (
    (ValueType.BOOLEAN, "lower({t}) IN ('true', 'false', 'yes', 'no', 't', 'f', 'y', 'n', '是', '否')"),
    (ValueType.INTEGER, "regexp_full_match({t}, '[+-]?[0-9]{{1,18}}')"),
    (ValueType.DECIMAL, "regexp_full_match({t}, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{{1,3}})?')"),
    (ValueType.DATE, f"{_DATE} IS NOT NULL"),
    (ValueType.TIMESTAMP, "contains({t}, ':') AND try_cast({t} AS TIMESTAMP) IS NOT NULL"),
)
"""Types with what a value of them looks like, the narrowest first; text is what is left."""
_NUMBER_OF = {
    ValueType.INTEGER: "try_cast({t} AS DOUBLE)",
    ValueType.DECIMAL: "try_cast({t} AS DOUBLE)",
    ValueType.DATE: f"epoch({_DATE}) / 86400",
    ValueType.TIMESTAMP: "epoch(try_cast({t} AS TIMESTAMP))",
}


def quote(name: str) -> str:
    """A column name as an identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def whole_query(columns: Sequence[str]) -> str:
    """One row: the number of rows, then five figures a column."""
    figures = ["count(*)"]
    for name in columns:
        column = quote(name)
        length = f"strlen(CAST({column} AS VARCHAR))"
        figures += [one.format(c=column, l=length) for one in _COUNTED]
    return f"SELECT {', '.join(figures)} FROM {WHOLE}"  # noqa: S608


def types_query() -> str:
    """A row a column: its number, the number of values in the sample, then how many are of each type."""
    counts = [f"count_if({one.format(t=_TRIMMED)})" for _, one in _TYPES]
    return f"SELECT c, count(v), {', '.join(counts)} FROM {SAMPLE} GROUP BY c"  # noqa: S608


def read_type(row: Sequence[int]) -> ValueType:
    """The type that a row of the answer to `types_query` speaks for, without the column's number."""
    values, *counts = row
    if not values:
        return ValueType.EMPTY
    for (kind, _), count in zip(_TYPES, counts, strict=True):
        if count * 100 >= values * ENOUGH_PERCENT:
            return kind
    return ValueType.TEXT


def quantiles_query(kind: ValueType) -> str:
    """A row for each of $columns: its number and a list. Empty for a type without an order of numbers."""
    number = _NUMBER_OF.get(kind)
    if number is None:
        return ""
    asked = f"quantile_cont({number.format(t=_TRIMMED)}, {QUANTILES})"
    return f"SELECT c, {asked} FROM {SAMPLE} WHERE c IN $columns GROUP BY c"  # noqa: S608


def top_query() -> str:
    """Rows of (column's number, value, count), the most frequent first."""
    return _most_frequent(f"left(v, {TOP_CHARACTERS})", TOP_VALUES)


def patterns_query() -> str:
    """Rows of (column's number, pattern, count), the most frequent first."""
    shape = f"left(v, {PATTERN_CHARACTERS})"
    for letters, sign in ((r"\p{Lu}", "A"), (r"\p{Ll}", "a"), (r"\p{Nd}", "9"), (r"[\p{Lo}\p{Lt}\p{Lm}]", "X")):
        shape = f"regexp_replace({shape}, '{letters}', '{sign}', 'g')"
    return _most_frequent(shape, TOP_PATTERNS)


def read_column(
    name: str,
    kind: str,
    rows: int,
    figures: Sequence[Any],
    *,
    type_: ValueType,
    sampled: int,
    quantiles: Sequence[Any],
    patterns: Sequence[tuple[str, int]],
    top: Sequence[tuple[str, int]],
) -> ColumnProfile:
    """A column from the answers about it.

    Args:
        figures: its five of `whole_query`.
        sampled: values of it in the sample.
        quantiles: numbers, or none.
        patterns, top: with counts in the sample.
    """
    present, distinct, shortest, longest, total = figures
    return ColumnProfile(
        name=name,
        kind=kind,
        type=type_,
        rows=rows,
        nulls=rows - present,
        distinct=min(distinct, present),
        shortest=shortest or 0,
        longest=longest or 0,
        mean_bytes=float(total) / present if present else 0.0,
        quantiles=tuple(float(one) for one in quantiles),
        patterns=tuple((pattern, count * 1_000_000 // sampled) for pattern, count in patterns),
        top=tuple(top),
    )


def _most_frequent(what: str, most: int) -> str:
    counted = f"SELECT c, {what} AS w, count(*) AS n FROM {SAMPLE} WHERE v IS NOT NULL GROUP BY c, w"  # noqa: S608
    ranked = "row_number() OVER (PARTITION BY c ORDER BY n DESC, w)"
    return f"SELECT c, w, n FROM ({counted}) QUALIFY {ranked} <= {most} ORDER BY c, n DESC, w"  # noqa: S608
