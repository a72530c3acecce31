"""Slow oracle of the policy evaluator: value by value, by the definitions of specs/policy.md.

Where the product gives one of three answers for a set of values at once, this asks each possible reading: every single observed
value, every member of a group both ways where it cannot be known. A use is permitted if it is in every reading. Exponential;
for small cases only.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

RANKS = ["semi-honest", "malicious"]
NUMBERS = {"count", "rows", "minimum-group", "epsilon", "data-level", "date-time"}
BETWEEN = {"purpose": "/", "spatial": "-", "industry": ""}

Observed = frozenset[str] | int | None
Atom = tuple[str, str, tuple[str, ...]]
"""Operand, operator, right side."""
Tree = tuple[str, Sequence[object]] | Atom


def atom_readings(atom: Atom, observed: Observed) -> set[bool]:
    """Whether an atom may be true, and whether it may be false."""
    left, operator, right = atom
    if observed is None:
        return {True, False}
    if isinstance(observed, int):
        return {_number(operator, observed, right)} if _is_number(left, operator, right) else {True, False}
    if left in NUMBERS:
        return {True, False}
    if left == "adversary-model":
        return _ranked(operator, observed, right)
    return _names(left, operator, observed, right)


def _is_number(left: str, operator: str, right: tuple[str, ...]) -> bool:
    digits = len(right) == 1 and right[0] != "" and all(one in "0123456789" for one in right[0])
    return left in NUMBERS and digits and operator in {"eq", "neq", "lt", "lteq", "term-lteq", "gt", "gteq"}


def _number(operator: str, observed: int, right: tuple[str, ...]) -> bool:
    difference = Fraction(observed) - Fraction(right[0])
    return {
        "eq": difference == 0,
        "neq": difference != 0,
        "lt": difference < 0,
        "lteq": difference <= 0,
        "term-lteq": difference <= 0,
        "gt": difference > 0,
        "gteq": difference >= 0,
    }[operator]


def _names(left: str, operator: str, observed: frozenset[str], right: tuple[str, ...]) -> set[bool]:
    wanted = set(right)
    if operator == "isAllOf":
        return {all(one in observed for one in wanted)}
    if not observed:
        known = operator in ("eq", "neq", "isAnyOf", "isNoneOf")
        return {operator in ("neq", "isNoneOf")} if known else _parts_of_none(left, operator)
    if operator in ("eq", "neq"):
        same = observed == wanted
        apart = not any(one in wanted for one in observed)
        equal = {True} if same else {False} if apart else {True, False}
        return equal if operator == "eq" else {not one for one in equal}
    if operator in ("isAnyOf", "isNoneOf"):
        return {(one in wanted) is (operator == "isAnyOf") for one in observed}
    if operator in ("isA", "isPartOf", "hasPart") and left in BETWEEN:
        return {_part(left, operator, one, right) for one in observed}
    return {True, False}


def _parts_of_none(left: str, operator: str) -> set[bool]:
    return {False} if operator in ("isA", "isPartOf", "hasPart") and left in BETWEEN else {True, False}


def _part(left: str, operator: str, one: str, right: tuple[str, ...]) -> bool:
    if operator == "hasPart":
        return all(_below(left, wanted, one) for wanted in right)
    return any(_below(left, one, wanted) for wanted in right)


def _below(left: str, part: str, whole: str) -> bool:
    if part == whole:
        return True
    between = BETWEEN[left]
    return part[: len(whole)] == whole and part[len(whole) : len(whole) + len(between)] == between


def _ranked(operator: str, observed: frozenset[str], right: tuple[str, ...]) -> set[bool]:
    if not observed or any(one not in RANKS for one in (*observed, *right)):
        return {True, False}
    if operator in ("lt", "lteq", "term-lteq", "gt", "gteq"):
        if len(observed) != 1 or len(right) != 1:
            return {True, False}
        (one,) = observed
        return {_number(operator, RANKS.index(one), (str(RANKS.index(right[0])),))}
    return _names("adversary-model", operator, observed, right)


def readings(tree: Tree, values: dict[str, Observed]) -> set[bool]:
    """What a condition may come to, over all readings of its members; members are read independently of each other."""
    if len(tree) == 3:
        return atom_readings(tree, values.get(tree[0]))
    join, members = tree
    if not members:
        return {True, False}
    each = [sorted(readings(one, values)) for one in members]  # type: ignore[arg-type]
    if join == "andSequence":
        first = next((one for one in each if one != [True]), [True])
        return set(first)
    return {_joined(str(join), one) for one in itertools.product(*each)}


def _joined(join: str, truths: Sequence[bool]) -> bool:
    if join == "and":
        return all(truths)
    if join == "or":
        return any(truths)
    return sum(truths) == 1


def permits(permissions: Sequence[Sequence[Tree]], prohibitions: Sequence[Sequence[Tree]], values: dict[str, Observed]) -> bool:
    """Whether a use is permitted: one permission holds in every reading, and every prohibition fails in every reading."""
    surely = any(all(readings(one, values) == {True} for one in rule) for rule in permissions)
    maybe = any(not any(readings(one, values) == {False} for one in rule) for rule in prohibitions)
    return surely and not maybe
