"""A result: named columns and rows, with one encoding that everybody's receipt commits to.

    encoding = frame(CBOR(["result/1", [column, ...], number of rows])) || frame(CBOR([cell, ...])) || ...

`frame` puts the length before the bytes, 32 bits big-endian. Rows are sorted by their encoding, because a result is a multiset:
two nodes that find the same rows in another order have found the same. Texts are byte strings of UTF-8, because a result keeps
the spelling of its source, whatever Unicode form that is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from atoll.jobs.errors import BadResult
from atoll.ledger.detail import RESULT_DOMAIN
from atoll.primitives.commitment import commit, is_opening
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError

Cell: TypeAlias = "str | int | bool | None"
"""What a result holds; fractions are decimal text."""

_TAG = "result/1"
_MAX_ROW_BYTES = 1 << 20
"""Far above any row that came from normalised cells, which have at most 32 KiB each."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver gets, rows in the order in which they are shown."""

    columns: tuple[str, ...]
    """Names, one a column."""
    rows: tuple[tuple[Cell, ...], ...]
    """Cells of each row, in the order of `columns`."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise BadResult(reason="a row has not one cell for each column")

    def __repr__(self) -> str:
        return f"Result(columns={self.columns!r}, {len(self.rows)} rows)"


def encode_result(result: Result) -> bytes:
    """The one encoding of `result`; rows that only change places change nothing.

    Raises:
        BadResult: a number is outside 64 bits, or a text is no Unicode text (a lone surrogate).
    """
    head = encode([_TAG, [name.encode() for name in result.columns], len(result.rows)])
    return b"".join(map(_frame, [head, *sorted(map(_encode_row, result.rows))]))


def parse_result(data: bytes) -> Result:
    """The result in `data`, rows in the encoding's order.

    Raises:
        BadResult: not the one encoding of a result.
    """
    try:
        parts = [decode(part, max_bytes=_MAX_ROW_BYTES) for part in _unframe(data)]
        tag, columns, count = parts[0]
        result = Result(tuple(name.decode() for name in columns), tuple(tuple(map(_read, row)) for row in parts[1:]))
        fits = tag == _TAG and count == len(result.rows) and encode_result(result) == data
    except (CborError, AttributeError, TypeError, ValueError, IndexError) as err:
        raise BadResult(reason="the bytes are not an encoded result") from err
    if not fits:
        raise BadResult(reason="the bytes are not the one encoding of a result")
    return result


def commit_result(result: Result, opening: bytes) -> bytes:
    """The hiding commitment that all parties sign in their receipts.

    Args:
        result: what the receiver got.
        opening: 32 fresh secret bytes; the receiver keeps them with the result.
    """
    return commit(RESULT_DOMAIN, opening, encode_result(result))


def verify_result(result: Result, opening: bytes, commitment: bytes) -> None:
    """Check that `commitment`, from a receipt, was made from this result.

    Raises:
        BadResult: it was not.
    """
    if not is_opening(commitment, RESULT_DOMAIN, opening, encode_result(result)):
        raise BadResult(reason="the commitment in the receipts was made from something else")


def _encode_row(row: tuple[Cell, ...]) -> bytes:
    try:
        return encode([cell.encode() if isinstance(cell, str) else cell for cell in row], max_bytes=_MAX_ROW_BYTES)
    except (CborError, UnicodeEncodeError):
        pass
    raise BadResult(reason="a cell cannot be encoded")  # outside the handler, whose error holds the cell


def _read(cell: Any) -> Cell:
    """A cell as it was; a text in place of a byte string was not written by us."""
    if isinstance(cell, bytes):
        return cell.decode()
    if cell is None or isinstance(cell, int):
        return cell
    raise TypeError("not a cell")


def _frame(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _unframe(data: bytes) -> list[bytes]:
    parts = []
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if at + 4 > len(data) or end > len(data):
            raise ValueError("cut short")
        parts.append(data[at + 4 : end])
        at = end
    return parts
