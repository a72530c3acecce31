"""The demo's measure of memory: what all processes take together, asked in detail only where it can have grown."""

from __future__ import annotations

import os
import time

import pytest

from atoll.cli.demo import memory
from atoll.cli.demo.memory import PeakMemory, pss_mb, rss_mb


def test_what_a_process_shares_counts_in_full_in_one_sum_and_in_part_in_the_other() -> None:
    assert 1 < pss_mb(os.getpid()) < rss_mb(os.getpid())


def test_a_process_that_has_ended_takes_nothing() -> None:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    assert pss_mb(pid) == rss_mb(pid) == 0


def test_the_peak_is_found_and_nothing_is_asked_for_that_must_lie_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    resident, shared = [300.0, 280.0, 120.0], [150.0, 140.0]
    asked: list[float] = []

    def take(_: int) -> float:
        asked.append(shared[len(asked)])
        return asked[-1]

    monkeypatch.setattr(memory, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(memory, "descendants", lambda pid: iter([pid]))
    monkeypatch.setattr(memory, "rss_mb", lambda _: resident[len(asked)])
    monkeypatch.setattr(memory, "pss_mb", take)
    with PeakMemory(lambda: [1]) as peak:
        ends = time.monotonic() + 10
        while len(asked) < len(shared) and time.monotonic() < ends:
            time.sleep(0.01)
        time.sleep(0.05)  # 120 resident: that is no new peak
    assert (asked, peak.peak_mb) == (shared, 150.0)
