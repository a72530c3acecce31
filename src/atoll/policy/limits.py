"""What START will count, asked before consent: caps of the grant in a period, and every account that the job is charged to.

START asks the same questions of the same records (`atoll.ledger.rules.takings`, `.budget`); here they become reasons, which say
the limit, what is taken, what is left, and when it is free again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atoll.errors import RuleError
from atoll.ledger.records import (
    UNITS,
    Budget,
    Grant,
    JobInput,
    Reader,
    budget_id,
    day_in_words,
    grant_account,
    purpose_account,
)
from atoll.ledger.rules.budget import Charge, charges
from atoll.ledger.rules.takings import headroom
from atoll.policy.demand import Demand
from atoll.policy.errors import BudgetRefused, CapRefused
from atoll.policy.purposes import derive_purpose_tag
from atoll.policy.reasons import Reason


@dataclass(frozen=True, slots=True)
class Room:
    """What one input takes from one limited account, and how that stands now."""

    charge: Charge
    """What it takes."""
    budget: Budget
    """The account."""

    @property
    def fits(self) -> bool:
        """Whether START would take it."""
        return self.charge.amount <= self.budget.left()

    @property
    def left_after(self) -> int:
        """What would be left; below 0 where it does not fit."""
        return self.budget.limit - self.budget.taken - self.charge.amount


def rooms(view: Reader, one: JobInput) -> Iterator[Room]:
    """Every limited account that one input is charged to.

    Raises:
        TooManyAncestors: the dataset rests on more versions than can be counted.
    """
    for charge in charges(view, one):
        budget = view.get(Budget, budget_id(charge.account, charge.unit))
        if budget is not None:
            yield Room(charge, budget)


def cap_reasons(view: Reader, grant: Grant, demand: Demand, inputs: Sequence[JobInput], now: int) -> Iterator[Reason]:
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


def grant_budget_reasons(view: Reader, grant: bytes, demand: Demand) -> Iterator[Reason]:
    """Uses and epsilon of the grant; without a record there are none."""
    for unit, amount in (("uses", demand.uses), ("micro-epsilon", demand.epsilon_micro)):
        budget = view.get(Budget, budget_id(grant_account(grant), unit))
        yield Reason(
            BudgetRefused.code, f"its {unit}", _in_words(budget), str(amount), amount <= (budget.left() if budget else 0)
        )


def account_reasons(view: Reader, one: JobInput) -> Iterator[Reason]:
    """One reason for each limited account beside the grant's own: of the lineage, its ancestors, the recipient, the purpose.

    Args:
        view: the agreed ledger.
        one: what START counts of the input.
    """
    own = grant_account(one.grant)
    try:
        found = [room for room in rooms(view, one) if room.charge.account != own]
    except RuleError as err:
        yield Reason(BudgetRefused.code, f"budgets of {one.dataset}", "accounts that can be told", str(err), False)
        return
    for room in found:
        what = f"{room.charge.unit} of {describe_account(room.charge.account)}"
        yield Reason(BudgetRefused.code, what, _in_words(room.budget), str(room.charge.amount), room.fits)


def purpose_reasons(view: Reader, salt: bytes, purpose: str, one: JobInput) -> Iterator[Reason]:
    """Whether the account that is charged is that of the plan's purpose.

    A plan may leave the account out as long as nothing is counted by that purpose: whoever proposes for somebody else does not
    have the terms of its grant. Where a purpose is counted, its parts (`credit-check/new` of `credit-check`) are refused: START
    charges one account of a purpose, and a longer name would be a way around it.
    """
    lineage = one.dataset.rpartition("/")[0]
    expected = derive_purpose_tag(salt, purpose)
    holds = one.purpose == expected or (not one.purpose and not _is_counted(view, lineage, expected))
    yield Reason(BudgetRefused.code, "the account of its purpose", expected.hex() or "none", one.purpose.hex() or "none", holds)
    for whole in _wholes(purpose):
        if _is_counted(view, lineage, derive_purpose_tag(salt, whole)):
            yield Reason(BudgetRefused.code, f"parts of the purpose {whole}", "none, because it is counted", purpose, False)


def _wholes(purpose: str) -> Iterator[str]:
    """What a purpose is part of, the widest first; as many as it has slashes, which its length bounds.

    >>> list(_wholes("research/medical/cancer"))
    ['research', 'research/medical']
    """
    parts = purpose.split("/")
    return ("/".join(parts[:length]) for length in range(1, len(parts)))


def _is_counted(view: Reader, lineage: str, tag: bytes) -> bool:
    account = purpose_account(lineage, tag)
    return any(view.get(Budget, budget_id(account, unit)) is not None for unit in UNITS)


def describe_account(account: str) -> str:
    """An account as people read it.

    >>> describe_account("lineage:bank/customers"), describe_account("lineage:bank/customers|to:bureau")
    ('bank/customers', 'bank/customers for bureau')
    """
    name = account.removeprefix("lineage:").removeprefix("grant:")
    lineage, _, part = name.partition("|")
    kind, _, who = part.partition(":")
    return {"to": f"{lineage} for {who}", "for": f"{lineage} for the purpose {who[:8]}"}.get(kind, lineage)


def _in_words(budget: Budget | None) -> str:
    return f"at most {budget.left()} of {budget.limit}, {budget.taken} taken" if budget else "at most 0, no account"
