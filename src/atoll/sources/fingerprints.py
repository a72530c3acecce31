"""The fingerprint of a table, taken in one streamed pass over its source; specs/fingerprint.md says what it is.

    file --pieces--> SHA-256, SM3 where wanted                     (on a thread of its own)
                '--> cells --canonical--> row digests --> sorted runs --> two Merkle roots, file of rows
                                     '--> MinHash, sketch, columns, sample

A CSV file is read where it stands; Parquet and SQLite, which are read out of order, from a private copy as in `open_source`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from atoll import _core
from atoll.exchange.fingerprint import TablePrint
from atoll.sources.address import Format, SourceAddress, parse_address, verify_delimiter
from atoll.sources.delimited import BOM, MAX_LINE_BYTES, parse_header
from atoll.sources.duck import DuckSource
from atoll.sources.root import SourceFile, SourceRoot
from atoll.sources.row_store import ROWS_FILE, RowStore
from atoll.sources.snapshot import Progress, copy_database, copy_file, disk_error, identify, verify_unchanged
from atoll.sources.sqlite import SqliteSource
from atoll.sources.table import ReadLimits
from atoll.sources.table_reader import CellLengths, TableReader, TableReading

_BATCH_ROWS = 2048
_PIECE_BYTES = 1 << 20
"""Each is read in two halves at the same time, so larger ones than elsewhere."""
_PIECES_AHEAD = 16

__all__ = ["ROWS_FILE", "CellLengths", "TableReading", "read_table", "take_fingerprint"]


def take_fingerprint(
    address: str, *, root: SourceRoot, scratch: Path, out: Path, progress: Progress | None = None
) -> TablePrint:
    """As `read_table`, without the sample."""
    return read_table(address, root=root, scratch=scratch, out=out, progress=progress).print


def read_table(
    address: str, *, root: SourceRoot, scratch: Path, out: Path, sm3: bool = False, progress: Progress | None = None
) -> TableReading:
    """Take the fingerprint of a source and a sample of its rows.

    Args:
        address: as registered; `parse_address` says what it may look like.
        root: the node's data folders.
        scratch: an existing folder with room for 90 bytes a row, and for a copy of the source unless it is CSV.
        out: an existing folder; `ROWS_FILE` is written there, and appears whole or not at all.
        sm3: whether to take SM3 of the bytes too; it costs as much as a sixth of everything else.
        progress: called with the number of bytes read so far.

    Raises:
        BadAddress, SourceOutsideRoot, SourceNotFound, SourceUnreadable: it cannot be opened.
        SourceChanged: it was written to while it was read.
        ScratchFull: no room. NoHeader and the other errors on columns, MalformedTable, NotUtf8, BrokenQuoting, WrongWidth,
        SourceTooLarge, TooManyRows: it is not a table that can be read.

    Leaks: nothing; both results are as private as the table. Cost: docs/explanation/how-fast-registration-is.md; memory of
    800 MiB at most, whatever the number of rows.
    """
    parsed = parse_address(address)
    file = root.open(parsed)
    read = {Format.CSV: _read_csv, Format.PARQUET: _read_parquet, Format.SQLITE: _read_sqlite}[parsed.format]
    digests = _core.FileDigests(sm3)
    with file.handle, RowStore(scratch, parsed.text) as store:
        before = identify(file)
        reader = read(file, parsed, _Means(digests, store, scratch, progress))
        verify_unchanged(file, before, parsed)
        return reader.finish(digests, out / ROWS_FILE)


@dataclass(frozen=True, slots=True)
class _Means:
    """What a pass works with."""

    digests: _core.FileDigests
    store: RowStore
    scratch: Path
    progress: Progress | None


def _read_csv(file: SourceFile, address: SourceAddress, means: _Means) -> TableReader:
    names = parse_header(_read_start(file, address), address)
    verify_delimiter(names, address)
    reader = TableReader(names, address, means.store)
    bom = BOM
    with ThreadPoolExecutor(1, thread_name_prefix="file-digests") as pool:
        hashing: deque[Future[None]] = deque()
        for piece in _pieces(file, address, means.progress):
            hashing.append(pool.submit(means.digests.update, piece))
            if len(hashing) > _PIECES_AHEAD:
                hashing.popleft().result()
            reader.read_csv(piece.removeprefix(bom), last=False)
            bom = b""
    reader.read_csv(b"", last=True)
    return reader


def _read_parquet(file: SourceFile, address: SourceAddress, means: _Means) -> TableReader:
    copy, fingerprint = copy_file(file, address, means.scratch, means.progress, tap=means.digests.update)
    with DuckSource(copy, address, fingerprint, ReadLimits()) as source:
        reader = TableReader(source.schema().names, address, means.store)
        for batch in source.text_batches(batch_rows=_BATCH_ROWS):
            reader.read_batch(batch)
    return reader


def _read_sqlite(file: SourceFile, address: SourceAddress, means: _Means) -> TableReader:
    for piece in _pieces(file, address, means.progress):
        means.digests.update(piece)
    with SqliteSource(copy_database(file, address, means.scratch), address) as source:
        reader = TableReader(source.schema().names, address, means.store)
        for batch in source.text_batches(batch_rows=_BATCH_ROWS):
            reader.read_batch(batch)
    return reader


def _read_start(file: SourceFile, address: SourceAddress) -> bytes:
    """Where the header of a CSV file is, without moving on in it."""
    try:
        return os.pread(file.handle.fileno(), MAX_LINE_BYTES + 1, 0)
    except OSError as error:
        raise disk_error(error, address.text) from error


def _pieces(file: SourceFile, address: SourceAddress, progress: Progress | None) -> Iterator[bytes]:
    """What stood in the file when it was opened; what is appended meanwhile could be without end."""
    size, done = os.fstat(file.handle.fileno()).st_size, 0
    while done < size:
        try:
            piece = file.handle.read(min(_PIECE_BYTES, size - done))
        except OSError as error:
            raise disk_error(error, address.text) from error
        if not piece:
            return  # it was cut, which is noticed later
        done += len(piece)
        if progress is not None:
            progress(done)
        yield piece
