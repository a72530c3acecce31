"""What every source offers once it is open, and the checks on column names that all formats share."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from atoll.sources.address import SourceAddress
from atoll.sources.errors import DuplicateColumn, NoHeader, TooManyColumns, UnknownColumn, UnnamedColumn, UnprintableColumn
from atoll.sources.fingerprint import Fingerprint

MAX_COLUMNS = 4096
DEFAULT_BATCH_ROWS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What reading may use. The job's own memory cap stands above it."""

    memory_bytes: int = 256 << 20
    """For the table engine; enough for row groups of usual size."""

    threads: int = 1
    """More than one reads faster and keeps more of the file in memory; the order of rows stays."""


class Cells(Protocol):
    """A table whose columns can be read."""

    @property
    def address(self) -> SourceAddress:
        """Where it came from."""
        ...

    def schema(self) -> pa.Schema:
        """Names and types of all columns, in the table's order. CSV holds text and nothing else."""
        ...

    def batches(self, columns: Sequence[str], *, batch_rows: int = DEFAULT_BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Stream some columns, in the order asked for, rows in the table's order.

        Args:
            columns: 1 or more different names; upper and lower case count.
            batch_rows: most rows of a batch; every batch has at least one.

        Raises:
            UnknownColumn: a name that the table does not have.
            MalformedTable, BrokenQuoting, WrongWidth, NotUtf8, WrongCellType, SourceTooLarge: met while reading.

        Cost: memory of a few batches, whatever the size of the table.
        """
        ...


class Source(Cells, Protocol):
    """A table that was read once, hashed, and copied; a context manager that deletes the copy."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the content that `batches` yields; known before the first row is."""
        ...

    def row_count(self) -> int:
        """Number of rows. Cost: one pass for CSV unless the table was read to its end before, none for the others."""
        ...

    def close(self) -> None:
        """Delete the copy. Streams still open end with an error. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def verify_header(names: Sequence[str], address: SourceAddress) -> None:
    """Refuse a header that leaves open which column is meant.

    Raises:
        NoHeader, TooManyColumns, UnnamedColumn, UnprintableColumn, DuplicateColumn: positions count from 1; names are not
            repeated, because a file without a header has values in their place.
    """
    if not names:
        raise NoHeader(address=address.text)
    if len(names) > MAX_COLUMNS:
        raise TooManyColumns(address=address.text, found=len(names), limit=MAX_COLUMNS)
    seen = set()
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise UnnamedColumn(address=address.text, position=position)
        # A name travels to cards, plans and other people's results, where it could steer a terminal or break a file.
        if any(unicodedata.category(one) == "Cc" for one in name):
            raise UnprintableColumn(address=address.text, position=position)
        # SQL does not tell `Id` from `id`; a table that does would be read wrongly.
        if name.casefold() in seen:
            raise DuplicateColumn(address=address.text, position=position)
        seen.add(name.casefold())


def verify_columns(asked: Sequence[str], present: Sequence[str], address: SourceAddress) -> None:
    """Raise UnknownColumn for the first name asked for that is not present; ValueError for none, or for one asked for twice."""
    if not asked or len(set(asked)) != len(asked):
        raise ValueError("ask for at least one column, and for each once")
    for column in asked:
        if column not in present:
            raise UnknownColumn(address=address.text, column=column)


def quote(name: str) -> str:
    """A name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'
