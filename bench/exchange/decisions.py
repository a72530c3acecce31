"""How long a decision takes: terms of a realistic size against a use, and `policy.decide` on a full plan."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from atoll.policy.decide import decide
from atoll.policy.odrl import Duty, Join, LogicalConstraint, Operand, Operator, Performance, Policy, TermRule, Use, evaluate
from atoll.policy.odrl.model import Constraint
from atoll.policy.odrl.values import parse_time
from exchange.figures import Figure
from tests.unit.policy.desk import GRANT, TERMS, Desk


def one(left: Operand, operator: Operator, *right: str) -> Constraint:
    return Constraint(left=left, operator=operator, right=right)


FEE = Duty(uid="urn:fee", action="compensate", constraints=(one(Operand.PAY_AMOUNT, Operator.GTEQ, "5.00"),))
NOISY = LogicalConstraint(
    join=Join.OR,
    constraints=(one(Operand.OUTPUTS, Operator.EQ, "identifiers"), one(Operand.EPSILON, Operator.LTEQ, "500000")),
)
TERM = (one(Operand.DATE_TIME, Operator.LTEQ, "2027-01-01T00:00:00Z"), one(Operand.COUNT, Operator.LTEQ, "100"))
POLICY = Policy(
    permissions=(
        TermRule(
            action="use",
            constraints=(
                one(Operand.PURPOSE, Operator.IS_ANY_OF, "credit-check", "fraud"),
                one(Operand.COLUMNS, Operator.IS_ANY_OF, "national_id", "name"),
                one(Operand.ROWS, Operator.LTEQ, "1000000"),
                one(Operand.ADVERSARY_MODEL, Operator.GTEQ, "semi-honest"),
                *TERM,
            ),
            duties=(FEE,),
        ),
    ),
    prohibitions=(
        TermRule(action="use", constraints=(one(Operand.PURPOSE, Operator.EQ, "marketing"),)),
        TermRule(action="use", constraints=(one(Operand.COUNTERPARTIES, Operator.IS_ANY_OF, "telecom"),)),
    ),
)
"""Six constraints, a duty and two prohibitions."""
USE = Use(
    "use",
    {
        Operand.PURPOSE: frozenset({"credit-check"}),
        Operand.COLUMNS: frozenset({"national_id", "name"}),
        Operand.ROWS: 1000,
        Operand.ADVERSARY_MODEL: frozenset({"malicious"}),
        Operand.DATE_TIME: 1_780_000_000,
        Operand.COUNT: 3,
        Operand.COUNTERPARTIES: frozenset({"bank"}),
        Operand.OUTPUTS: frozenset({"identifiers"}),
    },
    performed={"urn:fee": Performance(done=True, values={Operand.PAY_AMOUNT: 5})},
)


def measure(_: Path, quick: bool) -> Iterator[Figure]:
    """The 99th of 100 decisions, by the process's own time; a fresh text of a time is read once in a process."""
    runs = 2_000 if quick else 20_000
    assert all(reason.holds for reason in evaluate(POLICY, USE))
    assert parse_time("2027-01-01T00:00:00Z") is not None
    yield Figure("ODRL decision, p99", _p99(lambda: evaluate(POLICY, USE), runs), "ms", at_most=0.1, context={"runs": runs})
    desk = Desk()
    rules = replace(POLICY.permissions[0], constraints=POLICY.permissions[0].constraints[:1], groups=(NOISY,), duties=())
    desk.terms[GRANT] = replace(TERMS, permissions=(rules,), prohibitions=POLICY.prohibitions)
    question = desk.question()
    assert str(decide(question).verdict) == "permit"
    yield Figure("policy.decide on a full plan, p99", _p99(lambda: decide(question), runs // 10), "ms", at_most=2.0)


def _p99(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        begun = time.process_time_ns()
        work()
        taken.append(time.process_time_ns() - begun)
    return sorted(taken)[runs * 99 // 100] / 1e6
