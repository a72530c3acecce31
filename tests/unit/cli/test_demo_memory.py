"""The demo's measure of memory: what all processes take together, asked in detail only where it can have grown."""

from __future__ import annotations

import os
import time

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
    resident, shared = [300.0, 280.0, 120.0], [150.0, 140.0]
    looked = 0
    asked: list[float] = []

    def look(_: int) -> float:
        nonlocal looked
        looked += 1
        return resident[min(len(asked), len(resident) - 1)]

    def take(_: int) -> float:
        asked.append(shared[min(len(asked), len(shared) - 1)])
        return asked[-1]

    monkeypatch.setattr(memory, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(memory, "descendants", lambda pid: iter([pid]))
    monkeypatch.setattr(memory, "rss_mb", look)
    monkeypatch.setattr(memory, "pss_mb", take)
    with PeakMemory(lambda: [1]) as peak:
        ends = time.monotonic() + 10 * patience()
        while looked < len(resident) + 2:  # 120 resident, however often it is looked at, is no new peak
            assert time.monotonic() < ends
            time.sleep(0.01)
    assert (asked, peak.peak_mb) == (shared, 150.0)
