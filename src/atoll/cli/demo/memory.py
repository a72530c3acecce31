"""The memory of all processes of the demo together, sampled while it works."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

SAMPLE_SECONDS = 0.5
SAMPLES_UNMEASURED = 10
"""At most so many in a row are told by their resident sets alone."""
PAGE_BYTES = resource.getpagesize()


class PeakMemory:
    """Samples the proportional set size of some processes and all their descendants, and keeps the largest sum.

    A page that several processes share counts for its share in each, so that the sum is what they take together.
    """

    def __init__(self, roots: Callable[[], list[int]]) -> None:
        """`roots` tells the processes to begin at, each time anew."""
        self._roots = roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory", daemon=True)
        self.peak_mb = 0.0
        """Largest sum so far, in units of 10^6 bytes."""

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        """Proportional sizes take the kernel 5 ms a process, resident ones a hundredth of that. Together processes take no more
        than when they were measured and what each has grown by since, a new one by all that it has; only who writes to pages
        that it shared adds to that, and so they are measured now and then in any case."""
        measured_mb, unmeasured, before = 0.0, 0, dict[int, float]()
        while not self._stop.wait(SAMPLE_SECONDS):
            now = {pid: rss_mb(pid) for pid in {pid for root in self._roots() for pid in descendants(root)}}
            grown_mb = sum(max(0.0, resident - before.get(pid, 0.0)) for pid, resident in now.items())
            unmeasured += 1
            if measured_mb + grown_mb > self.peak_mb or unmeasured > SAMPLES_UNMEASURED:
                measured_mb, unmeasured, before = sum(map(pss_mb, now)), 0, now
                self.peak_mb = max(self.peak_mb, measured_mb)


def descendants(pid: int) -> Iterator[int]:
    """A process and everything it started, as far as the kernel tells."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text("ascii").split()
        except OSError:
            continue  # it ended while we looked
        for child in found:
            yield from descendants(int(child))


def rss_mb(pid: int) -> float:
    """Resident set size of one process, in which what it shares counts in full; 0 when it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0.0
    return int(pages) * PAGE_BYTES / 1e6


def pss_mb(pid: int) -> float:
    """Proportional set size of one process; 0 when it has ended, or where the kernel does not tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6
