"""Division by secrets, roots, and other functions of secret numbers. Domains are checked when the program is traced."""

from __future__ import annotations

import math
from typing import cast

from atoll.programs.dtypes import LIMIT
from atoll.programs.functions.arithmetic import add, as_numbers, divide_by_public, multiply, negative
from atoll.programs.functions.common import DEFAULT_FRACTION, bits_of, both, in_one_shape, joint, wrong
from atoll.programs.functions.comparison import less, not_equal
from atoll.programs.functions.selection import abs as absolute
from atoll.programs.functions.selection import maximum, where
from atoll.programs.operations.elementary import Divide, Exp, InverseRoot, Log, Logistic, SquareRoot
from atoll.programs.operations.logic import LogicalAnd
from atoll.programs.traced import A, Literal, Traced
from atoll.protocols.mpc.exponential import PRECISION
from atoll.protocols.mpc.sigmoid import MOST_PRECISE


def divide(x: A | Literal, y: A | Literal, *, null_where_zero: bool = False) -> A:
    """x / y. By public numbers a product; by secret ones about 75 rounds.

    The result has as many bits after the point as the operands, at least 20, or as many as its range leaves room for: its
    range is that of x over that of y, so a divisor that may be close to 0 costs digits.

    Args:
        null_where_zero: the result is null where y is 0; without it, a range of y that has 0 is refused.

    Raises:
        WrongOperands: y may be 0.
    """
    if not isinstance(y, Traced):
        return divide_by_public(cast("A", x), y)
    a, b = in_one_shape(*as_numbers(*both(x, y)))
    if b.dtype.high < 0:
        a, b = negative(a), negative(b)
    if b.dtype.low > 0:
        return _quotient(a, b)
    if not null_where_zero:
        raise wrong("divide", f"the divisor is {b.dtype}, and may be 0; null_where_zero=True makes such results null")
    there = not_equal(b, 0)
    if b.dtype.low < 0:
        a = where(less(b.bare, 0), negative(a), a)
        b = absolute(b)
    found = _quotient(a, maximum(b, float(b.dtype.unit) if b.dtype.fraction else 1))
    valid = there.ref if found.valid is None else found.like(found.valid).apply(LogicalAnd(), there.bare).ref
    return found.like(found.ref, valid)


def sqrt(x: A) -> A:
    """The square root. About 75 rounds.

    Raises:
        WrongOperands: x may be below 0; sqrt(maximum(x, 0)) never is.
    """
    (x,) = as_numbers(x)
    if x.dtype.low < 0:
        raise wrong("sqrt", f"the operand is {x.dtype}, and may be below 0; maximum(x, 0) never is")
    return x.apply(SquareRoot(_fraction(x, bits_of(float(x.dtype.most)) // 2 + 1)), valid=x.valid)


def rsqrt(x: A) -> A:
    """1 / sqrt(x). About 75 rounds.

    Raises:
        WrongOperands: x may be 0 or below.
    """
    (x,) = as_numbers(x)
    if x.dtype.low < 1:
        raise wrong("rsqrt", f"the operand is {x.dtype}, and may be 0 or below; maximum(x, 0.001) never is")
    return x.apply(InverseRoot(_fraction(x, bits_of(float(1 / x.dtype.least)) // 2 + 1)), valid=x.valid)


def exp(x: A) -> A:
    """e^x. About 70 rounds; relative error of the largest result below 2^-28, or 2^-fraction if that is more.

    Raises:
        WrongOperands: x may be above 42, or its range is wider than 170; clip(x, -60, 10) is not.
    """
    (x,) = as_numbers(x)
    whole_bits = max(math.ceil(float(x.dtype.most) * 1.4427) + 1, 0)
    return x.apply(Exp(_fraction(x, whole_bits)), valid=x.valid)


def log(x: A) -> A:
    """The natural logarithm. About 65 rounds.

    Raises:
        WrongOperands: x may be 0 or below; maximum(x, 0.001) never is.
    """
    (x,) = as_numbers(x)
    if x.dtype.low < 1:
        raise wrong("log", f"the operand is {x.dtype}, and may be 0 or below; maximum(x, 0.001) never is")
    return x.apply(Log(min(max(x.dtype.fraction, DEFAULT_FRACTION), PRECISION)), valid=x.valid)


def sigmoid(x: A) -> A:
    """1 / (1 + e^-x), for any x. About 50 rounds; off by 6e-6 at most for an x with 20 bits after the point."""
    (x,) = as_numbers(x)
    return x.apply(Logistic(min(max(x.dtype.fraction, DEFAULT_FRACTION), MOST_PRECISE)), valid=x.valid)


def tanh(x: A) -> A:
    """The hyperbolic tangent: 2 sigmoid(2 x) - 1."""
    return add(multiply(sigmoid(multiply(x, 2)), 2), -1)


def relu(x: A) -> A:
    """x, and 0 where that is below 0."""
    return maximum(x, 0)


def _quotient(x: A, y: A) -> A:
    """x / y for y > 0, masks joined."""
    most = max(bits_of(float(x.dtype.magnitude / y.dtype.least)), 0)
    fraction = max(min(max(x.dtype.fraction, y.dtype.fraction, DEFAULT_FRACTION), LIMIT.bit_length() - 3 - most), 0)
    return x.apply(Divide(fraction), y, valid=joint(x, y))


def _fraction(x: A, whole_bits: int) -> int:
    """Bits after the point of a result whose whole part takes so many bits."""
    return max(min(max(x.dtype.fraction, DEFAULT_FRACTION), LIMIT.bit_length() - 3 - whole_bits), 0)
