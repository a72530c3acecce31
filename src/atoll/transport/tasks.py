"""Background tasks that somebody owns: none is garbage-collected, none outlives its owner, no failure goes unseen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from atoll.transport.faults import describe_fault

log = logging.getLogger("atoll.transport")


class Tasks:
    """The tasks of one object."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in the background; a failure nobody foresaw is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop(self) -> None:
        """Cancel all and wait until they have ended; the caller's own task is left to end by itself."""
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a background task failed: %s", describe_fault(error))
