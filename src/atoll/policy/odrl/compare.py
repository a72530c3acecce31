"""One constraint against what was observed.

Where a use has several values at an operand (columns, counterparties), a constraint is True if it holds for all of them, False
if for none, and None in between: a permission then does not cover the use, and a prohibition does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from atoll.policy.odrl.logic import Truth
from atoll.policy.odrl.model import Constraint, Operator
from atoll.policy.odrl.profile import ADVERSARY_MODELS, PROFILE, Kind, OperandProfile
from atoll.policy.odrl.values import Interval, Number, parse_decimal, parse_duration, parse_number, parse_time

Observed: TypeAlias = frozenset[str] | int | Decimal
"""What a use has at an operand: a set of names, or a number (moments in Unix seconds, lengths of time in seconds)."""

_RANKS = {name: rank for rank, name in enumerate(ADVERSARY_MODELS)}
_ORDERED = frozenset({Operator.LT, Operator.LTEQ, Operator.TERM_LTEQ, Operator.GT, Operator.GTEQ})


def holds(constraint: Constraint, observed: Observed | None) -> Truth:
    """Whether a constraint holds for all the values, for none of them, or cannot be said."""
    profile = PROFILE[constraint.left]
    if observed is None:
        return None
    if isinstance(observed, frozenset):
        if profile.kind is Kind.RANKED:
            return _ranked(constraint, observed)
        if profile.kind is Kind.TREE:
            return _tree(constraint, observed, profile)
        return _names(constraint, observed) if profile.kind is Kind.NAMES else None
    wanted = read_right(constraint)
    return None if wanted is None else _compared(constraint.operator, observed, *wanted)


def read_right(constraint: Constraint) -> Interval | None:
    """The one number that a constraint compares with; None if it has several, or one that cannot be read."""
    if len(constraint.right) != 1:
        return None
    text = constraint.right[0]
    exact: Number | None
    match PROFILE[constraint.left].kind:
        case Kind.TIME:
            return parse_time(text)
        case Kind.NUMBER:
            exact = parse_number(text)
        case Kind.DECIMAL:
            exact = parse_decimal(text)
        case Kind.DURATION:
            exact = parse_duration(text)
        case _:
            return None
    return None if exact is None else (exact, exact)


def _names(constraint: Constraint, observed: frozenset[str]) -> Truth:
    wanted = frozenset(constraint.right)
    match constraint.operator:
        case Operator.EQ:
            return True if observed == wanted else _none_or_some(observed, wanted)
        case Operator.NEQ:
            return True if observed.isdisjoint(wanted) else _never_or_some(observed == wanted)
        case Operator.IS_ANY_OF:
            return True if observed and observed <= wanted else _none_or_some(observed, wanted)
        case Operator.IS_NONE_OF:
            return True if observed.isdisjoint(wanted) else _never_or_some(observed <= wanted)
        case Operator.IS_ALL_OF:
            return wanted <= observed
        case _:
            return None


def _none_or_some(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    return False if observed.isdisjoint(wanted) else None


def _never_or_some(never: bool) -> Truth:
    return False if never else None


def _tree(constraint: Constraint, observed: frozenset[str], profile: OperandProfile) -> Truth:
    between = profile.part_of
    if constraint.operator not in (Operator.IS_A, Operator.IS_PART_OF, Operator.HAS_PART) or between is None:
        return _names(constraint, observed)
    if constraint.operator is Operator.HAS_PART:
        found = [all(_is_part(wanted, one, between) for wanted in constraint.right) for one in observed]
    else:
        found = [any(_is_part(one, wanted, between) for wanted in constraint.right) for one in observed]
    if not any(found):
        return False
    return True if all(found) else None


def _is_part(part: str, whole: str, between: str) -> bool:
    return part == whole or part.startswith(whole + between)


def _ranked(constraint: Constraint, observed: frozenset[str]) -> Truth:
    """Of a closed list, ordered: a name that is not in it, on either side, says nothing."""
    if not observed or not _RANKS.keys() >= {*constraint.right, *observed}:
        return None
    if constraint.operator not in _ORDERED:
        return _names(constraint, observed)
    ranks = {_RANKS[one] for one in observed}
    if len(constraint.right) != 1 or len(ranks) != 1:
        return None
    wanted = _RANKS[constraint.right[0]]
    return _compared(constraint.operator, ranks.pop(), wanted, wanted)


def _compared(operator: Operator, observed: Number, least: Number, most: Number) -> Truth:
    """Whether it holds whatever the wanted number is between `least` and `most`, for none of them, or for some."""
    match operator:
        case Operator.LT:
            return _between(observed < least, observed >= most)
        case Operator.LTEQ | Operator.TERM_LTEQ:
            return _between(observed <= least, observed > most)
        case Operator.GT:
            return _between(observed > most, observed <= least)
        case Operator.GTEQ:
            return _between(observed >= most, observed < least)
        case Operator.EQ:
            return _between(least == observed == most, not least <= observed <= most)
        case Operator.NEQ:
            return _between(not least <= observed <= most, least == observed == most)
        case _:
            return None


def _between(always: bool, never: bool) -> Truth:
    if always:
        return True
    return False if never else None


def show(observed: Observed | None) -> str:
    """What was observed, for people."""
    if observed is None:
        return "nothing said"
    return ", ".join(sorted(observed)) or "none" if isinstance(observed, frozenset) else str(observed)
