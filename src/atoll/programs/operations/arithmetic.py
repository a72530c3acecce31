"""Sums, differences and products of numbers, and what keeps the point in its place.

Sums and products with public numbers are local. A product of secrets takes one round and one ring element a node: every node
multiplies what it holds and sends its masked share on. A product has the bits after the point of both factors; `truncate` gives
back what is too many, exactly, rounding down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from atoll.programs.dtypes import LIMIT, MAX_FRACTION, DType, int64
from atoll.programs.kind import Kind
from atoll.programs.memory import held_bytes
from atoll.programs.operation import Clear, Held, Operation, refuse, register
from atoll.programs.operations.checks import in_bounds, numbers, operands, same_point, same_shape
from atoll.programs.operations.held import by_public, column, difference, in_shape, total
from atoll.protocols.mpc import Node, Planes, Ring, Steps, as_is, from_bit, memory, multiply, parallel, traffic, truncate
from atoll.protocols.mpc.traffic import Traffic


@register
@dataclass(frozen=True, slots=True)
class Add(Operation):
    """x + y, element by element."""

    NAME: ClassVar[str] = "add"
    COMMUTES: ClassVar[bool] = True

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(combined(x, y, x.dtype.low + y.dtype.low, x.dtype.high + y.dtype.high), x.error + y.error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] + values[1],)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (total(node, *values),)


@register
@dataclass(frozen=True, slots=True)
class Subtract(Operation):
    """x - y, element by element."""

    NAME: ClassVar[str] = "subtract"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = same_point(self, numbers(self, kinds, 2))
        same_shape(self, kinds)
        return (x.like(combined(x, y, x.dtype.low - y.dtype.high, x.dtype.high - y.dtype.low), x.error + y.error),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] - values[1],)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return (difference(node, *values),)


@register
@dataclass(frozen=True, slots=True)
class Multiply(Operation):
    """x y, element by element, with the bits after the point of both."""

    NAME: ClassVar[str] = "multiply"
    COMMUTES: ClassVar[bool] = True
    SOURCE: ClassVar[str] = "Araki et al., CCS 2016 (ePrint 2016/768), section 2"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, y = numbers(self, kinds, 2)
        same_shape(self, kinds)
        return (x.like(product(self, x, y), product_error(x, y)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] * values[1],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.multiply(kinds[0].size) if kinds[0].secret and kinds[1].secret else Traffic()

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.multiplied(kinds[0].size) if kinds[0].secret and kinds[1].secret else 0

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, y = values
        if isinstance(x, Ring) and isinstance(y, Ring):
            return ((yield from multiply(node, x, y)),)
        return (by_public(x, y),)


@register
@dataclass(frozen=True, slots=True)
class Square(Operation):
    """x^2, element by element: a product that is known to be no less than 0."""

    NAME: ClassVar[str] = "square"
    SOURCE: ClassVar[str] = "as multiply"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        return (x.like(square_range(self, x), product_error(x, x)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] * values[0],)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.multiply(kinds[0].size)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.multiplied(kinds[0].size)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return ((yield from multiply(node, values[0], values[0])),)


@register
@dataclass(frozen=True, slots=True)
class Widen(Operation):
    """The same number with `bits` more bits after the point; makes a fixed-point number of an integer. Local: a shift."""

    NAME: ClassVar[str] = "widen"

    bits: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1, constants=True)
        fraction = x.dtype.fraction + in_bounds(self, "the number of bits", self.bits, 0, MAX_FRACTION)
        in_bounds(self, "the number of bits after the point", fraction, 0, MAX_FRACTION)
        return (replace(x, dtype=DType("fixed", x.dtype.low << self.bits, x.dtype.high << self.bits, fraction)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0].astype(np.float64),)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        (x,) = values
        return (x * (1 << self.bits) if isinstance(x, Ring) else x << self.bits,)


@register
@dataclass(frozen=True, slots=True)
class MovePoint(Operation):
    """The number divided by 2^places, negative ones too: the same raw value with its point elsewhere. Local, exact."""

    NAME: ClassVar[str] = "move_point"

    places: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        fraction = x.dtype.fraction + in_bounds(self, "the number of places", self.places, -2 * MAX_FRACTION, 2 * MAX_FRACTION)
        in_bounds(self, "the number of bits after the point", fraction, 0, 2 * MAX_FRACTION)
        dtype = DType("fixed", x.dtype.low, x.dtype.high, fraction)
        return (x.like(dtype, x.error / 2**self.places if self.places >= 0 else x.error * 2**-self.places),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.ldexp(values[0].astype(np.float64), -self.places),)

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        return values


@register
@dataclass(frozen=True, slots=True)
class Truncate(Operation):
    """The number with `bits` fewer bits after the point, rounded down, exactly."""

    NAME: ClassVar[str] = "truncate"
    SOURCE: ClassVar[str] = "Escudero et al., CRYPTO 2020 (ePrint 2020/338), section 5"

    bits: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = numbers(self, kinds, 1)
        if x.dtype.name != "fixed":
            raise refuse(self, "only fixed-point numbers have bits after the point; an integer has none to cut off")
        fraction = x.dtype.fraction - in_bounds(self, "the number of bits", self.bits, 1, min(x.dtype.fraction, 62))
        dtype = DType("fixed", x.dtype.low >> self.bits, x.dtype.high >> self.bits, fraction)
        return (x.like(dtype, x.error + dtype.unit - x.dtype.unit),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return values

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.truncate(kinds[0].size, self.bits, malicious=malicious)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.truncate(kinds[0].size, self.bits)

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        return (yield from in_shape(kinds[0], truncate(node, column(values[0]), self.bits)))


@register
@dataclass(frozen=True, slots=True)
class Scale(Operation):
    """A number times a public one, with `fraction` bits after the point, to about a unit of the last.

    If the product would not fit, the number is split: x c = 2^h (x_high c) + x_low c, both truncated by themselves.
    """

    NAME: ClassVar[str] = "scale"
    SOURCE: ClassVar[str] = "as truncate"

    fraction: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        x, c = numbers(self, kinds, 2)
        same_shape(self, kinds)
        if c.secret or not x.secret:
            raise refuse(self, "the second operand must be a constant, and only it")
        in_bounds(self, "the number of bits after the point", self.fraction, 0, MAX_FRACTION)
        exact = product(self, x, c)
        less = in_bounds(self, "the number of bits to cut off", exact.fraction - self.fraction, 0, 62)
        dtype = DType("fixed", (exact.low >> less) - 1, exact.high >> less, self.fraction)
        if dtype.fits:
            self.split(x, c)
        return (x.like(dtype, product_error(x, c) + 2 * dtype.unit),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0] * values[1],)

    def split(self, x: Kind, c: Kind) -> int:
        """How many bits the lower part of x has; 0: it need not be split."""
        over = x.dtype.bits + c.dtype.bits - LIMIT.bit_length()
        if over <= 0:
            return 0
        if c.dtype.bits + over > LIMIT.bit_length() or over > x.dtype.fraction + c.dtype.fraction - self.fraction:
            raise refuse(self, f"{x.dtype.bits} and {c.dtype.bits} bits are too many")
        return over

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        less = kinds[0].dtype.fraction + kinds[1].dtype.fraction - self.fraction
        low_bits = self.split(*kinds)

        def cut_by(bits: int) -> Traffic:
            return traffic.truncate(kinds[0].size, bits, malicious=malicious) if bits else Traffic()

        return cut_by(low_bits) + (cut_by(less - low_bits) | cut_by(less)) if low_bits else cut_by(less)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        less = kinds[0].dtype.fraction + kinds[1].dtype.fraction - self.fraction
        parts = 2 if self.split(*kinds) else 1
        return parts * (2 * held_bytes(kinds[0]) + memory.truncate(kinds[0].size, less))

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        x, c = values
        less = kinds[0].dtype.fraction + kinds[1].dtype.fraction - self.fraction
        low_bits = self.split(*kinds)
        if not low_bits:
            return (yield from in_shape(kinds[0], cut(node, column(by_public(x, c)), less)))
        high = (yield from truncate(node, column(x), low_bits)).reshape(*kinds[0].shape)
        low = x - high * (1 << low_bits)
        parts = yield from parallel(
            cut(node, column(by_public(high, c)), less - low_bits), cut(node, column(by_public(low, c)), less)
        )
        return ((parts[0] + parts[1]).reshape(*kinds[0].shape),)


@register
@dataclass(frozen=True, slots=True)
class AsInteger(Operation):
    """0 for false, 1 for true."""

    NAME: ClassVar[str] = "as_integer"
    SOURCE: ClassVar[str] = "Mohassel and Rindal, CCS 2018 (ePrint 2018/403), section 5.3"

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = operands(self, kinds, 1, constants=True)
        if not x.dtype.is_bool:
            raise refuse(self, f"it works on truth values, not on {x.dtype}")
        return (replace(x, dtype=int64(0, 1)),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (values[0].astype(np.int64),)

    def cost(self, kinds: tuple[Kind, ...], *, malicious: bool = False) -> Traffic:
        return traffic.from_bit(kinds[0].size, malicious=malicious) if kinds[0].secret else Traffic()

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return memory.from_bit(kinds[0].size) if kinds[0].secret else 0

    def run(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> Steps[tuple[Held, ...]]:
        (x,) = values
        if not isinstance(x, Planes):
            return (x,)
        return (yield from in_shape(kinds[0], from_bit(node, x)))


def cut(node: Node, x: Ring, bits: int) -> Steps[Ring]:
    """`truncate`, by no bits too."""
    return truncate(node, x, bits) if bits else as_is(x)


def combined(x: Kind, y: Kind, low: int, high: int) -> DType:
    """The type of a sum or difference: fixed-point if one of them is."""
    name = "fixed" if "fixed" in (x.dtype.name, y.dtype.name) else "int64"
    return DType("fixed" if name == "fixed" else "int64", low, high, x.dtype.fraction)


def product(operation: Operation, x: Kind, y: Kind) -> DType:
    """The type of a product, with the bits after the point of both."""
    corners = [a * b for a in (x.dtype.low, x.dtype.high) for b in (y.dtype.low, y.dtype.high)]
    return combined_product(operation, x, y, min(corners), max(corners))


def square_range(operation: Operation, x: Kind) -> DType:
    """The type of a square."""
    low, high = sorted((x.dtype.low**2, x.dtype.high**2))
    return combined_product(operation, x, x, 0 if x.dtype.low <= 0 <= x.dtype.high else low, high)


def combined_product(operation: Operation, x: Kind, y: Kind, low: int, high: int) -> DType:
    fraction = x.dtype.fraction + y.dtype.fraction
    in_bounds(operation, "the number of bits after the point", fraction, 0, 2 * MAX_FRACTION)
    return DType("fixed" if "fixed" in (x.dtype.name, y.dtype.name) else "int64", low, high, fraction)


def product_error(x: Kind, y: Kind) -> Fraction:
    """How far a product of inexact factors may be off."""
    return x.error * y.dtype.magnitude + y.error * x.dtype.magnitude + x.error * y.error
