"""The demo's measure of memory: what all processes take together, asked in detail only where it can have grown."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from atoll.cli.demo import memory
from atoll.cli.demo.memory import PeakMemory, pss_mb, rss_mb
from tests.patience import patience


def test_what_a_process_shares_counts_in_full_in_one_sum_and_in_part_in_the_other() -> None:
    assert 1 < pss_mb(os.getpid()) < rss_mb(os.getpid())


def test_a_process_that_has_ended_takes_nothing() -> None:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    assert pss_mb(pid) == rss_mb(pid) == 0


def test_the_peak_is_found_and_nothing_is_asked_for_that_must_lie_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resident sizes of two processes; the second one is small, and then another one has its place."""
    resident = [{1: 300.0}, {1: 200.0, 2: 50.0}, {1: 210.0, 2: 55.0}, {1: 210.0, 3: 60.0}, *[{1: 100.0}] * 20]
    shared = {0: 150.0, 1: 90.0, 3: 170.0}
    looked, asked = -1, list[int]()

    def children(_: int) -> Iterator[int]:
        nonlocal looked
        looked += 1
        return iter(resident[min(looked, len(resident) - 1)])

    def take(pid: int) -> float:
        if not asked or asked[-1] != looked:
            asked.append(looked)
        return shared.get(looked, 80.0) if pid == 1 else 0.0

    monkeypatch.setattr(memory, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(memory, "SAMPLES_UNMEASURED", 10)
    monkeypatch.setattr(memory, "descendants", children)
    monkeypatch.setattr(memory, "rss_mb", lambda pid: resident[min(looked, len(resident) - 1)][pid])
    monkeypatch.setattr(memory, "pss_mb", take)
    with PeakMemory(lambda: [1]) as peak:
        ends = time.monotonic() + 10 * patience()
        while looked < 16:
            assert time.monotonic() < ends
            time.sleep(0.01)
    assert asked[0] == 0
    assert asked[1:4] == [1, 3, 14], "150 + 50; 90 + 10 + 5 is below 150, 90 + 10 + 60 is not; and eleven samples later"
    assert peak.peak_mb == 170.0
