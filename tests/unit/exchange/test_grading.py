"""From findings to a grade: the worst column wins, derived data start at their parents' level, people need a reason."""

from __future__ import annotations

import pytest

from atoll.exchange.grading import DEFAULT_TABLE, Grading, conclude, grade, load_table, override
from atoll.exchange.grading.errors import LoweredWithoutReason
from atoll.exchange.profile import ColumnProfile, Profile, Sample, ValueType
from tests.unit.exchange.columns import TODAY, digits, resident_ids

TABLE = load_table(DEFAULT_TABLE)


def graded(columns: dict[str, list[str]], *, table: str = DEFAULT_TABLE, parents: tuple[int, ...] = ()) -> Grading:
    """A table of text columns."""
    profiles = tuple(
        ColumnProfile(
            name=name,
            kind="string",
            type=ValueType.TEXT,
            rows=len(cells),
            nulls=0,
            distinct=len(set(cells)),
            shortest=0,
            longest=0,
            mean_bytes=0.0,
        )
        for name, cells in columns.items()
    )
    sample: dict[str, tuple[str | None, ...]] = {name: tuple(cells) for name, cells in columns.items()}
    profile = Profile(rows=50, sampled_rows=50, columns=profiles)
    return grade(profile, Sample(sample), load_table(table), today=TODAY, parents=parents)


CUSTOMERS = {
    "id_card": resident_ids(),
    "email": [f"user{one}@example.org" for one in range(50)],
    "score": digits(3, 50),
}


def test_the_worst_column_wins() -> None:
    found = graded(CUSTOMERS)
    assert {one.name: one.level for one in found.columns} == {"id_card": 4, "email": 2, "score": 2}
    assert (found.level, found.classes) == (4, ("personal:sensitive", "subject:personal"))
    assert (found.table, found.status, found.graded_by) == ("gbt-43697-2024/1", "unverified transcription", "detectors")


def test_another_table_gives_other_levels() -> None:
    found = graded(CUSTOMERS, table="plain-four/1")
    assert ({one.level for one in found.columns}, found.level, found.status) == ({2, 3}, 3, "example")


def test_a_finding_that_is_not_sure_enough_is_told_and_changes_nothing() -> None:
    found = graded({"national_id": digits(18)}).columns[0]
    assert (found.level, found.classes) == (2, ())
    assert found.findings[0].detector == "national-id"


def test_what_was_made_from_data_starts_at_their_level() -> None:
    assert graded({"total": ["17"]}, parents=(3, 5)).level == 5
    assert graded(CUSTOMERS, parents=(1,)).level == 4


def test_industries_stand_among_the_classes() -> None:
    assert conclude(graded(CUSTOMERS).columns, TABLE, industry=["J66"]).classes[0] == "industry:J66"


def test_a_person_raises_a_level_without_a_reason() -> None:
    found = override(graded(CUSTOMERS), {"score": 3}, "")
    assert (found.columns[2].level, found.level, found.graded_by) == (3, 4, "person")


def test_a_person_lowers_what_was_found_with_a_reason_alone() -> None:
    detected = graded(CUSTOMERS)
    with pytest.raises(LoweredWithoutReason, match="id_card"):
        override(detected, {"id_card": 2}, "")
    found = override(detected, {"id_card": 2}, "test data, made by a generator")
    assert (found.level, found.graded_by, found.reason) == (2, "person", "test data, made by a generator")


def test_a_person_lowers_what_no_detector_found_without_a_reason() -> None:
    assert override(graded({"score": digits(3, 50)}), {"score": 1}, "").level == 1


def test_what_a_parent_holds_up_no_column_lowers() -> None:
    found = override(graded({"total": ["17"]}, parents=(5,)), {"total": 1}, "only a sum")
    assert (found.columns[0].level, found.level) == (1, 5)


def test_to_say_nothing_changes_nothing() -> None:
    detected = graded(CUSTOMERS)
    assert override(detected, {}, "") is detected
    assert override(detected, {"score": 2}, "") is detected
