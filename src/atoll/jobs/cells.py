"""Cells of a source made into raw numbers, batch by batch, under the rule of the plan.

Nothing is guessed: a cell is a number in range, or it is empty, or it is refused (where the rule says so: counted as empty). A
fraction is rounded to the nearest unit of its column, ties to the even one. Errors name the column and say how many cells; they
never hold one.

Cost: a few passes of numpy and Arrow over a column; fixed-point columns of more than 53 bits are read cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atoll.jobs.errors import BadCells, TooManyPlaces
from atoll.jobs.numbers import Mask, Nulls, NumberColumn, NumberRule, Raw

EXACT_BITS = 53
"""Integers of a double."""
_WHOLE = r"^[+-]?[0-9]{1,19}$"
_DECIMAL = r"^[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?$"
_TRUE, _FALSE = ("1", "true", "t", "yes"), ("0", "false", "f", "no")


class ColumnReader:
    """Takes the cells of one column as they come, and gives the column."""

    def __init__(self, name: str, rule: NumberRule, places: int) -> None:
        """Args: places: how long the column will be; rows beyond it are refused."""
        self._name = name
        self._rule = rule
        self._raw = np.full(places, min(max(0, rule.low), rule.high), np.int64)  # in range also where there is no value
        self._present = np.zeros(places, np.bool_)
        self._rows = 0
        self._bad = 0
        self._empty = 0

    @property
    def rows(self) -> int:
        """How many cells were taken."""
        return self._rows

    def add(self, cells: pa.Array) -> None:
        """Take some more cells.

        Raises:
            TooManyPlaces: more rows than the plan has places.
        """
        end = self._rows + len(cells)
        if end > len(self._raw):
            raise TooManyPlaces(column=self._name, places=len(self._raw))
        raw, good, there = _read(cells, self._rule)
        in_range = good & (raw >= self._rule.low) & (raw <= self._rule.high)
        self._raw[self._rows : end] = np.where(in_range, raw, self._raw[self._rows : end])
        self._present[self._rows : end] = in_range
        self._bad += int(np.count_nonzero(there & ~in_range))
        self._empty += int(np.count_nonzero(~there))
        self._rows = end

    def finish(self) -> NumberColumn:
        """The column, once all cells were taken.

        Raises:
            BadCells: some are not what the rule asks for.
        """
        nulls = self._rule.nulls
        if self._bad and nulls is not Nulls.BAD:
            raise BadCells(column=self._name, cells=self._bad, what=f"no number of the rule {self._rule.text}")
        if nulls is Nulls.NONE:
            if missing := self._empty + len(self._raw) - self._rows:
                raise BadCells(column=self._name, cells=missing, what="empty, and the program has no nulls there")
            return NumberColumn(self._raw)
        return NumberColumn(self._raw, self._present)


def read_columns(rules: Mapping[str, NumberRule], places: int, batches: Iterable[pa.RecordBatch]) -> dict[str, NumberColumn]:
    """All columns of a source.

    Args:
        rules: by column.
        places: as `ColumnReader`.
        batches: record batches with these columns, in this order.

    Raises:
        TooManyPlaces, BadCells.
    """
    readers = {name: ColumnReader(name, rule, places) for name, rule in rules.items()}
    for batch in batches:
        for reader, cells in zip(readers.values(), batch.columns, strict=True):
            reader.add(cells)
    return {name: reader.finish() for name, reader in readers.items()}


def _read(cells: pa.Array, rule: NumberRule) -> tuple[Raw, Mask, Mask]:
    """Raw numbers, which of them can be believed, and where there is a cell at all."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type) or pa.types.is_string_view(cells.type):
        cells = pc.utf8_trim_whitespace(cells.cast(pa.large_string()))
        there = _mask(pc.and_kleene(cells.is_valid(), pc.not_equal(cells, "")))
        return (*_READ_TEXT[rule.base](cells, rule), there)
    there = _mask(cells.is_valid())
    if pa.types.is_boolean(cells.type):
        raw = _mask(cells).astype(np.int64)
        return (raw, there, there) if rule.base == "bool" else (raw, np.zeros_like(there), there)
    if pa.types.is_integer(cells.type):
        return (*_of_integers(cells, there, rule), there)
    if pa.types.is_floating(cells.type):
        values = cells.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
        return (*_of_doubles(values, there, rule), there)
    if pa.types.is_decimal(cells.type):
        return (*_exactly([None if one is None else str(one) for one in cells.to_pylist()], rule), there)
    return np.zeros(len(cells), np.int64), np.zeros_like(there), there


