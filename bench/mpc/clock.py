"""Stop watches of one process: wall time, CPU time of all its threads, peak memory."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def used() -> float:
    """CPU time of this process so far, seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """Largest resident set so far. Not `ru_maxrss`, which a process takes over from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def wire_bytes() -> int:
    """All that has crossed the loopback device of this network namespace."""
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "lo":
            return int(counts.split()[0])
    return 0


@dataclass(slots=True)
class Watch:
    """Laps of one thing, timed one after the other."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    wire_bytes: list[int] = field(default_factory=list)
    _began: float = 0.0
    _before: float = 0.0
    _crossed: int = 0

    def start(self) -> None:
        """Begin a lap."""
        self._crossed = wire_bytes()
        self._before, self._began = used(), time.perf_counter()

    def stop(self) -> None:
        """End it."""
        self.seconds.append(time.perf_counter() - self._began)
        self.cpu_seconds.append(used() - self._before)
        self.wire_bytes.append(wire_bytes() - self._crossed)

    def to_map(self) -> dict[str, Any]:
        """For the line of JSON that a process answers an order with."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds, "wire_bytes": self.wire_bytes}
