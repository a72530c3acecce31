"""From what a run found to the table that its receiver reads."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import numpy as np
import pyarrow as pa

from atoll.jobs.intersection.outputs import Join, Output, joined_names
from atoll.jobs.intersection.protocols.adapter import Found
from atoll.jobs.kind import ResultColumn
from atoll.jobs.result import Result
from atoll.jobs.table import ROW_NUMBER, Rows
from atoll.ledger.plan import Plan
from atoll.protocols.role import Party

COUNT = "count"
SUM = "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a receiver's table looks like, as the plan says."""

    output: Output
    join: Join
    scale: int
    """Digits behind the point of a sum."""
    key: tuple[str, ...]
    """Columns of the receiver's key."""
    keeps: tuple[str, ...]
    """Further columns of its own."""
    others: tuple[tuple[str, str], ...]
    """Columns that it gets of others: organisation and name."""

    @classmethod
    def of(cls, plan: Plan, receiver: Party) -> Self:
        """The form of a checked plan's result for one receiver."""
        seats = len(plan.parties)
        lines = plan.inputs[receiver.index * seats : (receiver.index + 1) * seats]
        own = next(one for one in lines if (one.role, one.index) == (receiver.role, receiver.index))
        others = [(line.dataset.partition("/")[0], name) for line in lines if line is not own for name in line.beside]
        return cls(
            output=Output(plan.program["output"]),
            join=Join(plan.program["join"]),
            scale=plan.program.get("scale", 0),
            key=own.key,
            keeps=own.beside,
            others=tuple(others),
        )

    @property
    def own(self) -> tuple[str, ...]:
        """All columns of the receiver's own."""
        return (*self.key, *self.keeps)

    def columns(self) -> tuple[ResultColumn, ...]:
        """Names and kinds, as `joined_names` has them."""
        if self.output is Output.CARDINALITY:
            return (ResultColumn(COUNT, "integer"),)
        if self.output is Output.SUM:
            return (ResultColumn(COUNT, "integer"), ResultColumn(SUM, "decimal"))
        return tuple(ResultColumn(name, "text") for name in joined_names(self.own, self.others))


def to_result(form: Form, found: Found, table: Rows) -> Result:
    """The receiver's table.

    Args:
        form: what the plan says.
        found: what the run told this place.
        table: this place's own rows.

    Cost: one pass over the own rows that are shown.
    """
    names = [one.name for one in form.columns()]
    if form.output is Output.CARDINALITY:
        return Result.from_rows(names, [(found.count,)])
    if form.output is Output.SUM:
        return Result.from_rows(names, [(found.count, None if found.total is None else decimal_text(found.total, form.scale))])
    if form.output is Output.ROWS:
        assert found.joined is not None
        return Result(_joined(form, *found.joined, table).rename_columns(names))
    assert found.matches is not None
    rows = found.matches.rows
    # As many rows as keys: no two of them can be spelt alike, and there is no need to compare their cells.
    are_distinct = found.matches.keys == len(rows) // ROW_NUMBER.itemsize
    if form.join is Join.ANTI:
        rows, are_distinct = _others(rows, len(table)), False
    shown = table.take(form.own, rows)
    return Result(shown if form.keeps or are_distinct else _each_once(shown))


def decimal_text(units: int, scale: int) -> str:
    """A number of units of 10^-scale, written out.

    >>> decimal_text(-1205, 2), decimal_text(7, 0)
    ('-12.05', '7')
    """
    return f"{Decimal(units).scaleb(-scale):f}"


def _joined(form: Form, rows: bytes, beside: pa.Table, table: Rows) -> pa.Table:
    """Own columns and those of the other side; for a left join the rows without a match at the end, with no cells beside."""
    if form.join is Join.LEFT:
        lonely = _others(rows, len(table))
        rows += lonely
        nulls = [pa.nulls(len(lonely) // ROW_NUMBER.itemsize, kind) for kind in beside.schema.types]
        beside = pa.concat_tables([beside, pa.Table.from_arrays(nulls, schema=beside.schema)])
    own = table.take(form.own, rows)
    arrays = [*own.columns, *beside.columns]
    return pa.Table.from_arrays(arrays, names=[str(at) for at in range(len(arrays))])


def _others(rows: bytes, total: int) -> bytes:
    """The numbers below `total` that are not among `rows`, ascending."""
    rest = np.ones(total, dtype=bool)
    rest[np.frombuffer(rows, ROW_NUMBER)] = False
    return np.flatnonzero(rest).astype(ROW_NUMBER).tobytes()


def _each_once(table: pa.Table) -> pa.Table:
    """Equal rows once, where they stood first."""
    return table.group_by(table.column_names, use_threads=False).aggregate([])


def pack_table(table: pa.Table) -> bytes:
    """A table for this place's own checkpoint."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpack_table(data: bytes) -> pa.Table:
    """The table in a checkpoint."""
    return pa.ipc.open_stream(data).read_all()
