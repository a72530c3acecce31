"""Profiling: one pass over a source for figures of every row, with an even sample taken on the way for everything else.

The rows stream through a DuckDB that may read nothing at all, not even the copy of the source: it is handed Arrow batches made
by the source's own strict reader. Memory: a few batches, the sample, and the engine's cap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atoll.errors import AtollError
from atoll.exchange.profile import SAMPLE_ROWS, ColumnProfile, Profile, Sample, ValueType
from atoll.exchange.profile import queries as q
from atoll.sources.address import SourceAddress
from atoll.sources.duck import connect_locked
from atoll.sources.errors import MalformedTable, SourceTooLarge
from atoll.sources.table import Cells, ReadLimits
from atoll.sources.table_reader import TableReading

BATCH_CELLS = 1 << 20
"""Cells of a batch: fewer rows of wide tables."""
SAMPLE_CELLS = 400_000
"""Cells of the sample: 20,000 rows of up to 20 columns, fewer rows of wider tables."""
CELL_CHARACTERS = 512
"""Characters of a cell that the sample keeps."""
COLUMNS_A_PASS = 512
"""Columns that one pass is about: the engine's sketches of more do not fit its memory."""


def profile_source(source: Cells, *, limits: ReadLimits | None = None) -> tuple[Profile, Sample]:
    """Profile a table.

    Args:
        source: open; read once, or once for each 512 columns.
        limits: memory and threads of the table engine.

    Returns:
        The profile and the sample that its sampled figures are of. Both stay with the owner.

    Raises:
        What `source.batches` raises, before any figure is told.
        SourceTooLarge: the engine's memory does not suffice.

    Cost: 5.8 s of one core for a CSV of 1 GB with ten columns, 160 MiB (measured on a shared machine).
    """
    schema = source.schema()
    names: list[str] = schema.names
    with _Engine(source.address, limits or ReadLimits()) as engine:
        rows, figures, sample = engine.read(source, names)
        columns = engine.describe(schema, rows, figures, sample)
    cells = {name: tuple(sample.column(name).to_pylist()) for name in names}
    return Profile(rows=rows, sampled_rows=sample.num_rows, columns=tuple(columns)), Sample(cells)


