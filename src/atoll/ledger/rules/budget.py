"""Budgets: limits set by the owner, reserved at START, spent or refunded afterwards (SECURITY 4.9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.records import Budget, Dataset, budget_id
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import GrantExhausted, NotAllowed
from atoll.wire.message import Count, Message, Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBudget(Message):
    """An owner caps all uses of one lineage, over all recipients."""

    TAG: ClassVar[str] = "budget.set/1"

    name: Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}")]
    """Dataset name; with the sender it names the lineage."""
    unit: Annotated[str, Pattern("uses|rows|micro-epsilon")]
    """What is counted."""
    limit: Count
    """Most that may be reserved and spent together."""


def set_budget(call: Call, body: SetBudget) -> None:
    """Only the owner of the lineage; what was spent stays spent."""
    dataset = call.need(Dataset, f"{call.sender}/{body.name}/1")
    if dataset.owner != call.sender:
        raise NotAllowed(org=call.sender, reason="the lineage is not its own")
    account = lineage_account(dataset.lineage)
    old = call.state.get(Budget, budget_id(account, body.unit))
    new = Budget(account=account, unit=body.unit, owner=call.sender, limit=body.limit, reserved=0, spent=0)
    call.state.put(replace(old, limit=body.limit) if old else new)


def lineage_account(lineage: str) -> str:
    """The budget account of a dataset lineage."""
    return f"lineage:{lineage}"


def reserve(call: Call, account: str, unit: str, amount: int) -> None:
    """Hold `amount`; an account without a record is not limited.

    Raises:
        GrantExhausted: less is left than needed.
    """
    budget = call.state.get(Budget, budget_id(account, unit))
    if budget is None:
        return
    if budget.left() < amount:
        raise GrantExhausted(account=account, unit=unit, left=budget.left(), needed=amount)
    call.state.put(replace(budget, reserved=budget.reserved + amount))


def spend(call: Call, account: str, unit: str, amount: int) -> None:
    """What was reserved is used: START consumes, whatever comes after it."""
    budget = call.state.get(Budget, budget_id(account, unit))
    if budget is not None:
        held = min(amount, budget.reserved)
        call.state.put(replace(budget, reserved=budget.reserved - held, spent=budget.spent + amount))
