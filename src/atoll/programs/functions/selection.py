"""Choosing by secret conditions."""

from __future__ import annotations

from atoll.programs.functions.arithmetic import as_numbers, subtract
from atoll.programs.functions.common import at_one_point, both, either, in_one_shape, joint, mask_of, wrong
from atoll.programs.functions.comparison import less, negated, truth
from atoll.programs.operations.arithmetic import AsInteger
from atoll.programs.operations.logic import LogicalAnd, LogicalXor
from atoll.programs.operations.selection import Absolute, Maximum, Minimum, Select
from atoll.programs.traced import A, Literal


def where(condition: A, x: A | Literal, y: A | Literal) -> A:
    """x where the condition is true, y where it is false or null; null where what is chosen is null."""
    condition = known_true(truth("where", condition))
    condition, a, b = in_one_shape(condition, *either(condition, x, y))
    valid = None if a.valid is None and b.valid is None else _chosen(condition, mask_of(a), mask_of(b)).ref
    if a.dtype.is_bool and b.dtype.is_bool:
        return a.like(_chosen(condition, a.bare, b.bare).ref, valid)
    a, b = at_one_point(*as_numbers(a, b))
    return condition.apply(AsInteger()).apply(Select(), a, b, valid=valid)


def minimum(x: A | Literal, y: A | Literal) -> A:
    """The smaller of x and y."""
    a, b = at_one_point(*in_one_shape(*as_numbers(*both(x, y))))
    return a.apply(Minimum(), b, valid=joint(a, b))


def maximum(x: A | Literal, y: A | Literal) -> A:
    """The larger of x and y; maximum(x, 0) is the rectifier of neural networks."""
    a, b = at_one_point(*in_one_shape(*as_numbers(*both(x, y))))
    return a.apply(Maximum(), b, valid=joint(a, b))


def clip(x: A, min: A | Literal | None = None, max: A | Literal | None = None) -> A:  # noqa: A002  # the standard's names
    """x, but no less than `min` and no more than `max`; this also narrows the range that is known of it."""
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def abs(x: A) -> A:  # noqa: A001  # the standard's name
    """x without its sign."""
    (x,) = as_numbers(x)
    return x.apply(Absolute(), valid=x.valid)


def sign(x: A) -> A:
    """-1, 0 or 1, an integer."""
    return subtract(less(0, x), less(x, 0))


def is_null(x: A) -> A:
    """Where x is null: a truth value that never is."""
    if x.valid is None:
        raise wrong("is_null", "there are no nulls")
    return negated(x.like(x.valid))


def fill_null(x: A, value: Literal) -> A:
    """x, and `value` where it is null."""
    return x if x.valid is None else where(x.like(x.valid), x.bare, value)


def known_true(x: A) -> A:
    """A condition without nulls: null counts as false."""
    return x if x.valid is None else x.bare.apply(LogicalAnd(), x.like(x.valid))


def _chosen(condition: A, x: A, y: A) -> A:
    """Of two truth values: y ^ (condition & (x ^ y)), or (condition & x) ^ (not condition & y) if both are constants."""
    if x.kind.secret or y.kind.secret:
        return condition.apply(LogicalAnd(), x.apply(LogicalXor(), y)).apply(LogicalXor(), y)
    return condition.apply(LogicalAnd(), x).apply(LogicalXor(), negated(condition).apply(LogicalAnd(), y))
