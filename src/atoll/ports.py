"""Clock and randomness, as arguments.

Nothing below the node asks the operating system for the time or for random bytes: it is handed a `Clock` and an `Entropy`, so
that a test can replay it to the bit.
"""

from __future__ import annotations

import os
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """Unix time in whole seconds; may jump when an administrator sets it."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...


class Entropy(Protocol):
    """Where random bytes come from."""

    def bytes(self, length: int) -> bytes:
        """`length` bytes that nobody else can predict."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()


class SystemEntropy:
    """The operating system's generator."""

    def bytes(self, length: int) -> bytes:
        return os.urandom(length)
