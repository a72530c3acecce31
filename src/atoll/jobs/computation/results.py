"""A receiver's outputs as one table: a column for each, and for each column of a matrix one, `name[0]`, `name[1]`, ...

An output that is one number has one row. A column is as long as its output; where outputs differ in length, the shorter ones
end in cells without a value (their lengths stand in the plan). Fixed-point numbers are decimals with as many digits as tell one
from its neighbours, so nothing is lost; whoever multiplies one by 2^fraction and rounds has the number that was computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from atoll.jobs.computation.statement import OutputStated
from atoll.jobs.kind import ResultColumn
from atoll.jobs.result import Result, decimal_column

_KINDS = {"int64": "integer", "fixed": "decimal", "bool": "boolean"}
PLANE = 2
"""Axes of a matrix."""


def columns_of(outputs: Sequence[OutputStated]) -> tuple[ResultColumn, ...]:
    """Names and kinds of the table's columns."""
    return tuple(ResultColumn(name, _KINDS[one.base]) for one in outputs for name in _names(one))


def to_result(outputs: Sequence[OutputStated], opened: Sequence[NDArray[np.uint64]]) -> Result:
    """The table.

    Args:
        opened: as the nodes send them (`atoll.programs.places.receiver_shapes`): values, and a mask where there may be nulls.
    """
    rest = iter(opened)
    arrays: list[pa.Array] = []
    names: list[str] = []
    for one in outputs:
        raw = next(rest).view(np.int64).reshape(_rows(one), -1)
        valid = next(rest).astype(np.bool_).reshape(raw.shape) if one.nullable else np.ones(raw.shape, np.bool_)
        raw = np.where(valid, raw, 0)  # whatever stood there is nobody's
        for at, name in enumerate(_names(one)):
            arrays.append(_column(one, raw[:, at], valid[:, at]))
            names.append(name)
    length = max(len(one) for one in arrays)
    return Result(pa.Table.from_arrays([_long(one, length) for one in arrays], names=names))


def _column(one: OutputStated, raw: NDArray[np.int64], valid: NDArray[np.bool_]) -> pa.Array:
    if one.base == "fixed":
        return decimal_column(raw, valid, fraction=one.fraction)
    values: NDArray[Any] = raw.astype(np.bool_) if one.base == "bool" else raw
    return pa.array(np.ascontiguousarray(values), mask=~valid)


def _long(column: pa.Array, length: int) -> pa.Array:
    return column if len(column) == length else pa.concat_arrays([column, pa.nulls(length - len(column), column.type)])


def _rows(one: OutputStated) -> int:
    return one.shape[0] if one.shape else 1


def _names(one: OutputStated) -> Iterator[str]:
    if len(one.shape) < PLANE:
        yield one.name
        return
    for at in np.ndindex(*one.shape[1:]):
        yield f"{one.name}[{','.join(map(str, at))}]"
