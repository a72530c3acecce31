"""What START will count, asked before consent: caps of the grant, its uses, its epsilon, and the lineage's budgets.

START asks the same questions of the same records (`atoll.ledger.rules.takings`, `.budget`); here they become reasons, which say
the limit, what is taken, and when it is free again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from atoll.ledger.records import Budget, Grant, JobInput, Record, budget_id, day_in_words
from atoll.ledger.rules.budget import lineage_account
from atoll.ledger.rules.grant import grant_account
from atoll.ledger.rules.takings import headroom
from atoll.policy.demand import Demand
from atoll.policy.errors import BudgetRefused, CapRefused
from atoll.policy.reasons import Reason

R = TypeVar("R", bound=Record)


class View(Protocol):
    """This node's own verified copy of the ledger."""

    def get(self, kind: type[R], identifier: str) -> R | None: ...


def cap_reasons(view: View, grant: Grant, demand: Demand, inputs: Sequence[JobInput], now: int) -> Iterator[Reason]:
    """One reason for each cap of the grant."""
    for one in headroom(view, grant, rows=demand.rows_cap, inputs=inputs, time=now):
        free = f"fits from {day_in_words(one.free_on)} on" if one.free_on is not None else "never fits"
        yield Reason(
            CapRefused.code,
            f"its {one.cap.unit.replace('-', ' ')}",
            f"at most {one.cap.limit} in {one.cap.days} days, {one.left} left",
            f"{one.needed}, {free}",
            one.fits,
        )


def grant_budget_reasons(view: View, grant: bytes, demand: Demand) -> Iterator[Reason]:
    """Uses and epsilon of the grant; without a record there are none."""
    for unit, amount in (("uses", demand.uses), ("micro-epsilon", demand.epsilon_micro)):
        budget = view.get(Budget, budget_id(grant_account(grant), unit))
        left = budget.left() if budget else 0
        yield Reason(BudgetRefused.code, f"its {unit}", f"at most {left}", str(amount), amount <= left)


def lineage_budget_reasons(view: View, lineage: str, demand: Demand) -> Iterator[Reason]:
    """The caps that the owner has set over all uses of the lineage; without a record there is none."""
    for unit, amount in (("uses", demand.uses), ("rows", demand.rows_cap), ("micro-epsilon", demand.epsilon_micro)):
        budget = view.get(Budget, budget_id(lineage_account(lineage), unit))
        if budget is not None:
            left = budget.left()
            yield Reason(BudgetRefused.code, f"{unit} of {lineage}", f"at most {left}", str(amount), amount <= left)
