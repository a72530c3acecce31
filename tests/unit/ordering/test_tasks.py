"""An engine's work goes on after a failure, and ends with the engine."""

from __future__ import annotations

import asyncio
import functools

import pytest

from atoll.ordering import tasks as module
from atoll.ordering.tasks import Tasks


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_work_that_fails_is_logged_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    tasks, attempts, succeeded = Tasks("bank"), 0, asyncio.Event()

    async def work() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ValueError
        succeeded.set()
        await asyncio.Event().wait()

    tasks.begin("counting", work)
    await succeeded.wait()
    await tasks.stop()
    assert [record.getMessage() for record in caplog.records] == ["counting of bank begins again"] * 2


async def test_work_that_is_ended_is_not_done_and_the_rest_goes_on() -> None:
    tasks, ended = Tasks("bank"), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    tasks.begin("one", work)
    tasks.begin("other", work)
    await asyncio.sleep(0)
    tasks.end("one")
    await ended.wait()
    assert ("one" in tasks, tasks.names()) == (False, ["other"])
    await tasks.stop()


async def test_what_clings_to_life_does_not_begin_again_after_the_stop() -> None:
    tasks, begun = Tasks("bank"), 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    tasks.begin("clinging", work)
    await asyncio.sleep(0)
    await tasks.stop()
    assert (begun, tasks.names()) == (1, [])


async def test_what_clings_to_life_does_not_begin_again_after_its_end() -> None:
    tasks, begun = Tasks("bank"), list[str]()

    async def work(name: str) -> None:
        begun.append(name)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    tasks.begin("clinging", lambda: work("first"))
    await asyncio.sleep(0)
    tasks.end("clinging")
    tasks.begin("clinging", lambda: work("second"))
    for _ in range(3):
        await asyncio.sleep(0)
    await tasks.stop()
    assert begun == ["first", "second"]


async def test_the_stop_waits_for_what_was_ended_before_and_is_not_over_yet() -> None:
    tasks, over = Tasks("bank"), list[str]()

    async def work(name: str, steps: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(steps):
                await asyncio.sleep(0)
            over.append(name)

    tasks.begin("one", functools.partial(work, "one", 10))
    tasks.begin("other", functools.partial(work, "other", 1))
    await asyncio.sleep(0)
    tasks.end("one")
    await tasks.stop()
    assert over == ["other", "one"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nothing_begins_after_the_stop_and_nothing_twice() -> None:
    tasks = Tasks("bank")
    tasks.begin("one", forever)
    with pytest.raises(AssertionError):
        tasks.begin("one", forever)
    await tasks.stop()
    with pytest.raises(AssertionError):
        tasks.begin("two", forever)
