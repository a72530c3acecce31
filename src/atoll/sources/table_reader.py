"""One pass over the rows of a table: what is gathered of them, whatever file they come from."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atoll import _core
from atoll.exchange.fingerprint import ColumnPrint, Kind, Sketch, TablePrint
from atoll.sources.address import SourceAddress
from atoll.sources.delimited import name_fault
from atoll.sources.errors import DuplicateColumn, TooManyRows
from atoll.sources.row_store import RowStore
from atoll.sources.table import verify_header

MAX_ROWS = 2**32 - 1
_SLICE_BYTES = 4 << 20
"""Of a batch at a time; what is made of it takes several times as much."""
_CONTENT_DOMAIN = b"atoll table-print/1 content\x00"
_NAMELESS_DOMAIN = b"atoll table-print/1 nameless\x00"


@dataclass(frozen=True, slots=True)
class CellLengths:
    """Bytes of a column's cells that are not null, as they stand in the file."""

    shortest: int
    longest: int
    total: int


@dataclass(frozen=True, slots=True)
class TableReading:
    """What one pass over a source brings."""

    address: SourceAddress
    print: TablePrint
    names: tuple[str, ...]
    """Of the columns, in the file's order and spelling."""
    columns: tuple[ColumnPrint, ...]
    """Those of the print, in the file's order."""
    lengths: tuple[CellLengths, ...]
    """Of each column, in the file's order."""
    sample: pa.Table
    """Cells as they stand in the file, all as text, empty ones null, columns in the file's order and under its names: the rows
    with the smallest digests, at most 16,384 and 32 MiB: uniform over distinct rows, the same however the file is ordered."""


class TableReader:
    """Reads the cells of one table, then tells what they are."""

    def __init__(self, names: Sequence[str], address: SourceAddress, store: RowStore) -> None:
        """
        Args:
            names: of the columns, in the file's order.
            address: for errors.
            store: keeps what is gathered of the rows; the caller closes it.

        Raises:
            NoHeader and the other errors on columns.
        """
        verify_header(names, address)
        self._names = list(names)
        self._address = address
        self._store = store
        canonical = [_core.canonical_name(name) for name in names]
        order = sorted(range(len(names)), key=canonical.__getitem__)
        for one, other in itertools.pairwise(order):
            if canonical[one] == canonical[other]:
                raise DuplicateColumn(address=address.text, position=1 + other)
        self._canonical = [canonical[column] for column in order]
        ranks = {column: rank for rank, column in enumerate(order)}
        self._ranks = [ranks[column] for column in range(len(names))]
        self._printer = _core.TablePrinter(self._ranks)

    def read_csv(self, piece: bytes, *, last: bool) -> None:
        """Read the next bytes of a CSV file, a byte order mark left out.

        Raises:
            BrokenQuoting, WrongWidth, NotUtf8, MalformedTable, TooManyRows: the reader is of no more use.
            ScratchFull: no room.
        """
        try:
            fault = self._printer.read_csv(piece, self._address.delimiter, last)
        except OverflowError:
            raise TooManyRows(address=self._address.text, limit=MAX_ROWS) from None
        if fault is not None:
            raise name_fault(fault[0], self._address, line=1 + fault[1], width=len(self._names))
        self._keep_run()

    def read_batch(self, batch: pa.RecordBatch) -> None:
        """Read rows of text. Raises TooManyRows, ScratchFull."""
        rows = max(1, batch.num_rows * _SLICE_BYTES // max(1, batch.nbytes))
        for start in range(0, batch.num_rows, rows):
            try:
                self._printer.read_cells([_to_buffers(column) for column in batch.slice(start, rows).columns])
            except OverflowError:
                raise TooManyRows(address=self._address.text, limit=MAX_ROWS) from None
            self._keep_run()

    def finish(self, digests: _core.FileDigests, rows_file: Path) -> TableReading:
        """Sort what was gathered, and write the file of rows.

        Args:
            digests: of the file's bytes.
            rows_file: appears whole or not at all.

        Raises:
            ScratchFull, SourceUnreadable: a disk is full or failed.
        """
        self._store.add(*self._printer.take_run())
        found = self._printer.finish()
        distinct_rows, rows_root, arrangements_root = self._store.write_rows(rows_file)
        sha256, sm3 = digests.finish()
        table = TablePrint(
            bytes_sha256=sha256,
            bytes_sm3=sm3,
            content_root=_content_root(self._canonical, rows_root, arrangements_root),
            nameless_root=hashlib.sha256(_NAMELESS_DOMAIN + rows_root).digest(),
            rows=found.rows,
            distinct_rows=distinct_rows,
            columns=tuple(map(_column_print, self._canonical, found.columns)),
            minhash=found.signature,
            bands=tuple(found.bands),
            sketch=Sketch(scale=found.scale, values=found.sketch),
        )
        lengths = [CellLengths(*counted[2:5]) for counted in found.columns]
        return TableReading(
            address=self._address,
            print=table,
            names=tuple(self._names),
            columns=tuple(table.columns[rank] for rank in self._ranks),
            lengths=tuple(lengths[rank] for rank in self._ranks),
            sample=_to_sample(self._names, found),
        )

    def _keep_run(self) -> None:
        if self._printer.has_run:
            self._store.add(*self._printer.take_run())


def _content_root(names: Sequence[str], rows_root: bytes, arrangements_root: bytes) -> bytes:
    """The names of the columns, the rows as bags of values, and which value of a row belongs to which column."""
    header = len(names).to_bytes(4, "big") + b"".join(len(name.encode()).to_bytes(4, "big") + name.encode() for name in names)
    return hashlib.sha256(_CONTENT_DOMAIN + header + rows_root + arrangements_root).digest()


def _column_print(name: str, counted: tuple[int, list[int], int, int, int, int, bytes]) -> ColumnPrint:
    nulls, (booleans, integers, decimals, dates, timestamps, texts), _, _, _, distinct, minhash = counted
    if texts or ((dates or timestamps) and (booleans or integers or decimals)):
        kind = Kind.TEXT
    elif dates or timestamps:
        kind = Kind.TIMESTAMP if timestamps else Kind.DATE
    elif decimals:
        kind = Kind.DECIMAL
    elif integers:
        kind = Kind.INTEGER
    else:
        kind = Kind.BOOLEAN if booleans else Kind.EMPTY
    return ColumnPrint(
        name=name,
        kind=kind,
        nulls=nulls,
        distinct=distinct,
        booleans=booleans,
        integers=integers,
        decimals=decimals,
        dates=dates,
        timestamps=timestamps,
        texts=texts,
        minhash=minhash,
    )


def _to_buffers(column: pa.Array) -> tuple[bytes, bytes]:
    """Offsets and text of an array of text, nulls as empty."""
    filled = pc.fill_null(column, "")
    _, offsets, text = filled.buffers()
    ends = np.frombuffer(offsets, "<i4", count=len(filled) + 1, offset=4 * filled.offset)
    start, end = int(ends[0]), int(ends[-1])
    return (ends - start).tobytes(), text.slice(start, end - start).to_pybytes() if end > start else b""


def _to_sample(names: Sequence[str], found: _core.PrintedTable) -> pa.Table:
    columns = []
    for offsets, text in found.sample:
        cells = pa.Array.from_buffers(pa.string(), found.sample_rows, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
        columns.append(pc.if_else(pc.equal(pc.binary_length(cells), 0), None, cells))
    return pa.table(columns, names=list(names))
