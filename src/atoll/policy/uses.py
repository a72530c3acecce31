"""What a job asks of one input, operand by operand: what terms are compared with."""

from __future__ import annotations

from atoll.ledger.records import Budget, Dataset, Member, Reader, budget_id
from atoll.policy.demand import Demand
from atoll.policy.levels import level_of
from atoll.policy.odrl import Observed, Operand, Use
from atoll.policy.question import Question

BY_COMPUTING = "compute"
"""How a job delivers: what comes out of a computation, never the data."""


def use_of(question: Question, demand: Demand, *, account: str, began: int, asked: int) -> Use:
    """The use that a demand makes.

    Args:
        account: budget that counts the uses so far, of a grant or a standing consent.
        began: when its term began.
        asked: uses beyond those, which this job asks for and others were promised.
    """
    values: dict[Operand, Observed] = {
        Operand.PURPOSE: frozenset({demand.purpose}),
        Operand.COLUMNS: frozenset(name for name, _ in demand.columns),
        Operand.COUNTERPARTIES: frozenset(question.plan.orgs()) - {question.me},
        Operand.RECEIVERS: frozenset(demand.receivers),
        Operand.JOB_KINDS: frozenset({question.plan.kind}),
        Operand.PROTOCOLS: frozenset({question.plan.protocol}),
        Operand.ADVERSARY_MODEL: frozenset({question.plan.adversary_model}),
        Operand.COUNT: _spent(question.view, account) + asked,
        Operand.DATE_TIME: question.now,
        Operand.ELAPSED_TIME: max(0, question.now - began),
        Operand.DELIVERY_MODE: frozenset({BY_COMPUTING}),
        Operand.ROWS: demand.rows_cap,
        Operand.OUTPUTS: frozenset({demand.output}),
        Operand.PAYLOAD: frozenset(demand.payload),
        Operand.KEYS: frozenset(demand.keys),
    }
    if demand.epsilon_micro > 0:  # an exact output has no epsilon, so a term that bounds epsilon does not cover it
        values[Operand.EPSILON] = demand.epsilon_micro
    if demand.min_count > 0:
        values[Operand.MINIMUM_GROUP] = demand.min_count
    dataset = question.view.get(Dataset, demand.dataset)
    if dataset is not None:
        values[Operand.DATA_LEVEL] = level_of(question.view, dataset)
    return Use(
        demand.action,
        values,
        parties=frozenset(demand.receivers),
        targets=frozenset({demand.dataset, demand.dataset.rpartition("/")[0]}),
        is_party=lambda name: question.view.get(Member, name) is not None,
        is_target=lambda name: _is_data(question.view, name),
    )


def _is_data(view: Reader, name: str) -> bool:
    """Whether a name is that of a registered version, or of a lineage, whose first version is registered."""
    return any(view.get(Dataset, one) is not None for one in (name, f"{name}/1"))


def _spent(view: Reader, account: str) -> int:
    """Uses so far. Where the ledger keeps no count, the missing budget has denied already."""
    budget = view.get(Budget, budget_id(account, "uses"))
    return budget.limit - budget.left() if budget else 0
