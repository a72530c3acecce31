"""One constraint against what was observed.

Where a use has several values at an operand (columns, counterparties), a constraint is True if it holds for all of them, False
if for none, and None in between: a permission then does not cover the use, and a prohibition does.

What a constraint says never changes, so it is read once (`read_constraint`): its numbers and times are parsed, its operator
looked up and its words put together the first time that an equal one is met in the process. What remains is to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

from atoll.policy.odrl.logic import Truth
from atoll.policy.odrl.model import Constraint, Operator
from atoll.policy.odrl.profile import MODEL_CHAINS, PROFILE, Kind
from atoll.policy.odrl.values import Interval, Number, parse_decimal, parse_duration, parse_number, parse_time

Observed: TypeAlias = frozenset[str] | int | Decimal
"""What a use has at an operand: a set of names, or a number (moments in Unix seconds, lengths of time in seconds)."""

Compare: TypeAlias = Callable[[Observed], Truth]
"""A constraint that was read."""

MAX_READ = 4096
"""Constraints that are kept as they were read; the one that was not met for longest goes first."""
_RANKS = {name: (number, rank) for number, chain in enumerate(MODEL_CHAINS) for rank, name in enumerate(chain)}
"""Chain and place in it."""


class Reading(NamedTuple):
    """A constraint as it was read."""

    what: str
    """Its operand."""
    wanted: str
    """What it asks for, for people."""
    compare: Compare
    """Whether it holds for what was observed."""


@lru_cache(maxsize=MAX_READ)
def read_constraint(constraint: Constraint) -> Reading:
    """The constraint as it is compared and shown; the same object for all that are equal."""
    wanted = f"{constraint.operator} {', '.join(constraint.right)}"
    return Reading(constraint.left.value, wanted, _BY_KIND[PROFILE[constraint.left].kind](constraint))


def holds(constraint: Constraint, observed: Observed | None) -> Truth:
    """Whether a constraint holds for all the values, for none of them, or cannot be said."""
    return None if observed is None else read_constraint(constraint).compare(observed)


def read_right(constraint: Constraint) -> Interval | None:
    """The one number that a constraint compares with; None if it has several, or one that cannot be read."""
    read = _READS.get(constraint.left)
    return read(constraint.right[0]) if read is not None and len(constraint.right) == 1 else None


def _exactly(parse: Callable[[str], Number | None]) -> Callable[[str], Interval | None]:
    def read(text: str) -> Interval | None:
        exact = parse(text)
        return None if exact is None else (exact, exact)

    return read


def _unsaid(_: Observed) -> Truth:
    """What an operator says that does not suit its operand, or one with a value that cannot be read."""
    return None


# -- names ---------------------------------------------------------------------------------------------------------------------


def _names(constraint: Constraint) -> Compare:
    on_names = _ON_NAMES.get(constraint.operator)
    if on_names is None:
        return _unsaid
    wanted = frozenset(constraint.right)

    def compare(observed: Observed) -> Truth:
        return on_names(observed, wanted) if isinstance(observed, frozenset) else None

    return compare


def _is(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    if observed == wanted:
        return True
    return False if observed.isdisjoint(wanted) else None


def _is_not(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    if observed.isdisjoint(wanted):
        return True
    return False if observed == wanted else None


def _any_of(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    if observed and observed <= wanted:
        return True
    return False if observed.isdisjoint(wanted) else None


def _none_of(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    if observed.isdisjoint(wanted):
        return True
    return False if observed <= wanted else None


def _all_of(observed: frozenset[str], wanted: frozenset[str]) -> Truth:
    return wanted <= observed


_ON_NAMES: dict[Operator, Callable[[frozenset[str], frozenset[str]], Truth]] = {
    Operator.EQ: _is,
    Operator.NEQ: _is_not,
    Operator.IS_ANY_OF: _any_of,
    Operator.IS_NONE_OF: _none_of,
    Operator.IS_ALL_OF: _all_of,
}
_PARTS = frozenset({Operator.IS_A, Operator.IS_PART_OF, Operator.HAS_PART})


def _tree(constraint: Constraint) -> Compare:
    between = PROFILE[constraint.left].part_of
    if constraint.operator not in _PARTS or between is None:
        return _names(constraint)
    return partial(_in_tree, constraint, between)


def _in_tree(constraint: Constraint, between: str, observed: Observed) -> Truth:
    if not isinstance(observed, frozenset):
        return None
    if constraint.operator is Operator.HAS_PART:
        found = [all(_is_part(wanted, one, between) for wanted in constraint.right) for one in observed]
    else:
        found = [any(_is_part(one, wanted, between) for wanted in constraint.right) for one in observed]
    if not any(found):
        return False
    return True if all(found) else None


def _is_part(part: str, whole: str, between: str) -> bool:
    return part == whole or part.startswith(whole + between)


def _ranked(constraint: Constraint) -> Compare:
    """Of a closed list of ordered chains: a name that is in none, on either side, says nothing, nor does another chain's."""
    if not _RANKS.keys() >= set(constraint.right):
        return _unsaid
    on_names = _names(constraint) if constraint.operator not in _ORDERED else _by_rank(constraint)

    def compare(observed: Observed) -> Truth:
        if not isinstance(observed, frozenset) or not observed or not _RANKS.keys() >= observed:
            return None
        return on_names(observed)

    return compare


