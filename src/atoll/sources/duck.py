"""Parquet, read by DuckDB behind a locked door.

DuckDB is a whole database: it can fetch from the network, install extensions, list folders and write files, and a file name or
a piece of SQL may ask it to. Each open source has a DuckDB of its own that may read one file, the private copy, and nothing
else: no other path, no extension beyond those compiled in, no spilling to disk, and no way to change these settings again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import duckdb
import pyarrow as pa

from atoll.errors import AtollError
from atoll.sources.address import SourceAddress
from atoll.sources.errors import MalformedTable, NotUtf8, SourceTooLarge
from atoll.sources.fingerprint import Fingerprint
from atoll.sources.snapshot import delete_copy
from atoll.sources.table import DEFAULT_BATCH_ROWS, ReadLimits, quote, verify_columns, verify_header

T = TypeVar("T")

MAX_ROW_BYTES = 1 << 20
"""Longest row as text: what a record of CSV may have, and a row of SQLite."""
_TOO_LONG = "a row is longer than 1 MiB"
_BATCH_BYTES = 32 << 20
"""Most text of a batch; a column that repeats one long cell takes next to nothing in the file."""
_BLOCK_ROWS = 2048
_SHORT_TEXT_BYTES = 64


class DuckSource:
    """A Parquet file; see `atoll.sources.table.Source`."""

    def __init__(self, copy: Path, address: SourceAddress, fingerprint: Fingerprint, limits: ReadLimits) -> None:
        """Args: copy: the private copy, which this object deletes when it is closed, or at once if opening fails."""
        self.address = address
        self.fingerprint = fingerprint
        self._copy = copy
        self._limits = limits
        self._database: duckdb.DuckDBPyConnection | None = None
        try:
            self._database = connect_locked(copy, limits)
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

    def text_batches(self, *, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Stream all columns as text: numbers as short as they can be read back, not-a-number as null, binary as hexadecimal.

        Raises: as `batches`; SourceTooLarge for 2,048 rows whose text exceeds the engine's memory.

        Cost: a pass over the columns of text for their lengths comes first.
        """
        heaviest, longest = self._weigh()
        if longest > MAX_ROW_BYTES:
            raise MalformedTable(address=self.address.text, format=self.address.format.value, where=_TOO_LONG)
        if heaviest > self._limits.memory_bytes:  # the engine would copy all of it at once, which its own limit does not see
            raise SourceTooLarge(address=self.address.text, limit_bytes=self._limits.memory_bytes)
        if heaviest > _BATCH_BYTES // 2:  # a batch lies in two blocks at most
            batch_rows = min(batch_rows, max(1, _BATCH_BYTES // longest))
        return self._stream(", ".join(map(_as_text, self._schema)), batch_rows=batch_rows)

    def _weigh(self) -> tuple[int, int]:
        """Bytes of text of the heaviest 2,048 rows, by blocks of so many, and of the longest row."""
        row = _sum_up([_measure(field) for field in self._schema])
        block = f"(row_number() OVER () - 1) // {_BLOCK_ROWS}"
        rows = f"SELECT {block} AS block, {row} AS weight FROM read_parquet($path)"  # noqa: S608
        blocks = f"SELECT sum(weight) AS total, max(weight) AS longest FROM ({rows}) GROUP BY block"  # noqa: S608
        ((heaviest, longest),) = self._ask(f"SELECT max(total), max(longest) FROM ({blocks})")  # noqa: S608
        return int(heaviest or 0), int(longest or 0)

    def _ask(self, question: str) -> list[tuple[int | None, int | None]]:
        if self._database is None:
            raise ValueError("the source is closed")
        cursor = self._database.cursor()
        return self._attempt(lambda: cursor.execute(question, {"path": str(self._copy)}).fetchall())

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        delete_copy(self._copy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _select(self, what: str, suffix: str = "") -> duckdb.DuckDBPyRelation:
        """A query that has not begun; `what` is made of constants and quoted names."""
        if self._database is None:
            raise ValueError("the source is closed")
        # A cursor of its own: a second query on one connection would cut the first stream short.
        cursor = self._database.cursor()
        query = f"SELECT {what} FROM read_parquet($path){suffix}"  # noqa: S608
        return self._attempt(lambda: cursor.sql(query, params={"path": str(self._copy)}))

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
        # Raised outside the handler: DuckDB's message may quote a cell, and an error's context ends up in logs.
        raise failure

    def _translate(self, error: Exception) -> AtollError:
        """Our error for DuckDB's, without the message."""
        message = str(error)
        name, where = self.address.text, "the row is not known"
        if "Out of Memory" in message:
            return SourceTooLarge(address=name, limit_bytes=self._limits.memory_bytes)
        if "Invalid unicode" in message or "Invalid UTF8" in message or isinstance(error, UnicodeDecodeError):
            return NotUtf8(address=name, where=where)
        return MalformedTable(address=name, format=self.address.format.value, where=where)


def _as_text(field: pa.Field) -> str:
    name = quote(field.name)
    if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
        text = f"lower(hex({name}))"
    else:
        text = f"{name}::VARCHAR"
    absent = f"WHEN isnan({name}) THEN NULL " if pa.types.is_floating(field.type) else ""
    return f"CASE {absent}ELSE {text} END" if absent else text


def _measure(field: pa.Field) -> str:
    """Bytes of a cell as text; for the types whose text is short, what it has at most."""
    name, kind = quote(field.name), field.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        length = f"2 * octet_length({name})"
    elif pa.types.is_primitive(kind) or pa.types.is_decimal(kind):
        return str(_SHORT_TEXT_BYTES)
    else:
        length = f"strlen({name}::VARCHAR)"
    return f"coalesce({length}, 0)"


def _sum_up(terms: Sequence[str]) -> str:
    """Added in pairs, because expressions may not be nested deeply."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_sum_up(terms[:half])} + {_sum_up(terms[half:])})"


def connect_locked(readable: Path | None, limits: ReadLimits) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that may read one file, or none, and do nothing else to the world."""
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
    if readable is not None:
        path = str(readable).replace("'", "''")
        database.execute(f"SET allowed_paths = ['{path}']")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database
