"""CSV, read by the native core as RFC 4180 has it, with a declared delimiter, everything as text.

Nothing is guessed, neither dialect nor types nor header: a guess depends on the data, and two versions of one table could be
read in two ways. What RFC 4180 leaves open is refused as well, such as a quote inside a cell that is not quoted.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from atoll import _core
from atoll.errors import AtollError
from atoll.sources.address import DELIMITERS, SourceAddress, other_delimiter
from atoll.sources.errors import BrokenQuoting, MalformedTable, NoHeader, NotUtf8, WrongWidth
from atoll.sources.fingerprint import Fingerprint
from atoll.sources.snapshot import delete_copy
from atoll.sources.table import DEFAULT_BATCH_ROWS, verify_columns, verify_header

MAX_LINE_BYTES = 1 << 20
"""Longest header that is looked for."""

PIECE_BYTES = 1 << 19
BOM = b"\xef\xbb\xbf"


class CsvSource:
    """A CSV file; see `atoll.sources.table.Source`."""

    def __init__(self, copy: Path, address: SourceAddress, fingerprint: Fingerprint) -> None:
        """Args: copy: the private copy, which this object deletes when it is closed, or at once if opening fails."""
        self.address = address
        self.fingerprint = fingerprint
        self._copy = copy
        self._closed = False
        self._rows: int | None = None
        try:
            self._names = read_header(copy, address)
            verify_header(self._names, address)
        except BaseException:
            self.close()
            raise

    def schema(self) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in self._names])

    def row_count(self) -> int:
        if self._rows is None:
            for _ in self._parse([]):
                pass
        return self._rows or 0

    def batches(self, columns: Sequence[str], *, batch_rows: int = DEFAULT_BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        verify_columns(columns, self._names, self.address)
        return self._batches(columns, batch_rows)

    def close(self) -> None:
        self._closed = True
        delete_copy(self._copy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _batches(self, columns: Sequence[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        header = 1  # the first record
        for found in self._parse([self._names.index(name) for name in columns]):
            if not found.records:
                continue
            arrays = [_to_array(found.records, *column) for column in found.columns]
            batch = pa.RecordBatch.from_arrays(arrays, names=list(columns))
            for start in range(header, found.records, batch_rows):
                self._verify_open()
                yield batch.slice(start, batch_rows)
            header = 0

    def _parse(self, chosen: list[int]) -> Iterator[_core.CsvRecords]:
        """The file in chunks of whole records, the header among them."""
        self._verify_open()
        width, line, line_end, records = len(self._names), 1, None, 0
        with self._copy.open("rb", buffering=0) as file:
            at = len(BOM) if file.read(len(BOM)) == BOM else 0
            end, most = os.fstat(file.fileno()).st_size, PIECE_BYTES
            last = False
            while not last:
                chunk = os.pread(file.fileno(), most, at)  # what the one before did not end comes again
                last = not chunk or at + len(chunk) >= end
                found = _core.parse_csv(chunk, self.address.delimiter, width, chosen, line_end, last=last)
                if found.fault is not None:
                    raise self._error(found.fault, line + found.lines)
                yield found
                most = PIECE_BYTES if found.consumed else 2 * most
                line, line_end, at = line + found.lines, found.line_end, at + found.consumed
                records += found.records
        self._rows = records - 1

    def _verify_open(self) -> None:
        if self._closed:
            raise ValueError("the source is closed")

    def _error(self, fault: str, line: int) -> AtollError:
        return name_fault(fault, self.address, line=line, width=len(self._names))


def _to_array(rows: int, offsets: bytes, text: bytes, present: bytes, nulls: int) -> pa.StringArray:
    buffers = [pa.py_buffer(present), pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), rows, buffers, null_count=nulls)


def name_fault(fault: str, address: SourceAddress, *, line: int, width: int) -> AtollError:
    """The error for what `_core.parse_csv` found wrong in a line, counted from 1."""
    name, where = address.text, f"line {line}"
    if fault == "utf-8":
        return NotUtf8(address=name, where=where)
    if fault == "quoting":
        return BrokenQuoting(address=name, where=where)
    if fault == "width":
        return WrongWidth(address=name, where=where, expected=width)
    return MalformedTable(address=name, format="csv", where=where)


def read_header(path: Path, address: SourceAddress) -> list[str]:
    """The column names of a CSV file; see `parse_header`."""
    with path.open("rb") as file:
        return parse_header(file.read(MAX_LINE_BYTES + 1), address)


def parse_header(start: bytes, address: SourceAddress) -> list[str]:
    """The column names of the CSV file that starts so: its first record, without a byte order mark.

    Raises:
        NoHeader, NotUtf8, BrokenQuoting, MalformedTable: the record does not exist, is no text, does not end, or is too long.
        OtherDelimiter: its quotes end where another delimiter than the one that nobody has named follows.
    """
    failure: AtollError
    lines = _header_lines(start.removeprefix(BOM))
    try:
        return next(csv.reader(lines, delimiter=address.delimiter, strict=True))
    except StopIteration:
        failure = NoHeader(address=address.text)
    except UnicodeDecodeError:
        failure = NotUtf8(address=address.text, where="in the header")
    except csv.Error as error:
        if "unexpected end" in str(error) or "expected after" in str(error):
            found = "" if address.is_declared else _fitting_delimiter(start.removeprefix(BOM))
            failure = other_delimiter(address, found) if found else BrokenQuoting(address=address.text, where="in the header")
        else:
            failure = MalformedTable(address=address.text, format="csv", where="in the header")
    raise failure


def _fitting_delimiter(start: bytes) -> str:
    """Name of a delimiter by which a header of quoted cells is one of several columns; empty if there is none."""
    for name, mark in DELIMITERS.items():
        with suppress(csv.Error, StopIteration, UnicodeDecodeError):
            if len(next(csv.reader(_header_lines(start), delimiter=mark, strict=True))) > 1:
                return name
    return ""


def _header_lines(start: bytes) -> Iterator[str]:
    if len(start) > MAX_LINE_BYTES and b"\n" not in start:
        raise csv.Error("line too long")
    for line in start.splitlines(keepends=True):
        yield line.decode()
