"""What somebody tries. An attack is a module; it is caught by whoever should notice it, in the way it should be noticed."""

from __future__ import annotations

from typing import Protocol

from atoll.cli.demo.attacks import (
    changed_plan,
    dead_operator,
    enumeration,
    forbidden_use,
    invented_consortium,
    killed_node,
    lying_initiator,
    tampered_bundle,
)
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.findings import Attack
from atoll.cli.demo.stage import Stage


class Attempt(Protocol):
    """A module with these names."""

    NAME: str
    """For `--only` and the JSON."""
    TITLE: str
    """One line for people."""

    def run(self, stage: Stage, exchange: Exchange) -> Attack:
        """Try it, and tell whether and how it was caught."""
        ...


ATTACKS: tuple[Attempt, ...] = (
    forbidden_use,
    lying_initiator,
    changed_plan,
    enumeration,
    tampered_bundle,
    invented_consortium,
    killed_node,
    dead_operator,
)
"""In the order in which they are tried; the last one leaves the consortium without its operator."""
