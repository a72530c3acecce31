"""`atoll dataset register`, `show`, `history` and `dispute` as people read them, for each thing that can be found."""

from __future__ import annotations

import time
from typing import Any

import pytest

from atoll.api.models import (
    AnswerInfo,
    CheckInfo,
    DatasetInfo,
    DisputeInfo,
    HistoryInfo,
    PastState,
    RegisterDataset,
    Registered,
    RegistrationStep,
    VersionInfo,
)
from atoll.cli import registering
from atoll.cli.dataset import register, show_dataset
from atoll.cli.dispute import shown_dispute
from atoll.cli.history import shown_history
from atoll.cli.reply import Reply, Shown
from atoll.cli.screen import print_shown
from atoll.exchange.registration import tell_finding
from atoll.ledger.records import Dataset, DatasetState, Finding

MINE, FIRST = "bureau/people/1", "bank/customers/1"


def record(finding: Finding, state: DatasetState, **changes: Any) -> Dataset:
    said: dict[str, Any] = {
        "dataset": MINE,
        "owner": "bureau",
        "lineage": "bureau/people",
        "card_commitment": b"\x0c" * 32,
        "level": 2,
        "state": state,
        "finding": finding,
        "height": 9,
        "first": FIRST if finding not in (Finding.NEW, Finding.UNCHECKED) else "",
    }
    return Dataset(**said | changes)


class Desk:
    """What the command asks its node for."""

    def __init__(self, found: Dataset, *, step: str = "reading", seconds: float = 0.0) -> None:
        self.datasets = self
        self._found = found
        self._told = tell_finding(found)
        self._step = step
        self._seconds = seconds

    def again(self) -> Desk:
        return self

    def close(self) -> None:
        """Nothing is open."""

    def step(self, name: str) -> RegistrationStep:
        assert name == "people"
        return RegistrationStep(step=self._step, done_bytes=0, total_bytes=0)

    def register_told(self, request: RegisterDataset) -> Registered:
        assert request.path == "people.csv"
        time.sleep(self._seconds)
        return Registered(
            dataset=MINE,
            finding=str(self._found.finding),
            first=self._found.first,
            state=str(self._found.state),
            found=self._told.found,
            means=self._told.means,
            next=self._told.next,
            already=False,
            transaction="0" * 32,
            height=9,
            index=20,
        )

    def show(self, dataset: str, *, check: bool) -> DatasetInfo:
        assert (dataset, check) == (MINE, True)
        return DatasetInfo(
            dataset=MINE,
            owner="bureau",
            level=2,
            state=str(self._found.state),
            mine=True,
            card_verified=True,
            finding=str(self._found.finding),
            first=self._found.first,
            found=self._told.found,
            means=self._told.means,
            next=self._told.next,
            unchanged=False,
        )


def words(shown: list[Shown] | Reply, capsys: pytest.CaptureFixture[str]) -> str:
    print_shown(list(shown.shown) if isinstance(shown, Reply) else shown)
    return capsys.readouterr().out


CASES = [
    (Finding.NEW, DatasetState.ACTIVE, "No version registered before it has its bytes or its content.", "can be used"),
    (Finding.UNCHECKED, DatasetState.ACTIVE, "", "can be used"),
    (Finding.EXACT, DatasetState.BLOCKED, FIRST, "next: "),
    (Finding.SAME_CONTENT, DatasetState.BLOCKED, FIRST, "next: "),
    (Finding.SAME_CONTENT, DatasetState.REVIEW, FIRST, "only the names of columns"),
    (Finding.NEAR, DatasetState.BLOCKED, FIRST, "next: "),
    (Finding.NEAR, DatasetState.REVIEW, FIRST, "next: "),
    (Finding.SUBSET, DatasetState.REVIEW, FIRST, "next: "),
]


