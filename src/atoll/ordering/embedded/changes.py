"""Something changed: everybody who waits is woken, nobody is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Changes:
    """`wait` sees every `fire` from the moment of the call, not only from when it is awaited."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def fire(self) -> None:
        """Wake everybody."""
        self._next.set()
        self._next = asyncio.Event()

    def wait(self, timeout_seconds: float | None = None) -> Coroutine[Any, Any, None]:
        """Until the next `fire`, or until the time is over."""
        return _wait(self._next, timeout_seconds)


async def _wait(event: asyncio.Event, timeout_seconds: float | None) -> None:
    try:
        async with asyncio.timeout(timeout_seconds):
            await event.wait()
    except TimeoutError:
        return
