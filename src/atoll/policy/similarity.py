"""Whether this node takes part in a check for near duplicates: by rule, because such a job rests on no grant.

The ledger's rules say who may check what, how often and how long (`ledger.rules.check`); the owner of the later version
answers by itself. `duplicate-checks = "off"` in its section [policy] refuses all; the refusal stands on the ledger, and the
version is under review from then on.

It does not take the earlier owner's word that the two are worth comparing, nor how closely: a plan whose scale and row caps are
not those of both cards is refused. Tables under 64 rows are not compared; where the two
cards do not make the pair a candidate, the earlier one's card is not to be had, or the level asks for it, a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from atoll.ledger.checks import SAMPLE_CAP, Stage
from atoll.ledger.plan import Plan
from atoll.ledger.records import Dataset, Reader, counted_inputs
from atoll.ledger.rules.check import CHECK_DAYS, account_of, need_pair
from atoll.ledger.rules.errors import CheckRefused
from atoll.policy.candidates import LEAST_ROWS, Profile, is_candidate
from atoll.policy.card import DatasetCard
from atoll.policy.errors import CheckVetoed, LocalVeto
from atoll.policy.levels import level_name, level_of
from atoll.policy.reasons import Reason
from atoll.policy.sampling import extent_of


class Rules(Protocol):
    """What the local rules say of checks."""

    @property
    def answers_checks(self) -> bool:
        """Whether checks are answered."""
        ...


Cards = Callable[[str], DatasetCard | None]
PERSON_LEVEL = 4
"""From this level on a person of the later version's owner consents (SECURITY 3.6)."""


def similarity_reasons(view: Reader, plan: Plan, proposer: str, *, rules: Rules, now: int, card: Cards) -> Iterator[Reason]:
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
    yield _how_much(plan, card)
    sizes = [one.rows_at_most for one in map(card, (each.dataset for each in plan.inputs)) if one is not None]
    least = min(sizes, default=LEAST_ROWS)
    yield Reason(CheckVetoed.code, "rows of both versions", f"at least {LEAST_ROWS}", str(least), least >= LEAST_ROWS)


def _how_much(plan: Plan, card: Cards) -> Reason:
    """How much is compared follows from the two cards: whoever asks does not choose it."""
    new, incumbent = plan.inputs[0], plan.inputs[-1]
    stage = Stage.SAMPLE if {new.rows_cap, incumbent.rows_cap} == {SAMPLE_CAP} else Stage.ROWS
    sizes = [one.rows_at_most if one is not None else 0 for one in (card(new.dataset), card(incumbent.dataset))]
    wanted = extent_of(stage, new=sizes[0], incumbent=sizes[1])
    observed = (plan.program.get("scale"), new.rows_cap, incumbent.rows_cap)
    said = "scale {}, at most {} and {} rows"
    return Reason(CheckVetoed.code, "how much is compared", said.format(*wanted), said.format(*observed), observed == wanted)


def why_a_person(view: Reader, plan: Plan, proposer: str, *, me: str, card: Cards) -> str:
    """Why this organisation's node does not answer a check by itself; empty if it does, and for the one who asks."""
    if me == proposer:
        return ""
    new = next((one.dataset for one in plan.inputs if _owner(one.dataset) == me), "")
    incumbent = next((one.dataset for one in plan.inputs if _owner(one.dataset) == proposer), "")
    record = view.get(Dataset, new)
    level = level_of(view, record) if record is not None else 0
    if level >= PERSON_LEVEL:
        return f"{new} is of level {level_name(level)}"
    theirs = Profile.of(card(incumbent))
    if not theirs.rows_at_most:
        return f"the card of {incumbent} is not to be had"
    if not is_candidate(Profile.of(card(new)), theirs):
        return f"by their cards, {new} and {incumbent} are not worth comparing"
    return ""


def _owner(dataset: str) -> str:
    return dataset.partition("/")[0]
