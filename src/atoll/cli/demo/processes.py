"""Child processes that never outlive the demo, unless they are meant to."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from atoll.cli.demo.errors import NodeDidNotStart
from atoll.cli.process import forget, note_process

READY_SECONDS = 120.0
STOP_SECONDS = 5.0
GONE_SECONDS = 10.0
POLL_SECONDS = 0.01
_BOUND = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):  # else it ended before the line above
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Become the command of the arguments after the first, and die with the process of the first (prctl(2), execve(2))."""
PASSED_ON = ("PATH", "PYTHONPATH")
"""What children see of the demo's own environment."""


def start_python(
    arguments: Sequence[str], *, log: Path, keep: bool, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a module of ours in a process group of its own; what it writes on standard error goes to `log`.

    Ctrl-C on the terminal reaches the demo alone, which then stops its children in order. A demo that is killed outright takes
    them with it, unless they are to be kept. Called from the main thread only: that signal comes when the thread that started
    the child ends.
    """
    command = [sys.executable, "-m", *arguments]
    if not keep:
        command = [sys.executable, "-I", "-S", "-c", _BOUND, str(os.getpid()), *command]
    with log.open("ab") as errors:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            command,
            bufsize=0,  # `wait_for_line` asks the pipe whether there is more
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | (environment or {}),
            cwd=log.parent,
            process_group=0,
        )


def wait_for_line(process: subprocess.Popen[bytes], expected: bytes, *, seconds: float) -> bool:
    """Whether the process writes a line that begins with `expected` in time; False when it ends or is silent."""
    assert process.stdout is not None
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        if select.select([process.stdout], [], [], left)[0]:
            line = process.stdout.readline()
            if line.startswith(expected) or not line:
                return bool(line)
    return False


def end_group(process: subprocess.Popen[bytes], *, gently: bool) -> None:
    """End a process with everything it started, and wait until none of them can write a file any more."""
    if gently and process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ends = time.monotonic() + GONE_SECONDS
    while _has_living(process.pid) and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _wait_until_left(folder: Path) -> None:
    """Until no process works in a folder any more."""
    ends = time.monotonic() + GONE_SECONDS
    while time.monotonic() < ends and any(map(folder.resolve().__eq__, _workplaces())):
        time.sleep(POLL_SECONDS)


def _workplaces() -> Iterator[Path]:
    """The folder in which each process of ours works (proc(5))."""
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            yield place.readlink()


def _has_living(group: int) -> bool:
    """Whether a process of a group still lives; one that has ended and that nobody has collected does not (proc(5))."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, of_group = status.read_text("utf-8", errors="replace").rpartition(") ")[2].split()[:3]
            if int(of_group) == group and state not in "ZX":
                return True
    return False


class NodeProcess:
    """One organisation's node: `python -m atoll.node HOME`."""

    def __init__(self, org: str, home: Path, passphrase_file: Path, *, keep: bool) -> None:
        self.org = org
        self.home = home
        self._environment = {"ATOLL_PASSPHRASE_FILE": str(passphrase_file)}
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process; 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it; `wait_ready` tells when it answers."""
        errors = self.home / "log" / "stderr.log"
        folder = str(self.home.resolve())
        self._process = start_python(["atoll.node", folder], log=errors, keep=self._keep, environment=self._environment)
        note_process(self.home, self._process.pid)  # `atoll node stop` finds it if it is kept

    def wait_ready(self) -> None:
        """Return when the node answers.

        Raises:
            NodeDidNotStart: it ended or stayed silent.
        """
        assert self._process is not None
        if not wait_for_line(self._process, b"ready", seconds=READY_SECONDS):
            status = self._process.poll()
            reason = f"it ended with status {status}" if status is not None else f"no answer within {READY_SECONDS:g} s"
            raise NodeDidNotStart(org=self.org, reason=reason + self._last_words())

    def _last_words(self) -> str:
        lines = (self.home / "log" / "stderr.log").read_text("utf-8", errors="replace").split("\n")
        return next((f"; its last words: {line}" for line in reversed(lines) if line.strip()), "")

    def kill(self) -> None:
        """`kill -9`: no warning, no last word. Its job processes die with it."""
        if self._process is not None:
            self._process.kill()
            self.bury()

    def bury(self) -> None:
        """Collect what is left of a node that was killed, its validator included: that ends by itself, as its application is
        gone."""
        if self._process is not None:
            end_group(self._process, gently=False)
            self._process = None
            forget(self.home)
            _wait_until_left(self.home / "cometbft")

    def ask_to_stop(self) -> None:
        """Ask it to end, and do not wait; `stop` does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask it to end, and see to it that it does."""
        if self._process is not None:
            end_group(self._process, gently=True)
            self._process = None
            forget(self.home)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): its sockets stay open, it says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)
