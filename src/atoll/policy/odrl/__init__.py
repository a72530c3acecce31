"""ODRL 2.2 over a closed profile: the evaluator that decides every job's consent, and the ways in and out of JSON.

model     rules as messages, bounded           profile   which operands, operators and actions there are
logic     three values, in one place           values    numbers, moments and lengths of time
compare   one constraint                       evaluate  a policy against a use -> `Report`
report    what was found                       explain   the same as reasons
document  JSON texts, strictly                 jsonld    policies from JSON
check     what would be refused, and why       writing   policies as JSON

`evaluate` answers with reasons, `judge` with the whole report.
"""

from atoll.policy.odrl.compare import Observed, holds, show
from atoll.policy.odrl.evaluate import Use, judge
from atoll.policy.odrl.explain import evaluate, explain
from atoll.policy.odrl.model import (
    Conflict,
    Constraint,
    Duty,
    Join,
    LogicalConstraint,
    Operand,
    Operator,
    Policy,
    Rules,
    TermRule,
)
from atoll.policy.odrl.report import Deontic, DutyReport, Performance, Premise, PremiseReport, Report, RuleReport

__all__ = [
    "Conflict",
    "Constraint",
    "Deontic",
    "Duty",
    "DutyReport",
    "Join",
    "LogicalConstraint",
    "Observed",
    "Operand",
    "Operator",
    "Performance",
    "Policy",
    "Premise",
    "PremiseReport",
    "Report",
    "RuleReport",
    "Rules",
    "TermRule",
    "Use",
    "evaluate",
    "explain",
    "holds",
    "judge",
    "show",
]
