"""Three nodes as processes that stay: started once, then given one order after the other, so that what is timed is warm."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from psi.processes import free_ports

from atoll.node.spawn import SETTINGS
from mpc.programs import NODES

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Slow:
    """A network with a delay, one way, and a rate at which each node sends."""

    delay_ms: float
    megabits: float

    @contextmanager
    def between(self, ports: list[int]) -> Iterator[list[list[int]]]:
        """Where each node is to dial to reach each other one through it."""
        dials = [[ports[there] if here == there else 0 for there in range(NODES)] for here in range(NODES)]
        links = []
        pairs = [(here, there) for here in range(NODES) for there in range(NODES) if here != there]
        for (here, there), port in zip(pairs, free_ports(len(pairs)), strict=True):
            dials[here][there] = port
            links.append([port, ports[there], here, there])
        command = [sys.executable, "-m", "mpc.relay", str(self.delay_ms), str(self.megabits)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER.parent) as relay:
            assert relay.stdin is not None
            assert relay.stdout is not None
            relay.stdin.write(json.dumps(links) + "\n")
            relay.stdin.flush()
            relay.stdout.readline()
            try:
                yield dials
            finally:
                relay.kill()


ATOLL = (sys.executable, "-m", "mpc.node")
"""How a node of ours is started."""


@dataclass(frozen=True, slots=True)
class Ran:
    """Several laps of all nodes."""

    laps: tuple[float, ...]
    """Seconds of each, until the last node was done."""
    cpu_laps: tuple[float, ...]
    """Of all nodes together, user and system."""
    wire_bytes: float
    """What crossed the wires in a lap, by node; with everything else on this network device."""
    peak_bytes: int
    """Largest resident set of any node so far."""
    heard: tuple[Mapping[str, Any], ...]
    """All that each node said."""

    @property
    def seconds(self) -> float:
        """The median lap."""
        return statistics.median(self.laps)

    @property
    def cpu_seconds(self) -> float:
        """The median lap, of all nodes together."""
        return statistics.median(self.cpu_laps)


class Nodes:
    """The processes of one implementation; a context manager that ends them."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path] = ATOLL,
        *,
        folder: Path = FOLDER.parent,
        settings: Mapping[str, str] = SETTINGS,
    ) -> None:
        """
        Args:
            name: for messages.
            command: interpreter and script; the node's number, then the number of nodes, are appended.
            folder: where they run.
            settings: added to the environment; by default what a node starts a job's process with.
        """
        self._name = name
        self._children = [
            subprocess.Popen(
                [*command, str(number), str(NODES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sys.stderr,
                text=True,
                cwd=folder,
                env={**settings, **os.environ},
            )
            for number in range(NODES)
        ]
        for child in self._children:
            self._hear(child)

    @property
    def pids(self) -> tuple[int, ...]:
        """For whoever wants to look into them."""
        return tuple(child.pid for child in self._children)

    def run(self, slow: Slow | None = None, **order: Any) -> Ran:
        """Give every node its order at the same moment and wait for all."""
        ports = free_ports(NODES)
        with nullcontext([ports] * NODES) if slow is None else slow.between(ports) as dials:
            said = json.dumps({"ports": ports, "dials": dials, **order})
            for child in self._children:
                assert child.stdin is not None
                child.stdin.write(said + "\n")
                child.stdin.flush()
            heard = tuple(self._hear(child) for child in self._children)
        return Ran(
            laps=tuple(max(lap) for lap in zip(*(one["seconds"] for one in heard), strict=True)),
            cpu_laps=tuple(sum(lap) for lap in zip(*(one["cpu_seconds"] for one in heard), strict=True)),
            wire_bytes=statistics.median(heard[0]["wire_bytes"]) / NODES,
            peak_bytes=max(one["peak_bytes"] for one in heard),
            heard=heard,
        )

    def _hear(self, child: subprocess.Popen[str]) -> dict[str, Any]:
        """The next line of JSON; whatever else a library prints is passed over."""
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
        raise RuntimeError(f"a node of {self._name} ended with status {child.wait()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()
