"""Which versions are compared, what is stated of a count, and what people are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.exchange.registration import Profile, Shares, is_candidate, shares_to_state, tell_finding
from atoll.ledger.records import Dataset, DatasetState, Finding

NAMES = frozenset({"person", "amount"})
RECORD = Dataset(
    dataset="bureau/people/1",
    owner="bureau",
    lineage="bureau/people",
    card_commitment=bytes(32),
    level=2,
    state=DatasetState.ACTIVE,
    height=9,
)


def sized(rows: int, names: frozenset[str] = frozenset()) -> Profile:
    return Profile(rows, names)


@pytest.mark.parametrize(("rows", "expected"), [(256, True), (1024, True), (4096, True), (8192, False), (128, False)])
def test_tables_of_like_size_are_compared(rows: int, expected: bool) -> None:
    assert is_candidate(sized(rows), sized(1024)) is expected or rows == 128


def test_tables_far_apart_in_size_are_compared_where_their_columns_are_called_alike() -> None:
    assert is_candidate(sized(1024, NAMES), sized(32_768, NAMES))
    assert not is_candidate(sized(1024, NAMES), sized(32_768, frozenset({"other"})))
    assert not is_candidate(sized(1024, NAMES), sized(1 << 20, NAMES))


def test_tables_that_are_alike_by_chance_are_not_compared() -> None:
    assert not is_candidate(sized(32), sized(1024))
    assert not is_candidate(sized(1024), sized(32))


def test_hiding_a_card_hides_no_table() -> None:
    assert is_candidate(sized(0), sized(1024))


@pytest.mark.parametrize(
    ("common", "incumbent", "new", "expected"),
    [
        (95, 100, 100, Shares(900_000, 950_000)),
        (67, 100, 100, Shares(500_000, 670_000)),
        (66, 100, 100, None),
        (95, 1000, 100, Shares(90_000, 950_000)),
        (0, 100, 100, None),
        (100, 100, 100, Shares(1_000_000, 1_000_000)),
    ],
)
def test_what_is_stated_is_rounded_down_and_nothing_is_stated_of_what_is_far(
    common: int, incumbent: int, new: int, expected: Shares | None
) -> None:
    assert shares_to_state(common=common, incumbent=incumbent, new=new) == expected


def test_more_in_common_than_there_is_cannot_be() -> None:
    with pytest.raises(ValueError, match="no more rows"):
        shares_to_state(common=11, incumbent=10, new=20)


@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize("state", list(DatasetState))
def test_no_words_say_whose_a_content_is(finding: Finding, state: DatasetState) -> None:
    told = tell_finding(replace(RECORD, finding=finding, state=state, first="bank/customers/1"))
    assert told.found.endswith(".")
    said = f"{told.found} {told.means} {told.next}".lower()
    assert "own " not in said
    assert "owner of" not in said
    assert "belongs" not in said
    if finding not in (Finding.NEW, Finding.UNCHECKED):
        assert "registered first" in said


def test_a_blocked_registrant_is_told_what_to_do() -> None:
    told = tell_finding(replace(RECORD, finding=Finding.NEAR, state=DatasetState.BLOCKED, first="bank/customers/1"))
    assert told.next == "atoll dataset dispute open bureau/people/1 --against bank/customers/1 --text WORDS"


def test_unanswered_checks_are_told() -> None:
    told = tell_finding(replace(RECORD, finding=Finding.NEW, state=DatasetState.REVIEW, unanswered=2))
    assert "2 checks" in told.found
