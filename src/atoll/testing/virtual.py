"""A virtual clock: an event loop whose time jumps to the next timer whenever nobody has anything to do.

    run_virtually(scenario())       # an hour of waiting costs nothing

Runs of one seed are alike but for the order in which asyncio walks its sets of tasks: those that a `TaskGroup` cancels, and
those that `asyncio.wait` finds done together. What a scenario shows must hold in any order.

Nothing in the simulated world may use threads or wait for real input; a loop that has neither a timer nor a task to run has
come to a standstill, and says so instead of waiting for ever.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
EPOCH = 1_780_000_000
"""Unix time at which a simulation begins."""


class Standstill(RuntimeError):
    """Nothing can ever happen again in the simulation: everybody waits for somebody."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self.elapsed


class _Jump(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise Standstill("every task waits, and no timer is set")
        if not ready and timeout:
            self._loop.elapsed += timeout
        return ready


class VirtualClock:
    """`atoll.ports.Clock` on the running loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: int = EPOCH) -> None:
        self._loop = loop
        self._epoch = epoch
        self.skew_seconds = 0
        """How far this clock is off; a test sets it."""

    def now(self) -> int:
        return self._epoch + int(self._loop.time()) + self.skew_seconds

    def monotonic(self) -> float:
        return self._loop.time()


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a scenario on virtual time to its end."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
