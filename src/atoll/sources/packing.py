"""Batches of cells to packed keys: the rules of `atoll.protocols.identifiers`, a column at a time.

Packed keys are two byte strings: `lengths`, two little-endian bytes for every row, and `text`, the keys with nothing between
them. The two bytes are the length of the row's key, 1 to 1024, or one of the codes below, and then the row has no key.

The native core settles plain ASCII and marks the rest; `normalise` settles what is marked, so it alone says what a rule means.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from atoll import _core
from atoll.protocols.identifiers import (
    EmptyIdentifier,
    Fault,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    Rule,
    normalise,
)

Packed = tuple[bytes, bytes]
"""Lengths and text."""

EMPTY = 0
UNSURE = 0xFFFD
TOO_LONG = 0xFFFE
MALFORMED = 0xFFFF

FAULTS = {EMPTY: Fault.EMPTY, MALFORMED: Fault.MALFORMED, TOO_LONG: Fault.TOO_LONG}

_CODES: dict[type[IdentifierError], int] = {
    EmptyIdentifier: EMPTY,
    MalformedIdentifier: MALFORMED,
    IdentifierTooLong: TOO_LONG,
}


def pack_keys(rules: Sequence[Rule], columns: Sequence[pa.Array]) -> Packed:
    """The keys of some rows, each equal to `normalise_key` of its cells.

    Args:
        rules: one a column, as in the plan.
        columns: the key's columns, of equally many rows, of types that Arrow casts to text; a null is an empty cell.

    Raises:
        UnicodeDecodeError, pyarrow.ArrowInvalid: a cell is not UTF-8. Both may quote it.

    Cost: about 15 ns a cell of ASCII; microseconds for one of other text, tens of them for a phone number.
    """
    packed = [_pack_column(rule, column) for rule, column in zip(rules, columns, strict=True)]
    return packed[0] if len(packed) == 1 else _core.join_cells(packed)


def _pack_column(rule: Rule, column: pa.Array) -> Packed:
    cells = column if column.type == pa.string() else column.cast(pa.string())
    if cells.null_count:
        cells = cells.fill_null("")
    packed = _core.normalise_cells(rule.base, *_buffers(cells))
    unsure = np.flatnonzero(np.frombuffer(packed[0], "<u2") == UNSURE)
    if not unsure.size:
        return packed
    settled = [_settle(rule, cell) for cell in cells.take(pa.array(unsure)).to_pylist()]
    lengths = np.array([code for code, _ in settled], "<u2").tobytes()
    return _core.splice_cells(packed, (lengths, b"".join(key for _, key in settled)))


def _settle(rule: Rule, cell: str) -> tuple[int, bytes]:
    try:
        key = normalise(rule, cell)
    except IdentifierError as error:
        return _CODES[type(error)], b""
    return len(key), key


def _buffers(cells: pa.StringArray) -> tuple[bytes, bytes]:
    """Offsets and text of an array without nulls, of its own cells only."""
    _, offsets, data = cells.buffers()
    if offsets is None or not len(cells):
        return bytes(4), b""
    own = np.frombuffer(offsets, "<i4", count=len(cells) + 1, offset=4 * cells.offset)
    first, last = int(own[0]), int(own[-1])
    text = data.slice(first, last - first).to_pybytes() if data is not None else b""
    return (own - own[0]).astype("<i4", copy=False).tobytes(), text
