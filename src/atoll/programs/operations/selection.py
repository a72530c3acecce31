"""One of two values, by a secret condition; and the smaller or larger of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import DType
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Operation, refuse, register
from atoll.programs.operations.arithmetic import combined
from atoll.programs.operations.checks import numbers, same_point, same_shape, secret


@register
@dataclass(frozen=True, slots=True)
class Select(Operation):
    """x where the condition, an integer 0 or 1, is 1, and y where it is 0: y + condition (x - y)."""

    NAME: ClassVar[str] = "select"
    SOURCE: ClassVar[str] = "as multiply"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        condition, x, y = numbers(self, kinds, 3)
        if (condition.dtype.name, condition.dtype.low, condition.dtype.high) != ("int64", 0, 1):
            raise refuse(self, f"the condition is {condition.dtype}, not 0 or 1")
        secret(self, condition)
        same_point(self, (x, y))
        same_shape(self, kinds)
        low, high = min(x.dtype.low, y.dtype.low), max(x.dtype.high, y.dtype.high)
        return (x.like(combined(x, y, low, high), max(x.error, y.error)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        condition, x, y = values
        return (np.where(condition != 0, x, y),)


@register
@dataclass(frozen=True, slots=True)
class Minimum(Operation):
    """The smaller of x and y, element by element."""

    NAME: ClassVar[str] = "minimum"
    SOURCE: ClassVar[str] = "less, then select"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        low, high = min(x.dtype.low, y.dtype.low), min(x.dtype.high, y.dtype.high)
        return (x.like(combined(x, y, low, high), max(x.error, y.error)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.minimum(values[0], values[1]),)


@register
@dataclass(frozen=True, slots=True)
class Maximum(Operation):
    """The larger of x and y, element by element."""

    NAME: ClassVar[str] = "maximum"
    SOURCE: ClassVar[str] = "less, then select"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        low, high = max(x.dtype.low, y.dtype.low), max(x.dtype.high, y.dtype.high)
        return (x.like(combined(x, y, low, high), max(x.error, y.error)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.maximum(values[0], values[1]),)


@register
@dataclass(frozen=True, slots=True)
class Absolute(Operation):
    """The value without its sign."""

    NAME: ClassVar[str] = "abs"
    SOURCE: ClassVar[str] = "less, then select"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        ends = sorted((abs(x.dtype.low), abs(x.dtype.high)))
        low = 0 if x.dtype.low <= 0 <= x.dtype.high else ends[0]
        return (x.like(DType(x.dtype.name, low, ends[1], x.dtype.fraction), x.error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.abs(values[0]),)
