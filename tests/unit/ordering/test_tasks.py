"""An engine's work goes on after a failure, and ends with the engine."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ordering import tasks as module
from atoll.ordering.tasks import Tasks


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0)


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
