"""Chosen rows of a table, as the source spells them: what results and payloads are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atoll.sources.errors import NotText, NotUtf8
from atoll.sources.table import Source, verify_columns

DEFAULT_MEMORY_BYTES = 128 << 20


class SourceRows:
    """The rows of an open source by their numbers; a context manager that closes the source."""

    def __init__(self, source: Source, *, memory_bytes: int = DEFAULT_MEMORY_BYTES) -> None:
        """Args: memory_bytes: a choice of columns that fits is kept after its first use."""
        self._source = source
        self._left_bytes = memory_bytes
        self._kept: dict[tuple[str, ...], list[pa.RecordBatch]] = {}

    def __len__(self) -> int:
        return self._source.row_count()

    def take(self, columns: Sequence[str], rows: bytes) -> pa.Table:
        """Some cells, as text.

        Args:
            columns: 1 or more different names.
            rows: the rows' numbers from 0, four bytes each, little-endian; in any order, repeats allowed.

        Returns:
            `columns` of type string, one row for each number, in their order; missing cells are null.

        Raises:
            UnknownColumn: a name that the table does not have. ValueError: a row that it does not have.
            NotText, NotUtf8, and what `Source.batches` raises.

        Cost: the first use of some columns reads them whole; each further one too, if they did not fit in memory.
        """
        verify_columns(columns, self._source.schema().names, self._source.address)
        wanted = np.frombuffer(rows, "<u4").astype(np.int64)
        if np.all(wanted[1:] > wanted[:-1]):
            return self._take_ascending(tuple(columns), wanted)
        ascending, places = np.unique(wanted, return_inverse=True)
        return self._take_ascending(tuple(columns), ascending).combine_chunks().take(pa.array(places))

    def close(self) -> None:
        """Close the source, which deletes its copy. May be called twice."""
        self._kept.clear()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _take_ascending(self, columns: tuple[str, ...], wanted: npt.NDArray[np.int64]) -> pa.Table:
        """As `take`, for distinct rows in ascending order, in memory of a batch beside the answer."""
        found, start, done = [], 0, 0
        for batch in self._kept.get(columns) or self._read(columns):
            end = int(np.searchsorted(wanted, start + batch.num_rows))
            found.append(batch.take(pa.array(wanted[done:end] - start)))
            start, done = start + batch.num_rows, end
        if done < len(wanted):
            raise ValueError("the table has no such row")
        return pa.Table.from_batches(found, _text_schema(columns))

    def _read(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        """All batches, as text; they are kept if they fit."""
        start, left = 0, self._left_bytes
        kept: list[pa.RecordBatch] = []
        for read in self._source.batches(columns):
            cells = [self._as_text(name, column, start) for name, column in zip(columns, read.columns, strict=True)]
            batch = pa.RecordBatch.from_arrays(cells, schema=_text_schema(columns))
            left -= batch.nbytes
            if left >= 0:
                kept.append(batch)
            else:
                kept.clear()
            yield batch
            start += read.num_rows
        if left >= 0:
            self._left_bytes, self._kept[columns] = left, kept

    def _as_text(self, name: str, cells: pa.Array, start: int) -> pa.Array:
        address = self._source.address.text
        try:
            return cells.cast(pa.string())
        except pa.ArrowNotImplementedError:
            failure: NotText | NotUtf8 = NotText(address=address, column=name, type=str(cells.type))
        except pa.ArrowInvalid:
            failure = NotUtf8(address=address, where=f"rows {start} to {start + len(cells) - 1}")
        raise failure  # outside the handler, so that the cell in the other error is not its context


def _text_schema(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in columns])
