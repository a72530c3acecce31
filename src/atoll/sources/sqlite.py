"""SQLite tables, read with the standard library.

ADBC's SQLite driver would bring a second SQLite library and hand over Arrow batches, but neither the authorizer, nor the backup
interface, nor the limits that hold a hostile database file at bay; the standard module has all three.

A database file is a program as much as a table: views, generated columns and virtual tables run when they are read. So only
ordinary tables can be registered and their generated columns are not seen, the connection may read that table and call no
function, untrusted schema code is off, and a row may not pass 1 MiB.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import pyarrow as pa

from atoll.errors import AtollError
from atoll.sources.address import SourceAddress
from atoll.sources.errors import MalformedTable, NotUtf8, UnknownTable, WrongCellType
from atoll.sources.fingerprint import Cell, Fingerprint, RowHasher, Text
from atoll.sources.snapshot import delete_copy
from atoll.sources.table import DEFAULT_BATCH_ROWS, quote, verify_columns, verify_header

T = TypeVar("T")

MAX_ROW_BYTES = 1 << 20
_MAX_BATCH_ROWS = 8192
"""Rows of SQLite have no bound of their own but `MAX_ROW_BYTES`, so batches stay smaller than those of other formats."""

_FETCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    declared: str
    type: pa.DataType


class SqliteSource:
    """One table of a SQLite database; see `atoll.sources.table.Source`."""

    def __init__(self, copy: Path, address: SourceAddress) -> None:
        """Args: copy: the private copy, which this object deletes when it is closed, or at once if opening fails."""
        self.address = address
        self._copy = copy
        self._closed = False
        self._database = sqlite3.connect(
            f"{copy.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            self._harden()
            self._columns, self._order = self._describe()
            verify_header([column.name for column in self._columns], address)
            self._database.set_authorizer(self._authorize)
            self.fingerprint = self._hash_rows()
        except BaseException:
            self.close()
            raise

    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self._columns])

    def row_count(self) -> int:
        return self._rows

    def batches(self, columns: Sequence[str], *, batch_rows: int = DEFAULT_BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        by_name = {column.name: column for column in self._columns}
        verify_columns(columns, list(by_name), self.address)
        chosen = [by_name[name] for name in columns]
        return self._batches(chosen, min(batch_rows, _MAX_BATCH_ROWS))

    def text_batches(self, *, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Stream all columns as text, whatever they declare: numbers as short as they can be read back, blobs as hexadecimal.

        Raises: NotUtf8, MalformedTable.
        """
        names = [column.name for column in self._columns]
        rows: list[tuple[Cell, ...]] = []
        for at, row in enumerate(self._select(self._columns), start=1):
            rows.append(row)
            if len(rows) == min(batch_rows, _MAX_BATCH_ROWS) or at == self._rows:
                arrays = [self._to_text_array(cells, at - len(rows)) for cells in zip(*rows, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, names=names)
                rows = []

    def _to_text_array(self, cells: Sequence[Cell], first_row: int) -> pa.Array:
        texts = [_to_spelling(cell) for cell in cells]
        for row, text in enumerate(texts, start=first_row):
            if text is None and cells[row - first_row] is not None:
                raise NotUtf8(address=self.address.text, where=f"row {row}")
        return pa.array(texts, pa.string())

    def close(self) -> None:
        self._closed = True
        self._database.close()
        delete_copy(self._copy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _harden(self) -> None:
        self._database.text_factory = Text
        self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES)
        self._database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._execute("PRAGMA trusted_schema = OFF")
        self._execute("PRAGMA query_only = ON")

    def _describe(self) -> tuple[list[_Column], str]:
        """The table's columns, and the ORDER BY that makes its rows a sequence."""
        kinds = self._execute(
            "SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
            self.address.table,
        )
        if not kinds:
            raise UnknownTable(address=self.address.text)
        described = self._execute(
            "SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", self.address.table
        )
        columns = [_describe_column(_to_text(name), _to_text(declared)) for name, declared, _ in described]
        names = {column.name.lower() for column in columns}
        row_id = next((alias for alias in ("rowid", "_rowid_", "oid") if alias not in names), None)
        if row_id and self._has_row_id(row_id):
            return columns, row_id
        keys = sorted((pk, _to_text(name)) for name, _, pk in described if isinstance(pk, int) and pk)
        if not keys:
            raise UnknownTable(address=self.address.text)
        return columns, ", ".join(quote(name) for _, name in keys)

    def _has_row_id(self, alias: str) -> bool:
        try:
            self._database.execute(f"SELECT {alias} FROM {quote(self._table_name)} LIMIT 0")  # noqa: S608 - quoted
        except sqlite3.OperationalError:  # a table WITHOUT ROWID is ordered by its primary key
            return False
        return True

    @property
    def _table_name(self) -> str:
        return self.address.table or ""

    def _authorize(self, action: int, table: str | None, *_: str | None) -> int:
        reads_table = action == sqlite3.SQLITE_READ and (table or "").lower() == self._table_name.lower()
        return sqlite3.SQLITE_OK if reads_table or action == sqlite3.SQLITE_SELECT else sqlite3.SQLITE_DENY

    def _hash_rows(self) -> Fingerprint:
        hasher = RowHasher((column.name, column.declared) for column in self._columns)
        self._rows = 0
        for row in self._select(self._columns):
            hasher.add(row)
            self._rows += 1
        return hasher.fingerprint()

    def _batches(self, columns: list[_Column], batch_rows: int) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([(column.name, column.type) for column in columns])
        pending: list[tuple[Cell, ...]] = []
        first_row = 0
        for row in self._select(columns):
            pending.append(row)
            if len(pending) == batch_rows:
                yield self._to_batch(pending, columns, schema, first_row)
                first_row += len(pending)
                pending = []
        if pending:
            yield self._to_batch(pending, columns, schema, first_row)

    def _to_batch(
        self, rows: list[tuple[Cell, ...]], columns: list[_Column], schema: pa.Schema, first_row: int
    ) -> pa.RecordBatch:
        arrays = []
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            convert = _CONVERTERS[column.type]
            try:
                arrays.append(pa.array([None if cell is None else convert(cell) for cell in cells], type=column.type))
            except (_WrongType, UnicodeDecodeError):
                arrays.append(None)
            if arrays[-1] is None:
                raise self._find_wrong_cell(cells, column, first_row)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _find_wrong_cell(self, cells: Sequence[Cell], column: _Column, first_row: int) -> AtollError:
        for row, cell in enumerate(cells, start=first_row):
            try:
                None if cell is None else _CONVERTERS[column.type](cell)
            except UnicodeDecodeError:
                return NotUtf8(address=self.address.text, where=f"row {row}")
            except _WrongType:
                return WrongCellType(address=self.address.text, column=column.name, type=str(column.type), row=row)
        raise AssertionError("the batch was refused for one of its cells")

    def _select(self, columns: Sequence[_Column]) -> Iterator[tuple[Cell, ...]]:
        names = ", ".join(quote(column.name) for column in columns)
        sql = f"SELECT {names} FROM {quote(self._table_name)} ORDER BY {self._order}"  # noqa: S608 - quoted
        cursor = self._attempt(lambda: self._database.execute(sql))
        while rows := self._attempt(lambda: cursor.fetchmany(_FETCH_ROWS)):
            yield from rows

    def _execute(self, sql: str, *parameters: str | None) -> list[tuple[Cell, ...]]:
        return self._attempt(lambda: self._database.execute(sql, parameters).fetchall())

    def _attempt(self, step: Callable[[], T]) -> T:
        if self._closed:
            raise ValueError("the source is closed")
        try:
            return step()
        except sqlite3.Error as error:
            where = getattr(error, "sqlite_errorname", "") or "it cannot be read"
        # Raised outside the handler: SQLite's message can repeat a cell, and an error's context ends up in logs.
        raise MalformedTable(address=self.address.text, format="sqlite", where=where)


class _WrongType(Exception):
    """A cell that its column's declared type does not allow; carries nothing."""


def _describe_column(name: str, declared: str) -> _Column:
    return _Column(name, declared, _arrow_type(declared))


def _arrow_type(declared: str) -> pa.DataType:
    """The type for a declared one, after SQLite's rules of column affinity (sqlite.org/datatype3.html, 3.1)."""
    upper = declared.upper()
    if "INT" in upper:
        return pa.int64()
    if any(part in upper for part in ("CHAR", "CLOB", "TEXT")):
        return pa.string()
    if "BLOB" in upper:
        return pa.binary()
    if any(part in upper for part in ("REAL", "FLOA", "DOUB")):
        return pa.float64()
    return pa.string()  # NUMERIC and undeclared: dates, decimals, booleans; text loses nothing


def _to_text(cell: Cell) -> str:
    if isinstance(cell, Text):
        return cell.decode()
    if isinstance(cell, bytes):
        raise _WrongType
    return repr(cell)


def _to_spelling(cell: Cell) -> str | None:
    """None for null, and for text that is not UTF-8."""
    if isinstance(cell, Text):
        with contextlib.suppress(UnicodeDecodeError):
            return cell.decode()
        return None
    if cell is None:
        return None
    return cell.hex() if isinstance(cell, bytes) else repr(cell)


def _to_integer(cell: Cell) -> int:
    if not isinstance(cell, int):
        raise _WrongType
    return cell


def _to_real(cell: Cell) -> float:
    if not isinstance(cell, int | float):
        raise _WrongType
    return float(cell)


def _to_bytes(cell: Cell) -> bytes:
    if not isinstance(cell, bytes):
        raise _WrongType
    return bytes(cell)


_CONVERTERS = {pa.int64(): _to_integer, pa.string(): _to_text, pa.binary(): _to_bytes, pa.float64(): _to_real}
