"""Checks of near duplicates as the later version's node judges them: by its own view of both cards and levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.exchange.fingerprint import LEAST_DISTINCT_ROWS
from atoll.ledger.checks import SAMPLE_CAP, Stage
from atoll.policy.candidates import LEAST_ROWS
from atoll.policy.card import DatasetCard
from atoll.policy.local import LocalRules
from atoll.policy.sampling import extent_of
from atoll.policy.similarity import similarity_reasons, why_a_person
from tests.unit.policy.desk import CUSTOMERS, FILES, NOW, Desk, Records, dataset

CARD = Desk().cards[FILES]


def ask(*, level: int = 2, me: str = "bureau", **rows: Any) -> str:
    """Why a person is asked, where the two cards say so many rows."""
    said = {"new": 1024, "incumbent": 1024} | rows
    cards = {
        name: replace(CARD, dataset=name, rows_at_most=count) if count else None
        for name, count in ((FILES, said["new"]), (CUSTOMERS, said["incumbent"]))
    }
    view = Records()
    view.put(dataset(CUSTOMERS), dataset(FILES, level=level, height=2))

    def card(name: str) -> DatasetCard | None:
        return cards.get(name)

    return why_a_person(view, Desk().plan, "bank", me=me, card=card)


def test_a_pair_of_candidates_is_answered_by_rule() -> None:
    assert ask() == ""


@pytest.mark.parametrize("level", [4, 5])
def test_data_that_need_a_persons_consent_need_it_here_too(level: int) -> None:
    assert "level" in ask(level=level)
    assert not ask(level=level, me="bank")


def test_who_shows_no_card_is_answered_by_a_person() -> None:
    assert "not to be had" in ask(incumbent=0)


def test_a_pair_that_the_cards_do_not_make_a_candidate_is_answered_by_a_person() -> None:
    assert "not worth comparing" in ask(incumbent=1 << 20)


@pytest.mark.parametrize(("rows", "holds"), [(LEAST_ROWS, True), (LEAST_ROWS - 1, False)])
@pytest.mark.parametrize("small", [FILES, CUSTOMERS])
def test_small_tables_are_not_compared(rows: int, holds: bool, small: str) -> None:
    cards = {name: replace(CARD, dataset=name, rows_at_most=rows if name == small else 64) for name in (FILES, CUSTOMERS)}
    rules = LocalRules()
    reasons = similarity_reasons(Records(), Desk().plan, "bank", rules=rules, now=NOW, card=cards.get)
    assert next(one.holds for one in reasons if one.constraint == "rows of both versions") is holds


def test_both_sides_mean_the_same_by_too_few_rows() -> None:
    assert LEAST_ROWS == LEAST_DISTINCT_ROWS


def how_much(stage: Stage, *, scale: int, caps: tuple[int, int], rows: dict[str, int]) -> bool:
    """Whether a plan of this scale and these caps is answered, where the cards say so many rows."""
    plan = Desk().plan
    lines = (
        replace(plan.inputs[0], dataset=FILES, rows_cap=caps[0]),
        replace(plan.inputs[-1], dataset=CUSTOMERS, rows_cap=caps[1]),
    )
    plan = replace(plan, inputs=lines, program={"stage": str(stage), "scale": scale})
    cards = {name: replace(CARD, dataset=name, rows_at_most=count) for name, count in rows.items()}
    reasons = similarity_reasons(Records(), plan, "bank", rules=LocalRules(), now=NOW, card=cards.get)
    return next(one.holds for one in reasons if one.constraint == "how much is compared")


def test_who_asks_does_not_choose_how_closely_it_looks() -> None:
    rows = {FILES: 1 << 20, CUSTOMERS: 1 << 19}
    assert how_much(Stage.SAMPLE, scale=9, caps=(SAMPLE_CAP, SAMPLE_CAP), rows=rows)
    assert how_much(Stage.ROWS, scale=2, caps=((1 << 18) + (1 << 15), (1 << 17) + (1 << 15)), rows=rows)
    for scale in (0, 8, 10, 40):
        assert not how_much(Stage.SAMPLE, scale=scale, caps=(SAMPLE_CAP, SAMPLE_CAP), rows=rows)
    assert not how_much(Stage.ROWS, scale=3, caps=((1 << 18) + (1 << 15), (1 << 17) + (1 << 15)), rows=rows)
    assert not how_much(Stage.ROWS, scale=2, caps=((1 << 18) + (1 << 15), 64), rows=rows)
    assert not how_much(Stage.ROWS, scale=2, caps=(64, (1 << 17) + (1 << 15)), rows=rows)


def test_the_plan_is_drafted_as_it_is_judged_whatever_is_known_of_the_cards() -> None:
    for rows in ({FILES: 512, CUSTOMERS: 1024}, {CUSTOMERS: 1024}, {FILES: 512}):
        for stage in Stage:
            scale, *caps = extent_of(stage, new=rows.get(FILES, 0), incumbent=rows.get(CUSTOMERS, 0))
            assert how_much(stage, scale=scale, caps=(caps[0], caps[1]), rows=rows)
