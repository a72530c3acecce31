"""Something changed: everybody who waits is woken, nobody is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any


class Changes:
    """`wait` sees every `fire` from the moment of the call, not only from when it is awaited."""

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None
        """None while nobody waits: most changes come many at a time."""

    def fire(self) -> None:
        """Wake everybody."""
        if self._next is not None:
            self._next.set()
            self._next = None

    def wait(self, timeout_seconds: float | None = None) -> Change:
        """Until the next `fire`, or until the time is over; may also be left unawaited."""
        if self._next is None:
            self._next = asyncio.Event()
        return Change(self._next, timeout_seconds)


class Change:
    """The next `fire`."""

    def __init__(self, event: asyncio.Event, timeout_seconds: float | None) -> None:
        self._event = event
        self._timeout_seconds = timeout_seconds

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return
