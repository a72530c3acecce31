"""Evaluation of ODRL 2.2 rules over the closed operand profile of `atoll.policy.terms` (W3C ODRL Information Model 2.2,
sections 2.5 and 2.6).

A use is covered by a rule if the action is the rule's and all its constraints hold. Where a use has several values at an
operand (columns, counterparties), a constraint of a permission must hold for all of them, and one of a prohibition holds as
soon as it does for one. An operand that a use does not have, an operator that does not suit its operand, or a number that does
not parse makes a constraint of a permission fail and a constraint of a prohibition hold: what is not understood denies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from atoll.policy.errors import Prohibited, TermsRefused
from atoll.policy.reasons import Reason
from atoll.policy.terms import ADVERSARY_MODELS, Constraint, GrantTerms, Operand, Operator, TermRule

Observed = frozenset[str] | int
"""What a use has at an operand: a set of names, or a number."""

_NUMBERS = frozenset({Operand.COUNT, Operand.DATE_TIME, Operand.MINIMUM_GROUP, Operand.EPSILON, Operand.ROWS})
_RANKS = {name: rank for rank, name in enumerate(ADVERSARY_MODELS)}
_OPPOSITE = {
    Operator.EQ: Operator.NEQ,
    Operator.NEQ: Operator.EQ,
    Operator.IS_ANY_OF: Operator.IS_NONE_OF,
    Operator.IS_NONE_OF: Operator.IS_ANY_OF,
}
"""What holds for all values exactly when the other holds for none."""
_ORDERED = frozenset({Operator.LT, Operator.LTEQ, Operator.GT, Operator.GTEQ})


@dataclass(frozen=True, slots=True)
class Use:
    """What is asked for, operand by operand."""

    action: str
    values: Mapping[Operand, Observed]


def evaluate(terms: GrantTerms, use: Use, *, assumed: tuple[Constraint, ...] = ()) -> tuple[Reason, ...]:
    """Every constraint that was looked at; the use is permitted if all reasons hold.

    Of the permissions, the first that covers the use is reported; if none does, the one that comes closest.

    Args:
        assumed: constraints of every permission that says nothing about their operand.
    """
    reasons = [*_best_permission(terms, use, assumed)]
    for number, rule in enumerate(terms.prohibitions):
        reasons.append(_prohibition(number, rule, use))
    return tuple(reasons)


def _best_permission(terms: GrantTerms, use: Use, assumed: tuple[Constraint, ...]) -> tuple[Reason, ...]:
    tried = [_permission(number, rule, use, assumed) for number, rule in enumerate(terms.permissions)]
    covering = next((reasons for reasons in tried if all(one.holds for one in reasons)), None)
    return covering or min(tried, key=lambda reasons: sum(not one.holds for one in reasons))


def _permission(number: int, rule: TermRule, use: Use, assumed: tuple[Constraint, ...]) -> tuple[Reason, ...]:
    name = f"permission {number}"
    action = Reason(TermsRefused.code, f"{name}: action", rule.action, use.action, rule.action == use.action)
    said = {one.left for one in rule.constraints}
    constraints = (*rule.constraints, *(one for one in assumed if one.left not in said))
    return (action, *(_reason(name, constraint, use) for constraint in constraints))


def _reason(name: str, constraint: Constraint, use: Use) -> Reason:
    observed = use.values.get(constraint.left)
    wanted = f"{constraint.operator} {', '.join(constraint.right)}"
    return Reason(TermsRefused.code, f"{name}: {constraint.left}", wanted, show(observed), holds(constraint, observed) is True)


def _prohibition(number: int, rule: TermRule, use: Use) -> Reason:
    covers = rule.action == use.action and not any(escapes(one, use.values.get(one.left)) for one in rule.constraints)
    wanted = " and ".join(f"{one.left} {one.operator} {', '.join(one.right)}" for one in rule.constraints) or "always"
    observed = ", ".join(f"{one.left} {show(use.values.get(one.left))}" for one in rule.constraints)
    return Reason(
        Prohibited.code, f"prohibition {number}: {rule.action}", f"not ({wanted})", observed or use.action, not covers
    )


def escapes(constraint: Constraint, observed: Observed | None) -> bool:
    """Whether it is certain that a prohibition's constraint holds for none of the values."""
    opposite = _OPPOSITE.get(constraint.operator)
    if opposite is not None:
        return holds(replace(constraint, operator=opposite), observed) is True
    return holds(constraint, observed) is False


def holds(constraint: Constraint, observed: Observed | None) -> bool | None:
    """Whether a constraint holds for all the values; None where that cannot be said."""
    if observed is None:
        return None
    if isinstance(observed, int):
        return _number_holds(constraint, observed)
    if constraint.left is Operand.ADVERSARY_MODEL:
        return _model_holds(constraint, observed)
    return _names_hold(constraint, observed)


def _names_hold(constraint: Constraint, observed: frozenset[str]) -> bool | None:
    wanted = frozenset(constraint.right)
    match constraint.operator:
        case Operator.EQ:
            return observed == wanted
        case Operator.IS_ANY_OF:
            return bool(observed) and observed <= wanted
        case Operator.NEQ | Operator.IS_NONE_OF:
            return not observed & wanted
        case Operator.IS_ALL_OF:
            return wanted <= observed
        case _:
            return None


def _model_holds(constraint: Constraint, observed: frozenset[str]) -> bool | None:
    """Of a closed list, ordered: a name that is not in it, on either side, says nothing."""
    if not observed or not _RANKS.keys() >= {*constraint.right, *observed}:
        return None
    if constraint.operator in _ORDERED:
        ranks = {_RANKS[one] for one in observed}
        if len(constraint.right) != 1 or len(ranks) != 1:
            return None
        return _compared(constraint.operator, ranks.pop(), _RANKS[constraint.right[0]])
    return _names_hold(constraint, observed)


def _number_holds(constraint: Constraint, observed: int) -> bool | None:
    if constraint.left not in _NUMBERS or len(constraint.right) != 1 or not constraint.right[0].isascii():
        return None
    if not constraint.right[0].isdigit():
        return None
    return _compared(constraint.operator, observed, int(constraint.right[0]))


def _compared(operator: Operator, observed: int, wanted: int) -> bool | None:
    verdicts = {
        Operator.EQ: observed == wanted,
        Operator.NEQ: observed != wanted,
        Operator.LT: observed < wanted,
        Operator.LTEQ: observed <= wanted,
        Operator.GT: observed > wanted,
        Operator.GTEQ: observed >= wanted,
    }
    return verdicts.get(operator)


def show(observed: Observed | None) -> str:
    """What was observed, for people."""
    if observed is None:
        return "nothing said"
    return str(observed) if isinstance(observed, int) else ", ".join(sorted(observed)) or "none"
