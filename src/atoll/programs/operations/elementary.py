"""Quotients, roots and other functions of secret numbers, by tables of polynomials (`protocols/mpc/piecewise.py`).

Ranges choose the precision: each operation asks its protocol for the most exact plan that 62 bits allow, and the plan says how
far off a result may be and what it costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import LIMIT, MAX_FRACTION, DType
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Operation, refuse, register
from atoll.programs.operations.checks import in_bounds, numbers, same_shape, secret
from atoll.programs.operations.held import column, in_shape
from atoll.protocols.mpc import Node, Ring, Steps, memory, public_ring
from atoll.protocols.mpc.division import Division, divide, plan_division
from atoll.protocols.mpc.exponential import (
    PRECISION,
    Exponential,
    Logarithm,
    exponential,
    logarithm,
    plan_exponential,
    plan_logarithm,
)
from atoll.protocols.mpc.piecewise import DIGITS
from atoll.protocols.mpc.roots import Root, plan_root, root
from atoll.protocols.mpc.sigmoid import MOST_PRECISE, REACH_BITS, Sigmoid, plan_sigmoid, sigmoid
from atoll.protocols.mpc.traffic import Traffic

MOST_EXPONENT = 42
"""e to this still has 62 bits."""
LEAST_EXPONENT = -1024
"""Far below, e to this is 0 in every bit, and the plan is one of very long numbers."""
WIDEST_EXPONENT = 170
"""Between exponents: one AND for each power of two in it."""


@register
@dataclass(frozen=True, slots=True)
class Divide(Operation):
    """x / y for y > 0, with `fraction` bits after the point."""

    NAME: ClassVar[str] = "divide"
    SOURCE: ClassVar[str] = "Catrina and Saxena, FC 2010, section 3.4; a table of cubics in the place of iterations"

    fraction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = numbers(self, kinds, 2)
        secret(self, y)
        same_shape(self, kinds)
        in_bounds(self, "the number of bits after the point", self.fraction, 0, MAX_FRACTION)
        if not (x.dtype.fits and y.dtype.fits) or y.dtype.low < 1:
            raise refuse(self, f"the divisor is {y.dtype}, and must be above 0")
        if y.error >= y.dtype.least:
            raise refuse(self, f"the divisor may be off by {float(y.error):.2g}, so it may be 0")
        plan = self.plan(kinds)
        off = math.ceil(plan.error_units)
        corners = [Fraction(a * 2**MAX_FRACTION, b) for a in (x.dtype.low, x.dtype.high) for b in (y.dtype.low, y.dtype.high)]
        unit = Fraction(2) ** (plan.scale - MAX_FRACTION)
        least, most = math.floor(min(corners) * unit), math.ceil(max(corners) * unit)
        dtype = DType("fixed", least - off, most + off, self.fraction)
        largest = max(abs(least), abs(most)) * dtype.unit
        given = (x.error + largest * y.error) / (y.dtype.least - y.error)
        return (y.like(dtype, plan.error_units * dtype.unit + given),)

    def plan(self, kinds: tuple[Kind, ...]) -> Division:
        """How it is computed."""
        x, y = (kind.dtype for kind in kinds)
        return plan_division(max(-x.low, x.high, 1), y.low, y.high, self.fraction + y.fraction - x.fraction)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] / values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.LOOKED_UP_BYTES * kinds[0].size

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = (column(value if isinstance(value, Ring) else public_ring(node.me, value)) for value in values)
        return (yield from in_shape(kinds[0], divide(node, x, y, self.plan(kinds))))


@dataclass(frozen=True, slots=True)
class _Root(Operation):
    """What both roots share."""

    SOURCE: ClassVar[str] = (
        "Aly and Smart, ACNS 2019 (ePrint 2019/354), section 3.4; a table of cubics in the place of iterations"
    )
    INVERSE: ClassVar[bool]

    fraction: int

    def plan(self, kinds: tuple[Kind, ...]) -> Root:
        """How it is computed. A raw value with an odd number of bits after the point is doubled first."""
        dtype = kinds[0].dtype
        odd = dtype.fraction % 2
        half = (dtype.fraction + odd) // 2
        scale = self.fraction + (half if self.INVERSE else -half)
        return plan_root(dtype.low << odd, dtype.high << odd, scale, inverse=self.INVERSE)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.LOOKED_UP_BYTES * kinds[0].size

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        doubled = column(values[0]) * (1 << kinds[0].dtype.fraction % 2)
        return (yield from in_shape(kinds[0], root(node, doubled, self.plan(kinds))))


@register
@dataclass(frozen=True, slots=True)
class SquareRoot(_Root):
    """The square root of numbers from 0 on, with `fraction` bits after the point."""

    NAME: ClassVar[str] = "sqrt"
    INVERSE: ClassVar[bool] = False

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        in_bounds(self, "the number of bits after the point", self.fraction, 0, MAX_FRACTION)
        if not x.dtype.fits or x.dtype.low < 0:
            raise refuse(self, f"the operand is {x.dtype}, and must not be below 0")
        units = self.plan(kinds).error_units
        off, high = math.ceil(units), _root_above(x.dtype.most * 4**self.fraction)
        dtype = DType(
            "fixed", max(math.floor(_root_above(x.dtype.least * 4**self.fraction)) - off - 1, -off), high + off, self.fraction
        )
        return (x.like(dtype, units * dtype.unit + _root_error(x)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.sqrt(np.maximum(values[0], 0)),)


@register
@dataclass(frozen=True, slots=True)
class InverseRoot(_Root):
    """1 / sqrt(x) for x > 0, with `fraction` bits after the point."""

    NAME: ClassVar[str] = "rsqrt"
    INVERSE: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        in_bounds(self, "the number of bits after the point", self.fraction, 0, MAX_FRACTION)
        if not x.dtype.fits or x.dtype.low < 1:
            raise refuse(self, f"the operand is {x.dtype}, and must be above 0")
        least = x.dtype.least - x.error
        if least <= 0:
            raise refuse(self, f"the operand may be off by {float(x.error):.2g}, so it may be 0")
        units = self.plan(kinds).error_units
        dtype = DType("fixed", 0, _root_above(4**self.fraction / x.dtype.least), self.fraction)
        off = math.ceil(units)
        dtype = DType("fixed", -off, dtype.high + off, self.fraction)
        steepest = x.error / (2 * least) * (Fraction(_root_above(4**MAX_FRACTION / least), 2**MAX_FRACTION)) if x.error else 0
        return (x.like(dtype, units * dtype.unit + steepest),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (1 / np.sqrt(values[0]),)


@register
@dataclass(frozen=True, slots=True)
class Logistic(Operation):
    """1 / (1 + e^-x), with `fraction` bits after the point."""

    NAME: ClassVar[str] = "sigmoid"
    SOURCE: ClassVar[str] = "Aly and Smart, ACNS 2019 (ePrint 2019/354), section 3; a table of quadratics or cubics"

    fraction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        in_bounds(self, "the number of bits after the point of the result", self.fraction, 8, MOST_PRECISE)
        in_bounds(self, "the number of bits after the point", x.dtype.fraction, 0, LIMIT.bit_length() - REACH_BITS - 4)
        if not x.dtype.fits:
            raise refuse(self, f"the operand is {x.dtype}, which is too much")
        units = self.plan(kinds).error_units
        off = math.ceil(units)
        dtype = DType("fixed", -off, (1 << self.fraction) + off, self.fraction)
        return (x.like(dtype, units * dtype.unit + x.error / 4),)

    def plan(self, kinds: tuple[Kind, ...]) -> Sigmoid:
        """How it is computed."""
        dtype = kinds[0].dtype
        return plan_sigmoid(dtype.low, dtype.high, dtype.fraction, self.fraction)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        halved = np.tanh(values[0] / 2) / 2
        return (halved + 0.5,)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.LOOKED_UP_BYTES * kinds[0].size

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from in_shape(kinds[0], sigmoid(node, column(values[0]), self.plan(kinds))))


@register
@dataclass(frozen=True, slots=True)
class Exp(Operation):
    """e^x, with `fraction` bits after the point."""

    NAME: ClassVar[str] = "exp"
    SOURCE: ClassVar[str] = "Aly and Smart, ACNS 2019 (ePrint 2019/354), section 3.2; a table of cubics"

    fraction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        in_bounds(self, "the number of bits after the point of the result", self.fraction, 0, MAX_FRACTION)
        in_bounds(self, "the number of bits after the point", x.dtype.fraction, 0, MAX_FRACTION)
        least, most = x.dtype.least, x.dtype.most
        if not x.dtype.fits or least < LEAST_EXPONENT or most > MOST_EXPONENT or most - least > WIDEST_EXPONENT:
            bounds = f"{LEAST_EXPONENT} to {MOST_EXPONENT}, in a range of {WIDEST_EXPONENT},"
            raise refuse(self, f"the operand is {x.dtype}; {bounds} will do")
        if x.error > Fraction(1, 2):
            raise refuse(self, f"the operand may be off by {float(x.error):.2g}")
        plan = self.plan(kinds)
        most = exact(x.dtype.most, Decimal.exp)
        off = math.ceil(plan.error_units)
        dtype = DType("fixed", -off, math.ceil(most * 2**self.fraction) + off, self.fraction)
        return (x.like(dtype, plan.error_units * dtype.unit + most * x.error * (1 + x.error)),)

    def plan(self, kinds: tuple[Kind, ...]) -> Exponential:
        """How it is computed."""
        dtype = kinds[0].dtype
        return plan_exponential(dtype.low, dtype.high, dtype.fraction, self.fraction)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.exp(values[0]),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.LOOKED_UP_BYTES * kinds[0].size

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from in_shape(kinds[0], exponential(node, column(values[0]), self.plan(kinds))))


@register
@dataclass(frozen=True, slots=True)
class Log(Operation):
    """The natural logarithm of x > 0, with `fraction` bits after the point."""

    NAME: ClassVar[str] = "log"
    SOURCE: ClassVar[str] = "Aly and Smart, ACNS 2019 (ePrint 2019/354), section 3.3; a table of cubics"

    fraction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        in_bounds(self, "the number of bits after the point of the result", self.fraction, 0, PRECISION)
        in_bounds(self, "the number of bits after the point", x.dtype.fraction, 0, MAX_FRACTION)
        if not x.dtype.fits or x.dtype.low < 1:
            raise refuse(self, f"the operand is {x.dtype}, and must be above 0")
        if x.error >= x.dtype.least:
            raise refuse(self, f"the operand may be off by {float(x.error):.2g}, so it may be 0")
        units = self.plan(kinds).error_units
        off, scale = math.ceil(units), 2**self.fraction
        ends = [exact(end, Decimal.ln) * scale for end in (x.dtype.least, x.dtype.most)]
        dtype = DType("fixed", math.floor(ends[0]) - off - 1, math.ceil(ends[1]) + off + 1, self.fraction)
        return (x.like(dtype, units * dtype.unit + x.error / (x.dtype.least - x.error)),)

    def plan(self, kinds: tuple[Kind, ...]) -> Logarithm:
        """How it is computed."""
        most = max(kinds[0].dtype.high, 2)  # of a single bit there is nothing below the first to look up
        return plan_logarithm(most, kinds[0].dtype.fraction, self.fraction)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.log(values[0]),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return self.plan(kinds).traffic(kinds[0].size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.LOOKED_UP_BYTES * kinds[0].size

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from in_shape(kinds[0], logarithm(node, column(values[0]), self.plan(kinds))))


def exact(number: Fraction, function: Callable[[Decimal], Decimal]) -> Fraction:
    """A function of a number, to 45 digits and rounded up in the last; the same on every machine."""
    with localcontext(DIGITS) as context:
        value = function(Decimal(number.numerator) / Decimal(number.denominator))
        return Fraction(context.next_plus(value))


def _root_above(number: Fraction) -> int:
    """A whole number at or above the root, by less than 2."""
    return math.isqrt(math.ceil(number)) + 1


def _root_error(x: Kind) -> Fraction:
    """How far the root of an inexact number may be off: |sqrt a - sqrt b| <= sqrt|a - b|, and |a - b| / sqrt(least)."""
    if not x.error:
        return Fraction(0)
    bound = Fraction(_root_above(x.error * 4**MAX_FRACTION), 2**MAX_FRACTION)
    least = math.isqrt(x.dtype.low * 4**MAX_FRACTION // 2**x.dtype.fraction)
    return min(bound, x.error * 2**MAX_FRACTION / least) if least else bound