def _of_integers(cells: pa.Array, there: Mask, rule: NumberRule) -> tuple[Raw, Mask]:
    if pa.types.is_uint64(cells.type):
        small = _mask(pc.less(cells, pa.scalar(1 << 62, pa.uint64())))
        cells, there = pc.if_else(pa.array(small), cells, None), there & small
    values = cells.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    room = (1 << 62) >> rule.fraction
    fits = there & (values > -room) & (values < room)
    return np.where(fits, values, 0) << rule.fraction, fits


def _of_doubles(values: np.ndarray, there: Mask, rule: NumberRule) -> tuple[Raw, Mask]:
    """Doubles are what they are: each is a number, and the nearest raw one stands for it."""
    finite = np.isfinite(values)
    scaled = np.ldexp(np.where(finite, values, 0.0), rule.fraction)
    nearest = np.rint(scaled)
    good = there & finite & (np.abs(nearest) < float(1 << 62))
    if rule.base != "fixed":
        good &= nearest == scaled
    return np.where(good, nearest, 0.0).astype(np.int64), good


def _bool_text(cells: pa.Array, rule: NumberRule) -> tuple[Raw, Mask]:  # noqa: ARG001 - as the others
    low = pc.utf8_lower(cells)
    true = _mask(pc.is_in(low, pa.array(_TRUE, pa.large_string())))
    false = _mask(pc.is_in(low, pa.array(_FALSE, pa.large_string())))
    return true.astype(np.int64), true | false


def _whole_text(cells: pa.Array, rule: NumberRule) -> tuple[Raw, Mask]:  # noqa: ARG001 - as the others
    fits = _mask(pc.match_substring_regex(cells, _WHOLE))
    digits = pc.if_else(pa.array(fits), pc.utf8_ltrim(cells, "+"), None)
    wide = digits.cast(pa.decimal128(38, 0))
    edge = pa.scalar(Decimal(1 << 62), pa.decimal128(38, 0))
    inside = fits & _mask(pc.less(pc.abs(wide), edge))
    raw = pc.if_else(pa.array(inside), wide, None).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return raw, inside


def _fixed_text(cells: pa.Array, rule: NumberRule) -> tuple[Raw, Mask]:
    if max(abs(rule.low), abs(rule.high)).bit_length() > EXACT_BITS:
        return _exactly(cells.to_pylist(), rule)
    fits = _mask(pc.match_substring_regex(cells, _DECIMAL))
    values = pc.if_else(pa.array(fits), pc.utf8_ltrim(cells, "+"), None).cast(pa.float64())
    return _of_doubles(values.fill_null(0.0).to_numpy(zero_copy_only=False), fits, rule)


def _exactly(texts: list[str | None], rule: NumberRule) -> tuple[Raw, Mask]:
    """Cell by cell, in whole fractions."""
    raw, good = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
    for at, text in enumerate(texts):
        number = _fraction(text)
        scaled = None if number is None else number * (1 << rule.fraction)
        if scaled is not None and abs(scaled) < 1 << 62 and (rule.base == "fixed" or scaled.denominator == 1):
            raw[at], good[at] = round(scaled), True
    return raw, good


def _fraction(text: str | None) -> Fraction | None:
    if text is None or not pc.match_substring_regex(pa.scalar(text), _DECIMAL).as_py():
        return None
    return Fraction(text)


def _mask(found: pa.Array) -> Mask:
    mask: Mask = found.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return mask


_READ_TEXT = {"int64": _whole_text, "fixed": _fixed_text, "bool": _bool_text}
