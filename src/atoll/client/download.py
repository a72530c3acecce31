"""Whole results: streamed, checked against what the receipts commit to, and in place only when they are whole."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from atoll.api.models import ResultInfo
from atoll.client.errors import NotWhatWasExpected
from atoll.client.link import Link
from atoll.jobs.formats import Format, open_writer
from atoll.jobs.result import verify_blocks

OnRows = Callable[[int, int], None]
"""Told how many rows of how many are written."""


def format_of(path: Path) -> Format:
    """How a file of this name is written: `.parquet` and `.arrow` as they say, CSV for any other."""
    with suppress(ValueError):
        return Format(path.suffix.lower().removeprefix("."))
    return Format.CSV


def fetch_table(link: Link, info: ResultInfo) -> pa.Table:
    """The whole result in memory.

    Args:
        info: a page of it.

    Raises:
        BadResult: it is not what the receipts commit to. What `Link.stream` raises.
    """
    kept: list[pa.RecordBatch] = []
    with _open_stream(link, info) as reader:
        _verify(info, reader.schema, _each(link, reader, kept.append))
        return pa.Table.from_batches(kept, reader.schema)


def fetch_file(link: Link, info: ResultInfo, path: Path, on_rows: OnRows) -> None:
    """Write the whole result to a file that is not there yet, readable by its owner only; memory of a block.

    Args:
        info: a page of it.
        path: its suffix says how it is written.
        on_rows: told after each block.

    Raises:
        BadResult: it is not what the receipts commit to. FileExistsError, OSError: the file cannot be written.
            What `Link.stream` raises. Nothing of the file is left in all these cases.
    """
    if path.exists():
        raise FileExistsError(17, "File exists", str(path))
    beside = path.with_name(path.name + ".part")
    try:
        with open(beside, "wb", opener=_open_private) as sink, _open_stream(link, info) as reader:
            writer = open_writer(format_of(path), sink, reader.schema)
            written = 0

            def write(block: pa.RecordBatch) -> None:
                nonlocal written
                writer.write_batch(block)
                written += block.num_rows
                on_rows(written, info.rows)

            _verify(info, reader.schema, _each(link, reader, write))
            writer.close()
            sink.flush()
            os.fsync(sink.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _open_stream(link: Link, info: ResultInfo) -> Iterator[pa.RecordBatchReader]:
    with link.stream("job_download", job=info.job, format=Format.ARROW) as pieces:
        try:
            reader = pa.ipc.open_stream(io.BufferedReader(_Body(pieces), 1 << 20))
        except pa.ArrowInvalid as err:
            raise _unreadable(link) from err
        yield reader


def _each(link: Link, reader: pa.RecordBatchReader, take: Callable[[pa.RecordBatch], None]) -> Iterator[pa.RecordBatch]:
    """The blocks, each given to `take` first."""
    while True:
        try:
            block = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowInvalid, OSError) as err:
            raise _unreadable(link) from err
        take(block)
        yield block


def _unreadable(link: Link) -> NotWhatWasExpected:
    return NotWhatWasExpected(url=link.url, reason="the result's rows cannot be read")


def _verify(info: ResultInfo, schema: pa.Schema, blocks: Iterable[pa.RecordBatch]) -> None:
    """Go through the blocks; they must be what the receipts commit to."""
    opening, commitment = bytes.fromhex(info.opening), bytes.fromhex(info.commitment)
    verify_blocks(schema, info.rows, info.encoded_bytes, blocks, opening, commitment)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


class _Body(io.RawIOBase):
    """The pieces of a body as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the interpreter gives a memoryview
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken
