"""The gate of levels: what may be offered, consented to and delivered, by the level that stands on the ledger now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.plan import PlanOutput
from atoll.ledger.records import Dataset, LevelApproval
from atoll.policy.card import DatasetCard
from atoll.policy.demand import Exposure, Output
from atoll.policy.errors import LevelRefused
from atoll.policy.levels import (
    Delivery,
    Level,
    level_name,
    level_reasons,
    level_text,
    mode_of,
    permitted_exposures,
    permitted_modes,
    publish_reasons,
    starting_level,
    verify_delivery,
)
from atoll.policy.standing import find_withdrawal
from tests.unit.policy.desk import CARD, FILES, NOW, Desk, column

ROWS = {"outputs": (PlanOutput(index=0, gets=("rows",)),)}


def graded(level: int, **columns: int) -> DatasetCard:
    """The bureau's card at a level, with the levels of single columns."""
    changed = tuple(replace(one, level=columns.get(one.name, 1)) for one in CARD.columns)
    return replace(CARD, level=level, columns=changed)


def allows(desk: Desk, *, now: int | None = NOW) -> bool:
    return all(one.holds for one in level_reasons(desk.view, desk.plan, 0, desk.cards.get(FILES), now=now))


def rows_of(level: int, **columns: int) -> Desk:
    """A plan that gives rows with the column `name`, of a dataset and card of this level."""
    desk = Desk(cards={FILES: graded(level, **columns)}).change(Dataset, FILES, level=level)
    return desk.change_plan(**ROWS).change_input(normalisation=("national-id/1",))


def approve(desk: Desk, *parties: str, not_after: int = NOW) -> Desk:
    desk.view.put(
        LevelApproval(dataset=FILES, regulator="auditor", parties=parties, not_after=not_after, reason_commitment=bytes(32))
    )
    return desk


# -- words --------------------------------------------------------------------------------------------------------------------


def test_levels_have_words_and_never_stand_without_the_status_of_their_table() -> None:
    assert [level_name(one) for one in range(1, 7)] == ["G1", "G2", "G3", "G4", "important", "core"]
    assert level_text(4) == "G4 (unverified transcription)"
    assert level_text(6, "compared with the text by two lawyers") == "core (compared with the text by two lawyers)"


@pytest.mark.parametrize("level", [0, 7])
def test_there_are_no_other_levels(level: int) -> None:
    with pytest.raises(ValueError, match="not a valid Level"):
        level_name(level)


def test_the_worst_column_or_parent_gives_the_level() -> None:
    assert starting_level((1, 4, 2)) == 4
    assert starting_level((1, 2), parents=(3, 5)) == 5
    assert starting_level(()) == 1


# -- publish ------------------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    Level.G1: set[Exposure](),
    Level.G2: set[Exposure](),
    Level.G3: {Exposure.PLAINTEXT},
    Level.G4: {Exposure.PLAINTEXT, Exposure.AFTER_JOIN, Exposure.AFTER_GROUP_BY},
    Level.IMPORTANT: {Exposure.PLAINTEXT, Exposure.AFTER_JOIN, Exposure.AFTER_GROUP_BY},
    Level.CORE: set(Exposure) - {Exposure.HIDDEN},
}


@pytest.mark.parametrize("level", Level)
def test_each_level_allows_its_exposures_and_no_other(level: Level) -> None:
    assert set(Exposure) - permitted_exposures(level, compared=False) == FORBIDDEN[level]


@pytest.mark.parametrize("level", Level)
def test_what_is_compared_may_be_seen_where_it_was_joined_unless_it_is_core(level: Level) -> None:
    assert (Exposure.AFTER_JOIN in permitted_exposures(level, compared=True)) == (level < Level.CORE)


@pytest.mark.parametrize(("level", "exposure"), [(lev, one) for lev in Level for one in Exposure])
def test_a_card_offers_of_each_column_what_its_level_allows(level: Level, exposure: Exposure) -> None:
    card = replace(CARD, columns=(column("x", level=int(level), exposure=exposure),), level=int(level))
    assert all(one.holds for one in publish_reasons(card)) == (exposure not in FORBIDDEN[level])


def test_important_and_core_data_bind_their_harmless_columns_too() -> None:
    columns = (column("x", level=1, exposure=Exposure.PLAINTEXT),)
    for level in (5, 6):
        assert not all(one.holds for one in publish_reasons(replace(CARD, columns=columns, level=level)))
    assert all(one.holds for one in publish_reasons(replace(CARD, columns=columns, level=4)))


def test_a_card_is_not_lower_than_its_worst_column() -> None:
    columns = (column("x", level=3), column("y", level=1))
    reasons = [one for one in publish_reasons(replace(CARD, columns=columns, level=2)) if not one.holds]
    assert [(one.rule, one.wanted, one.observed) for one in reasons] == [
        ("policy.level", "at least G3, of its worst column", "G2")
    ]


