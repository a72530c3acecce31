"""Chosen rows of a table, as the source spells them: what results and payloads are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atoll.sources.address import SourceAddress
from atoll.sources.errors import NotText, NotUtf8
from atoll.sources.table import DEFAULT_BATCH_ROWS, Source, verify_columns

DEFAULT_MEMORY_BYTES = 128 << 20


class SourceRows:
    """The rows of an open source by their numbers, and its columns; a context manager that closes the source."""

    def __init__(self, source: Source, *, memory_bytes: int = DEFAULT_MEMORY_BYTES) -> None:
        """Args: memory_bytes: a choice of columns that fits is kept after its first use, and serves every part of it."""
        self._source = source
        self._left_bytes = memory_bytes
        self._kept: dict[tuple[str, ...], list[pa.RecordBatch]] = {}

    def __len__(self) -> int:
        return self._source.row_count()

    @property
    def address(self) -> SourceAddress:
        """Of the source."""
        return self._source.address

    def schema(self) -> pa.Schema:
        """Of the source."""
        return self._source.schema()

    def keep(self, columns: Sequence[str]) -> None:
        """Read some columns now, because parts of them will be asked for one after the other; they are kept if they fit.

        Once they do not fit they are read no further.
        """
        verify_columns(columns, self.schema().names, self.address)
        if self._find_kept(columns) is None:
            for _ in self._read(tuple(columns), is_only_kept=True):
                pass

    def batches(self, columns: Sequence[str], *, batch_rows: int = DEFAULT_BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """As `Source.batches`; what is kept is not read again, and comes as text."""
        verify_columns(columns, self.schema().names, self.address)
        kept = self._find_kept(columns)
        if kept is None:
            return self._source.batches(columns, batch_rows=batch_rows)
        return (batch.slice(start, batch_rows) for batch in kept for start in range(0, batch.num_rows, batch_rows))

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
        verify_columns(columns, self.schema().names, self.address)
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
        kept = self._find_kept(columns)
        for batch in self._read(columns) if kept is None else kept:
            end = int(np.searchsorted(wanted, start + batch.num_rows))
            found.append(batch.take(pa.array(wanted[done:end] - start)))
            start, done = start + batch.num_rows, end
        if done < len(wanted):
            raise ValueError("the table has no such row")
        return pa.Table.from_batches(found, _text_schema(columns))

    def _find_kept(self, columns: Sequence[str]) -> list[pa.RecordBatch] | None:
        """These columns, if they are kept, alone or among others."""
        for names, batches in self._kept.items():
            if set(columns) <= set(names):
                return [batch.select(list(columns)) for batch in batches]
        return None

    def _read(self, columns: tuple[str, ...], *, is_only_kept: bool = False) -> Iterator[pa.RecordBatch]:
        """All batches, as text; they are kept if they fit. `is_only_kept`: only as far as they do."""
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
                if is_only_kept:
                    return
            yield batch
            start += read.num_rows
        if left >= 0:
            self._left_bytes, self._kept[columns] = left, kept

    def _as_text(self, name: str, cells: pa.Array, start: int) -> pa.Array:
        address = self.address.text
        try:
            return cells.cast(pa.string())
        except pa.ArrowNotImplementedError:
            failure: NotText | NotUtf8 = NotText(address=address, column=name, type=str(cells.type))
        except pa.ArrowInvalid:
            failure = NotUtf8(address=address, where=f"rows {start} to {start + len(cells) - 1}")
        raise failure  # outside the handler, so that the cell in the other error is not its context


def _text_schema(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in columns])
