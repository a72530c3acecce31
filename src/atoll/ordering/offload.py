"""Where work that would hold up the event loop is done: in a thread, or at once where a simulation wants every run alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Offload(Protocol):
    """Runs a function and returns its result."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


async def in_thread(work: Callable[[], T], /) -> T:
    """In a thread."""
    return await asyncio.to_thread(work)


async def inline(work: Callable[[], T], /) -> T:
    """At once, on the event loop: for tests under a virtual clock."""
    return work()


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """All of it, even when the caller is cancelled half-way: then it is finished first. Memory and disk never part."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
