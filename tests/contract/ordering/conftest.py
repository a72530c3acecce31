"""The engines that must keep the promises of `atoll.ordering.engine`, each as a consortium in one process.

A module's scenarios run on every engine of FACTORIES, in virtual time where an engine can, else in real time; a module about
one engine's own ways says so in ENGINES. A further engine joins by another entry here, with the shape of `Consortium`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering.cometbft.binary import find_binary
from atoll.ordering.engine import Engine
from atoll.ordering.errors import BinaryMissing
from atoll.ports import Clock
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, memory_folder
from atoll.testing.validators import Validators
from atoll.testing.virtual import run_virtually
from tests.requirements import atoll_require

EMBEDDED, COMETBFT = "embedded", "cometbft"
FACTORIES = (EMBEDDED, COMETBFT)
ORGS = ("operator", "auditor", "bank", "bureau", "telecom")

Play = Callable[..., None]
"""`play(scenario, orgs=...)`: run a scenario against running engines, then stop them."""


class Consortium(Protocol):
    """What a scenario may do to any engine's consortium."""

    founding: Founding
    patience_seconds: float

    @property
    def orgs(self) -> list[str]: ...
    def __getitem__(self, org: str) -> Engine: ...
    def clock(self, org: str) -> Clock: ...
    async def start(self, *orgs: str) -> None: ...
    async def stop(self, *orgs: str) -> None: ...
    async def crash(self, org: str) -> None: ...
    async def close(self) -> None: ...
    async def settle(self, *orgs: str) -> None: ...
    async def until(self, condition: Callable[[], bool], timeout_seconds: float = 60.0) -> None: ...
    def blocks_on_disk(self, org: str, height: int) -> tuple[bytes, ...]: ...


Scenario = Callable[[Any], Awaitable[None]]
"""What happens in a test: `Callable[[Consortium], Awaitable[None]]`, or of one engine's own harness."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scenario on each engine that its module is about."""
    if "play" in metafunc.fixturenames:
        metafunc.parametrize("play", getattr(metafunc.module, "ENGINES", FACTORIES), indirect=True)


@pytest.fixture
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays a scenario on the engine under test; four members count beside the embedded sequencer, so q is 3, and five under
    CometBFT, so q is 4, unless told otherwise."""
    return _play_virtually(tmp_path) if request.param == EMBEDDED else _play_really()


def _play_virtually(tmp_path: Path) -> Play:
    def run(scenario: Scenario, *, orgs: Sequence[str] = ORGS, not_validating: Sequence[str] = (), start: bool = True) -> None:
        with memory_folder(tmp_path) as folder:
            engines = Engines(Founding(orgs, not_validating=not_validating), folder)
            run_virtually(_whole(engines, scenario, start=start))

    return run


def _play_really() -> Play:
    atoll_require(COMETBFT, present=has_cometbft())

    def run(scenario: Scenario, *, orgs: Sequence[str] = ORGS, not_validating: Sequence[str] = (), start: bool = True) -> None:
        with tempfile.TemporaryDirectory() as fallback, memory_folder(Path(fallback)) as folder:
            asyncio.run(_whole(Validators(orgs, folder, not_validating=not_validating), scenario, start=start))

    return run


async def _whole(engines: Consortium, scenario: Scenario, *, start: bool) -> None:
    try:
        if start:
            await engines.start()
        await scenario(engines)
    finally:
        await engines.close()


def has_cometbft() -> bool:
    """Whether `make cometbft` has been done."""
    try:
        return find_binary().is_file()
    except BinaryMissing:
        return False


def dataset(number: int, owner: str = "bank") -> RegisterDataset:
    """A transaction's body; each number is another dataset."""
    return RegisterDataset(dataset=f"{owner}/table-{number}/1", card_commitment=bytes(32), level=2)
