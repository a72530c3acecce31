"""The demo's child processes: when one of them counts as gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from atoll.cli.demo.processes import NodeProcess, _has_living, end_group
from atoll.cli.process import find_process, pid_file

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def state_of(pid: int) -> str:
    """One letter of proc(5); empty for a process that is no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return ""


def test_a_group_has_ended_with_everything_that_it_started() -> None:
    """A job's process that outlives its node by a moment could write a file into a folder that is being removed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, process_group=0)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _has_living(parent.pid)
    end_group(parent, gently=True)
    assert not _has_living(parent.pid)
    assert state_of(child) in ("", "Z", "X")


def test_one_that_has_ended_and_that_nobody_has_collected_is_not_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
    assert _has_living(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    ends = time.monotonic() + 10
    while state_of(process.pid) != "Z" and time.monotonic() < ends:
        time.sleep(0.01)
    assert not _has_living(process.pid)
    process.wait()


@pytest.mark.parametrize("keep", [True, False])
def test_a_node_of_the_demo_is_found_by_its_home_as_any_other(keep: bool, tmp_path: Path) -> None:
    home, passphrase = tmp_path / "bank", tmp_path / "passphrase"
    (home / "log").mkdir(parents=True)
    node = NodeProcess("bank", tmp_path / "." / "bank" / ".." / "bank", passphrase, keep=keep)
    os.mkfifo(home / "atoll.toml")  # it waits for its configuration, and so for ever
    node.start()
    try:
        ends = time.monotonic() + 60
        while find_process(home) is None and time.monotonic() < ends:
            time.sleep(0.01)
        assert find_process(home) == node.pid
    finally:
        node.kill()
    assert not pid_file(home).exists()
