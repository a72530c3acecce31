"""Which of two numbers is smaller, and whether they are equal.

The sign of the difference of two raw values decides: declared ranges keep every difference within 64 bits, so the answer is
exact. Numbers that are inexact are compared as they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atoll.programs.dtypes import bool_
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Operation, Shows, register
from atoll.programs.operations.checks import numbers, same_point, same_shape


@register
@dataclass(frozen=True, slots=True)
class Less(Operation):
    """x < y, element by element."""

    NAME: ClassVar[str] = "less"
    SHOWS: ClassVar[Shows] = Shows.COMPARISON
    SOURCE: ClassVar[str] = "Mohassel and Rindal, CCS 2018 (ePrint 2018/403), section 5.2"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, _ = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] < values[1],)


@register
@dataclass(frozen=True, slots=True)
class Equal(Operation):
    """x == y, element by element."""

    NAME: ClassVar[str] = "equal"
    SHOWS: ClassVar[Shows] = Shows.COMPARISON
    SOURCE: ClassVar[str] = "as less, with a tree of ANDs"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, _ = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] == values[1],)