@pytest.mark.parametrize(("finding", "state", "found", "means"), CASES)
def test_registering_says_what_was_found_what_it_means_and_what_to_do(
    finding: Finding, state: DatasetState, found: str, means: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk: Any = Desk(record(finding, state))
    lines = words(register(desk, "people", "people.csv", "People"), capsys).splitlines()
    assert lines[:2] == [f"registered {MINE}", ""]
    assert found in lines[2]
    assert any(means in line for line in lines[3:])
    assert not any("own" in line.split() for line in lines)  # registered first, never whose it is


@pytest.mark.parametrize(
    ("finding", "state", "expected"),
    [
        (
            Finding.NEAR,
            DatasetState.BLOCKED,
            [f"{MINE} (blocked)", "near. ", "registered first", "Nobody but bureau", "dispute open"],
        ),
        (Finding.SUBSET, DatasetState.REVIEW, [f"{MINE} (review)", "subset. ", "under review", "dataset history"]),
        (Finding.UNCHECKED, DatasetState.ACTIVE, [f"{MINE} (active)", "unchecked. ", "no key for tags", "Register it again"]),
    ],
)
def test_showing_says_the_same_and_whether_the_file_still_is_what_it_was(
    finding: Finding, state: DatasetState, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk: Any = Desk(record(finding, state))
    shown = words(show_dataset(desk, MINE, check=True), capsys)
    assert [one for one in [*expected, "changed since it was registered"] if one not in shown] == []


def test_a_check_that_was_not_answered_is_said_of_whoever_did_not_answer() -> None:
    assert "2 checks" in tell_finding(record(Finding.NEW, DatasetState.REVIEW, unanswered=2)).found


def test_whoever_waits_sees_for_what(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(registering, "LOOK_SECONDS", 0.005)
    desk: Any = Desk(record(Finding.NEW, DatasetState.ACTIVE), step="waiting for the members' key", seconds=0.1)
    register(desk, "people", "people.csv", "People")
    assert capsys.readouterr().err == "waiting for the members' key\n"  # once, however long it takes


def test_a_history_shows_how_a_version_stood_what_it_was_compared_with_and_what_was_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dispute = DisputeInfo(
        dispute="d" * 32,
        subject=MINE,
        against=FIRST,
        opener="bureau",
        parties=["bank", "bureau"],
        state="released",
        statements=[
            AnswerInfo(org="bureau", height=12, commitment="a" * 64, text="Both come from one register.", held=True),
            AnswerInfo(org="bank", height=13, commitment="b" * 64),
        ],
        decided_by="auditor",
        decided_height=14,
        reason=AnswerInfo(org="auditor", height=14, commitment="c" * 64, text="A public register.", held=True),
    )
    check: dict[str, Any] = {"new": MINE, "incumbent": FIRST, "job": "e" * 32, "attempts": 1, "unanswered": False}
    history = HistoryInfo(
        dataset=MINE,
        versions=[
            VersionInfo(dataset=MINE, owner="bureau", state="active", finding="near", first=FIRST, level=2, height=9, time=1)
        ],
        edges=[],
        states=[
            PastState(height=9, state="active", finding="new"),
            PastState(height=11, state="blocked", finding="near"),
            PastState(height=14, state="active", finding="near"),
        ],
        checks=[
            CheckInfo(stage="bands", state="completed", stated=False, **check),
            CheckInfo(stage="rows", state="completed", stated=True, **check),
        ],
        disputes=[dispute],
        complete=False,
    )
    lines = words(shown_history(history), capsys).splitlines()
    cells = [line.split() for line in lines]
    assert [MINE, "9", "active", "near", FIRST, "-"] in cells
    assert [one for one in cells if len(one) == 3 and one[0].isdigit()] == [
        ["9", "active", "new"],
        ["11", "blocked", "near"],
        ["14", "active", "near"],
    ]
    assert [FIRST, "rows", "e" * 32, "completed", "yes"] in cells
    assert [FIRST, "bands", "e" * 32, "completed", "no"] in cells
    assert "more versions stand behind these" in lines[-1]
    told = "\n".join(lines)
    assert words(shown_dispute(dispute), capsys).strip() in told
    assert "auditor in block 14" in told
    assert "A public register." in told
    assert "(not here; committed to as bbbbbbbbbbbbbbbb)" in told
