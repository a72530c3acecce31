"""The other columns of an input: what a program takes of them once it knows which rows it needs.

A source may have a hundred million rows, so a program never gets a table whole. It names columns and rows, and gets those.
`MemoryRows` is for tests, examples, and whoever reads a kind for the first time; `atoll.sources` brings the large ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

ROW_NUMBER = np.dtype("<u4")
"""A row number as `atoll.protocols.psi.items` packs it."""


class Rows(Protocol):
    """The rows of one source, open and verified."""

    def __len__(self) -> int:
        """How many rows the source has, those without a key among them."""
        ...

    def take(self, columns: Sequence[str], rows: bytes) -> pa.Table:
        """Some cells, in the order asked for.

        Args:
            columns: names, at least one, each once.
            rows: row numbers from 0, packed as 4 bytes little-endian; in any order, repeated where wanted.

        Returns:
            One text column a name, one row a number; cells as the source spells them, null where it has none.

        Raises:
            UnknownColumn, and what reading the source raises.
        """
        ...


class MemoryRows:
    """A small table in memory."""

    def __init__(self, table: Sequence[Mapping[str, str | None]] | pa.Table) -> None:
        """Args: table: one mapping a row, all with the same names, or an Arrow table."""
        self._table = table if isinstance(table, pa.Table) else pa.Table.from_pylist([dict(row) for row in table])

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def take(self, columns: Sequence[str], rows: bytes) -> pa.Table:
        schema = pa.schema([(name, pa.large_string()) for name in columns])
        if not self._table.num_rows:  # an empty list names no columns
            return schema.empty_table()
        return self._table.select(list(columns)).take(pa.array(np.frombuffer(rows, ROW_NUMBER))).cast(schema)


def text_buffers(column: pa.Array) -> tuple[np.ndarray[Any, np.dtype[np.int64]], memoryview]:
    """A `large_string` column as Arrow keeps it: where each text ends, after where the first begins; and the texts.

    Cells that are not there have empty texts here, whatever stood in memory behind them.
    """
    whole = column.fill_null("")
    _, places, texts = whole.buffers()
    ends = (
        np.frombuffer(places, np.int64)[whole.offset : whole.offset + len(whole) + 1] if len(whole) else np.zeros(1, np.int64)
    )
    return ends, memoryview(texts if texts is not None else b"")


def presence(column: pa.Array) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """1 for each cell, 0 where there is none."""
    there: np.ndarray[Any, np.dtype[np.uint8]] = column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8)
    return there
