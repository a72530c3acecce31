"""Stop watches of one process: wall time, CPU time of all its threads, peak memory."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field
from pathlib import Path


def used() -> float:
    """CPU time of this process so far, seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """Largest resident set so far. Not `ru_maxrss`, which a process takes over from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@dataclass(slots=True)
class Watch:
    """Laps of one thing, timed one after the other."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    _began: float = 0.0
    _before: float = 0.0

    def start(self) -> None:
        """Begin a lap."""
        self._before, self._began = used(), time.perf_counter()

    def stop(self) -> None:
        """End it."""
        self.seconds.append(time.perf_counter() - self._began)
        self.cpu_seconds.append(used() - self._before)

    def to_map(self) -> dict[str, list[float]]:
        """For the line of JSON that a process answers an order with."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
