"""Other shapes of the same numbers: local, exact, and free but for memory."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from atoll.programs.dtypes import DType
from atoll.programs.kind import MAX_DIMENSIONS, MAX_ELEMENTS, Kind
from atoll.programs.operation import Clear, Held, Operation, refuse, register
from atoll.programs.operations.checks import axis_of, operands
from atoll.programs.operations.held import moved_bits, shared
from atoll.protocols.mpc import Node, Planes, Ring, memory, public_ring
from atoll.protocols.mpc.shares import Words64


class Rearrangement(Operation):
    """The same values at other places, some perhaps repeated or left out; of constants too."""

    @abstractmethod
    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        """What becomes of an array of the operand's shape, a view where it can be; `lead` axes before it stay as they are."""

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (self.rearranged(values[0]),)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return scratch_of_moved_bits(kinds, self.infer(kinds)[0])

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        (value,) = values
        if isinstance(value, Ring):
            return (Ring(in_one_piece(self.rearranged(value.shares, 1))),)
        if isinstance(value, Planes):
            return (moved_bits([(kinds[0], value)], lambda bits: self.rearranged(bits[0])),)
        return (self.rearranged(value),)


@register
@dataclass(frozen=True, slots=True)
class Reshape(Rearrangement):
    """The same numbers, in order, in another shape."""

    NAME: ClassVar[str] = "reshape"

    shape: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = one(self, kinds)
        if any(length < 1 for length in self.shape) or math.prod(self.shape) != x.size:
            raise refuse(self, f"{x.size} numbers do not fill the shape {list(self.shape)}")
        return (replace(x, shape=self.shape),)

    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        return array.reshape((*array.shape[:lead], *self.shape))


@register
@dataclass(frozen=True, slots=True)
class BroadcastTo(Rearrangement):
    """Numbers repeated along new axes and along axes of length 1."""

    NAME: ClassVar[str] = "broadcast_to"

    shape: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = one(self, kinds)
        padded = (1,) * (len(self.shape) - len(x.shape)) + x.shape
        if len(padded) != len(self.shape) or any(b < 1 or a not in (1, b) for a, b in zip(padded, self.shape, strict=True)):
            raise refuse(self, f"shape {list(x.shape)} does not broadcast to {list(self.shape)}")
        if len(self.shape) > MAX_DIMENSIONS or math.prod(self.shape) > MAX_ELEMENTS:
            raise refuse(self, f"shape {list(self.shape)} is too large")
        return (replace(x, shape=self.shape),)

    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        missing = len(self.shape) - (array.ndim - lead)
        aligned = array.reshape((*array.shape[:lead], *([1] * missing), *array.shape[lead:]))
        return np.broadcast_to(aligned, (*array.shape[:lead], *self.shape))


@register
@dataclass(frozen=True, slots=True)
class PermuteDims(Rearrangement):
    """Axis `axes[k]` becomes axis k."""

    NAME: ClassVar[str] = "permute_dims"

    axes: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = one(self, kinds)
        if sorted(self.axes) != list(range(len(x.shape))):
            raise refuse(self, f"{list(self.axes)} does not name every axis of shape {list(x.shape)} once")
        return (replace(x, shape=tuple(x.shape[axis] for axis in self.axes)),)

    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        return array.transpose((*range(lead), *(lead + axis for axis in self.axes)))


@register
@dataclass(frozen=True, slots=True)
class Slice(Rearrangement):
    """Every `step`-th place of one axis from `start`, `count` of them; a negative step goes backwards."""

    NAME: ClassVar[str] = "slice"

    axis: int
    start: int
    step: int
    count: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = one(self, kinds)
        axis = axis_of(self, self.axis, x)
        last = self.start + self.step * (self.count - 1)
        if self.count < 1 or self.step == 0 or not (0 <= self.start < x.shape[axis] and 0 <= last < x.shape[axis]):
            raise refuse(self, f"places {self.start} to {last} are not within an axis of length {x.shape[axis]}")
        return (replace(x, shape=(*x.shape[:axis], self.count, *x.shape[axis + 1 :])),)

    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        stop = self.start + self.step * self.count
        places = slice(self.start, stop if stop >= 0 else None, self.step)
        return array[(*([slice(None)] * (lead + self.axis)), places)]


