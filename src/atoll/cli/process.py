"""The node as a process: started and waited for, found again by its pid file, stopped."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from atoll.cli.errors import AlreadyRunning, DidNotStart, NotRunning
from atoll.node.config import Home

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
LAST_LINES = 3


def pid_file(home: Path) -> Path:
    """Where the process of this home's node is noted."""
    return home / "node.pid"


def note_process(home: Path, pid: int) -> None:
    """Note which process is the node of a home, for `find_process`."""
    pid_file(home).write_text(f"{pid}\n", "ascii")


def find_process(home: Path) -> int | None:
    """The process of this home's node, if it was started by `atoll node start` or `atoll demo` and still runs.

    A pid file can outlive its process and its number can be given to another one, so the process's own command line is asked.
    """
    try:
        pid = int(pid_file(home).read_text("ascii"))
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if b"atoll.node" in arguments and os.fsencode(home.resolve()) in arguments else None


def start_node(home: Path, *, detach: bool) -> subprocess.Popen[bytes]:
    """Start the node of a home, and wait until it is ready.

    Args:
        home: the folder.
        detach: in a session of its own, so that it outlives this one.

    Raises:
        AlreadyRunning: it runs.
        DidNotStart: it ended, or took too long; what it said is in the message.
    """
    running = find_process(home)
    if running is not None:
        raise AlreadyRunning(home=home, pid=running)
    folder = home.resolve()
    logs = Home(folder).logs
    logs.mkdir(mode=0o700, exist_ok=True)
    errors_path = logs / "stderr.log"
    with errors_path.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - this very interpreter, and a folder
            [sys.executable, "-m", "atoll.node", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=detach,
        )
    note_process(home, process.pid)
    try:
        problem = _wait_ready(process)
    except BaseException:  # an interrupt at the keyboard, which a detached node would survive
        process.kill()
        process.wait()
        forget(home)
        raise
    if problem:
        process.kill()
        process.wait()
        forget(home)
        raise _why_not(home, errors_path.read_text("utf-8", errors="replace"), problem)
    return process


def _why_not(home: Path, said: str, problem: str) -> DidNotStart:
    """What a node said before it ended: its last lines; where it ended with an error of ours, that, and its remedy."""
    lines = said.strip().splitlines()
    hint = lines.pop().removeprefix("hint: ") if lines and lines[-1].startswith("hint: ") else ""
    if lines and lines[-1].startswith("error: "):
        lines = lines[-1:]
    last = " / ".join(lines[-LAST_LINES:]).removeprefix("error: ").rstrip(".")
    err = DidNotStart(home=home, reason=last or problem)
    if hint:
        err.remedy = hint  # type: ignore[misc]
    return err


def why_stopped(home: Path) -> tuple[str, str] | None:
    """What made this home's node stop by itself, and what to do about it; None where nothing did since it was last started."""
    try:
        sentence, remedy, *_ = [*Home(home).stopped.read_text("utf-8").splitlines(), ""]
    except (OSError, ValueError):
        return None
    return sentence, remedy


def follow(process: subprocess.Popen[bytes]) -> int:
    """Stay with a node in the foreground, passing on what ends it; its exit status."""

    def pass_on(number: int, _: object) -> None:
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    # An interrupt at the keyboard reaches the node by itself: it is in the same process group.
    signal.signal(signal.SIGINT, lambda *_: None)
    return process.wait()


def stop_node(home: Path) -> int:
    """End the node of a home, in order, and wait for it; the process that was ended.

    Raises:
        NotRunning: no process of it is known.
    """
    pid = find_process(home)
    if pid is None:
        raise NotRunning(home=home)
    os.kill(pid, signal.SIGTERM)
    ends = time.monotonic() + STOP_SECONDS
    while find_process(home) is not None:
        if time.monotonic() > ends:
            os.kill(pid, signal.SIGKILL)  # what was acknowledged is durable; nothing is lost by this
            break
        time.sleep(POLL_SECONDS)
    forget(home)
    return pid


def forget(home: Path) -> None:
    """Remove the pid file."""
    pid_file(home).unlink(missing_ok=True)


def _wait_ready(process: subprocess.Popen[bytes]) -> str:
    """Until the node says `ready`; what went wrong otherwise."""
    assert process.stdout is not None
    with process.stdout as said:
        readable, _, _ = select.select([said], [], [], READY_SECONDS)
        if not readable:
            return f"it said nothing for {READY_SECONDS:.0f} s"
        line = said.readline()
    if line.strip() == b"ready":
        return ""
    return f"it ended with status {process.wait()}"
