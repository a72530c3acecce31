"""Metrics measured on a source by a DuckDB behind a locked door.

The rows are loaded as text into a database file in the scratch folder; then the door is locked for good: no file, no network,
no extension, no setting, and of statements only a single SELECT. A metric comes from a data file, so it is treated as a
stranger's: it can read the table it is asked about, for a while and in bounded memory, and that is all.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from atoll.errors import AtollError
from atoll.exchange.quality.errors import MetricFailed
from atoll.exchange.quality.score import Count
from atoll.exchange.quality.subject import Question
from atoll.sources.errors import SourceTooLarge
from atoll.sources.table import Cells, quote


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLimits:
    """What measuring may use."""

    memory_bytes: int = 512 << 20
    """Of the table engine; what does not fit goes to the scratch folder where it can."""
    threads: int = 1
    seconds: float = 120.0
    """For one metric."""


def measure(
    source: Cells,
    columns: Sequence[str],
    asked: Sequence[Question],
    *,
    scratch: Path,
    limits: MeasureLimits | None = None,
) -> tuple[int, tuple[Count, ...]]:
    """Number of rows, and what each question finds.

    Args:
        source: open.
        columns: those that are loaded; no question can see another.
        asked: the questions.
        scratch: a folder with room for the columns; what is put there is deleted again.
        limits: of memory and time.

    Raises:
        What `source.batches` raises.
        MetricFailed: a question took too long or too much, asked for what it may not have, or gave no count.
        SourceTooLarge: the table does not fit.

    Cost: one pass over the source to load it, one over the loaded columns for each question.
    """
    limits = limits or MeasureLimits()
    folder = Path(tempfile.mkdtemp(dir=scratch, prefix="measure-"))
    try:
        with contextlib.closing(_load(source, columns, folder, limits)) as database:
            rows = int(database.execute("SELECT count(*) FROM data").fetchall()[0][0])
            return rows, tuple(_count(database, one, limits) for one in asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(source: Cells, columns: Sequence[str], folder: Path, limits: MeasureLimits) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        str(folder / "data.duckdb"),
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": f"{limits.memory_bytes}B",
            "threads": limits.threads,
            "temp_directory": str(folder / "spill"),
        },
    )
    try:
        _fill(database, source, columns)
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
    except BaseException:
        database.close()
        raise
    return database


def _fill(database: duckdb.DuckDBPyConnection, source: Cells, columns: Sequence[str]) -> None:
    whole = source.schema()
    schema = pa.schema([whole.field(name) for name in columns])
    failure: list[AtollError] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in source.batches(columns):
                yield batch.cast(schema) if batch.schema != schema else batch
        except AtollError as err:  # DuckDB would turn it into one of its own, with a cell in its text
            failure.append(err)
            raise

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    database.register("incoming", reader)
    cells = ", ".join(f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}" for name in columns)
    try:
        database.execute(f"CREATE TABLE data AS SELECT {cells} FROM incoming")  # noqa: S608 - names of columns, quoted
    except (duckdb.Error, pa.ArrowException) as err:
        too_large = SourceTooLarge(address=source.address.text, limit_bytes=0) if "Out of Memory" in str(err) else None
        problem: AtollError = failure[0] if failure else too_large or MetricFailed(metric="(loading)", reason=_reason(err))
    else:
        database.unregister("incoming")
        return
    raise problem  # outside the handler: an error's context ends up in logs, and DuckDB's may quote a cell


def _count(database: duckdb.DuckDBPyConnection, one: Question, limits: MeasureLimits) -> Count:
    late = threading.Event()

    def stop() -> None:
        late.set()
        database.interrupt()

    timer = threading.Timer(limits.seconds, stop)
    timer.start()
    reason = ""
    rows: list[Any] = []
    try:
        statements = database.extract_statements(one.sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            reason = "it is not one SELECT"
        else:
            rows = database.execute(statements[0], one.parameters).fetchmany(2)
    except duckdb.Error as err:
        reason = f"it took longer than {limits.seconds:g} s" if late.is_set() else _reason(err)
    finally:
        timer.cancel()
    if not reason and not _is_count(rows):
        reason = "its answer is not one row of two whole numbers, the first no greater than the second"
    if reason:
        raise MetricFailed(metric=one.metric.id, reason=reason)
    good, total = rows[0]
    return Count(metric=one.metric.id, column=one.column, good=good, total=total)


def _is_count(rows: list[Any]) -> bool:
    if len(rows) != 1 or len(rows[0]) != 2 or any(type(one) is not int for one in rows[0]):
        return False
    good, total = rows[0]
    return bool(0 <= good <= total < 1 << 53)


_REASONS: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.PermissionException, "it asks for a file, the network, or another thing that it may not have"),
    (duckdb.OutOfMemoryException, "it needs more memory than it may have"),
    (duckdb.ParserException, "it is not SQL"),
    (duckdb.BinderException, "it names a column or parameter that is not there"),
    (duckdb.CatalogException, "it names a table or function that is not there"),
)


def _reason(err: Exception) -> str:
    """In our words: the engine's may quote a cell."""
    return next((words for kind, words in _REASONS if isinstance(err, kind)), "the engine refuses it")
