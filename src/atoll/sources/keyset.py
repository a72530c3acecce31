"""A table's keys, read and kept: the large `Items` of an intersection.

    source --batches--> packed keys, 2 bytes and the key a row --partition(salt)--> buckets

Up to its memory a set stays there; beyond, packed keys and buckets go to files without names in the job's scratch folder. They
hold what the snapshot of the source holds, on the same disk, and vanish with the process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atoll.protocols.identifiers import (
    DEFAULT_REFUSED,
    MAX_IDENTIFIER_BYTES,
    DuplicateIdentifier,
    Fault,
    Report,
    Rule,
    TooManyIdentifiers,
    normalise_key,
)
from atoll.protocols.psi.hashing import KEY_DOMAIN
from atoll.protocols.psi.items import MAX_ROWS, SALT_BYTES, Bucket
from atoll.sources.buckets import BucketCutter, SortedBuckets
from atoll.sources.errors import NotUtf8, TooManyRows
from atoll.sources.keys import verify_key_columns
from atoll.sources.packing import EMPTY, FAULTS, pack_keys
from atoll.sources.spool import MemoryBudget, Spool
from atoll.sources.table import DEFAULT_BATCH_ROWS, Cells

DEFAULT_MEMORY_BYTES = 256 << 20
_BATCH_ROWS = DEFAULT_BATCH_ROWS
_RUN_ROWS = 1 << 20
_RUN_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Run:
    """Some rows in the spool of packed keys: their lengths, then their text."""

    first_row: int
    rows: int
    text_bytes: int


class KeySet:
    """See `atoll.protocols.psi.items.Items`. Made by `open_items`; a context manager that deletes what it and its cuts keep."""

    def __init__(self, scratch: Path, *, address: str, report: Report, memory_bytes: int) -> None:
        self._scratch = scratch
        self._address = address
        self._report = report
        self._budget = MemoryBudget(memory_bytes)
        self._spool = self._new_spool()
        self._runs: list[_Run] = []
        self._cuts: list[SortedBuckets] = []
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_rows = self._pending_bytes = 0
        self._table_rows = 0
        self._rows = 0

    @property
    def rows(self) -> int:
        return self._rows

    @property
    def table_rows(self) -> int:
        """Rows read so far, those without a key too."""
        return self._table_rows

    @property
    def on_disk(self) -> bool:
        """Whether the memory was not enough for the keys."""
        return self._spool.on_disk

    def partition(self, salt: bytes, buckets: int) -> SortedBuckets:
        """As `Items.partition`. The report then tells distinct keys from rows that repeat one.

        Raises:
            ScratchFull: no room for the cut; nothing of it is left.
        """
        if len(salt) != SALT_BYTES:
            raise ValueError(f"a salt has {SALT_BYTES} bytes")
        cutter = BucketCutter(KEY_DOMAIN + salt, rows=self._rows, buckets=buckets, new_spool=self._new_spool)
        try:
            offset = 0
            for run in self._runs:
                lengths = self._spool.read(offset, 2 * run.rows)
                text = self._spool.read(offset + 2 * run.rows, run.text_bytes)
                cutter.add(lengths, text, first_row=run.first_row)
                offset += 2 * run.rows + run.text_bytes
            cut = cutter.finish()
        except BaseException:
            cutter.close()
            raise
        self._cuts.append(cut)
        self._report.kept, self._report.duplicate = cut.keys, self._rows - cut.keys
        return cut

    def close(self) -> None:
        """Forget the keys, and close all buckets that were cut. May be called twice."""
        self._spool.close()
        for cut in self._cuts:
            cut.close()
        self._cuts.clear()
        self._runs.clear()
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def append(self, lengths: bytes, text: bytes, *, keys: int) -> None:
        """Add the packed keys of the next rows of the table, `keys` of which have one. Raises TooManyRows, ScratchFull."""
        rows = len(lengths) // 2
        if self._table_rows + rows > MAX_ROWS:
            raise TooManyRows(address=self._address, limit=MAX_ROWS)
        self._table_rows += rows
        self._rows += keys
        self._pending.append((lengths, text))
        self._pending_rows += rows
        self._pending_bytes += len(text)
        if self._pending_rows >= _RUN_ROWS or self._pending_bytes >= _RUN_BYTES:
            self.flush()

    def flush(self) -> None:
        """Complete the run begun by `append`. Raises ScratchFull."""
        if not self._pending:
            return
        self._spool.append(b"".join(lengths for lengths, _ in self._pending))
        self._spool.append(b"".join(text for _, text in self._pending))
        self._runs.append(_Run(self._table_rows - self._pending_rows, self._pending_rows, self._pending_bytes))
        self._pending = []
        self._pending_rows = self._pending_bytes = 0

    def _new_spool(self) -> Spool:
        return Spool(self._scratch, self._budget, address=self._address)


def open_items(
    source: Cells,
    columns: Sequence[str],
    rules: Sequence[Rule],
    *,
    report: Report,
    scratch: Path,
    max_rows: int | None = None,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    refuse: Collection[Fault] = DEFAULT_REFUSED,
) -> KeySet:
    """Read the keys of a table in one pass.

    Rows with equal keys are all kept: an intersection gives them back together.

    Args:
        source: an open source, its fingerprint verified, or the `SourceRows` of one; not needed any more afterwards.
        columns, rules: the key, one rule a column, both from the plan.
        report: counts every row as it is read; `kept` and `duplicate` are final after `partition`.
        scratch: the job's folder, for what does not fit in memory.
        max_rows: the plan's row cap: most rows with a key, rows with equal keys counted each; None for no cap.
        memory_bytes: for what is kept, keys and buckets together; the work on one run or span comes on top, about 250 MiB.
        refuse: faults that are an error; rows with others are left out and counted. Duplicates are never left out.

    Raises:
        UnknownColumn, NotAnIdentifier: the columns can make no key. What `Source.batches` raises.
        IdentifierError: a fault in `refuse`; `.row` tells where.
        TooManyIdentifiers, TooManyRows: the plan's cap, told before the rest is read, or that of row numbers.
        ScratchFull: no room; nothing is left behind.

    Cost: 0.2 microseconds a row of short ASCII cells beside the reading. Where duplicates are refused, the keys are hashed and
        sorted here once more.
    """
    verify_key_columns(source, columns, rules)
    items = KeySet(scratch, address=source.address.text, report=report, memory_bytes=memory_bytes)
    try:
        for batch in source.batches(columns, batch_rows=_BATCH_ROWS):
            _append_batch(items, batch, source, rules, report, refuse)
            if max_rows is not None and items.rows > max_rows:
                raise TooManyIdentifiers(limit=max_rows)
        items.flush()
        if Fault.DUPLICATE in refuse:
            _verify_distinct(items)
    except BaseException:
        items.close()
        raise
    return items


def _append_batch(
    items: KeySet, batch: pa.RecordBatch, source: Cells, rules: Sequence[Rule], report: Report, refuse: Collection[Fault]
) -> None:
    start = items.table_rows
    packed = None
    with contextlib.suppress(UnicodeDecodeError, pa.ArrowInvalid):
        packed = pack_keys(rules, batch.columns)
    if packed is None:  # raised here, so that the cell in the other error is not its context
        raise NotUtf8(address=source.address.text, where=f"rows {start} to {start + batch.num_rows - 1}")
    codes = np.frombuffer(packed[0], "<u2")
    if codes.min() > EMPTY and codes.max() <= MAX_IDENTIFIER_BYTES:  # as nearly always: lengths alone
        report.rows += len(codes)
        report.kept += len(codes)
        items.append(*packed, keys=len(codes))
        return
    refused = np.flatnonzero(np.isin(codes, [code for code, fault in FAULTS.items() if fault in refuse]))
    if refused.size:
        at = int(refused[0])
        _count(report, codes[: at + 1])
        normalise_key(rules, [column.cast(pa.string())[at].as_py() for column in batch.columns], row=start + at)
        raise AssertionError("the core refused a row that the rule accepts")
    items.append(*packed, keys=_count(report, codes))


def _count(report: Report, codes: npt.NDArray[np.uint16]) -> int:
    """Add some rows to the report; how many of them have a key."""
    keys = len(codes)
    for code, fault in FAULTS.items():
        found = int(np.count_nonzero(codes == code))
        report.note(fault, found)
        keys -= found
    report.rows += len(codes)
    report.kept += keys
    return keys


def _verify_distinct(items: KeySet) -> None:
    """Cut the set under a salt that means nothing, and look at what came out."""
    cut = items.partition(bytes(SALT_BYTES), 1 + (items.rows >> 20))
    try:
        if cut.keys < items.rows:
            raise DuplicateIdentifier(row=min(map(_first_repeat, map(cut.load, range(len(cut))))))
    finally:
        cut.close()


def _first_repeat(bucket: Bucket) -> int:
    """The lowest row whose key an earlier row has; MAX_ROWS if every key has one row."""
    rows = np.frombuffer(bucket.rows, "<u4")
    repeats = np.ones(len(rows), dtype=bool)
    repeats[np.frombuffer(bucket.ends, "<u4")[:-1]] = False
    repeats[:1] = False
    return int(rows[repeats].min(initial=MAX_ROWS))
