"""What the consortium does. A scenario is a module; later capabilities add theirs and list them here."""

from __future__ import annotations

from typing import Any, Protocol

from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.scenarios import auction, intersection, registration
from atoll.cli.demo.stage import Stage


class Scenario(Protocol):
    """A module with these names."""

    NAME: str
    """For `--only` and the JSON."""
    TITLE: str
    """One line for people."""

    def run(self, stage: Stage, exchange: Exchange) -> tuple[str | None, dict[str, Any]]:
        """Do it: the identifier of its main job, if it has one; and `expected`, `found`, `equal`, `good`, `seconds`, `seen` and
        what else there is to tell."""
        ...


SCENARIOS: tuple[Scenario, ...] = (registration, intersection, auction)
"""In the order in which they run."""
