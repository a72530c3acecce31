"""From an owner's column to raw values, and from opened values to arrays.

What is not as declared is refused at the owner's node, before anything is shared; the error tells which row, never its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atoll.programs.dtypes import LIMIT
from atoll.programs.errors import BadColumn
from atoll.programs.graph import Graph, GraphInput, Output
from atoll.programs.kind import Kind
from atoll.programs.operation import Clear, clear_values


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column ready to be shared."""

    raw: NDArray[np.int64]
    """In the declared shape; where there is no value, the one nearest to 0 that the range has."""
    valid: NDArray[np.bool_]


def encode_column(column: GraphInput, values: Any) -> Encoded:
    """The raw values of an input.

    Args:
        values: an array of numbers or truth values in the declared shape, a masked array, or a list, nested for a matrix,
            where None is null.

    Raises:
        BadColumn: another shape or type, a value outside the declared range, NaN, an infinity, a null where none may be.
    """
    name, kind = column.name, column.kind
    if values is None:
        raise BadColumn(column=name, problem="it is missing")
    array, valid = _split(name, values)
    if array.shape != kind.shape:
        raise BadColumn(column=name, problem=f"it has {_shape(array.shape)}, and the program takes {_shape(kind.shape)}")
    if not valid.all() and column.valid is None:
        raise BadColumn(column=name, problem=f"row {_first(~valid)} is null, and nulls are not declared")
    return Encoded(np.where(valid, _raw(name, kind, array, valid), _filler(kind)), valid)


def decode_output(graph: Graph, output: Output, raw: NDArray[np.int64], valid: NDArray[np.bool_] | None) -> NDArray[Any]:
    """An opened output as an array of int64, float64 or bool_, masked where it is null.

    Fixed-point numbers of more than 53 bits lose their last bits in float64; `raw` has them.
    """
    values: Clear = clear_values(graph.kind(output.ref), raw)
    return values if valid is None else np.ma.MaskedArray(values, mask=~valid)


def _split(name: str, values: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values and where there are any."""
    if isinstance(values, np.ma.MaskedArray):
        return values.data, ~np.ma.getmaskarray(values)
    if isinstance(values, Sequence):
        try:
            nested = np.asarray(values, dtype=object)
            valid = np.asarray(nested != np.asarray(None), dtype=np.bool_)
            array = np.asarray(np.where(valid, nested, _zero(nested[valid])).tolist())
        except ValueError as err:
            raise BadColumn(column=name, problem="its rows have different lengths, or are not numbers") from err
    else:
        array = np.asarray(values)
        valid = np.ones(array.shape, dtype=np.bool_)
    return array, valid


def _shape(shape: tuple[int, ...]) -> str:
    """
    >>> _shape((3,)), _shape((1, 2))
    ('3 rows', '1 row of 2')
    """
    if not shape:
        return "no rows"
    rows = f"{shape[0]} row{'' if shape[0] == 1 else 's'}"
    return f"{rows} of {' x '.join(map(str, shape[1:]))}" if shape[1:] else rows


def _zero(present: NDArray[Any]) -> Any:
    """A stand-in for null that does not change the type of the rest."""
    return False if len(present) and all(isinstance(one, bool | np.bool_) for one in present) else 0


def _raw(name: str, kind: Kind, array: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    dtype = kind.dtype
    allowed = {"bool": "b", "int64": "iu", "fixed": "iuf"}[dtype.name]
    if array.dtype.kind not in allowed:
        raise BadColumn(column=name, problem=f"it holds {array.dtype}, declared is {dtype}")
    if dtype.is_bool:
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        finite = np.isfinite(array)
        if not finite[valid].all():
            raise BadColumn(column=name, problem=f"row {_first(valid & ~finite)} is NaN or infinite")
        scaled = np.rint(np.ldexp(np.where(valid, array, 0.0), dtype.fraction))
        fits = np.abs(scaled) < float(LIMIT)
        raw = np.where(fits, scaled, 0.0).astype(np.int64)  # whole numbers are compared: floats near 2^62 are far apart
        outside = ~fits | (raw < dtype.low) | (raw > dtype.high)
    else:
        step = 1 << dtype.fraction
        present = np.where(valid, array, 0)
        outside = (present < -(-dtype.low // step)) | (present > dtype.high // step)
        raw = np.where(outside, 0, present).astype(np.int64) << dtype.fraction
    outside &= valid
    if outside.any():
        raise BadColumn(column=name, problem=f"row {_first(outside)} lies outside of the declared range, {dtype}")
    return raw


def _filler(kind: Kind) -> int:
    return min(max(0, kind.dtype.low), kind.dtype.high)


def _first(where: NDArray[np.bool_]) -> int:
    """The first row, counted from 1, that holds a True."""
    return int(np.argwhere(where)[0][0]) + 1
