"""What the peers share: finding their tools, saying what is missing, and comparing verdicts."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".peers"
"""What peers build or install; never committed."""


GO = ROOT / "tools" / "peers" / "go"
START_SECONDS = 20
AICS_LOCK = ROOT / "tools" / "peers" / "aics.lock"


class ToolMissingError(Exception):
    """A tool cannot be had on this machine; the message says which and why."""


def run_tool(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> None:
    """Run a build or installation step quietly.

    Raises:
        ToolMissingError: it is not there, or failed; with the last line that it wrote.
    """
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **(env or {})})
    except FileNotFoundError as err:
        raise ToolMissingError(f"{command[0]} is not installed") from err
    except subprocess.CalledProcessError as err:
        lines = err.stderr.strip().splitlines() or ["it said nothing"]
        raise ToolMissingError(f"{Path(command[0]).name} failed: {lines[-1]}") from err


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether a command exits with 0."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def build_go(package: str) -> Path:
    """A program of `tools/peers/go`, or of a module that it pins; built on first use, with Go's own sums checked.

    Args:
        package: `./sumdb`, or the path of somebody else's command.

    Raises:
        ToolMissingError: there is no Go, or the build failed.
    """
    if shutil.which("go") is None:
        raise ToolMissingError("it is written in Go: install Go 1.24 or newer and put go on PATH")
    binary = CACHE / "go" / package.rpartition("/")[2]
    run_tool(
        ["go", "build", "-C", GO, "-o", binary, package], env={"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    )
    return binary


def install_aics() -> Path:
    """The interpreter of an environment that has what `aics.lock` names, made on first use.

    Raises:
        ToolMissingError: it cannot be made.
    """
    environment = CACHE / "aics"
    python, stamp = environment / "bin" / "python", environment / "lock.sha256"
    wanted = hashlib.sha256(AICS_LOCK.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted and succeeds([python, "-c", "import aics_tlog, aics_witness"])):
        run_tool([_find_python(), "-m", "venv", "--clear", environment])
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        run_tool([*pip, "--require-hashes", "--requirement", AICS_LOCK])
        stamp.write_text(wanted)
    return python


def _find_python() -> Path:
    """An interpreter of Python 3.12 or newer.

    Raises:
        ToolMissingError: there is none.
    """
    places = [Path(found) for name in ("python3.14", "python3.13", "python3.12") if (found := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places += sorted((pyenv / "versions").glob("3.1[2-9]*/bin/python"), reverse=True)
    for python in [Path(sys.executable), *places]:
        check = "import sys, venv; sys.exit(sys.version_info < (3, 12))"
        if succeeds([python, "-c", check]):
            return python
    raise ToolMissingError("it needs Python 3.12 or newer, and there is none on the path or under pyenv")


def free_address() -> str:
    """host:port on loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def wait_for(address: str) -> None:
    """Until somebody listens there.

    Raises:
        ToolMissingError: nobody did in time.
    """
    host, port = address.split(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise ToolMissingError(f"nothing listened at {address} within {START_SECONDS} s")


def ask_judge(command: Sequence[str | Path], questions: Iterable[str]) -> list[bool]:
    """Whether a judge accepts each question: one line to it, one line `accepted` or `refused` from it."""
    lines = list(questions)
    answer = subprocess.run(command, input="".join(f"{line}\n" for line in lines), check=True, capture_output=True, text=True)
    verdicts = answer.stdout.split()
    if len(verdicts) != len(lines) or not set(verdicts) <= {"accepted", "refused"}:
        raise RuntimeError(f"{command[0]} gave {len(verdicts)} verdicts on {len(lines)} questions")
    return [verdict == "accepted" for verdict in verdicts]


def report(name: str, compared: str, good: Sequence[tuple[str, bool]], bad: Sequence[tuple[str, bool]]) -> int:
    """Print a peer's line; the exit status is 1 if it refused something good or accepted something bad."""
    accepted, refused = sum(verdict for _, verdict in good), sum(not verdict for _, verdict in bad)
    print(f"peer {name}: accepted {accepted}, refused {refused}: {compared}")
    for what, verdict in good:
        if not verdict:
            print(f"error: {name} should have accepted: {what}", file=sys.stderr)
    for what, verdict in bad:
        if verdict:
            print(f"error: {name} should have refused: {what}", file=sys.stderr)
    return 0 if (accepted, refused) == (len(good), len(bad)) and good and bad else 1


def report_missing(name: str, reason: ToolMissingError) -> int:
    """Print why a peer was not asked; the exit status is 1 if ATOLL_REQUIRE holds its name."""
    print(f"peer {name}: not asked: {reason}")
    return 1 if name in os.environ.get("ATOLL_REQUIRE", "").split(",") else 0
