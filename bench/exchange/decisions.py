"""How long a decision takes: terms of a realistic size against a use, and `policy.decide` on a full plan.

Every decision is timed by itself, after a warm-up and with what was made before out of the collector's sight. The promise is by
the clock on the wall, so whatever else the machine does counts against it; the processor's own time stands beside it.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from atoll.policy.decide import decide
from atoll.policy.odrl import Duty, Join, LogicalConstraint, Operand, Operator, Performance, Policy, TermRule, Use, evaluate
from atoll.policy.odrl.model import Constraint
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
    """The middle and the 99th of 100 decisions, with their reasons; the terms were met before, as those of a grant are."""
    runs = 2_000 if quick else 20_000
    assert all(reason.holds for reason in evaluate(POLICY, USE))
    yield from _figures("ODRL decision", lambda: evaluate(POLICY, USE), runs, at_most=0.1)
    desk = Desk()
    rules = replace(POLICY.permissions[0], constraints=POLICY.permissions[0].constraints[:1], groups=(NOISY,), duties=())
    desk.terms[GRANT] = replace(TERMS, permissions=(rules,), prohibitions=POLICY.prohibitions)
    question = desk.question()
    assert str(decide(question).verdict) == "permit"
    yield from _figures("policy.decide on a full plan", lambda: decide(question), runs // 10, at_most=2.0)


def _figures(name: str, work: Callable[[], object], runs: int, *, at_most: float) -> Iterator[Figure]:
    for _ in range(runs // 10):
        work()
    gc.collect()
    gc.freeze()
    for clock, read, limit in (("", time.perf_counter_ns, at_most), (" of the processor", time.thread_time_ns, None)):
        taken = []
        for _ in range(runs):
            begun = read()
            work()
            taken.append(read() - begun)
        taken.sort()
        yield Figure(f"{name}, p50{clock}", taken[runs // 2] / 1e6, "ms", context={"runs": runs})
        yield Figure(f"{name}, p99{clock}", taken[runs * 99 // 100] / 1e6, "ms", at_most=limit, context={"runs": runs})
    gc.unfreeze()
