"""A secret value of a program under trace: where it stands in the graph, and the mask of its nulls.

`SecretArray` (array.py) adds the operators; the functions in `functions/` work on this base, so that they need not know it.
"""

from __future__ import annotations

from typing import NoReturn, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from atoll.programs.dtypes import DType
from atoll.programs.errors import DependsOnSecret, WrongOperands
from atoll.programs.graph import Ref
from atoll.programs.kind import Kind
from atoll.programs.operation import Operation
from atoll.programs.tracer import Tracer, program_line

Literal: TypeAlias = "bool | int | float | NDArray[np.bool_] | NDArray[np.int64] | NDArray[np.float64]"
"""Public numbers written in the program."""

A = TypeVar("A", bound="Traced")
"""The class of secrets: what goes in comes out."""


class Traced:
    """A value and, where it has nulls, the mask of what is there."""

    __slots__ = ("ref", "tracer", "valid")

    def __init__(self, tracer: Tracer, ref: Ref, valid: Ref | None = None) -> None:
        self.tracer = tracer
        self.ref = ref
        self.valid = valid
        """A truth value of the same shape, true where there is a value; None: everywhere."""

    @property
    def kind(self) -> Kind:
        """All that is publicly known of it."""
        return self.tracer.kind(self.ref)

    @property
    def dtype(self) -> DType:
        return self.kind.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.kind.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return self.kind.size

    def like(self, ref: Ref, valid: Ref | None = None) -> Self:
        """Another value of the same trace."""
        return type(self)(self.tracer, ref, valid)

    def apply(self, operation: Operation, *others: Traced, valid: Ref | None = None) -> Self:
        """The first result of an operation on the values (not the masks) of this and the others."""
        if any(other.tracer is not self.tracer for other in others):
            problem = "an operand was kept from another trace; a function uses its arguments and what it makes of them"
            raise WrongOperands(line=program_line(), operation=operation.NAME, problem=problem)
        return self.like(self.tracer.add(operation, self.ref, *(other.ref for other in others))[0], valid)

    @property
    def mask(self) -> Self | None:
        """The mask as a value of its own."""
        return None if self.valid is None else self.like(self.valid)

    @property
    def bare(self) -> Self:
        """The value without its mask; where it was null stands any number of the range."""
        return self.like(self.ref)

    def __repr__(self) -> str:
        nulls = ", with nulls" if self.valid is not None else ""
        return f"secret {self.kind}{nulls}"

    def _refuse(self, what: str) -> NoReturn:
        raise DependsOnSecret(line=program_line(), what=what)

    def __bool__(self) -> bool:  # noqa: PLE0304  # it never returns
        self._refuse("a condition of Python (if, while, and, or, not)")

    def __int__(self) -> int:
        self._refuse("int()")

    def __float__(self) -> float:
        self._refuse("float()")

    def __index__(self) -> int:  # noqa: PLE0305  # it never returns
        self._refuse("an index or a number of repetitions")

    def __contains__(self, item: object) -> NoReturn:
        self._refuse("`in`")

    def __array__(self, *arguments: object) -> NoReturn:
        self._refuse("a numpy function")

    def __format__(self, how: str) -> str:
        return repr(self)
