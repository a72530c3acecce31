"""Sources: the owner's tables, read in place, locally, once.

An address names a CSV, Parquet or SQLite table inside one of the node's data folders. Opening it makes a private copy that is
hashed while it is read, and compares the digest with the registered one before any row can be had; from then on rows stream in
Arrow batches of bounded size. Nothing is ever fetched, installed or executed: everything works without a network.

    root = SourceRoot([Path("data")])
    with open_source("bank_customers.csv", root=root, scratch=job_folder, registered=card.fingerprint) as source:
        items = open_items(source, ["customer"], rules, report=report, scratch=job_folder)

PostgreSQL and MySQL are not here yet.
"""

from __future__ import annotations

from pathlib import Path

from atoll.sources.address import Format, SourceAddress, parse_address
from atoll.sources.delimited import CsvSource
from atoll.sources.errors import SourceChanged
from atoll.sources.fingerprint import Fingerprint, parse_fingerprint
from atoll.sources.keyset import KeySet, open_items
from atoll.sources.root import SourceRoot
from atoll.sources.rows import SourceRows
from atoll.sources.snapshot import Identity, Progress, copy_database, copy_file, identify
from atoll.sources.sqlite import SqliteSource
from atoll.sources.table import DEFAULT_BATCH_ROWS, MAX_COLUMNS, ReadLimits, Source

__all__ = [
    "DEFAULT_BATCH_ROWS",
    "MAX_COLUMNS",
    "Fingerprint",
    "Format",
    "KeySet",
    "ReadLimits",
    "Source",
    "SourceAddress",
    "SourceRoot",
    "SourceRows",
    "identify_source",
    "open_items",
    "open_source",
    "parse_address",
    "parse_fingerprint",
]


def open_source(
    address: str,
    *,
    root: SourceRoot,
    scratch: Path,
    registered: Fingerprint | None = None,
    limits: ReadLimits | None = None,
    progress: Progress | None = None,
) -> Source:
    """Read a source once, hash it as it is read, and open the copy.

    Args:
        address: as registered; `parse_address` says what it may look like.
        root: the node's data folders.
        scratch: an existing folder of the job, on a disk with room for the table; best of mode 0700.
        registered: the fingerprint of the registered version; None only to register one.
        limits: memory and threads of the reader of Parquet files.
        progress: called with the number of bytes read, file by file; not for SQLite, which copies in one step.

    Returns:
        The table, to be used as a context manager: leaving it deletes the copy.

    Raises:
        BadAddress, SourceOutsideRoot, SourceNotFound, SourceUnreadable: it cannot be opened.
        SourceChanged: it differs from what was registered, or changed while it was read. Nothing of it has been handed out.
        ScratchFull: no room for the copy.
        NoHeader and the other errors on columns, MalformedTable, NotUtf8: it is not a table that can be read.

    Cost: one sequential read and write of the source; memory of a few batches.
    """
    parsed = parse_address(address)
    file = root.open(parsed)
    with file.handle:
        if parsed.format is Format.SQLITE:
            return _verified(SqliteSource(copy_database(file, parsed, scratch), parsed), registered)
        copy, fingerprint = copy_file(file, parsed, scratch, progress)
    if registered is not None and fingerprint != registered:
        copy.unlink()
        raise SourceChanged(address=parsed.text)
    if parsed.format is Format.CSV:
        return CsvSource(copy, parsed, fingerprint)
    # DuckDB takes 40 ms of processor time to load: only a process that reads Parquet waits for it.
    from atoll.sources.duck import DuckSource

    return DuckSource(copy, parsed, fingerprint, limits or ReadLimits())


def identify_source(address: str, *, root: SourceRoot) -> Identity | None:
    """Which file an address names now, and when it was last changed; None for a database, which may change beside its file.

    Raises:
        BadAddress, SourceOutsideRoot, SourceNotFound, SourceUnreadable: it cannot be opened.

    Cost: it is opened, and not read.
    """
    parsed = parse_address(address)
    file = root.open(parsed)
    with file.handle:
        return None if parsed.format is Format.SQLITE else identify(file)


def _verified(source: SqliteSource, registered: Fingerprint | None) -> SqliteSource:
    if registered is not None and source.fingerprint != registered:
        source.close()
        raise SourceChanged(address=source.address.text)
    return source
