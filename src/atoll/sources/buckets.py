"""Records of salted digests, sorted and cut into the buckets that a protocol loads one by one.

The digests' range is divided into *spans* of a million records at most, about. A run of rows is cut by span and appended as
it is; then each span is collected from all runs, sorted, grouped, and appended to three lists in the order of the digests. A
bucket, being a part of the range too, is a stretch of each list; unless there are very many buckets it is one span or several,
and a bucket that is one span is loaded as it lies. So every record is written at most twice, in large pieces, and what must be
in memory at once is one run or one span. A key that very many rows share makes its span as much larger: all rows of a key are
in memory together, as they are in a `Bucket`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from atoll import _core
from atoll.protocols.psi.items import DIGEST_BYTES, ROW_BYTES, Bucket
from atoll.sources.spool import Spool

RECORD_BYTES = DIGEST_BYTES + ROW_BYTES
_SPAN_ROWS = 1 << 20
_FEWEST_SPAN_ROWS = 1 << 18
"""Spans that follow the buckets hold as many rows on average, or they are left as they are: each costs a read of every run."""

NewSpool = Callable[[], Spool]


class BucketCutter:
    """Takes runs of packed keys in the order of the rows, gives the buckets."""

    def __init__(self, prefix: bytes, *, rows: int, buckets: int, new_spool: NewSpool) -> None:
        """Args: prefix: what is hashed before each key. rows: how many will come, to choose the spans."""
        if not 1 <= buckets <= 1 << 16:
            raise ValueError("1 to 65,536 buckets")
        self._prefix = prefix
        self._new_spool = new_spool
        self._records = new_spool()
        self._spans = _count_spans(rows, buckets)
        self._runs: list[tuple[int, list[int]]] = []  # where a run starts in `records`, where its spans start in the run
        self._sorted = SortedBuckets(buckets, new_spool)

    def add(self, lengths: bytes, text: bytes, *, first_row: int) -> None:
        """Hash and cut one run. Raises ScratchFull."""
        records, starts = _core.cut_keys(self._prefix, lengths, text, first_row, self._spans)
        self._runs.append((len(self._records), starts))
        self._records.append(records)

    def finish(self) -> SortedBuckets:
        """Sort what was added; nothing can be added after. Raises ScratchFull."""
        for span in range(self._spans):
            pieces = [
                self._records.read(at + RECORD_BYTES * starts[span], RECORD_BYTES * (starts[span + 1] - starts[span]))
                for at, starts in self._runs
            ]
            self._sorted.append(*_core.order_records(pieces))
        self._records.close()
        return self._sorted

    def close(self) -> None:
        """Delete what was written, the buckets too; only for a cut that failed."""
        self._records.close()
        self._sorted.close()


def _count_spans(rows: int, buckets: int) -> int:
    """So many that none has much more than _SPAN_ROWS; and whole ones make a bucket, if they need not be small for that."""
    fewest = max(1, -(-rows // _SPAN_ROWS))
    whole = -(-fewest // buckets) * buckets
    return whole if whole == 1 or rows // whole >= _FEWEST_SPAN_ROWS else fewest


class SortedBuckets:
    """See `atoll.protocols.psi.items.Buckets`."""

    def __init__(self, buckets: int, new_spool: NewSpool) -> None:
        self._digests, self._ends, self._rows = new_spool(), new_spool(), new_spool()
        # Heads of digests, as 32-bit numbers, from which on the bucket is `i`: floor(head * buckets / 2^32) >= i.
        self._edges = -(-(np.arange(buckets + 1, dtype=np.uint64) << np.uint64(32)).astype(np.int64) // buckets)
        self._key_starts = np.zeros(buckets + 1, dtype=np.int64)
        self._row_starts = np.zeros(buckets + 1, dtype=np.int64)

    def append(self, digests: bytes, ends: bytes, rows: bytes) -> None:
        """Add the next span: distinct digests, ascending and above those added so far, where their rows end, the rows."""
        keys_below = _count_below(np.frombuffer(digests, ">u4")[:: DIGEST_BYTES // 4], self._edges)
        self._key_starts += keys_below
        if digests:
            last_below = np.frombuffer(ends, "<u4")[np.maximum(keys_below, 1) - 1]
            self._row_starts += np.where(keys_below > 0, last_below, 0)
        self._digests.append(digests)
        self._ends.append(_shift(ends, len(self._rows) // ROW_BYTES))
        self._rows.append(rows)

    @property
    def keys(self) -> int:
        return len(self._digests) // DIGEST_BYTES

    @property
    def on_disk(self) -> bool:
        """Whether the memory was not enough for all of it."""
        return self._digests.on_disk or self._ends.on_disk or self._rows.on_disk

    def __len__(self) -> int:
        return len(self._key_starts) - 1

    def size(self, bucket: int) -> int:
        first, last = self._stretch(self._key_starts, bucket)
        return last - first

    def load(self, bucket: int) -> Bucket:
        return Bucket(self.load_digests(bucket), *self.load_rows(bucket))

    def load_digests(self, bucket: int) -> bytes:
        first_key, last_key = self._stretch(self._key_starts, bucket)
        return _part(self._digests, first_key, last_key, DIGEST_BYTES)

    def load_rows(self, bucket: int) -> tuple[bytes, bytes]:
        first_key, last_key = self._stretch(self._key_starts, bucket)
        first_row, last_row = self._stretch(self._row_starts, bucket)
        ends = _shift(_part(self._ends, first_key, last_key, ROW_BYTES), -first_row)
        return ends, _part(self._rows, first_row, last_row, ROW_BYTES)

    def close(self) -> None:
        for spool in (self._digests, self._ends, self._rows):
            spool.close()

    def _stretch(self, starts: npt.NDArray[np.int64], bucket: int) -> tuple[int, int]:
        if not 0 <= bucket < len(self):
            raise IndexError("there is no such bucket")
        return int(starts[bucket]), int(starts[bucket + 1])


def _part(spool: Spool, first: int, last: int, width: int) -> bytes:
    return spool.read(width * first, width * (last - first))


def _shift(ends: bytes, by: int) -> bytes:
    """All ends moved by `by`; none leaves 32 bits, so a sum that wraps around is right for a negative one too."""
    if not by:
        return ends
    return (np.frombuffer(ends, "<u4") + np.uint32(by % (1 << 32))).astype("<u4", copy=False).tobytes()


def _count_below(heads: npt.NDArray[np.uint32], edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of the ascending heads are below each edge: `numpy.searchsorted`, which would copy the heads to compare them."""
    low, high = np.zeros(len(edges), np.int64), np.full(len(edges), len(heads), np.int64)
    while (open_ := low < high).any():
        middle = (low + high) // 2
        is_below = np.zeros(len(edges), np.bool_)
        is_below[open_] = heads[middle[open_]] < edges[open_]
        low = np.where(open_ & is_below, middle + 1, low)
        high = np.where(open_ & ~is_below, middle, high)
    return low
