"""The fingerprint of a table, taken in one streamed pass over its source; see specs/fingerprint.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from atoll.exchange.fingerprint import TablePrint
from atoll.sources.root import SourceRoot
from atoll.sources.snapshot import Progress

ROWS_FILE = "rows.bin"
"""In the folder `out`: 36 bytes a distinct row, ascending; its digest and how often it stands in the table."""
SAMPLE_ROWS = 16_384
SAMPLE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class TableReading:
    """What one pass over a source brings."""

    print: TablePrint
    sample: pa.Table
    """Cells as they stand in the file, all as text, empty ones null, columns in the file's order and under its names: the rows
    with the smallest digests, at most `SAMPLE_ROWS`: uniform over the distinct rows, the same however the file is ordered."""


def read_table(address: str, *, root: SourceRoot, scratch: Path, out: Path, progress: Progress | None = None) -> TableReading:
    """Take the fingerprint of a source and a sample of its rows.

    Args:
        address: as registered; `parse_address` says what it may look like.
        root: the node's data folders.
        scratch: an existing folder with room for 40 bytes a row, and for a copy of the source unless it is CSV.
        out: an existing folder; `ROWS_FILE` is written there, and appears whole or not at all.
        progress: called with the number of bytes read so far.

    Raises:
        BadAddress, SourceOutsideRoot, SourceNotFound, SourceUnreadable: it cannot be opened.
        SourceChanged: it was written to while it was read.
        ScratchFull: no room. NoHeader and the other errors on columns, MalformedTable, NotUtf8, BrokenQuoting, WrongWidth,
        TooManyRows: it is not a table that can be read.

    Leaks: nothing; both results are as private as the table. Cost: one read; at most 1 GiB of memory whatever the rows.
    """
    raise NotImplementedError


def take_fingerprint(
    address: str, *, root: SourceRoot, scratch: Path, out: Path, progress: Progress | None = None
) -> TablePrint:
    """As `read_table`, without the sample."""
    return read_table(address, root=root, scratch=scratch, out=out, progress=progress).print