@register
@dataclass(frozen=True, slots=True)
class Take(Rearrangement):
    """The places `indices`, public, of one axis; places may be repeated."""

    NAME: ClassVar[str] = "take"

    axis: int
    indices: tuple[int, ...]

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        (x,) = one(self, kinds)
        axis = axis_of(self, self.axis, x)
        if not self.indices or not all(0 <= index < x.shape[axis] for index in self.indices):
            raise refuse(self, f"the places are not all within an axis of length {x.shape[axis]}, or there are none")
        return (replace(x, shape=(*x.shape[:axis], len(self.indices), *x.shape[axis + 1 :])),)

    def rearranged(self, array: NDArray[Any], lead: int = 0) -> NDArray[Any]:
        return array.take(self.indices, axis=lead + self.axis)


@register
@dataclass(frozen=True, slots=True)
class Concat(Operation):
    """Values one after the other along an axis."""

    NAME: ClassVar[str] = "concat"

    axis: int

    def infer(self, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if not kinds:
            raise refuse(self, "there is nothing to join")
        operands(self, kinds, len(kinds))
        first = kinds[0]
        axis = axis_of(self, self.axis, first)
        for kind in kinds:
            if (kind.dtype.name, kind.dtype.fraction) != (first.dtype.name, first.dtype.fraction):
                raise refuse(self, "the values have different types")
            if len(kind.shape) != len(first.shape) or (*kind.shape[:axis], *kind.shape[axis + 1 :]) != (
                *first.shape[:axis],
                *first.shape[axis + 1 :],
            ):
                raise refuse(self, f"the shapes {[list(kind.shape) for kind in kinds]} differ beside axis {axis}")
        low, high = min(kind.dtype.low for kind in kinds), max(kind.dtype.high for kind in kinds)
        dtype = DType(first.dtype.name, low, high, first.dtype.fraction)
        length = sum(kind.shape[axis] for kind in kinds)
        shape = (*first.shape[:axis], length, *first.shape[axis + 1 :])
        return (first.like(dtype, max(kind.error for kind in kinds), shape=shape),)

    def clear(self, kinds: tuple[Kind, ...], values: tuple[Clear, ...]) -> tuple[Clear, ...]:
        return (np.concatenate(values, axis=self.axis),)

    def scratch_bytes(self, kinds: tuple[Kind, ...]) -> int:
        return scratch_of_moved_bits(kinds, self.infer(kinds)[0])

    def local(self, node: Node, kinds: tuple[Kind, ...], values: tuple[Held, ...]) -> tuple[Held, ...]:
        if any(isinstance(value, Ring) for value in values):
            rings = [value if isinstance(value, Ring) else public_ring(node.me, value) for value in values]
            return (Ring(np.concatenate([ring.shares for ring in rings], axis=self.axis + 1)),)
        planes = [(kind, shared(node, value)) for kind, value in zip(kinds, values, strict=True)]
        return (moved_bits(planes, lambda bits: np.concatenate(bits, axis=self.axis)),)


def scratch_of_moved_bits(kinds: tuple[Kind, ...], result: Kind) -> int:
    """What `moved_bits` takes; numbers are moved as they are."""
    is_moved = result.secret and result.dtype.is_bool
    return memory.moved_bits(sum(kind.size for kind in kinds), result.size) if is_moved else 0


def in_one_piece(shares: Words64) -> Words64:
    """A copy, unless the numbers of each part, or of their columns, lie one after the other: kernels want them so."""
    itemsize = shares.itemsize
    return shares if 0 not in shares.strides and itemsize in shares.strides[-2:] else np.ascontiguousarray(shares)


def one(operation: Operation, kinds: tuple[Kind, ...]) -> tuple[Kind]:
    """One operand, secret or not."""
    if len(kinds) != 1:
        raise refuse(operation, f"it takes one operand, not {len(kinds)}")
    return (kinds[0],)