# -- consent ------------------------------------------------------------------------------------------------------------------


def test_every_output_has_its_way_and_an_unknown_one_counts_as_the_most_there_is() -> None:
    assert {one: mode_of(one) for one in Output} == {
        Output.IDENTIFIERS: Delivery.COMPUTE,
        Output.CARDINALITY: Delivery.COMPUTE,
        Output.SUM: Delivery.COMPUTE,
        Output.ROWS: Delivery.API,
        Output.AGGREGATE: Delivery.COMPUTE,
        Output.COMPARISON: Delivery.COMPUTE,
        Output.COMPUTED: Delivery.FILE,
    }
    assert mode_of("everything") is Delivery.FILE
    assert permitted_modes(Level.CORE) == frozenset()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_up_to_g3_rows_are_given(level: int) -> None:
    assert allows(rows_of(level, name=level))


def test_of_g4_only_what_is_computed_is_given() -> None:
    assert not allows(rows_of(4, name=4))
    assert allows(Desk().change(Dataset, FILES, level=4))


def test_of_g4_rows_are_given_if_none_of_their_columns_is_of_g4() -> None:
    assert allows(rows_of(4, name=3, income=4))


def test_once_a_level_was_raised_the_card_no_longer_tells_which_column_was_meant() -> None:
    desk = rows_of(3, name=2, income=3)
    assert allows(desk)
    assert not allows(desk.change(Dataset, FILES, level=4))


def test_without_a_card_every_column_has_the_level_of_the_dataset() -> None:
    desk = rows_of(4, name=1)
    desk.cards.clear()
    assert not allows(desk)


def test_a_column_that_the_card_does_not_know_has_the_level_of_the_dataset() -> None:
    assert not allows(rows_of(4, name=1).change_input(columns=("national_id", "unheard of")))


def test_important_data_need_a_regulator_who_names_every_party_and_never_leave_in_rows() -> None:
    desk = Desk().change(Dataset, FILES, level=5)
    assert not allows(desk)
    assert not allows(approve(desk, "telecom"))
    assert allows(approve(desk, "bank"))
    assert not allows(approve(desk.add_party("compute", "telecom"), "bank"))
    assert not allows(approve(rows_of(5, name=1), "bank"))


def test_an_approval_ends_but_not_for_a_job_that_has_begun() -> None:
    desk = approve(Desk().change(Dataset, FILES, level=5), "bank", not_after=NOW - 1)
    assert not allows(desk)
    assert allows(desk, now=None)
    assert not allows(approve(desk), now=None)


def test_core_data_serve_their_owner_alone() -> None:
    desk = Desk().change(Dataset, FILES, level=6)
    assert not allows(desk)
    assert allows(desk.give_to("bureau"))


def test_a_count_between_two_registrations_is_told_at_every_level() -> None:
    desk = Desk().change(Dataset, FILES, level=6)
    assert allows(desk.change_plan(kind="similarity"))


def test_a_decision_names_the_level_what_it_allows_and_what_was_asked() -> None:
    (reason,) = [one for one in rows_of(4, name=4).ask().reasons if not one.holds and one.rule == "policy.level"]
    assert (reason.constraint, reason.wanted, reason.observed) == (f"rows of {FILES} at G4", "compute", "api")


# -- delivery -----------------------------------------------------------------------------------------------------------------


def test_a_job_stops_when_a_level_rises_above_what_it_gives() -> None:
    desk = Desk()
    revoked = desk.revoked.__contains__
    assert find_withdrawal(desk.plan, desk.view, revoked, card=desk.cards.get) == ""
    desk.change(Dataset, FILES, level=6)
    assert find_withdrawal(desk.plan, desk.view, revoked, card=desk.cards.get) == "policy.level"


def test_a_node_that_holds_a_card_goes_by_its_columns() -> None:
    desk = rows_of(4, name=3, income=4)
    revoked = desk.revoked.__contains__
    assert find_withdrawal(desk.plan, desk.view, revoked, card=desk.cards.get) == ""
    assert find_withdrawal(desk.plan, desk.view, revoked) == "policy.level"


def test_a_result_is_not_shown_once_the_level_forbids_it() -> None:
    desk = rows_of(3, name=3)
    verify_delivery(desk.view, desk.plan, desk.cards.get)
    desk.change(Dataset, FILES, level=4)
    with pytest.raises(LevelRefused, match="allowed compute, found api"):
        verify_delivery(desk.view, desk.plan, desk.cards.get)


def test_data_that_the_ledger_does_not_know_are_not_delivered() -> None:
    desk = Desk()
    desk.view.drop(Dataset, FILES)
    with pytest.raises(LevelRefused):
        verify_delivery(desk.view, desk.plan, desk.cards.get)
