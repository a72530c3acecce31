"""The work that an engine does by itself, by name: what fails begins again, and nothing outlives the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("atoll.ordering")

RESTART_SECONDS = 1.0
"""Before work that failed begins again."""


class Tasks:
    """The tasks of one engine."""

    def __init__(self, org: str) -> None:
        """None at first.

        Args:
            org: whose engine; in names of tasks and in the log.
        """
        self._org = org
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopped = False

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    def names(self) -> list[str]:
        """What is being done."""
        return list(self._tasks)

    def begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` from now on, again whenever it returns or fails, until `end` or `stop`."""
        self._tasks[name] = asyncio.create_task(self._repeat(name, work), name=f"{self._org} {name}")

    def end(self, name: str) -> None:
        """Do it no longer; it must have begun."""
        self._tasks.pop(name).cancel()

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel everything, and let nothing begin again; returns what is about to end."""
        self._stopped = True
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        return tasks

    async def stop(self) -> None:
        """As `cancel`, and wait until all has ended."""
        await asyncio.gather(*self.cancel(), return_exceptions=True)

    async def _repeat(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The outermost frame of a task: what it did not foresee is logged, and it begins again."""
        while not self._stopped:
            try:
                await work()
            except Exception:
                log.exception("%s of %s begins again", name, self._org)
                await asyncio.sleep(RESTART_SECONDS)
