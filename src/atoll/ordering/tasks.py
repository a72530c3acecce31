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
        self._ending: set[asyncio.Task[None]] = set()
        """Cancelled, and not over yet."""
        self._stopped = False

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    def names(self) -> list[str]:
        """What is being done."""
        return list(self._tasks)

    def begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` from now on, again whenever it returns or fails, until `end` or `stop`; never after `stop`."""
        assert not self._stopped, "nothing begins once the engine has stopped"
        assert name not in self._tasks, "what has begun ends before it begins again"
        self._tasks[name] = asyncio.create_task(self._repeat(name, work), name=f"{self._org} {name}")

    def end(self, name: str) -> None:
        """Do it no longer; it must have begun. It may take its time to end; `stop` waits for it."""
        task = self._tasks.pop(name)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.cancel()

    def cancel(self) -> set[asyncio.Task[None]]:
        """Cancel everything, and let nothing begin again; returns what is about to end."""
        self._stopped = True
        for name in self.names():
            self.end(name)
        return self._ending.copy()

    async def stop(self) -> None:
        """As `cancel`, and wait until all has ended."""
        await asyncio.gather(*self.cancel(), return_exceptions=True)

    async def _repeat(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The outermost frame of a task: what it did not foresee is logged, and it begins again; one that was ended does not,
        even where its work takes no notice of that."""
        while self._tasks.get(name) is asyncio.current_task():
            try:
                await work()
            except Exception:
                log.exception("%s of %s begins again", name, self._org)
                await asyncio.sleep(RESTART_SECONDS)
