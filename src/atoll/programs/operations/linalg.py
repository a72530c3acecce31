"""Sums of products: matrix products and inner products. However long the sum, one ring element an output is sent.

The products keep the bits after the point of both factors and are added before anything is cut off: one truncation for the
whole sum, and one rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import DType
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, Held, Operation, Shows, refuse, register
from atoll.programs.operations.arithmetic import product, product_error, square_range
from atoll.programs.operations.checks import numbers, same_shape
from atoll.programs.operations.held import by_public
from atoll.protocols.mpc import Node, Ring, Steps, dot, matmul, traffic
from atoll.protocols.mpc.shares import as_ring
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class VecDot(Operation):
    """The sum of x y along the last axis, which goes."""

    NAME: ClassVar[str] = "vecdot"
    SOURCE: ClassVar[str] = "Mohassel and Rindal, CCS 2018 (ePrint 2018/403), section 5.1.2"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = numbers(self, kinds, 2)
        shape = same_shape(self, kinds)
        if not shape:
            raise refuse(self, "the operands are single numbers")
        return (x.like(times(product(self, x, y), shape[-1]), shape[-1] * product_error(x, y), shape=shape[:-1]),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.einsum("...i,...i->...", values[0], values[1]),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        if not (kinds[0].secret and kinds[1].secret):
            return Traffic()
        return traffic.dot(kinds[0].size // kinds[0].shape[-1], kinds[0].shape[-1])

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = values
        if isinstance(x, Ring) and isinstance(y, Ring):
            return ((yield from dot(node, x, y)),)
        return (by_public(x, y).sum(-1),)


@register
@dataclass(frozen=True, slots=True)
class SumOfSquares(Operation):
    """The sum of x^2 along the last axis, which goes; no less than 0."""

    NAME: ClassVar[str] = "sum_of_squares"
    SOURCE: ClassVar[str] = "as vecdot"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        if not x.shape:
            raise refuse(self, "the operand is a single number")
        count = x.shape[-1]
        return (x.like(times(square_range(self, x), count), count * product_error(x, x), shape=x.shape[:-1]),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.einsum("...i,...i->...", values[0], values[0]),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.dot(kinds[0].size // kinds[0].shape[-1], kinds[0].shape[-1])

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return ((yield from dot(node, values[0], values[0])),)


@register
@dataclass(frozen=True, slots=True)
class MatMul(Operation):
    """The matrix product of (m, k) and (k, n)."""

    NAME: ClassVar[str] = "matmul"
    SHOWS: ClassVar[Shows] = Shows.AGGREGATE
    SOURCE: ClassVar[str] = "as vecdot"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = numbers(self, kinds, 2)
        if len(x.shape) != 2 or len(y.shape) != 2 or x.shape[1] != y.shape[0]:
            raise refuse(self, f"shapes {list(x.shape)} and {list(y.shape)} are not (m, k) and (k, n)")
        length, shape = x.shape[1], (x.shape[0], y.shape[1])
        return (x.like(times(product(self, x, y), length), length * product_error(x, y), shape=shape),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] @ values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        if not (kinds[0].secret and kinds[1].secret):
            return Traffic()
        rows, length = kinds[0].shape
        return traffic.matmul(rows, length, kinds[1].shape[1])

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = values
        if isinstance(x, Ring) and isinstance(y, Ring):
            return ((yield from matmul(node, x, y)),)
        if isinstance(x, Ring):
            return (Ring(x.shares @ as_ring(y)),)
        return (Ring(as_ring(x) @ y.shares),)


def times(dtype: DType, count: int) -> DType:
    """The type of the sum of `count` such numbers."""
    return DType(dtype.name, count * dtype.low, count * dtype.high, dtype.fraction)
