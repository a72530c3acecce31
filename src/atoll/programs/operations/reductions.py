"""Sums along axes: local, exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import DType
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Operation, Shows, register
from atoll.programs.operations.checks import axis_of, numbers
from atoll.protocols.mpc import Node, Ring


@register
@dataclass(frozen=True, slots=True)
class Sum(Operation):
    """The sum along one axis, which goes."""

    NAME: ClassVar[str] = "sum"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    axis: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        axis = axis_of(self, self.axis, x)
        count = x.shape[axis]
        dtype = DType(x.dtype.name, count * x.dtype.low, count * x.dtype.high, x.dtype.fraction)
        return (x.like(dtype, count * x.error, shape=(*x.shape[:axis], *x.shape[axis + 1 :])),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0].sum(axis=self.axis),)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (values[0].sum(self.axis),)


@register
@dataclass(frozen=True, slots=True)
class CumulativeSum(Operation):
    """The sums of all places up to each, along one axis."""

    NAME: ClassVar[str] = "cumulative_sum"

    axis: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        count = x.shape[axis_of(self, self.axis, x)]
        low, high = min(x.dtype.low, count * x.dtype.low), max(x.dtype.high, count * x.dtype.high)
        return (x.like(DType(x.dtype.name, low, high, x.dtype.fraction), count * x.error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0].cumsum(axis=self.axis),)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (Ring(values[0].shares.cumsum(axis=self.axis + 1, dtype=np.uint64)),)
