"""Sums, counts and means along axes. Nulls are skipped.

A sum of products is an inner product: `sum(x * y)` adds before it truncates and sends one ring element a result. Where so many
numbers could overflow, partial sums are truncated and then added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple

from atoll.programs.dtypes import LIMIT, DType
from atoll.programs.functions.arithmetic import as_numbers, divide_by_public, multiply, truncated
from atoll.programs.functions.common import axis_index, wrong
from atoll.programs.functions.comparison import logical_not, not_equal, truth
from atoll.programs.functions.elementary import divide
from atoll.programs.functions.selection import fill_null, known_true
from atoll.programs.functions.shaping import concat, expand_dims, flattened, index, moveaxis, reshape
from atoll.programs.operation import Operation
from atoll.programs.operations.arithmetic import Multiply, Square, Truncate
from atoll.programs.operations.linalg import SumOfSquares, VecDot
from atoll.programs.operations.reductions import CumulativeSum, Sum
from atoll.programs.traced import A


def sum(x: A, *, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> A:  # noqa: A001  # the standard's name
    """The sum along one axis, several, or all; of truth values the number of true ones. Without values it is 0. Local."""
    (total,) = as_numbers(known_true(x)) if x.dtype.is_bool else (fill_null(x, 0),)
    axes = _axes(x, axis)
    if len(axes) == x.ndim > 1:
        total = _added(total, None)
    else:
        for one in reversed(axes):
            total = _added(total, one)
    return reshape(total, tuple(1 if at in axes else n for at, n in enumerate(x.shape))) if keepdims else total


def count(x: A, *, axis: int | Sequence[int] | None = None) -> A:
    """How many values are not null."""
    if x.valid is not None:
        return sum(x.like(x.valid), axis=axis)
    raise wrong("count", f"there are no nulls; x.size is {x.size}, x.shape {list(x.shape)}")


def mean(x: A, *, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> A:
    """The mean along one axis, several, or all; of truth values the share of true ones. Null where there is no value.

    Without nulls a product with a public number; with nulls a division by how many values there are, about 75 rounds.
    """
    total = sum(x, axis=axis, keepdims=keepdims)
    if x.valid is None:
        return divide_by_public(total, math.prod(x.shape[one] for one in _axes(x, axis)))
    return divide(total, sum(x.like(x.valid), axis=axis, keepdims=keepdims), null_where_zero=True)


def prod(x: A, *, axis: int = 0) -> A:
    """The product along an axis, by pairs: log2 n products one after the other. Nulls count as 1."""
    x = moveaxis(fill_null(x, 1), axis_index("prod", axis, x), 0)
    while (n := x.shape[0]) > 1:
        pairs = multiply(index(x, slice(0, n - 1, 2)), index(x, slice(1, n, 2)))
        x = concat([pairs, index(x, slice(n - 1, n))]) if n % 2 else pairs
    return index(x, 0)


def any(x: A, *, axis: int | Sequence[int] | None = None) -> A:  # noqa: A001  # the standard's name
    """Whether one is true; nulls are not."""
    return not_equal(sum(truth("any", x), axis=axis), 0)


def all(x: A, *, axis: int | Sequence[int] | None = None) -> A:  # noqa: A001  # the standard's name
    """Whether none is false; nulls are not."""
    return logical_not(any(logical_not(truth("all", x)), axis=axis))


def count_nonzero(x: A, *, axis: int | Sequence[int] | None = None) -> A:
    """How many values are not 0, or true."""
    return sum(x if x.dtype.is_bool else not_equal(x, 0), axis=axis)


def cumulative_sum(x: A, *, axis: int = 0) -> A:
    """The sums of all places up to each. A null adds nothing and stays null. Local."""
    (filled,) = as_numbers(known_true(x)) if x.dtype.is_bool else (fill_null(x, 0),)
    return filled.apply(CumulativeSum(axis_index("cumulative_sum", axis, x)), valid=x.valid)


def _axes(x: A, axis: int | Sequence[int] | None) -> list[int]:
    """The axes meant, in order."""
    if axis is None:
        return list(range(x.ndim))
    return sorted({axis_index("this", one, x) for one in ([axis] if isinstance(axis, int) else axis)})


class _Terms(NamedTuple, Generic[A]):
    """What a sum adds up, looked at before it was truncated."""

    operation: Operation | None
    """Adds products along the last axis; None: there are no products, but numbers."""
    operands: list[A]
    dtype: DType
    """Of one term."""
    truncated: bool


def _terms(x: A) -> _Terms[A]:
    step, before = x.tracer.step(x.ref), x
    if isinstance(step.operation, Truncate):
        before = x.like(step.inputs[0])
        step = x.tracer.step(before.ref)
    factors = [x.like(ref) for ref in step.inputs]
    if isinstance(step.operation, Square):
        return _Terms(SumOfSquares(), factors, before.dtype, before is not x)
    if isinstance(step.operation, Multiply) and factors[0].kind.secret and factors[1].kind.secret:
        return _Terms(VecDot(), factors, before.dtype, before is not x)
    return _Terms(None, [before], before.dtype, before is not x)


def _added(x: A, axis: int | None) -> A:
    """The sum along one axis, or of all: before truncation, and of products as an inner product."""
    terms = _terms(x)
    operands = [flattened(one) if axis is None else moveaxis(one, axis, x.ndim - 1) for one in terms.operands]
    length = operands[0].shape[-1]
    largest = max(-terms.dtype.low, terms.dtype.high)
    pieces = -(-length * largest // (LIMIT - 1)) if terms.truncated else 1
    if pieces <= 1:
        return truncated(_total(terms.operation, operands), x.dtype.fraction)
    longest = max(length // pieces, 1)
    whole = length // longest * longest
    head = [index(one, (..., slice(0, whole))) for one in operands]
    parts = [_total(terms.operation, [reshape(one, (*one.shape[:-1], whole // longest, longest)) for one in head])]
    if whole < length:
        rest = _total(terms.operation, [index(one, (..., slice(whole, length))) for one in operands])
        parts.append(expand_dims(rest, -1))
    partial = truncated(concat(parts, axis=-1), x.dtype.fraction)
    return partial.apply(Sum(partial.ndim - 1))


def _total(operation: Operation | None, operands: list[A]) -> A:
    first = operands[0]
    return first.apply(operation or Sum(first.ndim - 1), *operands[1:])
