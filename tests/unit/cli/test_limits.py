"""Limits as people write and read them."""

from __future__ import annotations

import pytest

from atoll.api.models import CapInfo, CapModel, GrantInfo
from atoll.cli.errors import BadArgument
from atoll.cli.limits import describe_limits, in_epsilon, parse_cap, parse_epsilon, parse_outputs


@pytest.mark.parametrize(
    ("text", "limit", "days"),
    [
        ("10000/30d", 10_000, 30),
        ("20/day", 20, 1),
        ("0/week", 0, 7),
        ("5/month", 5, 30),
        ("7/year", 7, 365),
        ("1/366d", 1, 366),
    ],
)
def test_a_cap_is_a_limit_and_a_period(text: str, limit: int, days: int) -> None:
    assert parse_cap("--rate", text) == CapModel(limit=limit, days=days)


@pytest.mark.parametrize(
    "text", ["", "20", "20/", "/day", "20/fortnight", "20/0d", "20/367d", "-1/day", "1.5/day", "2/30", "9" * 13]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadArgument, match="20/day"):
        parse_cap("--rate", text)


@pytest.mark.parametrize(("text", "micro"), [("0", 0), ("1.0", 1_000_000), ("0.0000019", 1), ("1e-3", 1000), ("1000", 10**9)])
def test_epsilon_is_counted_in_millionths_and_never_rounded_up(text: str, micro: int) -> None:
    assert parse_epsilon("--epsilon", text) == micro


@pytest.mark.parametrize("text", ["", "-0.1", "1000.1", "nan", "inf", "one"])
def test_an_epsilon_that_is_no_number_in_bounds_is_refused(text: str) -> None:
    with pytest.raises(BadArgument):
        parse_epsilon("--epsilon", text)


def test_epsilon_reads_back() -> None:
    assert [in_epsilon(one) for one in (1_000_000, 250_000, 1)] == ["1", "0.25", "0.000001"]


def test_outputs_are_listed_with_commas() -> None:
    assert parse_outputs("--outputs", "cardinality, identifiers") == ["cardinality", "identifiers"]


@pytest.mark.parametrize("text", ["", ",", "everything", "identifiers,all"])
def test_an_unknown_output_is_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="cardinality"):
        parse_outputs("--outputs", text)


def test_what_is_left_of_each_limit_is_shown() -> None:
    grant = GrantInfo(
        grant="5b" * 16,
        owner="bureau",
        grantee="bank",
        dataset="bureau/files/1",
        state="active",
        version=1,
        not_before=0,
        not_after=1,
        uses_limit=1,
        uses_reserved=0,
        uses_spent=0,
        caps=[
            CapInfo(unit="jobs", limit=20, days=1, taken=5, left=15),
            CapInfo(unit="new-identifiers", limit=10_000, days=30, taken=9_000, left=1_000),
        ],
        counting="versions",
        epsilon_limit_micro=1_000_000,
        epsilon_left_micro=250_000,
    )
    assert describe_limits(grant) == [
        ("jobs", "15 of 20 left a day"),
        ("new identifiers", "1000 of 10000 left in 30 days; a version of a set counts once in the period"),
        ("epsilon", "0.25 of 1 left"),
    ]