def _by_rank(constraint: Constraint) -> Compare:
    if len(constraint.right) != 1:
        return _unsaid
    on_numbers, (wanted_chain, wanted) = _ON_NUMBERS[constraint.operator], _RANKS[constraint.right[0]]

    def compare(observed: Observed) -> Truth:
        if not isinstance(observed, frozenset) or len(observed) != 1:
            return None
        (one,) = observed
        chain, rank = _RANKS[one]
        return on_numbers(rank, wanted, wanted) if chain == wanted_chain else None  # neither above nor below

    return compare


# -- numbers -------------------------------------------------------------------------------------------------------------------


def _number(constraint: Constraint) -> Compare:
    on_numbers = _ON_NUMBERS.get(constraint.operator)
    wanted = read_right(constraint)
    if on_numbers is None or wanted is None:
        return _unsaid
    least, most = wanted

    def compare(observed: Observed) -> Truth:
        return None if isinstance(observed, frozenset) else on_numbers(observed, least, most)

    return compare


def _below(observed: Number, least: Number, most: Number) -> Truth:
    """Whether it holds whatever the wanted number is between `least` and `most`, for none of them, or for some."""
    return True if observed < least else False if observed >= most else None


def _at_most(observed: Number, least: Number, most: Number) -> Truth:
    return True if observed <= least else False if observed > most else None


def _above(observed: Number, least: Number, most: Number) -> Truth:
    return True if observed > most else False if observed <= least else None


def _at_least(observed: Number, least: Number, most: Number) -> Truth:
    return True if observed >= most else False if observed < least else None


def _same(observed: Number, least: Number, most: Number) -> Truth:
    return True if least == observed == most else None if least <= observed <= most else False


def _other(observed: Number, least: Number, most: Number) -> Truth:
    same = _same(observed, least, most)
    return None if same is None else not same


_ON_NUMBERS: dict[Operator, Callable[[Number, Number, Number], Truth]] = {
    Operator.EQ: _same,
    Operator.NEQ: _other,
    Operator.LT: _below,
    Operator.LTEQ: _at_most,
    Operator.TERM_LTEQ: _at_most,
    Operator.GT: _above,
    Operator.GTEQ: _at_least,
}
_ORDERED = frozenset(_ON_NUMBERS) - {Operator.EQ, Operator.NEQ}
_BY_KIND: dict[Kind, Callable[[Constraint], Compare]] = {
    Kind.NAMES: _names,
    Kind.TREE: _tree,
    Kind.RANKED: _ranked,
    **dict.fromkeys((Kind.NUMBER, Kind.DECIMAL, Kind.TIME, Kind.DURATION), _number),
}
_READ_KIND: dict[Kind, Callable[[str], Interval | None]] = {
    Kind.TIME: parse_time,
    Kind.NUMBER: _exactly(parse_number),
    Kind.DECIMAL: _exactly(parse_decimal),
    Kind.DURATION: _exactly(parse_duration),
}
_READS = {operand: _READ_KIND[profile.kind] for operand, profile in PROFILE.items() if profile.kind in _READ_KIND}


def show(observed: Observed | None) -> str:
    """What was observed, for people."""
    if observed is None:
        return "nothing said"
    return ", ".join(sorted(observed)) or "none" if isinstance(observed, frozenset) else str(observed)
