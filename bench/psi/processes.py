"""Parties as processes that stay: started once, then given one order after the other, so that what is timed is warm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from atoll.node.spawn import SETTINGS
from atoll.testing.ports import Ports

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of all parties."""

    seconds: float
    """Until the last party was done."""
    cpu_seconds: float
    """Of all parties together, user and system."""
    peak_bytes: int
    """Largest resident set of any party so far."""
    matched: int
    """Rows that the receiver was told."""
    sent_bytes: int | None
    """By all parties, where they say it."""


class PartyEndedError(Exception):
    """A party's process ended instead of answering."""


ATOLL = (sys.executable, "-m", "psi.atoll_party")
"""How a party of ours is started."""


class Parties:
    """The processes of one implementation; a context manager that ends them."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        count: int,
        *,
        folder: Path = FOLDER.parent,
        settings: Mapping[str, str] = SETTINGS,
    ) -> None:
        """
        Args:
            name: for messages.
            command: interpreter and script; the party's number, then the number of parties, are appended.
            count: how many parties, the receiver first.
            folder: where they run, and leave their logs.
            settings: added to the environment; by default what a node starts a job's process with.
        """
        self._name = name
        self._children = [
            subprocess.Popen(
                [*command, str(number), str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sys.stderr,
                text=True,
                cwd=folder,
                env={**settings, **os.environ},
            )
            for number in range(count)
        ]
        for child in self._children:
            self._hear(child)

    def run(self, inputs: Sequence[Path], output: Path, **order: Any) -> Ran:
        """Give every party its order at the same moment and wait for all."""
        ports = free_ports(len(self._children))
        output.unlink(missing_ok=True)
        for number, (child, path) in enumerate(zip(self._children, inputs, strict=True)):
            said = {"in": str(path), "out": str(output) if number == 0 else str(output) + f".{number}", "ports": ports, **order}
            assert child.stdin is not None
            child.stdin.write(json.dumps(said) + "\n")
            child.stdin.flush()
        heard = [self._hear(child) for child in self._children]
        sent: list[Any] = [one.get("sent_bytes") for one in heard]
        return Ran(
            seconds=max(one["seconds"] for one in heard),
            cpu_seconds=sum(one["cpu_seconds"] for one in heard),
            peak_bytes=max(one["peak_bytes"] for one in heard),
            matched=heard[0]["matched"],
            sent_bytes=None if None in sent else sum(sent),
        )

    def _hear(self, child: subprocess.Popen[str]) -> dict[str, Any]:
        """The next line of JSON; whatever else a library prints is passed over."""
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
        raise PartyEndedError(f"a party of {self._name} ended with status {child.wait()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment, and that the system gives to no outgoing connection."""
    ports = Ports()
    taken = [ports.take() for _ in range(count)]
    ports.release()
    return taken
