"""A desk to work on: one data folder, one scratch folder, and the same table in every format."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from atoll.sources import Fingerprint, ReadLimits, Source, SourceRoot, open_source

Row = Sequence[str | int | None]


@dataclass(frozen=True)
class Desk:
    """Where the tests of this folder work: `data` is fenced in, `outside` is not, `scratch` must end up empty."""

    data: Path
    outside: Path
    scratch: Path
    root: SourceRoot

    def open(self, address: str, registered: Fingerprint | None = None, limits: ReadLimits | None = None) -> Source:
        return open_source(address, root=self.root, scratch=self.scratch, registered=registered, limits=limits)

    def write(self, name: str, content: bytes | str) -> str:
        (self.data / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def table(self, kind: str, columns: Sequence[str], rows: Sequence[Row], *, name: str = "table") -> str:
        """Write one table in the given format; its address."""
        path = self.data / f"{name}.{kind}"
        if kind == "csv":
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([columns, *rows])
        elif kind == "parquet":
            pq.write_table(
                pa.table({column: list(cells) for column, cells in zip(columns, zip(*rows, strict=True), strict=True)}), path
            )
        else:
            names = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
            with sqlite3.connect(path) as database:
                database.execute(f"CREATE TABLE people ({names})")
                database.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(columns))})", rows)
            database.close()
            return f"{path.name}#people"
        return path.name


def text_of(source: Source, columns: Sequence[str], batch_rows: int = 1000) -> list[tuple[str | None, ...]]:
    """All cells of some columns, as text."""
    rows: list[tuple[str | None, ...]] = []
    for batch in source.batches(columns, batch_rows=batch_rows):
        rows += zip(*(column.cast(pa.string()).to_pylist() for column in batch.columns), strict=True)
    return rows
