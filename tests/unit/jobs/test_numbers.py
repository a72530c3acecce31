"""Cells as raw numbers: what is taken, what is refused, and that an error never holds a cell."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.jobs.cells import ColumnReader, read_columns
from atoll.jobs.errors import BadCells, TooManyPlaces, UnknownNumberRule
from atoll.jobs.numbers import Nulls, NumberRule, parse_number_rule

AGE = NumberRule("int64", 0, 120)
PRICE = NumberRule("fixed", -(8 << 20), 8 << 20, 20)
FLAG = NumberRule("bool", 0, 1)


def read(rule: NumberRule, cells: list[Any], kind: pa.DataType | None = None, places: int | None = None) -> list[int | None]:
    reader = ColumnReader("amount", rule, len(cells) if places is None else places)
    reader.add(pa.array(cells, kind))
    column = reader.finish()
    there = [True] * len(column.raw) if column.present is None else column.present.tolist()
    return [value if here else None for value, here in zip(column.raw.tolist(), there, strict=True)]


def nullable(rule: NumberRule, nulls: Nulls = Nulls.EMPTY) -> NumberRule:
    return NumberRule(rule.base, rule.low, rule.high, rule.fraction, nulls)


RULES = [
    "int64/1?low=0&high=120",
    "int64/1?low=-5&high=-5&null=yes",
    "fixed/1?low=-8388608&high=8388608&fraction=20",
    "fixed/1?low=0&high=4611686018427387903&fraction=0&null=bad",
    "bool/1",
    "bool/1?null=bad",
]


@pytest.mark.parametrize("text", RULES)
def test_a_rule_is_what_its_text_says_and_has_one_text(text: str) -> None:
    assert parse_number_rule(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "int64/2?low=0&high=1",
        "int64/1?low=1&high=0",
        "int64/1?low=0&high=4611686018427387904",
        "int64/1?low=00&high=1",
        "int64/1?low=-0&high=1",
        "int64/1?low=0&high=1&fraction=0",
        "fixed/1?low=0&high=1",
        "fixed/1?low=0&high=1&fraction=61",
        "fixed/1?low=0&high=1&fraction=08",
        "bool/1?low=0",
        "bool/1?null=none",
        "int64/1?low=0&high=1&null=no",
        "national-id/1",
        "int64/1?low=0&high=1\n",
        "",
    ],
)
def test_another_text_is_no_rule(text: str) -> None:
    with pytest.raises(UnknownNumberRule):
        parse_number_rule(text)


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(10, 2)])
def test_whole_numbers_of_every_type(kind: pa.DataType) -> None:
    cells = [Decimal(one) for one in (0, 7, 120)] if pa.types.is_decimal(kind) else [0, 7, 120]
    assert read(AGE, cells, kind) == [0, 7, 120]


def test_texts_of_whole_numbers() -> None:
    assert read(AGE, ["0", " 7 ", "+12", "0120"]) == [0, 7, 12, 120]
    wide = NumberRule("int64", -(2**62) + 1, 2**62 - 1)
    assert read(wide, [str(2**62 - 1), str(-(2**62) + 1)]) == [2**62 - 1, -(2**62) + 1]
    assert read(wide, [2**62 - 1], pa.uint64()) == [2**62 - 1]


def test_fractions_go_to_the_nearest_unit_and_ties_to_the_even_one() -> None:
    half = Fraction(1, 2**21)
    cells = ["1.25", "-8", "1e-3", str(float(half)), str(float(3 * half)), ".5", "+2."]
    assert read(PRICE, cells) == [1310720, -8388608, 1049, 0, 2, 524288, 2097152]
    assert read(PRICE, [1.25, -8.0, 0.001]) == [1310720, -8388608, 1049]
    assert read(PRICE, [1, -8], pa.int32()) == [1048576, -8388608]


def test_truth_values_in_the_usual_spellings() -> None:
    assert read(FLAG, ["true", "FALSE", "1", "0", "Yes", "no"]) == [1, 0, 1, 0, 1, 0]
    assert read(FLAG, [True, False]) == [1, 0]
    assert read(FLAG, [1, 0], pa.int64()) == [1, 0]


BAD: list[tuple[NumberRule, Any, pa.DataType | None]] = [
    (AGE, "121", None),
    (AGE, "-1", None),
    (AGE, "7.5", None),
    (AGE, "seven", None),
    (AGE, "NaN", None),
    (AGE, "0x10", None),
    (AGE, "1" * 19, None),
    (AGE, "9" * 40, None),
    (AGE, 7.5, None),
    (AGE, 121, None),
    (AGE, 2**63, pa.uint64()),
    (AGE, True, None),
    (AGE, Decimal("7.50"), pa.decimal128(10, 2)),
    (PRICE, float("nan"), None),
    (PRICE, float("inf"), None),
    (PRICE, "inf", None),
    (PRICE, "1e999", None),
    (PRICE, "8.1", None),
    (PRICE, "1,5", None),
    (PRICE, 2**60, pa.int64()),
    (FLAG, "2", None),
    (FLAG, 0.5, None),
    (FLAG, "maybe", None),
    (AGE, b"7", None),
    (AGE, [7], None),
]


@pytest.mark.parametrize(("rule", "cell", "kind"), BAD)
def test_what_is_no_number_in_range_is_refused_or_nothing_as_the_rule_says(
    rule: NumberRule, cell: Any, kind: pa.DataType | None
) -> None:
    for strict in (rule, nullable(rule)):
        with pytest.raises(BadCells) as found:
            read(strict, [cell], kind)
        assert found.value.operands["cells"] == 1
        assert str(cell) not in str(found.value).replace(strict.text, "") or len(str(cell)) == 1
        assert found.value.__context__ is None
    assert read(nullable(rule, Nulls.BAD), [cell], kind) == [None]


def test_empty_cells_and_places_behind_the_last_row_are_nulls_or_refused() -> None:
    for cells in ([None, "7"], ["", "7"], ["  ", "7"]):
        assert read(nullable(AGE), cells, places=4) == [None, 7, None, None]
        with pytest.raises(BadCells, match="1 cells are empty"):
            read(AGE, cells)
    with pytest.raises(BadCells, match="2 cells are empty"):
        read(AGE, ["7", "8"], places=4)
    assert read(nullable(AGE), [], places=2) == [None, None]
    assert read(AGE, [], places=0) == []


def test_more_rows_than_places_are_refused() -> None:
    with pytest.raises(TooManyPlaces):
        read(nullable(AGE), ["1", "2"], places=1)


def test_batches_follow_one_another() -> None:
    batches = [pa.record_batch({"age": [part, part + 1], "flag": ["1", None]}) for part in (1, 5)]
    columns = read_columns({"age": nullable(AGE), "flag": nullable(FLAG)}, 5, batches)
    assert columns["age"].raw.tolist() == [1, 2, 5, 6, 0]
    assert columns["flag"].present is not None
    assert columns["flag"].present.tolist() == [True, False, True, False, False]


@given(st.fractions(-8, 8), st.integers(0, 59))
def test_a_decimal_text_is_rounded_as_its_exact_value_is(number: Fraction, fraction: int) -> None:
    text = str(Decimal(number.numerator) / Decimal(number.denominator))
    exact = Fraction(text) * (1 << fraction)
    rule = NumberRule("fixed", -(2**62) + 1, 2**62 - 1, fraction)
    (raw,) = read(rule, [text])
    assert raw is not None
    assert raw == round(exact)
