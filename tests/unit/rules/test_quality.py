"""Opinions of quality: who may have one, what makes it a third party's, and how it is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Member, OpinionState, QualityReport, opinion_id
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import NotAnEvaluator, SameReport, Unknown, WrongState
from atoll.ledger.rules.quality import ReportQuality, WithdrawQuality
from tests.unit.rules.lagoon import CUSTOMERS, Lagoon, registration


def opinion(commitment: bytes = b"\x05" * 32, *, grade: int = 2, score_ppm: int = 870_000) -> ReportQuality:
    return ReportQuality(dataset=CUSTOMERS, commitment=commitment, metrics=bytes(32), grade=grade, score_ppm=score_ppm)


@pytest.fixture
def lagoon() -> Lagoon:
    return Lagoon(roles={"auditor": ("auditor", "evaluator"), "bank": ("evaluator", "owner")}).do(
        "bank", registration(CUSTOMERS)
    )


def test_the_owner_reports_on_its_own_and_is_no_third_party_even_with_the_role(lagoon: Lagoon) -> None:
    lagoon.later(heights=4, seconds=9).do("bank", opinion())
    found = lagoon.get(QualityReport, opinion_id(CUSTOMERS, "bank"))
    assert (found.third_party, found.grade, found.score_ppm, found.state) == (False, 2, 870_000, OpinionState.STANDS)
    assert (found.height, found.time) == (lagoon.height, lagoon.time)


def test_an_evaluator_that_has_nothing_to_do_with_the_owner_is_a_third_party(lagoon: Lagoon) -> None:
    lagoon.do("auditor", opinion())
    assert lagoon.get(QualityReport, opinion_id(CUSTOMERS, "auditor")).third_party


@pytest.mark.parametrize(
    "tie", [{"affiliation": "The Group"}, {"legal_id": "legal-bank"}, {"affiliation": "BANK"}], ids=["group", "entity", "name"]
)
def test_an_affiliate_of_the_owner_may_report_and_is_no_third_party(lagoon: Lagoon, tie: dict[str, Any]) -> None:
    lagoon.put(replace(lagoon.get(Member, "bank"), affiliation="the group"))
    lagoon.put(replace(lagoon.get(Member, "auditor"), **tie))
    lagoon.do("auditor", opinion())
    assert not lagoon.get(QualityReport, opinion_id(CUSTOMERS, "auditor")).third_party


def test_whoever_is_neither_owner_nor_evaluator_has_no_opinion(lagoon: Lagoon) -> None:
    assert "telecom" in lagoon.refused(NotAnEvaluator, "telecom", opinion())


def test_a_later_opinion_takes_the_place_of_the_one_before_and_the_same_is_refused(lagoon: Lagoon) -> None:
    lagoon.do("auditor", opinion()).refused(SameReport, "auditor", opinion(grade=1))
    lagoon.do("auditor", opinion(b"\x06" * 32, grade=4, score_ppm=500_000))
    found = lagoon.get(QualityReport, opinion_id(CUSTOMERS, "auditor"))
    assert (found.version, found.grade, found.commitment) == (2, 4, b"\x06" * 32)


def test_one_takes_back_only_what_one_said_and_once_and_may_say_it_anew(lagoon: Lagoon) -> None:
    lagoon.do("auditor", opinion()).refused(Unknown, "bank", WithdrawQuality(dataset=CUSTOMERS))
    lagoon.later().do("auditor", WithdrawQuality(dataset=CUSTOMERS))
    assert lagoon.get(QualityReport, opinion_id(CUSTOMERS, "auditor")).state is OpinionState.WITHDRAWN
    lagoon.refused(WrongState, "auditor", WithdrawQuality(dataset=CUSTOMERS))
    lagoon.do("auditor", opinion(b"\x07" * 32))
    found = lagoon.get(QualityReport, opinion_id(CUSTOMERS, "auditor"))
    assert (found.state, found.version) == (OpinionState.STANDS, 2)


def test_of_what_is_withdrawn_or_unknown_there_are_no_opinions(lagoon: Lagoon) -> None:
    lagoon.refused(Unknown, "auditor", replace(opinion(), dataset="bank/others/1"))
    lagoon.do("bank", WithdrawDataset(dataset=CUSTOMERS)).refused(WrongState, "auditor", opinion())
