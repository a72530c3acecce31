"""One thing changed: everybody who waits is woken, nobody is missed."""

from __future__ import annotations

import asyncio


class Changes:
    """Waiters see every `fire` that comes after they began to wait."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def fire(self) -> None:
        """Wake everybody."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, timeout_seconds: float | None = None) -> None:
        """Until the next `fire`, or until the time is over."""
        try:
            await asyncio.wait_for(self._next.wait(), timeout_seconds)
        except TimeoutError:
            return
