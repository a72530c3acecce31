"""The owner's own veto rules, as they stand in atoll.toml."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from atoll.policy.errors import BadRules
from atoll.policy.local import LocalRules


def rules(text: str) -> LocalRules:
    return LocalRules.from_table(tomllib.loads(text))


def hour(of_day: int, *, minute: int = 0, day: int = 20_000) -> int:
    return day * 86_400 + of_day * 3600 + minute * 60


def test_an_empty_section_forbids_nothing_and_asks_nobody() -> None:
    assert rules("") == LocalRules()
    assert (LocalRules().automatic, LocalRules().counterparties, LocalRules().hours, LocalRules().max_days) == (
        True,
        None,
        None,
        7,
    )


def test_every_rule_is_read() -> None:
    found = rules(
        """
        consent = "manual"
        counterparties = ["bank", "telecom"]
        purposes = ["credit-check"]
        job-kinds = ["intersection"]
        protocols = ["psi-rr22"]
        adversary-models = ["malicious"]
        trusted-proposers = ["bank"]
        max-rows = 1000
        hours = "06-22"
        max-days = 2
        """
    )
    assert found == LocalRules(
        automatic=False,
        counterparties=frozenset({"bank", "telecom"}),
        purposes=frozenset({"credit-check"}),
        job_kinds=frozenset({"intersection"}),
        protocols=frozenset({"psi-rr22"}),
        adversary_models=frozenset({"malicious"}),
        trusted_proposers=frozenset({"bank"}),
        max_rows=1000,
        hours=(6, 22),
        max_days=2,
    )


def test_an_empty_list_allows_nobody_rather_than_everybody() -> None:
    assert rules("counterparties = []").counterparties == frozenset()
    assert rules("trusted-proposers = []").trusted_proposers == frozenset()


BAD: dict[str, dict[str, Any]] = {
    "an unknown rule": {"max-row": 5},
    "an unknown consent": {"consent": "sometimes"},
    "a consent of another type": {"consent": True},
    "a name instead of a list": {"counterparties": "bank"},
    "a number among the names": {"counterparties": ["bank", 1]},
    "an empty name": {"purposes": [""]},
    "a table of kinds": {"job-kinds": {"intersection": True}},
    "a model that does not exist": {"adversary-models": ["malicious", "honest"]},
    "half of a model's name": {"adversary-models": ["honest-majority"]},
    "a model instead of a list": {"adversary-models": "malicious"},
    "a protocol instead of a list": {"protocols": "psi-rr22"},
    "a proposer instead of a list": {"trusted-proposers": "bank"},
    "a compute node instead of a list": {"compute-nodes": "bank"},
    "a program by name": {"programs": ["mean"]},
    "a digest in capitals": {"programs": ["AB" * 32]},
    "half a digest": {"programs": ["ab" * 16]},
    "no rows": {"max-rows": 0},
    "fewer than no rows": {"max-rows": -1},
    "rows as a text": {"max-rows": "1000"},
    "rows as a boolean": {"max-rows": True},
    "half a row": {"max-rows": 0.5},
    "no days": {"max-days": 0},
    "hours as numbers": {"hours": [6, 22]},
    "one hour": {"hours": "06"},
    "hours with minutes": {"hours": "06:30-22:00"},
    "an hour that does not exist": {"hours": "06-25"},
    "hours without their zero": {"hours": "6-22"},
    "a line break after the hours": {"hours": "06-22\n"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_node_does_not_start_with_rules_it_does_not_understand(name: str) -> None:
    with pytest.raises(BadRules):
        LocalRules.from_table(BAD[name])


def test_the_refusal_names_what_is_known() -> None:
    with pytest.raises(
        BadRules,
        match="it knows no max-row; it knows adversary-models, compute-nodes, consent, counterparties, d",
    ):
        LocalRules.from_table(BAD["an unknown rule"])


@pytest.mark.parametrize(
    ("hours", "open_at"),
    [
        ("06-22", range(6, 22)),
        ("00-24", range(24)),
        ("22-06", [*range(22, 24), *range(6)]),
        ("23-00", [23]),
        ("12-12", []),
        ("00-00", []),
        ("20-24", range(20, 24)),
        ("24-03", range(3)),
    ],
)
def test_jobs_are_taken_from_the_first_hour_until_before_the_second_over_midnight_too(hours: str, open_at: list[int]) -> None:
    found = rules(f'hours = "{hours}"')
    assert [one for one in range(24) if found.is_open_at(hour(one))] == sorted(open_at)
    assert [one for one in range(24) if found.is_open_at(hour(one, minute=59))] == sorted(open_at)


def test_without_hours_jobs_are_taken_at_any_time() -> None:
    assert all(LocalRules().is_open_at(hour(one)) for one in range(24))
