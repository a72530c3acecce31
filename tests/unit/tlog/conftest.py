"""A clock, and witnesses that answer for as long as a test takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from atoll.ledger.tlog_policy import Witness
from atoll.testing.logserver import RunningApp
from atoll.witness.desk import Desk
from tests.unit.tlog.site import LOG, hang_up
from tests.unit.witness.home import OPENED, SetClock, witness_of


@pytest.fixture
async def closed_after_the_test(stack: ExitStack) -> AsyncIterator[None]:
    """No connection stays open; those who ask hang up before those who answer."""
    yield
    await hang_up()
    stack.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened
    OPENED.clear()


@pytest.fixture
def two(tmp_path: Path, clock: SetClock, stack: ExitStack) -> list[tuple[Witness, Desk, RunningApp]]:
    """Two witnesses that know the log."""
    names = ("north.example", "south.example")
    return [stack.enter_context(witness_of(tmp_path / f"{name}.sqlite", LOG, clock=clock, name=name)) for name in names]
