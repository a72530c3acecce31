"""What a sender attaches to its keys: the cells of some columns in a fixed width, or one number to be summed.

A payload has the same length for every key, so its encryption does not show whose rows are many or long; what stands in it says
`rust/core/src/slots.rs`. A sum is exact and as SQL forms it: cells that are not there count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from atoll import _core
from atoll.jobs.errors import NotSummable, PayloadTooLong
from atoll.jobs.table import ROW_NUMBER, Rows, presence, text_buffers
from atoll.protocols.psi.items import Bucket

MAX_PAYLOAD_BYTES = (1 << 16) - 1
MAX_SCALE = 9
_MAX_DIGITS = 18
_LOW = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Payloads:
    """What stood in some payloads."""

    table: pa.Table = field(repr=False)
    """Text columns; the rows of the first payload, then those of the second, ..."""
    ends: bytes = field(repr=False)
    """4 bytes little-endian a payload: where its rows end, counted in rows."""

    @property
    def spoiled(self) -> int:
        """How many have no rows: no rows encode to them."""
        return int((np.diff(np.frombuffer(self.ends, ROW_NUMBER), prepend=0) == 0).sum())


def encode_payloads(bucket: Bucket, rows: Rows, columns: Sequence[str], payload_bytes: int) -> bytes:
    """The cells of the rows of each key, `payload_bytes` a key, in the bucket's order.

    Args:
        bucket: the keys and their rows.
        rows: the source of `bucket.rows`.
        columns: at least one.
        payload_bytes: 1 to MAX_PAYLOAD_BYTES, from the plan.

    Raises:
        PayloadTooLong: some key's rows do not fit. What `Rows.take` raises.
    """
    table = rows.take(columns, bucket.rows)
    try:
        return _core.pack_slots(bucket.ends, [_pack_column(one) for one in table.columns], payload_bytes)
    except OverflowError as err:
        raise PayloadTooLong(needed=err.args[0], columns=len(columns), limit=payload_bytes) from None


def decode_payloads(data: bytes, payload_bytes: int, columns: Sequence[str]) -> Payloads:
    """What `encode_payloads` was given; no rows for a payload that no rows encode to, so that who sent it hears nothing of it.

    Args:
        data: whole payloads one behind the other, as decrypted.
        payload_bytes, columns: from the plan.
    """
    ends, packed = _core.unpack_slots(data, payload_bytes, len(columns))
    return Payloads(pa.table([_unpack_column(*one) for one in packed], names=list(columns)), ends)


def sum_values(bucket: Bucket, rows: Rows, column: str, *, scale: int = 0) -> bytes:
    """The sum of a column over the rows of each key, in units of 10^-scale: 8 bytes a key, two's complement, little-endian.

    Args:
        bucket, rows: as `encode_payloads`.
        column: of whole numbers or decimals, spelled with a point and without exponent; cells without anything count as 0.
        scale: most digits behind the point, 0 to MAX_SCALE, from the plan.

    Raises:
        NotSummable: other cells, or a sum of 64 bits or more. Values are not repeated. What `Rows.take` raises.
    """
    if not 0 <= scale <= MAX_SCALE:
        raise ValueError(f"the scale is 0 to {MAX_SCALE}")
    cells = rows.take([column], bucket.rows).column(0)
    values = _parse_numbers(cells, column, scale)
    ends = np.frombuffer(bucket.ends, ROW_NUMBER).astype(np.int64)
    if not len(ends):
        return b""
    begins = np.concatenate([[0], ends[:-1]])  # no key is without rows, as reduceat needs
    # In two halves, so that no partial sum of 2^32 rows leaves 64 bits unseen.
    low, high = np.add.reduceat(values & _LOW, begins), np.add.reduceat(values >> 32, begins)
    high += low >> 32
    if ((high < -(1 << 31)) | (high >= 1 << 31)).any():
        raise NotSummable(column=column, reason="the sum of some key's rows has more than 63 bits")
    return bytes(((high << 32) | (low & _LOW)).astype("<i8").tobytes())


def _parse_numbers(cells: pa.ChunkedArray, column: str, scale: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Each cell times 10^scale."""
    import pyarrow.compute as pc  # only who sums waits for it

    point = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    there = cells.fill_null("0").combine_chunks()
    wrong = pc.sum(pc.invert(pc.match_substring_regex(there, rf"^-?[0-9]{{1,{_MAX_DIGITS - scale}}}{point}$"))).as_py()
    if wrong:
        digits = f"at most {_MAX_DIGITS - scale} digits" + (f" and {scale} behind the point" if scale else "")
        raise NotSummable(column=column, reason=f"{wrong} of its cells are not numbers of {digits}")
    exact = there.cast(pa.decimal128(_MAX_DIGITS, scale))
    words = np.frombuffer(exact.buffers()[1], "<i8") if len(exact) else np.empty(0, "<i8")
    begin = 2 * exact.offset
    return words[begin : begin + 2 * len(exact) : 2].astype(np.int64)


def _pack_column(column: pa.ChunkedArray) -> tuple[bytes, bytes, bytes]:
    whole = column.combine_chunks().cast(pa.large_string())
    ends, texts = text_buffers(whole)
    return ends.tobytes(), bytes(texts), presence(whole).tobytes()


def _unpack_column(ends: bytes, texts: bytes, present: bytes) -> pa.Array:
    there = pa.array(np.frombuffer(present, np.uint8).astype(bool))
    buffers = [there.buffers()[1], pa.py_buffer(ends), pa.py_buffer(texts)]
    return pa.Array.from_buffers(pa.large_string(), len(present), buffers)