def profile_reading(reading: TableReading, *, limits: ReadLimits | None = None) -> tuple[Profile, Sample]:
    """Profile a table that was read for its fingerprint, without reading it again.

    The figures of every row are those that the reading counted; the sampled ones are of its sample, which is the same for every
    order of the rows, so that a shuffled copy is graded alike.

    Args, Returns: as `profile_source`.

    Raises:
        SourceTooLarge: the engine's memory does not suffice.

    Cost: below a second, whatever the size of the table.
    """
    wanted = max(1, min(SAMPLE_ROWS, SAMPLE_CELLS // len(reading.names)))
    sample = reading.sample.slice(0, wanted)
    cells = [pc.utf8_slice_codeunits(column, 0, CELL_CHARACTERS) for column in sample.columns]
    sample = pa.table(cells, names=list(reading.names))
    rows = reading.print.rows
    figures = [
        (rows - column.nulls, column.distinct, lengths.shortest, lengths.longest, lengths.total)
        for column, lengths in zip(reading.columns, reading.lengths, strict=True)
    ]
    with _Engine(reading.address, limits or ReadLimits()) as engine:
        columns = engine.describe(sample.schema, rows, figures, sample)
    found = {name: tuple(sample.column(name).to_pylist()) for name in reading.names}
    return Profile(rows=rows, sampled_rows=sample.num_rows, columns=tuple(columns)), Sample(found)


class _Engine:
    """A DuckDB that sees what it is handed, for one source."""

    def __init__(self, address: SourceAddress, limits: ReadLimits) -> None:
        self._address = address
        self._limits = limits
        self._database = connect_locked(None, limits)

    def __enter__(self) -> _Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def read(self, source: Cells, names: list[str]) -> tuple[int, list[Sequence[Any]], pa.Table]:
        """Number of rows, five figures a column, and the sample."""
        rows = 0
        figures: list[Sequence[Any]] = []
        cells: dict[str, pa.ChunkedArray] = {}
        wanted = max(1, min(SAMPLE_ROWS, SAMPLE_CELLS // len(names)))
        for start in range(0, len(names), COLUMNS_A_PASS):
            some = names[start : start + COLUMNS_A_PASS]
            sampler = Sampler(some, wanted)
            rows, *found = self._read_pass(source, some, sampler)
            figures += [found[at : at + q.FIGURES] for at in range(0, len(found), q.FIGURES)]
            cells |= dict(zip(some, sampler.table().columns, strict=True))
        sample = pa.table(cells)
        return rows, figures, sample

    def describe(self, schema: pa.Schema, rows: int, figures: Sequence[Sequence[Any]], sample: pa.Table) -> list[ColumnProfile]:
        """The profiles of all columns, each question asked about all of them at once."""
        numbers = np.repeat(np.arange(sample.num_columns, dtype=np.int32), sample.num_rows)
        cells = pa.chunked_array([chunk for column in sample.columns for chunk in column.chunks], pa.string())
        self._database.register(q.SAMPLE, pa.table({"c": numbers, "v": cells}))
        counted = {number: counts for number, *counts in self._ask(q.types_query())}
        types = {number: q.read_type(counts) for number, counts in counted.items()}
        quantiles: dict[int, Sequence[float]] = {}
        for kind in sorted(set(types.values())):
            if question := q.quantiles_query(kind):
                mine = [number for number, found in types.items() if found is kind]
                quantiles |= dict(self._ask(question, {"columns": mine}))
        patterns, top = self._ask_lists(q.patterns_query()), self._ask_lists(q.top_query())
        return [
            q.read_column(
                field.name,
                str(field.type),
                rows,
                figures[at],
                type_=types.get(at, ValueType.EMPTY),
                sampled=counted[at][0] if at in counted else 0,
                quantiles=quantiles.get(at) or (),
                patterns=patterns.get(at, ()),
                top=top.get(at, ()),
            )
            for at, field in enumerate(schema)
        ]

    def _read_pass(self, source: Cells, names: list[str], sampler: Sampler) -> Sequence[Any]:
        schema = pa.schema([source.schema().field(name) for name in names])
        failure: list[AtollError] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for batch in source.batches(names, batch_rows=max(64, BATCH_CELLS // len(names))):
                    sampler.see(batch)
                    yield batch
            except AtollError as error:  # the engine would put an error of its own in its place
                failure.append(error)
                raise

        self._database.register(q.WHOLE, pa.RecordBatchReader.from_batches(schema, batches()))
        try:
            answer: Sequence[Any] = self._ask(q.whole_query(names), failure=failure)[0]
            return answer
        finally:
            self._database.unregister(q.WHOLE)

    def _ask_lists(self, question: str) -> dict[int, list[tuple[str, int]]]:
        found: dict[int, list[tuple[str, int]]] = {}
        for number, word, count in self._ask(question):
            found.setdefault(number, []).append((word, count))
        return found

    def _ask(self, question: str, values: dict[str, Any] | None = None, *, failure: Sequence[AtollError] = ()) -> list[Any]:
        try:
            return self._database.execute(question, values).fetchall()
        except (duckdb.Error, pa.ArrowException) as error:
            refusal = failure[0] if failure else self._translate(str(error))
        raise refusal  # outside the handler: the engine's message may quote a cell, and an error's context ends up in logs

    def _translate(self, message: str) -> AtollError:
        address = self._address
        if "Out of Memory" in message:
            return SourceTooLarge(address=address.text, limit_bytes=self._limits.memory_bytes)
        return MalformedTable(address=address.text, format=address.format.value, where="the row is not known")


class Sampler:
    """Every n-th row as text, where n doubles as soon as there are too many: an even spread over a stream of unknown length,
    the same rows in every pass."""

    def __init__(self, names: list[str], rows: int) -> None:
        """Args: rows: most rows; at least half as many are kept where there are as many."""
        self._names = names
        self._rows = rows
        self._step = 1
        self._seen = 0
        self._pieces: list[tuple[int, pa.RecordBatch]] = []
        """Each with the number of its first row; the others follow at the step that was in force."""

    def see(self, batch: pa.RecordBatch) -> None:
        """The next rows of the table."""
        first = -self._seen % self._step
        if first < batch.num_rows:
            chosen = batch.take(pa.array(range(first, batch.num_rows, self._step), pa.int64()))
            cells = [_as_text(column) for column in chosen.columns]
            self._pieces.append((self._seen + first, pa.RecordBatch.from_arrays(cells, names=self._names)))
        self._seen += batch.num_rows
        while sum(piece.num_rows for _, piece in self._pieces) > self._rows:
            self._thin()

    def table(self) -> pa.Table:
        """The sample."""
        schema = pa.schema([(name, pa.string()) for name in self._names])
        return pa.Table.from_batches([piece for _, piece in self._pieces], schema=schema)

    def _thin(self) -> None:
        pieces = []
        for start, piece in self._pieces:
            first = 0 if start % (2 * self._step) == 0 else 1
            if first < piece.num_rows:
                kept = piece.take(pa.array(range(first, piece.num_rows, 2), pa.int64()))
                pieces.append((start + first * self._step, kept))
        self._pieces, self._step = pieces, 2 * self._step


def _as_text(cells: pa.Array) -> pa.Array:
    """Cells as text, long ones cut."""
    try:
        text = pc.cast(cells, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # lists, structs, bytes that are no text
        text = pa.array([None if one is None else str(one) for one in cells.to_pylist()], pa.string())
    return pc.utf8_slice_codeunits(text, 0, CELL_CHARACTERS)
