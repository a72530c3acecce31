"""Other shapes of the same values, and parts of them by public places. All local; masks follow their values."""

from __future__ import annotations

import math
import types
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.programs.functions.arithmetic import as_numbers
from atoll.programs.functions.common import at_one_point, axis_index, broadcast_to, in_one_shape, mask_of, wrong
from atoll.programs.operation import Operation
from atoll.programs.operations.shaping import Concat, PermuteDims, Reshape, Slice, Take
from atoll.programs.traced import A, Traced

Places: TypeAlias = "int | Sequence[int] | NDArray[np.integer[Any]]"
"""One place of an axis, or some in order."""
Index: TypeAlias = "Places | slice | types.EllipsisType | None"
"""One place, some places in order, all other axes, a new axis, or places named one by one."""


def reshape(x: A, shape: int | Sequence[int]) -> A:
    """The same values, in order, in another shape; one length may be -1."""
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    if wanted.count(-1) == 1:
        known = -math.prod(wanted)
        wanted = tuple(x.size // known if length == -1 and known else length for length in wanted)
    return x if wanted == x.shape else both_parts(x, Reshape(wanted))


def flattened(x: A) -> A:
    """All values as a vector."""
    return reshape(x, (x.size,))


def expand_dims(x: A, axis: int = 0) -> A:
    """A new axis of length 1 at `axis`."""
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise wrong("expand_dims", f"there is no place for an axis {axis} in shape {list(x.shape)}")
    axis %= x.ndim + 1
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def squeeze(x: A, axis: int) -> A:
    """Without an axis of length 1."""
    axis = axis_index("squeeze", axis, x)
    if x.shape[axis] != 1:
        raise wrong("squeeze", f"axis {axis} has length {x.shape[axis]}")
    return reshape(x, (*x.shape[:axis], *x.shape[axis + 1 :]))


def permute_dims(x: A, axes: Sequence[int]) -> A:
    """Axis axes[k] becomes axis k."""
    return both_parts(x, PermuteDims(tuple(axis_index("permute_dims", axis, x) for axis in axes)))


def matrix_transpose(x: A) -> A:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise wrong("matrix_transpose", f"shape {list(x.shape)} is no matrix")
    return permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def moveaxis(x: A, source: int, destination: int) -> A:
    """One axis at another place, the others in order."""
    source, destination = axis_index("moveaxis", source, x), axis_index("moveaxis", destination, x)
    axes = [axis for axis in range(x.ndim) if axis != source]
    axes.insert(destination, source)
    return x if axes == list(range(x.ndim)) else permute_dims(x, axes)


def concat(arrays: Sequence[A], axis: int | None = 0) -> A:
    """Values one after the other along an axis; with None all of them as one vector."""
    if not arrays:
        raise wrong("concat", "there is nothing to join")
    arrays = arrays if axis is not None else [flattened(x) for x in arrays]
    axis = axis_index("concat", axis or 0, arrays[0])
    if len(arrays) == 1:
        return arrays[0]
    if not all(x.dtype.is_bool for x in arrays):
        arrays = at_one_point(*as_numbers(*arrays))
    first = arrays[0]
    valid = None
    if any(x.valid is not None for x in arrays):
        valid = first.tracer.add(Concat(axis), *(mask_of(x).ref for x in arrays))[0]
    return first.apply(Concat(axis), *arrays[1:], valid=valid)


def stack(arrays: Sequence[A], axis: int = 0) -> A:
    """Arrays of one shape along a new axis."""
    return concat([expand_dims(x, axis) for x in arrays], axis=axis)


def broadcast_arrays(*arrays: A) -> list[A]:
    """All in the shape of the largest."""
    return list(in_one_shape(*arrays))


def flip(x: A, axis: int | None = None) -> A:
    """Backwards along one axis, or along all."""
    for one in range(x.ndim) if axis is None else (axis_index("flip", axis, x),):
        x = both_parts(x, Slice(one, x.shape[one] - 1, -1, x.shape[one]))
    return x


def roll(x: A, shift: int, axis: int = 0) -> A:
    """Shifted along an axis; what leaves at one end enters at the other."""
    axis = axis_index("roll", axis, x)
    at = -shift % x.shape[axis]
    head, tail = (slice(0, at), slice(at, None))
    return x if not at else concat([_cut(x, axis, tail), _cut(x, axis, head)], axis=axis)


def take(x: A, indices: Places, axis: int = 0) -> A:
    """Places of an axis by public number; they may be repeated."""
    axis = axis_index("take", axis, x)
    numbers = np.asarray(indices)
    if numbers.dtype.kind not in "iu" or numbers.ndim > 1:
        problem = "a place is a whole number, or places are a list of them; np.flatnonzero makes one of a public mask"
        raise wrong("take", problem)
    if not numbers.ndim:
        return squeeze(take(x, [int(numbers)], axis), axis)
    length = x.shape[axis]
    places = [int(index) for index in numbers]
    if any(not -length <= index < length for index in places):
        raise wrong("take", f"a place lies outside of an axis of length {length}")
    return both_parts(x, Take(axis, tuple(index % length for index in places)))


def repeat(x: A, repeats: int, axis: int = 0) -> A:
    """Every place of an axis `repeats` times in a row."""
    axis = axis_index("repeat", axis, x)
    wide = expand_dims(x, axis + 1)
    wide = broadcast_to(wide, (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :]))
    return reshape(wide, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]))


def tile(x: A, repetitions: int) -> A:
    """The whole `repetitions` times along the first axis."""
    wide = broadcast_to(expand_dims(x, 0), (repetitions, *x.shape))
    return reshape(wide, (repetitions * x.shape[0], *x.shape[1:]))


def index(x: A, key: Index | tuple[Index, ...]) -> A:
    """x[key]: public numbers, slices, lists of numbers, `...` and None, as of arrays."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(isinstance(one, Traced) for one in keys):
        raise wrong("x[...]", "the place is secret; use take_secret(x, place)")
    rest = [at for at, one in enumerate(keys) if one is Ellipsis]
    used = sum(one is not None and one is not Ellipsis for one in keys)
    if used > x.ndim or len(rest) > 1:
        raise wrong("x[...]", f"{used} places are named in shape {list(x.shape)}")
    if sum(np.ndim(one) > 0 for one in keys if not isinstance(one, slice | types.EllipsisType | None)) > 1:
        raise wrong("x[...]", "two axes have lists of places; name them one after the other, as in x[rows][:, columns]")
    missing: list[Index] = [slice(None)] * (x.ndim - used)
    at = rest[0] if rest else len(keys)
    keys[at : at + 1] = missing
    axis = 0
    for one in keys:
        if one is None:
            x = expand_dims(x, axis)
            axis += 1
        elif isinstance(one, slice):
            x = _cut(x, axis, one)
            axis += 1
        elif one is not Ellipsis:
            before = x.ndim
            x = take(x, one, axis)
            axis += x.ndim == before
    return x


def length(x: Traced) -> int:
    """Of the first axis."""
    if not x.ndim:
        raise wrong("len()", "it is a single number")
    return x.shape[0]


def both_parts(x: A, operation: Operation) -> A:
    """An operation on the values, and on their mask."""
    return x.apply(operation, valid=None if x.valid is None else x.tracer.add(operation, x.valid)[0])


def _cut(x: A, axis: int, part: slice) -> A:
    places = range(x.shape[axis])[part]
    if len(places) == x.shape[axis] and places.step == 1:
        return x
    if not places:
        raise wrong("x[...]", "nothing is left; a value has at least one place along every axis")
    return both_parts(x, Slice(axis, places.start, places.step, len(places)))
