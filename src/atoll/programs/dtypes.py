"""What a secret number may be: an integer or a fixed-point number within a declared range, or a truth value.

    >>> int64(0, 120)
    int64 0..120
    >>> fixed(-8, 8, fraction=24)
    fixed -8..8, 24 bits after the point

The ring holds integers modulo 2^64. A fixed-point number x is held as the integer x * 2^fraction, its *raw* value; an integer
is its own raw value. Every raw value lies strictly between -2^62 and 2^62, so that the difference of any two still has its
sign: that is what the ranges are for, and why an overflow is found before anything runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction
from numbers import Rational
from typing import Literal, TypeAlias

Name: TypeAlias = Literal["bool", "int64", "fixed"]

LIMIT = 1 << 62
"""Every raw value lies strictly between -LIMIT and LIMIT."""

MAX_FRACTION = 60
"""Most bits after the point."""


@dataclass(frozen=True, slots=True)
class DType:
    """A type with its range, `low` and `high` included, in raw units of 2^-fraction."""

    name: Name
    low: int
    high: int
    fraction: int = 0

    @property
    def is_bool(self) -> bool:
        return self.name == "bool"

    @property
    def fits(self) -> bool:
        """Whether every value of the range can be held."""
        return -LIMIT < self.low <= self.high < LIMIT

    @property
    def unit(self) -> Fraction:
        """The distance of two neighbouring values."""
        return Fraction(1, 1 << self.fraction)

    @property
    def least(self) -> Fraction:
        """The smallest value, as a number."""
        return self.low * self.unit

    @property
    def most(self) -> Fraction:
        """The largest value, as a number."""
        return self.high * self.unit

    @property
    def magnitude(self) -> Fraction:
        """The largest absolute value, as a number."""
        return max(abs(self.low), abs(self.high)) * self.unit

    @property
    def bits(self) -> int:
        """How many bits a raw value has in two's complement, its sign included; 1 for a truth value."""
        return 1 if self.is_bool else max(self.low, ~self.low, self.high, ~self.high).bit_length() + 1

    def __repr__(self) -> str:
        if self.is_bool:
            return "bool"
        point = f", {self.fraction} bits after the point" if self.name == "fixed" else ""
        return f"{self.name} {show(self.least)}..{show(self.most)}{point}"


bool_ = DType("bool", 0, 1)
"""True or false."""


def int64(low: int, high: int) -> DType:
    """Whole numbers from `low` to `high`, both included; strictly within 62 bits."""
    return _checked(DType("int64", int(low), int(high)))


def fixed(low: Rational | float, high: Rational | float, *, fraction: int = 20) -> DType:
    """Numbers from `low` to `high` in steps of 2^-fraction; the integer that holds one stays strictly within 62 bits."""
    if not 0 <= fraction <= MAX_FRACTION:
        raise ValueError(f"a number has 0 to {MAX_FRACTION} bits after the point, not {fraction}")
    return _checked(
        DType("fixed", math.floor(Fraction(low) * (1 << fraction)), math.ceil(Fraction(high) * (1 << fraction)), fraction)
    )


def _checked(dtype: DType) -> DType:
    if dtype.low > dtype.high:
        raise ValueError(f"the range {show(dtype.least)} to {show(dtype.most)} is empty")
    if not dtype.fits:
        raise ValueError(f"{dtype} needs {dtype.bits} bits; at most 62, digits after the point included")
    return dtype


def show(number: Fraction) -> str:
    """A number for people: exact where that is short."""
    if number.denominator == 1 and abs(number) < 10**15:
        return str(number.numerator)
    return f"{float(number):.6g}"


def show_bound(bound: Fraction, digits: int = 6) -> str:
    """A number that nothing passes, for people: rounded up in its last digit.

    >>> show_bound(Fraction(10041, 10000), digits=3), show_bound(Fraction(1, 4)), show_bound(Fraction(0))
    ('1.01', '0.25', '0')
    """
    with localcontext(Context(prec=digits, rounding=ROUND_CEILING)):
        return f"{float(Decimal(bound.numerator) / Decimal(bound.denominator)):.{digits}g}"
