"""Sums, products, powers, and other types of the same numbers."""

from __future__ import annotations

from typing import cast

import numpy as np

from atoll.programs.dtypes import LIMIT, DType, bool_
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
from atoll.programs.operations.arithmetic import Add, AsInteger, Multiply, Square, Subtract, Truncate
from atoll.programs.traced import A, Literal, Traced


def add(x: A | Literal, y: A | Literal) -> A:
    """x + y. Local."""
    a, b = at_one_point(*in_one_shape(*_numbers(*both(x, y))))
    return a.apply(Add(), b, valid=joint(a, b))


def subtract(x: A | Literal, y: A | Literal) -> A:
    """x - y. Local."""
    a, b = at_one_point(*in_one_shape(*_numbers(*both(x, y))))
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
        return _scaled(cast("A", x), y)
    if not isinstance(x, Traced):
        return _scaled(y, x)
    a, b = in_one_shape(*_numbers(x, y))
    if a.ref == b.ref:
        return square(a)
    return truncated(a.apply(Multiply(), b, valid=joint(a, b)), max(a.dtype.fraction, b.dtype.fraction))


def square(x: A) -> A:
    """x^2; known to be no less than 0."""
    (x,) = _numbers(x)
    return truncated(x.apply(Square(), valid=x.valid), x.dtype.fraction)


def divide_by_public(x: A, divisor: Literal) -> A:
    """x divided by public numbers: a product with 1 / divisor.

    Raises:
        WrongOperands: a divisor is 0.
    """
    array = np.asarray(divisor, dtype=np.float64)
    if not array.all():
        raise wrong("divide", "a divisor is 0")
    return _scaled(x, 1.0 / array)


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

    The range is the one that is known, not the one of `dtype`; a fixed-point number becomes an integer by floor() or round().
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
        raise wrong("astype", f"{x.dtype} does not become {name}; use floor(), round() or a comparison")
    return widened(x, fraction) if fraction >= x.dtype.fraction else truncated(x, fraction)


def truncated(x: A, fraction: int) -> A:
    """x with `fraction` bits after the point, rounded down if it has more."""
    less = x.dtype.fraction - fraction
    return x.apply(Truncate(less), valid=x.valid) if less > 0 else x


def _numbers(*values: A) -> tuple[A, ...]:
    """Truth values as 0 and 1."""
    return tuple(
        value if value.dtype != bool_ else value.apply(AsInteger(), valid=value.valid) if value.kind.secret else value
        for value in values
    )


def _scaled(x: A, factor: Literal) -> A:
    """x times public numbers, held with as many bits after the point as keep the product within about a unit, if they fit."""
    (x,) = _numbers(x)
    if np.asarray(factor).dtype.kind == "f":
        fraction = x.dtype.fraction if x.dtype.name == "fixed" else DEFAULT_FRACTION
        largest = bits_of(float(np.abs(factor).max()))
        room = LIMIT.bit_length() - 2 - x.dtype.bits - largest
        wanted = fraction + bits_of(float(x.dtype.magnitude))
        y = constant(x, factor, fraction=max(min(wanted, room), 0))
    else:
        fraction = x.dtype.fraction
        y = constant(x, np.asarray(factor).astype(np.int64))
    a, b = in_one_shape(x, y)
    return truncated(a.apply(Multiply(), b, valid=a.valid), fraction)
