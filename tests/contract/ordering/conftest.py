"""The engines that must keep the promises of `atoll.ordering.engine`, each as a consortium in one process.

A further engine joins by another entry in FACTORIES: a function from a founding and a folder to something with the shape of
`atoll.testing.engines.Engines`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from atoll.ledger.rules.dataset import RegisterDataset
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, Scenario, memory_folder
from atoll.testing.virtual import run_virtually

FACTORIES: dict[str, Callable[[Founding, Path], Engines]] = {"embedded": Engines}
ORGS = ("operator", "auditor", "bank", "bureau", "telecom")

Play = Callable[..., None]
"""`play(scenario, orgs=...)`: run a scenario against running engines, then stop them."""


@pytest.fixture(params=sorted(FACTORIES))
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays a scenario on the engine under test; four members count beside the sequencer, so q is 3, unless told otherwise."""

    def run(scenario: Scenario, *, orgs: Sequence[str] = ORGS, not_validating: Sequence[str] = (), start: bool = True) -> None:
        async def whole() -> None:
            engines = FACTORIES[request.param](Founding(orgs, not_validating=not_validating), folder)
            try:
                if start:
                    await engines.start()
                await scenario(engines)
            finally:
                await engines.close()

        with memory_folder(tmp_path) as folder:
            run_virtually(whole())

    return run


def dataset(number: int, owner: str = "bank") -> RegisterDataset:
    """A transaction's body; each number is another dataset."""
    return RegisterDataset(dataset=f"{owner}/table-{number}/1", card_commitment=bytes(32), level=2)
