"""How columns vary, and together. Nulls are refused: fill or filter them first."""

from __future__ import annotations

from atoll.programs.functions.arithmetic import as_numbers, truncated
from atoll.programs.functions.common import axis_index, in_one_shape, wrong
from atoll.programs.functions.comparison import greater_equal, logical_and
from atoll.programs.functions.elementary import sqrt
from atoll.programs.functions.shaping import flattened, moveaxis
from atoll.programs.operations.arithmetic import MovePoint
from atoll.programs.operations.correlation import LEAST_BITS, SPAN_BITS, Correlate, SumOfDeviations, SumOfSquaredDeviations
from atoll.programs.operations.statistics import Covariance, Variance
from atoll.programs.traced import A


def var(x: A, *, axis: int | None = None, correction: int = 0) -> A:
    """The variance along an axis, or of all; divided by the number of values less `correction`, 0 or 1.

    One round of inner products, then arithmetic on one number a result. Error: about 2^-27 of the squared half width of the
    declared range, however many rows there are.
    """
    return _along("var", x, axis).apply(Variance(correction))


def cov(x: A, y: A, *, axis: int | None = None, correction: int = 1) -> A:
    """The covariance of two columns along an axis, or of all; as `var`."""
    a, b = in_one_shape(*(_along("cov", one, axis) for one in (x, y)))
    return a.apply(Covariance(correction), b)


def std(x: A, *, axis: int | None = None, correction: int = 0) -> A:
    """The standard deviation: the root of `var`."""
    return sqrt(var(x, axis=axis, correction=correction))


def corr(x: A, y: A, *, axis: int | None = None) -> A:
    """Pearson's correlation of two columns along an axis, or of all.

    Null where a column is as good as constant: where its standard deviation is below 2^-16 of its declared range. Everywhere
    else off by less than 2^-20, however long exact columns are.
    """
    a, b = in_one_shape(*(_within_span(_along("corr", one, axis)) for one in (x, y)))
    squares = [one.apply(SumOfSquaredDeviations()) for one in (a, b)]
    found = a.apply(SumOfDeviations(), b).apply(Correlate(), *squares)
    spread = [greater_equal(one, float(2**LEAST_BITS * one.dtype.unit)) for one in squares]
    return found.like(found.ref, logical_and(*spread).ref)


def _within_span(x: A) -> A:
    """With as many bits after the point as a range of 2^SPAN_BITS units leaves, and none narrower than 1/2.

    A correlation is the same for a column times a power of two; one of a narrow range would lose its digits in the squares.
    """
    over = (x.dtype.high - x.dtype.low).bit_length() - SPAN_BITS
    x = truncated(x, max(x.dtype.fraction - over, 0)) if over > 0 else x
    span = (x.dtype.high - x.dtype.low).bit_length()
    return x.apply(MovePoint(span - x.dtype.fraction)) if x.dtype.fraction > span else x


def _along(name: str, x: A, axis: int | None) -> A:
    """The axis last."""
    if x.valid is not None:
        raise wrong(name, "there are nulls; fill_null them, or keep the rows that have all values")
    (x,) = as_numbers(x)
    return flattened(x) if axis is None else moveaxis(x, axis_index(name, axis, x), x.ndim - 1)
