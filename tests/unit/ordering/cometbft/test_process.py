"""The validator as a child process: started again when it is killed, given up loudly when that does not help."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from atoll.ordering.cometbft import process as module
from atoll.ordering.cometbft.binary import VERSION, check_binary, find_binary
from atoll.ordering.cometbft.process import State, Supervisor
from atoll.ordering.errors import BinaryMissing, BinaryUnfit, StoreFull, ValidatorStopped
from atoll.ports import SystemClock
from tests.patience import patience

PATIENCE_SECONDS = 60.0
FAILURE = {"level": "error", "module": "consensus", "_msg": "CONSENSUS FAILURE!!!", "err": "wrong app hash"}
"""What CometBFT writes when consensus itself has failed."""


def program(folder: Path, script: str) -> Path:
    """An executable that stands in for CometBFT."""
    path = folder / "cometbft"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def supervised(folder: Path, script: str, test: Callable[[Supervisor], Awaitable[None]]) -> list[str]:
    """Run a test with a supervised child; when it was prepared."""
    prepared: list[str] = []

    async def prepare() -> None:
        prepared.append("prepared")

    async def whole() -> None:
        environment = {**os.environ, "CMT_P2P_PEX": "true", "FAIL_TEST_INDEX": "3"}
        child = Supervisor(program(folder, script), folder, clock=SystemClock(), prepare=prepare, environment=environment)
        await child.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await test(child)
        finally:
            await child.stop()
        assert child.pid is None

    asyncio.run(whole())
    return prepared


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- another process's doing, which no event tells of
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)


def test_a_child_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async def test(child: Supervisor) -> None:
        await until(lambda: child.pid is not None)
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in (None, first))
        assert (child.state, child.restarts) == (State.RUNNING, 1)
        assert "SIGKILL" in child.reason

    assert len(supervised(tmp_path, "exec sleep 100", test)) == 2


def test_a_child_that_ends_again_and_again_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    async def test(child: Supervisor) -> None:
        with pytest.raises(ValidatorStopped, match="status 3: the disk is gone"):
            await child.failed()
        assert child.state is State.FAILED

    prepared = supervised(tmp_path, 'echo "{\\"_msg\\":\\"starting\\"}"; echo "the disk is gone"; exit 3', test)
    assert len(prepared) == module.MAX_QUICK_ENDS


def test_a_restart_that_was_asked_for_is_no_failed_start(tmp_path: Path) -> None:
    async def test(child: Supervisor) -> None:
        for count in range(module.MAX_QUICK_ENDS + 1):
            await until(lambda: child.state is State.RUNNING and child.pid is not None)
            child.restart()
            await until(lambda count=count: child.restarts == count + 1)  # type: ignore[misc]
        assert child.state is not State.FAILED

    supervised(tmp_path, "exec sleep 100", test)


def test_a_panic_is_told_by_its_first_line(tmp_path: Path) -> None:
    async def test(child: Supervisor) -> None:
        with pytest.raises(ValidatorStopped, match="status 2: panic: no such thing"):
            await child.failed()

    supervised(tmp_path, 'echo "panic: no such thing"; echo; echo "goroutine 1"; echo "main.go:52"; exit 2', test)


def test_a_child_whose_consensus_has_failed_is_not_left_running(tmp_path: Path) -> None:
    (tmp_path / "line").write_text(json.dumps(FAILURE))
    script = "echo $$ > pid; cat line; echo; exec sleep 100"

    async def test(child: Supervisor) -> None:
        with pytest.raises(ValidatorStopped, match="wrong app hash"):
            await child.failed()
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)

    assert len(supervised(tmp_path, script, test)) == 1


def test_what_cannot_be_prepared_is_given_up_and_its_reason_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole(err: Exception) -> None:
        async def prepare() -> None:
            raise err

        child = Supervisor(program(tmp_path, "exec sleep 100"), tmp_path, clock=SystemClock(), prepare=prepare)
        await child.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(ValidatorStopped, match="no room"):
                await child.failed()
        await child.stop()
        assert child.state is State.FAILED

    for err in (StoreFull(reason="no room"), OSError("no room"), RuntimeError("no room")):
        asyncio.run(whole(err))


@pytest.mark.parametrize(
    "line",
    [
        {
            "level": "error",
            "module": "p2p",
            "_msg": "Error dialing peer",
            "err": "on a different network: CONSENSUS FAILURE!!!",
        },
        {"level": "error", "module": "p2p", "_msg": "CONSENSUS FAILURE!!!"},
        {"level": "info", "module": "consensus", "_msg": "CONSENSUS FAILURE!!!"},
        {"level": "error", "module": "consensus", "_msg": "vote", "err": "CONSENSUS FAILURE!!!"},
        "CONSENSUS FAILURE!!!",
    ],
)
def test_what_a_peer_has_written_into_the_log_ends_nobody(tmp_path: Path, line: object) -> None:
    async def test(child: Supervisor) -> None:
        await until(lambda: (tmp_path / "done").exists())
        await asyncio.sleep(0.1)
        assert child.state is State.RUNNING

    (tmp_path / "line").write_text(json.dumps(line) if isinstance(line, dict) else str(line))
    supervised(tmp_path, "cat line; echo; touch done; exec sleep 100", test)


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    script = 'trap "" TERM; echo $$ > pid; while true; do sleep 0.05; done'

    async def test(child: Supervisor) -> None:
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() == f"{child.pid}\n")
        started = time.monotonic()
        await child.stop()
        assert module.STOP_SECONDS <= time.monotonic() - started < 5 * patience(), "it was waited for as if it would"
        assert child.state is State.STOPPED
        pid = int((tmp_path / "pid").read_text())
        await until(lambda: not Path(f"/proc/{pid}").exists())

    supervised(tmp_path, script, test)


def test_variables_that_would_configure_the_child_stay_outside(tmp_path: Path) -> None:
    async def test(child: Supervisor) -> None:
        await until(lambda: (tmp_path / "done").exists())
        said = (tmp_path / "environment").read_text()
        assert "FAIL_TEST_INDEX=3" in said
        assert "CMT_P2P_PEX" not in said

    supervised(tmp_path, "env > environment; touch done; exec sleep 100", test)


def test_a_program_of_another_version_is_refused(tmp_path: Path) -> None:
    asyncio.run(check_binary(program(tmp_path, f"echo {VERSION}+abc")))
    for script in ("echo 0.38.24", "exit 1", f"echo 1{VERSION}"):
        with pytest.raises(BinaryUnfit):
            asyncio.run(check_binary(program(tmp_path, script)))
    with pytest.raises(BinaryUnfit):
        asyncio.run(check_binary(tmp_path / "none"))


def test_the_program_is_found_where_it_is_named_and_its_absence_is_said(tmp_path: Path) -> None:
    path = program(tmp_path, "true")
    assert find_binary({"ATOLL_COMETBFT": str(path)}) == path.resolve()
    with pytest.raises(BinaryMissing, match="nowhere"):
        find_binary({"ATOLL_COMETBFT": str(tmp_path / "nowhere"), "PATH": str(tmp_path)})
