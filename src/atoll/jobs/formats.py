"""Results as files that other programs read: Arrow, CSV and Parquet, written block by block."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


class Format(StrEnum):
    """How a result is written."""

    ARROW = "arrow"
    """Arrow IPC stream."""
    CSV = "csv"
    """RFC 4180 with a header, UTF-8; texts are quoted, and a cell that is not there is empty."""
    PARQUET = "parquet"
    """Parquet, compressed with Zstandard."""


class Writer(Protocol):
    """A file that is being written."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add some rows."""
        ...

    def close(self) -> None:
        """Write what belongs at the end; the sink stays open."""
        ...


def open_writer(kind: Format, sink: IO[bytes], schema: pa.Schema) -> Writer:
    """A writer of rows of `schema` into `sink`."""
    writer: Writer
    if kind is Format.CSV:
        writer = pyarrow.csv.CSVWriter(sink, schema)
    elif kind is Format.PARQUET:
        writer = pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd")
    else:
        writer = pa.ipc.new_stream(sink, schema)
    return writer


def encode_blocks_as(kind: Format, schema: pa.Schema, blocks: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The bytes of the file, in pieces; memory of a block, and for Parquet of its list of blocks."""
    sink = _Drain()
    writer = open_writer(kind, sink, schema)
    for block in blocks:
        writer.write_batch(block)
        yield sink.take()
    writer.close()
    yield sink.take()


class _Drain(io.BytesIO):
    """A file whose beginning is taken away while its end is written."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = 0

    def tell(self) -> int:
        return self._taken + super().tell()

    def take(self) -> bytes:
        """What was written since the last time."""
        data = self.getvalue()
        self._taken += len(data)
        self.seek(0)
        self.truncate()
        return data
