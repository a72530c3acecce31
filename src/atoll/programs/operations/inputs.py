"""Where values come from: owners' columns, and constants of the program."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from atoll.programs.dtypes import LIMIT, MAX_FRACTION, DType, bool_
from atoll.programs.kind import Kind, round_up
from atoll.programs.operation import Clear, Held, Operation, raw_values, refuse, register
from atoll.programs.operations.checks import in_bounds, operands
from atoll.protocols.mpc import Node

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,39}")
"""Names of columns, owners, receivers and outputs."""


@register
@dataclass(frozen=True, slots=True)
class Input(Operation):
    """A column of an owner. Values are rounded to the declared steps when they are shared; errors count from there."""

    NAME: ClassVar[str] = "input"

    name: str
    owner: str
    type: str
    low: int
    high: int
    fraction: int
    shape: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        operands(self, kinds, 0)
        verify_names(self, self.name, self.owner)
        verify_shape(self, self.shape)
        dtype = read_dtype(self, self.type, self.low, self.high, self.fraction)
        if dtype.is_bool and (self.low, self.high) != (0, 1):
            raise refuse(self, "a column of truth values goes from 0 to 1")
        return (Kind(dtype, self.shape),)


@register
@dataclass(frozen=True, slots=True)
class InputMask(Operation):
    """Which places of an owner's column hold a value; the others are null."""

    NAME: ClassVar[str] = "input_mask"

    name: str
    owner: str
    shape: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        operands(self, kinds, 0)
        verify_names(self, self.name, self.owner)
        verify_shape(self, self.shape)
        return (Kind(bool_, self.shape),)


@register
@dataclass(frozen=True, slots=True)
class Constant(Operation):
    """Public numbers that stand in the program.

    A number with a point is held with `fraction` bits after it; how far the nearest such number is from it counts as error.
    With divisors the numbers meant are quotients, exactly: 1/3 is a third, not the float next to it.
    """

    NAME: ClassVar[str] = "constant"

    type: str
    values: bytes
    """8 bytes a number, little-endian: float64 for fixed-point numbers, else int64. Truth values are 0 and 1."""
    fraction: int
    shape: tuple[int, ...]
    divisors: bytes
    """float64 likewise, for fixed-point numbers; empty: all are 1."""

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        operands(self, kinds, 0)
        verify_shape(self, self.shape)
        if self.divisors and (self.type != "fixed" or len(self.divisors) != len(self.values)):
            raise refuse(self, "the divisors are not those of as many numbers with a point")
        if len(self.values) != 8 * math.prod(self.shape):
            raise refuse(self, f"{len(self.values)} bytes are not {math.prod(self.shape)} numbers")
        if self.type != "fixed":
            ideal = self._array()
            low, high = int(ideal.min()), int(ideal.max())
            return (Kind(read_dtype(self, self.type, low, high, self.fraction), self.shape, secret=False),)
        in_bounds(self, "the number of bits after the point", self.fraction, 0, MAX_FRACTION)
        if self.divisors:
            return (self._quotients()[1],)
        floats = self._array()
        if not np.isfinite(floats).all() or float(np.abs(floats).max()) * 2.0**self.fraction >= LIMIT:
            raise refuse(self, "a number is not finite, or does not fit")
        raw = np.rint(np.ldexp(floats, self.fraction))
        off = float(np.abs(floats - np.ldexp(raw, -self.fraction)).max())  # exact: neighbours within a factor of two
        dtype = DType("fixed", int(raw.min()), int(raw.max()), self.fraction)
        return (Kind(dtype, self.shape, Fraction(off), secret=False),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        array = self._array()
        if self.divisors:
            array = array / np.frombuffer(self.divisors, dtype="<f8").reshape(self.shape)
        return (array.astype(np.bool_) if self.type == "bool" else array,)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        if self.divisors:
            return (self._quotients()[0],)
        (kind,) = self.infer(())
        return (raw_values(kind, self._array()),)

    def _quotients(self) -> tuple[NDArray[np.int64], Kind]:
        """Raw values of exact quotients, and what is known of them."""
        numbers, divisors = self._array().reshape(-1), np.frombuffer(self.divisors, dtype="<f8")
        if not (np.isfinite(numbers).all() and np.isfinite(divisors).all() and divisors.all()):
            raise refuse(self, "a number is not finite, or a divisor is 0")
        exact = [Fraction(a) / Fraction(b) for a, b in zip(numbers.tolist(), divisors.tolist(), strict=True)]
        raw = [round(one * (1 << self.fraction)) for one in exact]
        if max(map(abs, raw)) >= LIMIT:
            raise refuse(self, "a quotient does not fit")
        off = max(abs(one - Fraction(value, 1 << self.fraction)) for one, value in zip(exact, raw, strict=True))
        dtype = DType("fixed", min(raw), max(raw), self.fraction)
        return np.array(raw, dtype=np.int64).reshape(self.shape), Kind(dtype, self.shape, round_up(off), secret=False)

    def _array(self) -> NDArray[Any]:
        return np.frombuffer(self.values, dtype="<f8" if self.type == "fixed" else "<i8").reshape(self.shape)


def verify_names(operation: Operation, *names: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise refuse(operation, f"{name[:40]!r} is not a name: lower case letters, digits, `_` and `-`, at most 40")


def verify_shape(operation: Operation, shape: tuple[int, ...]) -> None:
    if not all(0 < length < LIMIT for length in shape):
        raise refuse(operation, f"shape {list(shape)}: every axis has at least one place")


def read_dtype(operation: Operation, name: str, low: int, high: int, fraction: int) -> DType:
    """A type written in a graph; whether its range fits is looked at like that of any result."""
    if name == "bool" and 0 <= low <= high <= 1 and fraction == 0:
        return bool_
    if (name == "int64" and fraction == 0) or (name == "fixed" and 0 <= fraction <= MAX_FRACTION):
        return DType("int64" if name == "int64" else "fixed", low, high, fraction)
    raise refuse(operation, f"{name[:20]!r} from {low} to {high} with {fraction} bits after the point is not a type")
