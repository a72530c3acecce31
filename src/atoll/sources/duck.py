"""CSV and Parquet, read by DuckDB behind a locked door.

DuckDB is a whole database: it can fetch from the network, install extensions, list folders and write files, and a file name or
a piece of SQL may ask it to. Each open source has a DuckDB of its own that may read one file, the private copy, and nothing
else: no other path, no extension beyond those compiled in, no spilling to disk, and no way to change these settings again.

CSV is read as RFC 4180 with a declared delimiter, everything as text. DuckDB's guessing (dialect, types, header) is switched
off, because a guess depends on the data and two versions of one table could be read in two ways.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import duckdb
import pyarrow as pa

from atoll.errors import AtollError
from atoll.sources.address import Format, SourceAddress
from atoll.sources.errors import BrokenQuoting, MalformedTable, NoHeader, NotUtf8, SourceTooLarge, WrongWidth
from atoll.sources.fingerprint import Fingerprint
from atoll.sources.snapshot import delete_copy
from atoll.sources.table import DEFAULT_BATCH_ROWS, ReadLimits, quote, verify_columns, verify_header

T = TypeVar("T")

MAX_LINE_BYTES = 1 << 20
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_BOM = b"\xef\xbb\xbf"


class DuckSource:
    """A CSV or Parquet file; see `atoll.sources.table.Source`."""

    def __init__(self, copy: Path, address: SourceAddress, fingerprint: Fingerprint, limits: ReadLimits) -> None:
        """Args: copy: the private copy, which this object deletes when it is closed, or at once if opening fails."""
        self.address = address
        self.fingerprint = fingerprint
        self._copy = copy
        self._limits = limits
        self._database: duckdb.DuckDBPyConnection | None = None
        try:
            self._database = connect_locked(copy, limits)
            self._width = 0
            self._table, self._parameters = self._describe()
            nothing = self._select("*", " LIMIT 0")
            verify_header(nothing.columns, address)
            self._schema: pa.Schema = self._attempt(lambda: nothing.to_arrow_reader(1).schema)
        except BaseException:
            self.close()
            raise

    def schema(self) -> pa.Schema:
        return self._schema

    def row_count(self) -> int:
        (batch,) = self._stream("count(*)", batch_rows=1)
        return int(batch.column(0)[0].as_py())

    def batches(self, columns: Sequence[str], *, batch_rows: int = DEFAULT_BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        verify_columns(columns, self._schema.names, self.address)
        return self._stream(", ".join(map(quote, columns)), batch_rows=batch_rows)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        delete_copy(self._copy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _describe(self) -> tuple[str, dict[str, object]]:
        """The table function that reads the copy, and its parameters."""
        if self.address.format is Format.PARQUET:
            return "read_parquet($path)", {"path": str(self._copy)}
        names = read_header(self._copy, self.address)
        verify_header(names, self.address)
        self._width = len(names)
        return (
            "read_csv($path, auto_detect=false, columns=$columns, header=true, delim=$delimiter, quote='\"', escape='\"', "
            "strict_mode=true, null_padding=false, ignore_errors=false, encoding='utf-8', "
            f"max_line_size={MAX_LINE_BYTES}, buffer_size={4 * MAX_LINE_BYTES})",
            {"path": str(self._copy), "columns": dict.fromkeys(names, "VARCHAR"), "delimiter": self.address.delimiter},
        )

    def _select(self, what: str, suffix: str = "") -> duckdb.DuckDBPyRelation:
        """A query that has not begun; `what` is made of constants and quoted names."""
        if self._database is None:
            raise ValueError("the source is closed")
        # A cursor of its own: a second query on one connection would cut the first stream short.
        cursor = self._database.cursor()
        return self._attempt(lambda: cursor.sql(f"SELECT {what} FROM {self._table}{suffix}", params=self._parameters))  # noqa: S608

    def _stream(self, what: str, *, batch_rows: int) -> Iterator[pa.RecordBatch]:
        relation = self._select(what)
        reader = self._attempt(lambda: relation.to_arrow_reader(batch_rows))
        while self._database is not None:
            try:
                batch = self._attempt(reader.read_next_batch)
            except StopIteration:
                return
            if batch.num_rows:
                yield batch
        raise ValueError("the source is closed")

    def _attempt(self, step: Callable[[], T]) -> T:
        try:
            return step()
        except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
            failure = self._translate(error)
        # Raised outside the handler: DuckDB's message quotes the offending line, and an error's context ends up in logs.
        raise failure

    def _translate(self, error: Exception) -> AtollError:
        """Our error for DuckDB's, with the line number and without the message."""
        message = str(error)
        found = _LINE.search(message)
        where = f"line {found[1]}" if found else "the line is not known"
        name = self.address.text
        if "Out of Memory" in message:
            return SourceTooLarge(address=name, limit_bytes=self._limits.memory_bytes)
        if "Invalid unicode" in message or "Invalid UTF8" in message or isinstance(error, UnicodeDecodeError):
            return NotUtf8(address=name, where=where)
        if "unterminated quote" in message:
            return BrokenQuoting(address=name, where=where)
        if "Expected Number of Columns" in message:
            return WrongWidth(address=name, where=where, expected=self._width)
        return MalformedTable(address=name, format=self.address.format.value, where=where)


def connect_locked(readable: Path, limits: ReadLimits) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that may read one file and do nothing else to the world."""
    database = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": f"{limits.memory_bytes}B",
            "threads": limits.threads,
            "temp_directory": "",
            "preserve_insertion_order": "true",
        },
    )
    path = str(readable).replace("'", "''")
    database.execute(f"SET allowed_paths = ['{path}']")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def read_header(path: Path, address: SourceAddress) -> list[str]:
    """The column names of a CSV file: its first record, without a byte order mark.

    Raises:
        NoHeader, NotUtf8, BrokenQuoting, MalformedTable: the record does not exist, is no text, does not end, or is too long.
    """
    failure: AtollError
    with path.open("rb") as file:
        lines = _header_lines(file.read(MAX_LINE_BYTES + 1).removeprefix(_BOM))
    try:
        return next(csv.reader(lines, delimiter=address.delimiter, strict=True))
    except StopIteration:
        failure = NoHeader(address=address.text)
    except UnicodeDecodeError:
        failure = NotUtf8(address=address.text, where="in the header")
    except csv.Error as error:
        if "unexpected end" in str(error) or "expected after" in str(error):
            failure = BrokenQuoting(address=address.text, where="in the header")
        else:
            failure = MalformedTable(address=address.text, format="csv", where="in the header")
    raise failure


def _header_lines(start: bytes) -> Iterator[str]:
    if len(start) > MAX_LINE_BYTES and b"\n" not in start:
        raise csv.Error("line too long")
    for line in start.splitlines(keepends=True):
        yield line.decode()
