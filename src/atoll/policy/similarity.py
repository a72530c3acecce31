"""Whether this node takes part in a check for near duplicates: by rule, because such a job rests on no grant.

The ledger's rules say who may check what, how often and how long (`ledger.rules.check`); the owner of the later version
answers by itself. `duplicate-checks = "off"` in its section [policy] refuses all; the refusal stands on the ledger, and the
version is under review from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from atoll.ledger.plan import Plan
from atoll.ledger.records import counted_inputs
from atoll.ledger.rules.check import CHECK_DAYS, account_of, need_pair
from atoll.ledger.rules.errors import CheckRefused
from atoll.policy.errors import CheckVetoed, LocalVeto
from atoll.policy.limits import View
from atoll.policy.reasons import Reason


class Rules(Protocol):
    """What the local rules say of checks."""

    @property
    def answers_checks(self) -> bool:
        """Whether checks are answered."""
        ...


def similarity_reasons(view: View, plan: Plan, proposer: str, *, rules: Rules, now: int) -> Iterator[Reason]:
    """Everything that is looked at, beside membership, deadline and coalitions."""
    said = "automatic" if rules.answers_checks else "off"
    yield Reason(LocalVeto.code, "duplicate-checks", "automatic", said, rules.answers_checks)
    observed, holds = "allowed", True
    pair = None
    try:
        pair = need_pair(view, now, proposer, counted_inputs(plan))
    except CheckRefused as refusal:
        observed, holds = str(refusal.operands["reason"]), False
    wanted = f"of a version registered in the last {CHECK_DAYS} days, by the owner of one registered before it"
    yield Reason(CheckVetoed.code, "check for a near duplicate", wanted, observed, holds)
    if pair is not None:
        budget = account_of(view, pair, now)
        wanted = f"at most {budget.limit} checks of {pair.new.dataset} by {proposer} a day"
        yield Reason(CheckVetoed.code, "its account of checks", wanted, f"{budget.taken} started", budget.left() > 0)
