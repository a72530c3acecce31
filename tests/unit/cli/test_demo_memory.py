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


def test_the_peak_is_found_where_resident_memory_grows_and_the_rest_is_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resident = iter([300.0, 280.0, 310.0, *[120.0] * 12])
    asked = []
    looked = 0

    def look(_: int) -> float:
        nonlocal looked
        looked += 1
        return next(resident, 120.0)

    def take(_: int) -> float:
        asked.append(looked)
        return {1: 150.0, 3: 140.0}.get(looked, 160.0)

    monkeypatch.setattr(memory, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(memory, "SAMPLES_UNMEASURED", 10)
    monkeypatch.setattr(memory, "descendants", lambda pid: iter([pid]))
    monkeypatch.setattr(memory, "rss_mb", look)
    monkeypatch.setattr(memory, "pss_mb", take)
    with PeakMemory(lambda: [1]) as peak:
        ends = time.monotonic() + 10 * patience()
        while looked < 15:
            assert time.monotonic() < ends
            time.sleep(0.01)
    assert asked[:3] == [1, 3, 14], "at growth, and after ten samples without"
    assert peak.peak_mb == 160.0
