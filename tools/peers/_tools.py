"""What the peers share: finding their tools, saying what is missing, and comparing verdicts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".peers"
"""What peers build or install; never committed."""


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


def ask_judge(command: Sequence[str | Path], questions: Iterable[str]) -> list[bool]:
    """Whether a judge accepts each question: one line to it, one line `accepted` or `refused` from it."""
    lines = list(questions)
    answer = subprocess.run(command, input="".join(f"{line}\n" for line in lines), check=True, capture_output=True, text=True)
    verdicts = answer.stdout.split()
    if len(verdicts) != len(lines) or not set(verdicts) <= {"accepted", "refused"}:
        raise RuntimeError(f"{command[0]} gave {len(verdicts)} verdicts on {len(lines)} questions")
    return [verdict == "accepted" for verdict in verdicts]


def report(name: str, good: Sequence[tuple[str, bool]], bad: Sequence[tuple[str, bool]]) -> int:
    """Print a peer's line; the exit status is 1 if it refused something good or accepted something bad."""
    accepted, refused = sum(verdict for _, verdict in good), sum(not verdict for _, verdict in bad)
    print(f"peer {name}: accepted {accepted}, refused {refused}")
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
