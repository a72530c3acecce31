"""Whether a regulator's order forbids a job: the same question that the ledger asks at consent, START and receipt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from atoll.errors import RuleError
from atoll.ledger.plan import Plan
from atoll.ledger.records import Hold, Order, Reader
from atoll.ledger.rules.holds import Line, find_hold
from atoll.policy.errors import OrderRefused
from atoll.policy.reasons import Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order does to something."""

    hold: Hold
    """The orders in force on what it hits."""
    order: str
    """The order, in hex."""
    regulator: str
    """Who gave it."""

    @property
    def state(self) -> Literal["frozen", "recalled"]:
        """Whether it can be lifted, or is for good, results included."""
        return "recalled" if self.hold.recall else "frozen"

    def __str__(self) -> str:
        """`dataset bank/customers/1 is frozen by order 00... of authority`."""
        return f"{self.hold.target_kind} {self.hold.target} is {self.state} by order {self.order} of {self.regulator}"


def find_order(view: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> Standing | None:
    """The order that weighs most on these organisations and inputs, a recall before a freeze; None where there is none.

    Raises:
        TooManyAncestors: a dataset rests on more versions than can be looked at.
    """
    hold = find_hold(view, orgs, lines)
    if hold is None:
        return None
    order = view.get(Order, hold.order.hex())
    return Standing(hold, hold.order.hex(), order.regulator if order else "nobody known")


def describe_order(view: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> tuple[Literal["", "frozen", "recalled"], str]:
    """What an order did to these organisations and inputs, and the order in words; empty for none."""
    try:
        found = find_order(view, orgs, lines)
    except RuleError as err:  # what it rests on cannot be told, so nothing rests on it
        return "frozen", str(err)
    return (found.state, str(found)) if found else ("", "")


def order_reasons(view: Reader, plan: Plan) -> Iterator[Reason]:
    """One reason: that no order is in the way of a plan."""
    try:
        found = find_order(view, plan.orgs(), plan.inputs)
        observed = str(found) if found else "none"
    except RuleError as err:
        observed = str(err)
    yield Reason(OrderRefused.code, "orders of a regulator", "none in force", observed, observed == "none")
