"""A clock that stands still and a generator that repeats itself."""

from __future__ import annotations

import hashlib

NOW = 1_800_000_000


class StoppedClock:
    """Always NOW."""

    def now(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class SeededEntropy:
    """SHAKE-256 of a seed and a counter: never the same bytes twice, the same bytes in every run."""

    def __init__(self, seed: bytes = b"trust") -> None:
        self._seed = seed
        self._calls = 0

    def bytes(self, length: int) -> bytes:
        self._calls += 1
        return hashlib.shake_256(self._seed + self._calls.to_bytes(8, "big")).digest(length)
