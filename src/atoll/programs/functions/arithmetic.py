"""Sums, products, powers, and other types of the same numbers."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from atoll.programs.dtypes import LIMIT, MAX_FRACTION, DType
from atoll.programs.functions.common import (
    DEFAULT_FRACTION,
    at_one_point,
    bits_of,
    both,
    constant,
    in_one_shape,
    joint,
    widened,
    wrong,
)
from atoll.programs.operations.arithmetic import Add, AsInteger, Multiply, Scale, Square, Subtract, Truncate
from atoll.programs.traced import A, Literal, Traced


def add(x: A | Literal, y: A | Literal) -> A:
    """x + y. Local."""
    a, b = at_one_point(*in_one_shape(*as_numbers(*both(x, y))))
    return a.apply(Add(), b, valid=joint(a, b))


def subtract(x: A | Literal, y: A | Literal) -> A:
    """x - y. Local."""
    a, b = at_one_point(*in_one_shape(*as_numbers(*both(x, y))))
    return a.apply(Subtract(), b, valid=joint(a, b))


def negative(x: A) -> A:
    """-x. Local."""
    return subtract(0, x)


def positive(x: A) -> A:
    """x itself."""
    return x


def multiply(x: A | Literal, y: A | Literal) -> A:
    """x y. One round and 8 bytes an element and node, then a truncation if both have bits after the point.

    By a literal local but for the truncation.
    """
    if not isinstance(y, Traced):
        return scaled(cast("A", x), y)
    if not isinstance(x, Traced):
        return scaled(y, x)
    a, b = in_one_shape(*as_numbers(x, y))
    if a.ref == b.ref:
        return square(a)
    return truncated(a.apply(Multiply(), b, valid=joint(a, b)), max(a.dtype.fraction, b.dtype.fraction))


def square(x: A) -> A:
    """x^2; known to be no less than 0."""
    (x,) = as_numbers(x)
    return truncated(x.apply(Square(), valid=x.valid), x.dtype.fraction)


def divide_by_public(x: A, divisor: Literal) -> A:
    """x divided by public numbers: a product with 1 / divisor.

    Raises:
        WrongOperands: a divisor is 0.
    """
    return scaled(x, 1.0, divisor=divisor)


def pow(x: A, exponent: int) -> A:  # noqa: A001  # the standard's name
    """x to a public power from 1 to 16, by squaring."""
    if type(exponent) is not int or not 1 <= exponent <= 16:
        raise wrong("pow", f"the exponent is {exponent!r}; it must be a public whole number from 1 to 16")
    result: A | None = None
    power = x
    while True:
        if exponent & 1:
            result = power if result is None else multiply(result, power)
        exponent >>= 1
        if not exponent:
            assert result is not None
            return result
        power = square(power)


def astype(x: A, dtype: DType | str) -> A:
    """x as "int64" (of truth values: 0 and 1) or as a fixed-point number with as many bits after the point as `dtype` has.

    The range is the one that is known, not the one of `dtype`; a fixed-point number does not become an integer.
    """
    name, fraction = (
        (dtype.name, dtype.fraction) if isinstance(dtype, DType) else (dtype, max(x.dtype.fraction, DEFAULT_FRACTION))
    )
    if (name, fraction) == (x.dtype.name, x.dtype.fraction) or (name == x.dtype.name and name != "fixed"):
        return x
    if x.dtype.is_bool:
        x = x.apply(AsInteger(), valid=x.valid)
        if name == "int64":
            return x
    if name != "fixed":
        known = '"int64", "fixed", or one made by fixed(...)'
        raise wrong("astype", f"{x.dtype} does not become {name}; types are {known}, and only truth values become int64")
    return widened(x, fraction) if fraction >= x.dtype.fraction else truncated(x, fraction)


def truncated(x: A, fraction: int) -> A:
    """x with `fraction` bits after the point, rounded down if it has more."""
    less = x.dtype.fraction - fraction
    return x.apply(Truncate(less), valid=x.valid) if less > 0 else x


def as_numbers(*values: A) -> tuple[A, ...]:
    """Truth values as 0 and 1."""
    return tuple(value.apply(AsInteger(), valid=value.valid) if value.dtype.is_bool else value for value in values)


def scaled(x: A, factor: Literal, *, divisor: Literal = 1, fraction: int | None = None) -> A:
    """x times public numbers; those with a point are held as exactly as the result can tell.

    Args:
        divisor: what a factor with a point is divided by, exactly.
        fraction: bits after the point of the result, if `factor` has a point; x's unless told otherwise.
    """
    (x,) = as_numbers(x)
    array = np.asarray(factor)
    if array.dtype.kind != "f":
        a, b = in_one_shape(x, constant(x, array if array.dtype.kind != "b" else array.astype(np.int64)))
        return a.apply(Multiply(), b, valid=a.valid)
    least = float(np.abs(np.asarray(divisor, dtype=np.float64)).min(initial=np.inf)) or 1.0  # 0 is refused below
    power = math.frexp(float(np.abs(array).max(initial=0)) / least)[1]
    size = bits_of(float(x.dtype.magnitude))
    if fraction is None:
        fraction = x.dtype.fraction if x.dtype.name == "fixed" else max(min(DEFAULT_FRACTION, 60 - size - power), 0)
    room = (2 * LIMIT.bit_length() - x.dtype.bits) // 2 - 1 - power
    a, b = in_one_shape(x, constant(x, array, fraction=max(min(fraction + size + 1, room, MAX_FRACTION), 0), divisor=divisor))
    if a.dtype.fraction + b.dtype.fraction > fraction:
        return a.apply(Scale(fraction), b, valid=a.valid)
    return widened(a.apply(Multiply(), b, valid=a.valid), fraction)
