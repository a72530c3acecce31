"""A result: named columns of text, numbers or truth values, with one encoding that everybody's receipt commits to.

    encoding = frame(CBOR(["result/2", [[name, kind], ...], number of rows])) || block || block || ...
    block    = 65,536 rows, the last one fewer: their first column, their second, ...

    column of n rows, by kind
      text     n lengths of 4 bytes, 0 for no cell and otherwise bytes + 1; then the texts, UTF-8, one behind the other
      integer  n bytes, 0 for no cell and otherwise 1; then n numbers of 8 bytes, two's complement, 0 where there is no cell
      boolean  n bytes: 0 no cell, 1 false, 2 true
      decimal  n bytes as for integers; then n numbers of 16 bytes, two's complement: the decimal times 10^scale

A decimal column's kind is written `decimal/SCALE`, with 0 to 38 digits behind the point.

`frame` puts the length before the bytes, 4 bytes big-endian; names are byte strings of UTF-8, and the numbers of a block are
little-endian, as Arrow keeps them in memory. The encoding can be read in one way only: every part's length follows from what
stands before it. Rows stand in the order in which the kind puts them, which is the same at every run on the same inputs.

It is made block by block from Arrow's buffers and hashed as it is made, so a result is never in memory twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from atoll.jobs.errors import BadResult
from atoll.jobs.table import presence, text_buffers
from atoll.ledger.detail import RESULT_DOMAIN
from atoll.primitives.commitment import OPENING_BYTES, commit_parts
from atoll.wire.cbor import CborValue, encode

Cell: TypeAlias = "str | int | bool | Decimal | None"
"""What a result holds."""

BLOCK_ROWS = 1 << 16
DECIMAL_DIGITS = 38
"""Most digits of a decimal; those before the point count too."""
DECIMAL_BYTES = 16

_TAG = "result/2"
_JOINT_DOMAIN = b"ATOLL-V01-JOINT-RESULT"
_COMMITMENT_BYTES = 32
_KINDS = {pa.large_string(): "text", pa.int64(): "integer", pa.bool_(): "boolean"}
_HALF = 1 << 62
_MAX_TEXT_BYTES = (1 << 32) - 2
_MAX_HEAD_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver gets, rows in the order in which they are shown."""

    table: pa.Table = field(repr=False)
    """Text, number and truth-value columns of any Arrow width; kept as `large_string`, `int64`, `bool`, `decimal128(38, n)`."""

    def __post_init__(self) -> None:
        settled = [_settle(one.type) for one in self.table.schema]
        if settled != self.table.schema.types:
            schema = pa.schema(list(zip(self.table.column_names, settled, strict=True)))
            object.__setattr__(self, "table", _cast(self.table, schema))

    @classmethod
    def from_rows(cls, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Result:
        """A small result, written by hand.

        Raises:
            BadResult: a row has not one cell for each column, or a column mixes kinds.
        """
        if any(len(row) != len(columns) for row in rows):
            raise BadResult(reason="a row has not one cell for each column")
        arrays = [_column([row[at] for row in rows]) for at in range(len(columns))]
        return cls(pa.Table.from_arrays(arrays, names=list(columns)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, one a column."""
        return tuple(self.table.column_names)

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def rows(self) -> list[tuple[Cell, ...]]:
        """All cells as Python values, row by row; for small results."""
        return list(zip(*(column.to_pylist() for column in self.table.columns), strict=True))

    def __repr__(self) -> str:
        return f"Result(columns={self.columns!r}, {len(self)} rows)"


def decimal_digits(fraction: int) -> int:
    """Digits behind the point by which a multiple of 2^-fraction is told from its neighbours.

    >>> decimal_digits(0), decimal_digits(20)
    (0, 7)
    """
    return len(str(1 << fraction)) if fraction else 0


def decimal_column(raw: NDArray[np.int64], valid: NDArray[np.bool_], *, fraction: int) -> pa.Array:
    """Fixed-point numbers as the decimals nearest to them, ties to the even digit; from each, the number can be had again.

    Args:
        raw: the numbers in units of 2^-fraction.
        valid: where there is one.
        fraction: bits behind the point, 0 to 60.
    """
    scale = decimal_digits(fraction)
    ten, whole, rest = 10**scale, raw >> fraction, raw & ((1 << fraction) - 1)
    if ten << fraction < _HALF and int(np.abs(whole).max(initial=0)) * ten < _HALF:  # all of it in 64 bits
        low = whole * ten + _nearest(rest * ten, fraction)
        words = np.stack([low, low >> 63], axis=1)
    else:
        numbers = [
            int(above) * ten + round(Fraction(int(below) * ten, 1 << fraction))
            for above, below in zip(whole, rest, strict=True)
        ]
        data = b"".join(number.to_bytes(DECIMAL_BYTES, "little", signed=True) for number in numbers)
        words = np.frombuffer(data, np.int64).reshape(-1, 2)
    there = pa.array(valid).buffers()[1] if len(valid) else None
    return pa.Array.from_buffers(
        pa.decimal128(DECIMAL_DIGITS, scale), len(raw), [there, pa.py_buffer(np.ascontiguousarray(words))]
    )


def _nearest(number: NDArray[np.int64], fraction: int) -> NDArray[np.int64]:
    """number / 2^fraction for numbers from 0 on, to the nearest, ties to the even one."""
    if not fraction:
        return number
    floor, rest, half = number >> fraction, number & ((1 << fraction) - 1), 1 << (fraction - 1)
    up: NDArray[np.int64] = ((rest > half) | ((rest == half) & (floor & 1 == 1))).astype(np.int64)
    return floor + up


def encode_result(result: Result) -> Iterator[bytes | memoryview]:
    """The one encoding of `result`, in parts to be joined.

    Raises:
        BadResult: a text of 4 GiB.

    Cost: memory of a block.
    """
    yield from encode_blocks(result.table.schema, len(result), blocks(result))


def encode_blocks(schema: pa.Schema, rows: int, blocks: Iterable[pa.RecordBatch]) -> Iterator[bytes | memoryview]:
    """`encode_result` of a result that is not in memory whole.

    Args:
        schema: of `Result.table`.
        rows: how many there will be.
        blocks: of BLOCK_ROWS rows, the last one fewer.
    """
    yield _encode_head(schema, rows)
    for block in blocks:
        for column in block.columns:
            yield from (_encode_decimals if _is_decimal(column.type) else _ENCODERS[column.type])(column)


def encoded_bytes(result: Result) -> int:
    """How long `encode_result` will be, without making it."""
    return len(_encode_head(result.table.schema, len(result))) + sum(_column_bytes(column) for column in result.table.columns)


def blocks(result: Result) -> Iterator[pa.RecordBatch]:
    """The rows in blocks of BLOCK_ROWS, the last one fewer; none for an empty result."""
    for at in range(0, len(result), BLOCK_ROWS):
        part = result.table.slice(at, BLOCK_ROWS).combine_chunks()
        yield pa.RecordBatch.from_arrays([one.combine_chunks() for one in part.columns], schema=part.schema)


def commit_result(result: Result, opening: bytes) -> bytes:
    """The hiding commitment that all parties sign in their receipts.

    Args:
        result: what the receiver got.
        opening: 32 fresh secret bytes; the receiver keeps them with the result.
    """
    return commit_parts(RESULT_DOMAIN, opening, encoded_bytes(result), encode_result(result))


def join_commitments(commitments: Sequence[bytes]) -> bytes:
    """What receipts carry: the commitment of the only receiver, or a hash of all receivers' commitments in the plan's order."""
    return commitments[0] if len(commitments) == 1 else sha256(_JOINT_DOMAIN + b"".join(commitments)).digest()


def opening_among(opening: bytes, commitments: Sequence[bytes], at: int) -> bytes:
    """What opens the joint commitment at one receiver's result: its opening, its number, and the other commitments."""
    if len(commitments) == 1:
        return opening
    return opening + bytes([at]) + b"".join(one for number, one in enumerate(commitments) if number != at)


def verify_result(result: Result, opening: bytes, commitment: bytes) -> None:
    """Check that `commitment`, from a receipt, was made from this result.

    Args:
        result: what a receiver shows.
        opening: what it kept with it: 32 bytes, or `opening_among` other receivers.
        commitment: the receipt's.

    Raises:
        BadResult: it was not.
    """
    verify_blocks(result.table.schema, len(result), encoded_bytes(result), blocks(result), opening, commitment)


def verify_blocks(
    schema: pa.Schema, rows: int, length: int, blocks: Iterable[pa.RecordBatch], opening: bytes, commitment: bytes
) -> None:
    """`verify_result` of a result that is not in memory whole, after its blocks were gone through.

    Args:
        schema, rows, blocks: as `encode_blocks`.
        length: `encoded_bytes` of the result.
        opening, commitment: as `verify_result`.

    Raises:
        BadResult: it was not.
    """
    beside = opening[OPENING_BYTES + 1 :]
    others = [beside[at : at + _COMMITMENT_BYTES] for at in range(0, len(beside), _COMMITMENT_BYTES)]
    number = opening[OPENING_BYTES] if len(opening) > OPENING_BYTES else 0
    if len(opening) == _opening_bytes(len(others) + 1) and number <= len(others) and _are_kinds(schema):
        with suppress(ValueError):  # the blocks are not as long as was said
            own = commit_parts(RESULT_DOMAIN, opening[:OPENING_BYTES], length, encode_blocks(schema, rows, blocks))
            if hmac.compare_digest(commitment, join_commitments([*others[:number], own, *others[number:]])):
                return
    raise BadResult(reason="the commitment in the receipts was made from something else")


def _are_kinds(schema: pa.Schema) -> bool:
    return all(one in _KINDS or _is_decimal(one) for one in schema.types)


def _opening_bytes(receivers: int) -> int:
    return OPENING_BYTES if receivers == 1 else OPENING_BYTES + 1 + _COMMITMENT_BYTES * (receivers - 1)


def _encode_head(schema: pa.Schema, rows: int) -> bytes:
    kinds: list[CborValue] = [[one.name.encode(), _kind_name(one.type)] for one in schema]
    head = encode([_TAG, kinds, rows], max_bytes=_MAX_HEAD_BYTES)
    return len(head).to_bytes(4, "big") + head


def _column_bytes(column: pa.ChunkedArray) -> int:
    if column.type == pa.large_string():
        return 4 * len(column) + sum(int(ends[-1] - ends[0]) for ends, _ in map(text_buffers, column.chunks))
    return len(column) * (1 + DECIMAL_BYTES if _is_decimal(column.type) else 9 if column.type == pa.int64() else 1)


def _encode_text(column: pa.Array) -> Iterator[bytes | memoryview]:
    ends, texts = text_buffers(column)
    lengths = np.diff(ends)
    if lengths.max() > _MAX_TEXT_BYTES:
        raise BadResult(reason="a text has 4 GiB")
    yield ((lengths + 1) * presence(column)).astype("<u4").tobytes()
    yield texts[ends[0] : ends[-1]]


def _encode_integers(column: pa.Array) -> Iterator[bytes]:
    yield presence(column).tobytes()
    yield column.fill_null(0).to_numpy(zero_copy_only=False).astype("<i8").tobytes()


def _encode_decimals(column: pa.Array) -> Iterator[bytes | memoryview]:
    yield presence(column).tobytes()
    zero = pa.scalar(Decimal(0), column.type)
    whole = pa.concat_arrays([column.fill_null(zero)])  # in a buffer of its own, from its beginning
    _, numbers = whole.buffers()
    yield memoryview(numbers)[whole.offset * DECIMAL_BYTES : (whole.offset + len(whole)) * DECIMAL_BYTES]


def _encode_booleans(column: pa.Array) -> Iterator[bytes]:
    yield (presence(column) + column.fill_null(fill_value=False).to_numpy(zero_copy_only=False)).astype("u1").tobytes()


_ENCODERS: dict[pa.DataType, Callable[[pa.Array], Iterator[bytes | memoryview]]] = {
    pa.large_string(): _encode_text,
    pa.int64(): _encode_integers,
    pa.bool_(): _encode_booleans,
}


def _is_decimal(kind: pa.DataType) -> bool:
    """Whether a type is one that decimals are kept as."""
    return bool(pa.types.is_decimal128(kind)) and kind.precision == DECIMAL_DIGITS and 0 <= kind.scale <= DECIMAL_DIGITS


def _kind_name(kind: pa.DataType) -> str:
    """As it stands in the encoding."""
    return f"decimal/{kind.scale}" if _is_decimal(kind) else _KINDS[kind]


def _settle(kind: pa.DataType) -> pa.DataType:
    """The one width of a kind; a column without any cell is one of text.

    Raises:
        BadResult: the type is of no kind.
    """
    if kind in _KINDS or _is_decimal(kind):
        return kind
    if pa.types.is_decimal(kind) and 0 <= kind.scale <= DECIMAL_DIGITS:
        return pa.decimal128(DECIMAL_DIGITS, kind.scale)
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.large_string()
    raise BadResult(reason=f"a column of {kind} is neither text nor a number nor a truth value")


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return table.cast(schema)
    except pa.ArrowInvalid:
        pass
    raise BadResult(reason="a number is outside 64 bits")  # outside the handler, whose error holds the cell


def _column(cells: Sequence[Cell]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        pass
    raise BadResult(reason="a cell cannot be kept")  # outside the handler, whose error holds the cell
