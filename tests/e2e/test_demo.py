"""`atoll demo` as a newcomer runs it: what it prints, how it exits, what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from atoll.cli.demo.consortium import ORGS
from atoll.cli.demo.errors import NoSuchPart
from atoll.client import connect_home
from tests.e2e.conftest import processes_below
from tests.pace import Pace
from tests.patience import patience

pytestmark = pytest.mark.slow

DEMO = (sys.executable, "-m", "atoll.cli.demo")
MOST_SECONDS = 60.0
"""Of processor time: what the promised minute on two processors must do with, however busy or slow this machine is."""
PATIENCE_SECONDS = 1200.0
MOST_PSS_MB = 1.5 * 1024**3 / 1e6
READY = "✓"
"""What stands before a step that went well."""
ATTACKS = [
    "forbidden_use",
    "lying_initiator",
    "changed_plan",
    "enumeration",
    "tampered_bundle",
    "invented_consortium",
    "killed_node",
    "dead_operator",
]


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, with its temporary files in `folder`; ended at the latest when the context is left."""
    hears = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it, and so do its heirs
    process = subprocess.Popen(
        [*DEMO, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    signal.signal(signal.SIGINT, hears)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_started(process: subprocess.Popen[str]) -> None:
    """Return when its nodes run."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "start five nodes" in line and READY in line:
            return
    pytest.fail("the demo ended before its nodes ran: " + "".join(said))


def processor_seconds() -> float:
    """Taken so far by all processes that were started from here and have ended, and by those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_until_gone(folder: Path, *, seconds: float = 10.0) -> list[str]:
    """The processes of a run that are still there after a while; none as soon as there is none."""
    began = time.monotonic()
    while (left := processes_below(folder)) and time.monotonic() - began < seconds * patience():
        time.sleep(0.1)
    return left


@pytest.mark.usefixtures("processors")
def test_the_demo_finds_everything_as_it_should_be_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = processor_seconds()
    with demo(tmp_path, "--json") as process, Pace() as pace:
        printed, progress = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, progress
    assert printed.count("\n") == 1
    seen: dict[str, Any] = json.loads(printed)
    assert sorted(seen) == ["attacks", "evidence", "pss_mb", "receipts", "scenarios", "seconds", "steps"]
    found = seen["scenarios"]["intersection"]
    assert found["equal"] is True
    assert type(found["found"]) is type(found["expected"]) is int
    assert found["found"] == found["expected"] > 0
    assert found["seconds"] > 0
    assert found["bytes"] > 0
    registered = seen["scenarios"]["registration"]
    assert registered["equal"] is True
    assert registered["findings"] == ["same-content", "near"]
    auction = seen["scenarios"]["auction"]
    assert (auction["equal"], auction["found"]) == (True, 640_000)
    assert auction["unopened"] == {"telecom": ["auditor", "bank", "bureau"]}
    assert seen["receipts"] == 7
    assert seen["evidence"]["verified"] is True
    assert seen["evidence"]["entries"] > 20
    assert [one["name"] for one in seen["attacks"]] == ATTACKS
    assert all(one["caught"] is True and one["code"] for one in seen["attacks"]), seen["attacks"]
    assert {"name", "seconds"} == set(seen["steps"][0])
    assert seen["seconds"] > 0
    used = processor_seconds() - before
    assert used / pace.slowness() < MOST_SECONDS, (used, pace.slowness(), seen["steps"])
    assert seen["pss_mb"] < MOST_PSS_MB
    assert processes_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_kept_consortium_of_one_part_answers_and_is_ended_by_the_command_it_prints(tmp_path: Path) -> None:
    with demo(tmp_path, "--only", "intersection", "--keep") as process:
        printed, progress = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, progress
    assert "as it should be" in printed
    assert "attack" not in progress
    (folder,) = tmp_path.iterdir()
    try:
        for org in ORGS:
            node = connect_home(folder / org)
            assert node.status().org == org
            assert str(folder / org / "tokens" / "admin") in progress
            node.close()
        commands = re.findall(r"^  (.*--home.*)$", progress, re.MULTILINE)
        assert len(commands) == 5, "three to try, and a node is stopped and started again"
        for command in commands:
            subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    finally:
        subprocess.run(["sh", "-c", (re.search(r"kill -TERM .*", progress) or [""])[0]], check=True)
    assert wait_until_gone(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("processors")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_a_demo_that_is_interrupted_ends_its_nodes_and_removes_its_files(tmp_path: Path, number: int, status: int) -> None:
    with demo(tmp_path, "--only", "intersection") as process:
        wait_until_started(process)
        assert len(processes_below(tmp_path)) >= len(ORGS)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == status
    assert processes_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_no_node_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path, "--only", "intersection") as process:
        wait_until_started(process)
        process.kill()
    assert wait_until_gone(tmp_path) == []


def test_a_part_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with demo(tmp_path, "--only", "time_travel") as process:
        _, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == NoSuchPart.exit_code
    assert "time_travel" in complaint
    assert "intersection" in complaint
    assert list(tmp_path.iterdir()) == []
