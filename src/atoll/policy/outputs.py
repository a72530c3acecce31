"""What may leave a job: outputs are a closed list, a grant names those that it permits, and what nobody named is denied."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.ledger.plan import Plan
from atoll.policy.demand import Demand, Output
from atoll.policy.errors import OutputRefused
from atoll.policy.reasons import Reason
from atoll.policy.terms import Constraint, Operand, Operator

WITH_PAYLOAD = frozenset({Output.ROWS, Output.SUM})
"""Outputs that values of columns go into."""
WITH_NOISE = frozenset({Output.CARDINALITY, Output.SUM})
"""Outputs that noise can be added to: numbers."""
UNNAMED = Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=(Output.IDENTIFIERS.value,))
"""What a permission means that names no output: identifiers, and nothing else."""


def output_reasons(plan: Plan, number: int, demand: Demand) -> Iterator[Reason]:
    """A plan gives its receivers what its demand says and nothing beside it, in a form that this version knows."""
    gets = sorted({name for one in plan.outputs for name in one.gets})
    yield _reason("outputs of the plan", str(demand.output), ", ".join(gets), gets == [demand.output])
    yield _reason("output", ", ".join(Output), str(demand.output), demand.output in set(Output))
    named = {column for column, _ in demand.columns}
    fits = set(demand.payload) <= named and bool(demand.payload) == (demand.output in WITH_PAYLOAD)
    wanted = "columns that the demand names" if demand.output in WITH_PAYLOAD else "none"
    yield _reason(f"payload of {demand.output}", wanted, ", ".join(demand.payload) or "none", fits)
    charged = plan.inputs[number].epsilon_micro
    fits = demand.epsilon_micro == charged and (charged == 0 or demand.output in WITH_NOISE)
    wanted = f"epsilon of {charged} millionths, as the plan charges" if demand.output in WITH_NOISE else "none"
    yield _reason(f"noise on {demand.output}", wanted, f"epsilon of {demand.epsilon_micro} millionths", fits)


def _reason(constraint: str, wanted: str, observed: str, holds: bool) -> Reason:
    return Reason(OutputRefused.code, constraint, wanted, observed, holds)
