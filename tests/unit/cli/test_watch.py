"""Following a job, and how its end becomes an exit status."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest

from atoll.api.models import JobInfo
from atoll.cli import waiting as patience
from atoll.cli.waiting import waiting
from atoll.cli.watch import ended, stage, watch_job

JOB = "0" * 31 + "1"


def job_in(state: str, **changes: Any) -> JobInfo:
    fields: dict[str, Any] = {
        "job": JOB,
        "kind": "intersection",
        "state": state,
        "phase": "",
        "proposer": "bank",
        "parties": ["bank", "bureau"],
        "receivers": ["bank"],
        "consents": [],
        "receipts": [],
        "reason": "",
        "not_after": 0,
    }
    return JobInfo(**(fields | changes))


def test_a_completed_job_is_a_success() -> None:
    reply = ended(job_in("completed", seconds=2.0, sent_bytes=1500, received_bytes=10))
    assert (reply.exit_code, reply.error) == (0, "")
    assert reply.shown == [f"job {JOB}: completed in 2.0 s, 1.5 kB sent, 10 B received"]


@pytest.mark.parametrize("state", ["failed", "refused", "withdrawn", "unacknowledged", "expired"])
def test_every_other_end_is_said_with_its_reason_and_its_remedy(state: str) -> None:
    reply = ended(job_in(state, reason="policy.no_grant"))
    assert reply.exit_code == 10
    assert reply.error == f"Job {JOB} ended {state}: policy.no_grant."
    assert reply.hint == "Ask the owner for a grant; it is the only thing that authorises."


def test_an_end_for_a_reason_nobody_knows_points_to_why() -> None:
    assert ended(job_in("withdrawn", reason="withdrawn by bank")).hint == f"`atoll why {JOB}` tells what this node knows."


def test_a_stage_names_whom_the_job_waits_for() -> None:
    assert stage(job_in("proposed", phase="consented", consents=["bank"])) == "consented; waiting for bureau"
    assert stage(job_in("started", phase="running")) == "running"
    assert stage(job_in("started", phase="done", receipts=["bank"])) == "done; receipts of 1 of 2"


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_goes_to_standard_error_only(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = {"phase": "running", "progress_total": 8, "progress_unit": "items", "sent_bytes": 1500}
    infos = [
        job_in("proposed"),
        job_in("started", **running, progress_done=2),
        job_in("started", **running, progress_done=6),
        job_in("completed"),
    ]
    node = MagicMock()
    node.jobs.watch.return_value = iter(infos)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert watch_job(node, JOB) == infos[-1]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "completed" in printed.err
    if not terminal:
        assert printed.err.splitlines() == [
            f"{JOB}  proposed; waiting for bank, bureau",
            f"{JOB}  running",
            f"{JOB}  completed",
        ]


@pytest.mark.parametrize("terminal", [True, False])
def test_whoever_stops_watching_knows_the_job_and_that_it_goes_on(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Iterator[JobInfo]:
        yield job_in("proposed")
        assert JOB in capsys.readouterr().err, "the job is named before anything else happens"
        raise KeyboardInterrupt

    node = MagicMock()
    node.jobs.watch.return_value = interrupted()
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with pytest.raises(KeyboardInterrupt):
        watch_job(node, JOB)
    assert capsys.readouterr().err.endswith(f"job {JOB} goes on: atoll job watch {JOB}\n")


def test_whoever_waits_for_a_quorum_at_a_terminal_is_told_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(patience, "say", said.append)
    monkeypatch.setattr(patience, "QUIET_SECONDS", 0.001)
    with waiting():
        time.sleep(0.02)
    assert said == [], "programs read what is printed"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with waiting():
        while not said:
            time.sleep(0.001)
    assert said == ["waiting for a quorum of the members to confirm it; `atoll doctor` shows who is missing"]
    monkeypatch.setattr(patience, "QUIET_SECONDS", 60.0)
    with waiting():
        pass
    assert len(said) == 1
