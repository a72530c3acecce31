"""Comparisons and truth values. A comparison is null where an operand is."""

from __future__ import annotations

from atoll.programs.functions.arithmetic import as_numbers
from atoll.programs.functions.common import at_one_point, both, in_one_shape, joint, wrong
from atoll.programs.graph import Ref
from atoll.programs.operations.comparison import Equal, Less
from atoll.programs.operations.logic import LogicalAnd, LogicalNot, LogicalXor
from atoll.programs.traced import A, Literal


def less(x: A | Literal, y: A | Literal) -> A:
    """x < y."""
    a, b = at_one_point(*in_one_shape(*as_numbers(*both(x, y))))
    return a.apply(Less(), b, valid=joint(a, b))


def greater(x: A | Literal, y: A | Literal) -> A:
    """x > y."""
    return less(y, x)


def less_equal(x: A | Literal, y: A | Literal) -> A:
    """x <= y."""
    return logical_not(less(y, x))


def greater_equal(x: A | Literal, y: A | Literal) -> A:
    """x >= y."""
    return logical_not(less(x, y))


def equal(x: A | Literal, y: A | Literal) -> A:
    """x == y. Fixed-point numbers are equal when all their bits are."""
    a, b = both(x, y)
    if a.dtype.is_bool and b.dtype.is_bool:
        return logical_not(logical_xor(a, b))
    a, b = at_one_point(*in_one_shape(*as_numbers(a, b)))
    return a.apply(Equal(), b, valid=joint(a, b))


def not_equal(x: A | Literal, y: A | Literal) -> A:
    """x != y."""
    return logical_not(equal(x, y))


def logical_not(x: A) -> A:
    """Not x. Local; null stays null."""
    return x.apply(LogicalNot(), valid=x.valid)


def logical_xor(x: A | Literal, y: A | Literal) -> A:
    """Either x or y, not both. Local."""
    a, b = in_one_shape(*both(x, y))
    return a.apply(LogicalXor(), b, valid=joint(a, b))


def logical_and(x: A | Literal, y: A | Literal) -> A:
    """x and y. As in SQL: false if one is false, even if the other is null."""
    a, b = in_one_shape(*both(x, y))
    return a.apply(LogicalAnd(), b, valid=_decided(a, b, by=False))


def logical_or(x: A | Literal, y: A | Literal) -> A:
    """x or y. As in SQL: true if one is true, even if the other is null."""
    a, b = in_one_shape(*both(x, y))
    either = not_both(negated(a), negated(b))
    return either.like(either.ref, _decided(a, b, by=True))


def negated(x: A) -> A:
    """Not x, a literal too, without its mask."""
    return x.bare.apply(LogicalNot())


def not_both(x: A, y: A) -> A:
    """Not (x and y), without masks."""
    return x.bare.apply(LogicalAnd(), y.bare).apply(LogicalNot())


def _decided(x: A, y: A, *, by: bool) -> Ref | None:
    """Where `and` (by false) or `or` (by true) has a value: both have one, or one that decides has."""
    both_there = joint(x, y)
    if both_there is None:
        return None
    result = x.like(both_there)
    for one in (x, y):
        decides = one.bare if by else negated(one)
        if one.valid is not None:
            decides = decides.apply(LogicalAnd(), one.like(one.valid))
        result = not_both(negated(result), negated(decides))
    return result.ref


def truth(operation: str, x: A) -> A:
    """x, which must be a truth value."""
    if not x.dtype.is_bool:
        raise wrong(operation, f"it needs truth values, not {x.dtype}; compare first, as in x != 0")
    return x
