"""Second moments of columns: exact sums, one round of inner products, then arithmetic on single numbers.

With y = x - c, c the public middle of the range, and R half its width, |y| <= R and

    var(x) = mean(y^2) - mean(y)^2,        cov(x, z) = mean(y w) - mean(y) mean(w)

The sums are exact integers of the ring; where a sum of products could pass 62 bits, it is cut into parts that cannot, each of
which is truncated once. Means have as many bits after the point as their products leave room for: v = (60 - 2 log2 R) / 2. What
remains of error is about 8 R 2^-v, some 2^-28 of R^2, whatever the number of rows.

By Popoviciu's inequality 0 <= var(x) <= R^2, and by Cauchy and Schwarz |cov(x, z)| <= R S. A variance is raised by the bound of
its error, so that it is never below 0 and a root can be drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import DType
from atoll.programs.functions.arithmetic import add, multiply, scaled, subtract, truncated
from atoll.programs.functions.common import widened
from atoll.programs.functions.reductions import sum as total
from atoll.programs.kind import MAX_ELEMENTS, Kind, round_up
from atoll.programs.operation import Clear, Shows, refuse, register
from atoll.programs.operations.arithmetic import MovePoint, Multiply, Square
from atoll.programs.operations.checks import in_bounds, numbers, same_shape, secret
from atoll.programs.operations.composed import Composed
from atoll.programs.traced import Traced

_MEAN = 30
"""Bits after the point of a normalised mean; its square has twice as many."""
_MOMENT = 58
"""Bits after the point of a normalised second moment, which may be as large as 2."""
_KEPT = 34
"""Bits after the point that are kept of a normalised result: finer than its error."""


@register
@dataclass(frozen=True, slots=True)
class Variance(Composed):
    """The variance along the last axis: squared distances from the mean over their number less `correction`."""

    NAME: ClassVar[str] = "variance"
    SOURCE: ClassVar[str] = "as vecdot and scale; range by Popoviciu's inequality"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    correction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        count = verify_count(self, x, self.correction)
        found = self.inferred(kinds)
        error = found.error + _rounded_root(x, x)
        bias = _raised(error, found.dtype)
        most = _raised(_spread(x) ** 2 * Fraction(count, count - self.correction), found.dtype) + 2 * bias
        dtype = replace(found.dtype, low=0, high=max(min(found.dtype.high, most), 0))
        return (replace(found, dtype=dtype, error=round_up(error + bias * dtype.unit)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.asarray(values[0].astype(np.float64).var(axis=-1, ddof=self.correction)),)

    def written(self, *operands: Traced) -> Traced:
        (x,) = operands
        y, places = normalised(x)
        m = scaled(total(y, axis=-1), _root_factor(x, self.correction), fraction=_MEAN)
        found = subtract(_moment(y.apply(Square()), x, self.correction), m.apply(Square()))
        found = moved(truncated(found, _KEPT), 2 * places)
        return add(found, float(_raised(found.kind.error + _rounded_root(x.kind, x.kind), found.dtype) * found.dtype.unit))


@register
@dataclass(frozen=True, slots=True)
class Covariance(Composed):
    """The covariance of two columns along the last axis, divided by their length less `correction`."""

    NAME: ClassVar[str] = "covariance"
    SOURCE: ClassVar[str] = "as vecdot and scale; range by the inequality of Cauchy and Schwarz"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE
    COMMUTES: ClassVar[bool] = True

    correction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, z = numbers(self, kinds, 2)
        secret(self, x, z)
        same_shape(self, kinds)
        count = verify_count(self, x, self.correction)
        found = self.inferred(kinds)
        most = _spread(x) * _spread(z) * Fraction(count, count - self.correction)
        error = round_up(found.error + _rounded_root(x, z))
        end = _raised(most, found.dtype) + _raised(error, found.dtype)
        dtype = replace(found.dtype, low=max(found.dtype.low, -end), high=min(found.dtype.high, end))
        return (replace(found, dtype=dtype, error=error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        x, z = (value - value.mean(axis=-1, keepdims=True) for value in values)
        return (np.asarray((x * z).sum(axis=-1) / (x.shape[-1] - self.correction)),)

    def written(self, *operands: Traced) -> Traced:
        x, z = operands
        (y, first), (w, second) = normalised(x), normalised(z)
        means = [scaled(total(one, axis=-1), _root_factor(x, self.correction), fraction=_MEAN) for one in (y, w)]
        found = subtract(_moment(y.apply(Multiply(), w), x, self.correction), means[0].apply(Multiply(), means[1]))
        return moved(truncated(found, _KEPT), first + second)


def normalised(x: Traced) -> tuple[Traced, int]:
    """(x - c) 2^-places, from -1 to 1 with at most 30 bits after the point, and `places`."""
    middle = (x.dtype.low + x.dtype.high) // 2
    y = subtract(x, middle if x.dtype.name == "int64" else math.ldexp(middle, -x.dtype.fraction))
    size = (max(-y.dtype.low, y.dtype.high, 1) - 1).bit_length()
    places = size - y.dtype.fraction
    return truncated(y.apply(MovePoint(places)), _MEAN), places


def moved(x: Traced, places: int) -> Traced:
    """x 2^places."""
    free = min(places, x.dtype.fraction)
    x = x.apply(MovePoint(-free)) if free else x
    for left in range(places - free, 0, -40):
        x = multiply(x, 1 << min(left, 40))
    return x


def verify_count(operation: Composed, x: Kind, correction: int) -> int:
    """How many values there are along the last axis; enough for the correction."""
    in_bounds(operation, "the correction", correction, 0, 1)
    if not x.shape:
        raise refuse(operation, "the operand is a single number")
    in_bounds(operation, "the number of values", x.shape[-1], 1 + correction, MAX_ELEMENTS)
    return x.shape[-1]


def _moment(products: Traced, x: Traced, correction: int) -> Traced:
    """The sum of products divided by the number of rows less the correction, as finely as a product of means."""
    count = x.shape[-1]
    summed = total(truncated(products, 61 - count.bit_length()), axis=-1)
    return widened(scaled(summed, 1.0, divisor=count - correction, fraction=_MOMENT), 2 * _MEAN)


def _root_factor(x: Traced, correction: int) -> float:
    """1 / sqrt(n (n - correction)): of the product of two sums times this each, n divides once and n - correction once."""
    count = x.shape[-1]
    return 1 / math.sqrt(count * (count - correction))


def _rounded_root(x: Kind, z: Kind) -> Fraction:
    """What the rounding of `_root_factor`, 2^-53 of it, adds to the product of two means."""
    return _spread(x) * _spread(z) / 2**50


def _spread(x: Kind) -> Fraction:
    """Half the width of the range."""
    return Fraction(x.dtype.high - x.dtype.low, 2) * x.dtype.unit + x.error


def _raised(bound: Fraction, dtype: DType) -> int:
    """A bound in units of the type, rounded up."""
    return math.ceil(bound / dtype.unit)
