"""What is known of a value before the program runs: its type and range, its shape, how far off it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from atoll.programs.dtypes import DType

MAX_ELEMENTS = 1 << 28
"""Most numbers in one value: 2 GiB a share."""

MAX_DIMENSIONS = 6
"""Most axes of a value."""

_GRAIN = 1 << 96
_MOST = 1 << 63
"""No two numbers that can be held are further apart."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The public description of one value of a program.

    `error` bounds how far the value computed may be from the one that exact arithmetic gives on the same inputs, provided that
    no comparison behind it was closer than the errors of what it compared; for truth values it is 0.
    """

    dtype: DType
    shape: tuple[int, ...]
    error: Fraction = Fraction(0)
    secret: bool = True
    """False for constants, which everybody sees in the program."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def like(self, dtype: DType, error: Fraction = Fraction(0), *, shape: tuple[int, ...] | None = None) -> Kind:
        """Another secret, of this shape unless told otherwise."""
        return Kind(dtype, self.shape if shape is None else shape, round_up(error))

    def public(self) -> Kind:
        return replace(self, secret=False)

    def __repr__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


def round_up(error: Fraction) -> Fraction:
    """A bound at least as large whose digits stay few, however long the program is."""
    return Fraction(math.ceil(min(error, Fraction(_MOST)) * _GRAIN), _GRAIN)
