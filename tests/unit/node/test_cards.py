"""What a card says of columns: a person's words first, then rounded figures of the file, and none of what is hidden."""

from __future__ import annotations

import pytest

from atoll.api.models import RegisterColumn
from atoll.exchange.grading.model import ColumnGrade, Grading
from atoll.exchange.profile import ColumnProfile, Profile, ValueType
from atoll.node.cards import column_cards
from atoll.policy.card import ColumnCard


def card(said: RegisterColumn | None = None, *, rows: int = 100, nulls: int = 0, distinct: int = 90) -> ColumnCard:
    """The card of a table's only column."""
    column = ColumnProfile(
        name="phone",
        kind="string",
        type=ValueType.TEXT,
        rows=rows,
        nulls=nulls,
        distinct=distinct,
        shortest=1,
        longest=9,
        mean_bytes=5.0,
    )
    graded = ColumnGrade(name="phone", level=2, classes=())
    grading = Grading(table="t/1", status="example", level=2, classes=(), columns=(graded,))
    profile = Profile(rows=rows, sampled_rows=rows, columns=(column,))
    (found,) = column_cards([said] if said else [], [("phone", "string")], profile, grading)
    return found


@pytest.mark.parametrize(
    ("rows", "nulls", "distinct", "told"),
    [
        (100, 0, 90, (0, 128)),
        (100, 1, 90, (5, 128)),
        (100, 36, 64, (40, 64)),
        (100, 100, 0, (100, 0)),
        (64, 0, 66, (0, 64)),  # an estimate above the number of rows
    ],
)
def test_a_column_that_others_may_use_is_told_with_rounded_figures(
    rows: int, nulls: int, distinct: int, told: tuple[int, int]
) -> None:
    found = card(RegisterColumn(name="phone", exposure="after-join"), rows=rows, nulls=nulls, distinct=distinct)
    assert (found.nulls_percent_at_most, found.distinct_at_most) == told


@pytest.mark.parametrize("said", [None, RegisterColumn(name="phone", semantics="phone")])
def test_of_a_hidden_column_no_figure_is_told(said: RegisterColumn | None) -> None:
    found = card(said, nulls=36)
    assert (found.nulls_percent_at_most, found.distinct_at_most) == (0, 0)


def test_what_a_person_says_goes_before_what_was_counted() -> None:
    said = RegisterColumn(name="phone", exposure="after-join", nulls_percent_at_most=50, distinct_at_most=1 << 10)
    found = card(said, nulls=36)
    assert (found.nulls_percent_at_most, found.distinct_at_most) == (50, 1 << 10)
