"""One of two values, by a secret condition; and the smaller or larger of two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import DType
from atoll.programs.kind import Kind
from atoll.programs.memory import held_bytes
from atoll.programs.operation import Clear, Held, Operation, refuse, register
from atoll.programs.operations.arithmetic import combined
from atoll.programs.operations.checks import numbers, operands, same_point, same_shape, secret
from atoll.programs.operations.comparison import apart, width
from atoll.programs.operations.held import by_public, column, difference, in_shape, total
from atoll.programs.operations.logic import and_circuit
from atoll.protocols.mpc import Node, Planes, Ring, Steps, evaluate, inject, is_negative, memory, multiply, traffic, where
from atoll.protocols.mpc.traffic import Traffic


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

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.multiply(kinds[0].size) if kinds[1].secret or kinds[2].secret else Traffic()

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return held_bytes(kinds[0]) + memory.multiplied(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        condition, x, y = values
        if not isinstance(x, Ring) and not isinstance(y, Ring):
            return (by_public(condition, x - y).plus_public(node.me, y),)
        chosen = yield from multiply(node, condition, difference(node, x, y))
        return (total(node, chosen, y),)


@register
@dataclass(frozen=True, slots=True)
class HideNulls(Operation):
    """x where there is a value, 0 or false where it is null: an output must not show what lies under its nulls."""

    NAME: ClassVar[str] = "hide_nulls"
    SOURCE: ClassVar[str] = "as multiply and logical_and"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, valid = operands(self, kinds, 2)
        secret(self, x, valid)
        same_shape(self, kinds)
        if not valid.dtype.is_bool:
            raise refuse(self, f"the mask is {valid.dtype}, not a truth value")
        return (x.like(replace(x.dtype, low=min(x.dtype.low, 0), high=max(x.dtype.high, 0)), x.error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        x, valid = values
        return (np.where(valid, x, np.zeros_like(x)),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        x, size = kinds[0], kinds[0].size
        return traffic.circuit(and_circuit(), size) if x.dtype.is_bool else traffic.inject(size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.circuit(kinds[0].size, 1) if kinds[0].dtype.is_bool else memory.inject(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, valid = values
        if isinstance(x, Planes):
            return (yield from evaluate(node, and_circuit(), x, valid))
        return (yield from in_shape(kinds[0], inject(node, valid, column(x))))


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

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return cost_of_smaller(kinds, malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.compared(kinds[0].size, width(kinds)) + memory.inject(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from smaller(node, kinds, values, values))


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

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return cost_of_smaller(kinds, malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.compared(kinds[0].size, width(kinds)) + memory.inject(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from smaller(node, kinds, values, values[::-1]))


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

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        size, bits = kinds[0].size, kinds[0].dtype.bits
        return traffic.is_negative(size, bits=bits, malicious=malicious) + traffic.inject(size, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.compared(kinds[0].size, kinds[0].dtype.bits) + memory.inject(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x = column(values[0])
        negative = yield from is_negative(node, x, bits=kinds[0].dtype.bits)
        return (yield from in_shape(kinds[0], where(node, negative, -x, x)))


def smaller(node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...], chosen: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
    """The first of `chosen` where the first of `values` is smaller, the second elsewhere."""
    less = yield from is_negative(node, apart(node, values), bits=width(kinds))
    from_second = yield from inject(node, less, column(difference(node, *chosen)))
    return (total(node, from_second.reshape(*kinds[0].shape), chosen[1]),)


def cost_of_smaller(kinds: tuple[Kind, ...], malicious: bool) -> Traffic:
    """Of `smaller`."""
    size = kinds[0].size
    return traffic.is_negative(size, bits=width(kinds), malicious=malicious) + traffic.inject(size, malicious=malicious)
