"""Truth values joined. Negation and exclusive or are local; `and` takes one round and a bit an element and node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import bool_
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Operation, register
from atoll.programs.operations.checks import same_shape, truths


@register
@dataclass(frozen=True, slots=True)
class LogicalAnd(Operation):
    """x and y, element by element."""

    NAME: ClassVar[str] = "logical_and"
    SOURCE: ClassVar[str] = "Araki et al., CCS 2016 (ePrint 2016/768), section 2, over GF(2)"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        truths(self, kinds, 2)
        same_shape(self, kinds)
        return (kinds[0].like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] & values[1],)


@register
@dataclass(frozen=True, slots=True)
class LogicalXor(Operation):
    """Either x or y, not both."""

    NAME: ClassVar[str] = "logical_xor"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        truths(self, kinds, 2)
        same_shape(self, kinds)
        return (kinds[0].like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] ^ values[1],)


@register
@dataclass(frozen=True, slots=True)
class LogicalNot(Operation):
    """Not x."""

    NAME: ClassVar[str] = "logical_not"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = truths(self, kinds, 1)
        return (x.like(bool_),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.logical_not(values[0]),)
