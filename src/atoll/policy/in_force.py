"""What binds a dataset version now, whatever its own record says: the levels of what it rests on, and regulators' orders."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.errors import RuleError
from atoll.ledger.records import Dataset, DatasetState, Reader
from atoll.ledger.rules.holds import Basis
from atoll.ledger.rules.lineages import ancestry
from atoll.policy.levels import level_of
from atoll.policy.orders import describe_order


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds of a version, for everybody who shows or lists it."""

    level: int
    """The level that it is handled by."""
    state: str
    """`frozen` or `recalled` where an order acts on it, on its owner or on what it rests on; else what its record says."""
    order: str
    """The order in words; empty for none."""
    lineages: tuple[str, ...]
    """Where a change of level reaches it: its own lineage and those that it was derived from."""


def in_force(view: Reader, record: Dataset) -> InForce:
    """What binds a version. Cost: a few records a version that it rests on, at most 256 of them."""
    state, order = "", ""
    if record.state is not DatasetState.WITHDRAWN:
        state, order = describe_order(view, (record.owner,), (Basis(record.dataset),))
    try:
        lineages = ancestry(view, record).lineages
    except RuleError:  # it cannot be used, and nothing that changes further up makes a difference
        lineages = (record.lineage,)
    return InForce(level_of(view, record), state or str(record.state), order, lineages)
