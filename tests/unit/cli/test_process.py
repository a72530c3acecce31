"""A node as a process, with a stand-in for the node: started and waited for, found again, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.cli import process
from atoll.cli.errors import AlreadyRunning, DidNotStart, NotRunning
from atoll.cli.main import main
from atoll.cli.process import find_process, pid_file, start_node, stop_node
from atoll.errors import InputError

READY = "print('ready', flush=True); import signal; signal.pause()"


class Starter:
    """Starts a little program where `start_node` would start a node, under the same command line."""

    def __init__(self) -> None:
        self.program = READY
        self.started: list[subprocess.Popen[bytes]] = []

    def popen(self, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        assert arguments[:3] == [sys.executable, "-m", "atoll.node"]
        made = subprocess.Popen([sys.executable, "-c", self.program, "atoll.node", *arguments[3:]], **options)
        self.started.append(made)
        return made


@pytest.fixture
def starter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Starter]:
    made = Starter()
    stand_in = SimpleNamespace(Popen=made.popen, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(process, "subprocess", stand_in)
    yield made
    for one in made.started:
        one.kill()
        one.wait()


def test_a_node_is_found_again_by_its_home_and_ended(starter: Starter, tmp_path: Path) -> None:
    started = start_node(tmp_path, detach=True)
    assert find_process(tmp_path) == started.pid
    assert find_process(tmp_path / ".." / tmp_path.name) == started.pid
    with pytest.raises(AlreadyRunning):
        start_node(tmp_path, detach=True)
    started.poll()
    pid = started.pid
    # The parent has to collect its child, or the kernel keeps it listed; in real life the parent is gone.
    ender = subprocess.Popen(
        [sys.executable, "-c", f"import os, signal, time; time.sleep(0.3); os.kill({pid}, signal.SIGTERM)"]
    )
    assert started.wait(60) < 0
    ender.wait()
    assert find_process(tmp_path) is None


def test_ending_waits_until_the_process_is_gone_and_forgets_it(starter: Starter, tmp_path: Path) -> None:
    # A grandchild, as it is in real life: whoever started the node with --detach has gone, and does not collect it.
    child = [sys.executable, "-c", READY, "atoll.node", str(tmp_path)]
    program = f"import subprocess; print(subprocess.Popen({child!r}, stdout=-3, stderr=-3, start_new_session=True).pid)"
    pid = int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    pid_file(tmp_path).write_text(f"{pid}\n")
    while find_process(tmp_path) is None:
        time.sleep(0.01)
    assert stop_node(tmp_path) == pid
    assert not pid_file(tmp_path).exists()
    with pytest.raises(NotRunning):
        stop_node(tmp_path)


def test_what_a_node_says_before_it_ends_is_in_the_error(starter: Starter, tmp_path: Path) -> None:
    starter.program = "import sys; sys.exit('error: the keystore is locked')"
    with pytest.raises(DidNotStart, match=r"did not become ready: the keystore is locked\."):
        start_node(tmp_path, detach=True)
    assert not pid_file(tmp_path).exists()


def test_the_remedy_of_what_a_node_says_is_the_remedy(starter: Starter, tmp_path: Path) -> None:
    starter.program = "import sys; sys.exit('Some noise\\nerror: The keystore is locked.\\nhint: Find the key.')"
    with pytest.raises(DidNotStart, match=r"did not become ready: The keystore is locked\.$") as caught:
        start_node(tmp_path, detach=True)
    assert caught.value.remedy == "Find the key."


def test_a_node_that_ends_without_a_word_gives_its_status(starter: Starter, tmp_path: Path) -> None:
    starter.program = "raise SystemExit(3)"
    with pytest.raises(DidNotStart, match="it ended with status 3"):
        start_node(tmp_path, detach=True)


def test_a_node_that_says_nothing_is_ended(starter: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "READY_SECONDS", 0.2)
    starter.program = "import signal; signal.pause()"
    with pytest.raises(DidNotStart, match="it said nothing for"):
        start_node(tmp_path, detach=True)
    assert starter.started[0].returncode is not None


def test_an_interrupt_while_waiting_leaves_no_process_behind(
    starter: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_wait_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start_node(tmp_path, detach=True)
    assert starter.started[0].returncode is not None
    assert not pid_file(tmp_path).exists()
    assert starter.started[0].stdout is not None
    starter.started[0].stdout.close()


def test_a_process_that_only_inherited_the_number_is_left_alone(tmp_path: Path) -> None:
    pid_file(tmp_path).write_text(f"{os.getpid()}\n")
    assert find_process(tmp_path) is None
    with pytest.raises(NotRunning):
        stop_node(tmp_path)


def test_the_node_of_another_home_is_left_alone(starter: Starter, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    started = start_node(tmp_path / "one", detach=True)
    pid_file(tmp_path / "two").write_text(f"{started.pid}\n")
    assert find_process(tmp_path / "two") is None


@pytest.mark.parametrize("text", ["", "x", "-1", "99999999"])
def test_a_pid_file_that_makes_no_sense_is_no_process(text: str, tmp_path: Path) -> None:
    pid_file(tmp_path).write_text(text)
    assert find_process(tmp_path) is None


def test_a_node_that_runs_is_not_asked_for_its_passphrase(
    starter: Starter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As those that `atoll demo --keep` leaves: their homes have none."""
    (tmp_path / "atoll.toml").write_text('[node]\norg = "bank"\n')
    (tmp_path / "genesis.atoll").touch()
    assert main(["node", "start", "--home", str(tmp_path)]) == InputError.exit_code
    start_node(tmp_path, detach=True)
    assert main(["node", "start", "--home", str(tmp_path)]) == AlreadyRunning.exit_code
    assert "runs already" in capsys.readouterr().err
