"""How columns vary, and together. Nulls are refused: fill or filter them first."""

from __future__ import annotations

from atoll.programs.functions.arithmetic import as_numbers
from atoll.programs.functions.common import axis_index, in_one_shape, wrong
from atoll.programs.functions.shaping import flattened, moveaxis
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


def _along(name: str, x: A, axis: int | None) -> A:
    """The axis last."""
    if x.valid is not None:
        raise wrong(name, "there are nulls; fill_null them, or keep the rows that have all values")
    (x,) = as_numbers(x)
    return flattened(x) if axis is None else moveaxis(x, axis_index(name, axis, x), x.ndim - 1)
