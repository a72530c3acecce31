"""Secret programs among real node processes: proposed by the command line, reviewed, run, killed, run again."""

from __future__ import annotations

import json
import os
import signal
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from atoll.api.models import GiveGrant, JobInfo, RegisterColumn, RegisterDataset
from atoll.cli.demo.consortium import AUDITOR, BANK, BUREAU, TELECOM
from atoll.cli.demo.stage import Stage
from atoll.cli.main import main
from atoll.client import RefusedByNode
from atoll.transport.errors import AttemptInterrupted
from tests.e2e.conftest import Standing
from tests.patience import patience

pytestmark = pytest.mark.slow

ROWS = 40_000
BILLS = {BUREAU: [at % 997 for at in range(ROWS)], TELECOM: [at % 13 for at in range(ROWS - 5)]}
STEPS = 240
"""Of the long program, which takes some seconds."""
PROGRAM = f"""
from atoll import programs as mp

INPUTS = {{
    "here": mp.column("first", mp.int64(0, 1000), rows="n", nullable=True),
    "there": mp.column("second", mp.int64(0, 1000), rows="n", nullable=True),
}}


@mp.program(inputs=INPUTS, outputs={{"total": "asker", "rows": "asker"}})
def total(here, there):
    return {{"total": here.sum() + there.sum(), "rows": mp.count(here) + mp.count(there)}}


@mp.program(inputs=INPUTS, outputs={{"odd": "asker"}})
def long(here, there):
    found = here
    for step in range({STEPS}):
        found = mp.where(found > 300 + step, found - 1, found)
    return found.sum() + there.sum()
"""


@pytest.fixture(scope="module")
def program(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' text; both owners' tables are registered, and granted to the bank."""
    for org, bills in BILLS.items():
        path = standing.stage.consortium.home(org) / "data" / "bills.csv"
        path.write_text("amount\n" + "".join(f"{one}\n" for one in bills), "utf-8")
        column = RegisterColumn(name="amount", exposure="after-aggregate")
        node = standing.stage.client(org)
        dataset = node.datasets.register(RegisterDataset(name="bills", path=path.name, title="Bills", columns=[column]))
        asked = {"columns": ["amount"], "purposes": ["research"], "outputs": ["aggregate"], "uses": 9}
        grant = node.grants.give(GiveGrant.model_validate({"grantee": BANK, "dataset": dataset, **asked}))
        standing.stage.seen_by(BANK, "the grant", lambda bank, grant=grant: bank.grants.show(grant))  # type: ignore[misc]
    path = tmp_path_factory.mktemp("program") / "bills.py"
    path.write_text(PROGRAM, "utf-8")
    return path


def propose(standing: Standing, program: Path, name: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[str, str]:
    """The job and its program's digest, as `atoll job propose computation` answers."""
    words = ["job", "propose", "computation", str(program), "--program", name, "--size", f"n={ROWS}", "--purpose", "research"]
    words += ["--owner", f"first={BUREAU}/bills/1", "--owner", f"second={TELECOM}/bills/1", "--receiver", f"asker={BANK}"]
    words += ["--column", "here=amount", "--column", "there=amount", "--yes", "--json"]
    words += [part for org in (BANK, BUREAU, TELECOM) for part in ("--compute", org)]
    capsys.readouterr()
    assert main([*words, *more, "--home", str(standing.stage.consortium.home(BANK))]) == 0
    answer = json.loads(capsys.readouterr().out)
    return answer["job"], answer["program"]


def review(stage: Stage, job: str, digest: str) -> None:
    """Both owners wait for a person, read what it is, review it and approve."""
    for org in (BUREAU, TELECOM):
        stage.wait_for(f"{org} asks", lambda org=org: stage.job_at(org, job).phase == "awaiting approval")  # type: ignore[misc]
        node = stage.client(org)
        with pytest.raises(RefusedByNode) as refused:
            node.jobs.approve(job)
        assert refused.value.code == "job.program_not_reviewed"
        assert node.programs.show(job).digest == digest
        assert node.programs.review(digest).reviewed
        node.jobs.approve(job)


def ended(stage: Stage, job: str) -> JobInfo:
    return stage.client(BANK).jobs.wait(job, timeout_seconds=600)


def test_a_program_is_proposed_reviewed_and_run_and_only_the_receiver_gets_its_outputs(
    standing: Standing, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = standing.stage
    job, digest = propose(standing, program, "total", capsys)
    review(stage, job, digest)
    assert (found := ended(stage, job)).state == "completed", found.reason
    result = stage.client(BANK).jobs.result(job)
    assert dict(zip(result.columns, result.table[0], strict=True)) == {
        "total": str(sum(map(sum, BILLS.values()))),
        "rows": str(2 * ROWS - 5),
    }
    for org in (BUREAU, TELECOM, AUDITOR):
        with pytest.raises(RefusedByNode):
            stage.client(org).jobs.result(job)
    stage.wait_for("the auditor has read the plan", lambda: stage.job_at(AUDITOR, job).digest == digest)
    again, _ = propose(standing, program, "total", capsys)
    assert ended(stage, again).state == "completed", "a reviewed program needs nobody"


def workers(stage: Stage, org: str) -> list[int]:
    """Processes of an organisation's jobs: copies of one that the node has started."""
    return [one for origin in _children(stage.nodes[org].pid) for one in _children(origin)]


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            words = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(lines["PPid"]) == parent and b"atoll.node.worker" in words:
            found.append(int(status.parent.name))
    return found


def test_a_compute_node_killed_in_mid_program_ends_the_job_and_it_can_be_run_again(
    standing: Standing, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The processor time of its processes says that the program runs; had it ended by then, the job would not fail."""
    stage = standing.stage
    job, digest = propose(standing, program, "long", capsys)
    review(stage, job, digest)
    stage.wait_for("the program runs", lambda: _busy(stage, BUREAU))
    began = time.monotonic()
    for pid in workers(stage, BUREAU):
        os.kill(pid, signal.SIGKILL)
    found = ended(stage, job)
    assert (found.state, found.reason) == ("failed", AttemptInterrupted.code)
    assert time.monotonic() - began < 30 * patience()
    for org in (BANK, BUREAU, TELECOM):
        folder = stage.consortium.home(org) / "jobs" / job
        stage.wait_for(f"nothing of an attempt is kept at {org}", lambda folder=folder: not any(folder.iterdir()))  # type: ignore[misc]
    again, reviewed = propose(standing, program, "long", capsys)
    assert reviewed == digest
    assert (found := ended(stage, again)).state == "completed", found.reason
    (cell,) = stage.client(BANK).jobs.result(again).table[0]
    assert cell is not None and Decimal(cell) == _long_result()


def _long_result() -> int:
    """What the long program gives, by numpy."""
    found = np.array(BILLS[BUREAU])
    for step in range(STEPS):
        found = np.where(found > 300 + step, found - 1, found)
    return int(found.sum()) + sum(BILLS[TELECOM])


def _busy(stage: Stage, org: str) -> bool:
    """Whether a job's process there has computed for a while: more than it takes to start."""
    ticks = 0
    for pid in workers(stage, org):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        ticks = max(ticks, int(fields[11]))
    return ticks > 100
