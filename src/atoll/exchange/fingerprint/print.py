"""What is kept of a table: digests that any copy of it has, and sketches that a near copy has in part.

A print is as private as the table. A digest of guessable rows can be looked up in a dictionary, a sketch tells single rows
apart; so it stays with the owner, and only what goes through the members' threshold OPRF or a private set intersection is ever
compared.

Specification: specs/fingerprint.md.
"""

from __future__ import annotations

import enum
import itertools
import struct
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError
from atoll.wire.message import Count, Digest, Message, Range, Size

MAX_COLUMNS = 4096
SIGNATURE_VALUES = 128
"""Values of a MinHash signature; the standard error of an estimate from one is at most 1 / (2 sqrt 128) = 0.044."""
BANDS = 32
BAND_TAG_BYTES = 16
MAX_SKETCH_VALUES = 4096
MAX_PRINT_BYTES = 8 << 20
ROW_RECORD_BYTES = 36
"""In the file of rows: a row's digest and how often it stands in the table, four bytes big-endian."""

Signature = Annotated[bytes, Size(8 * SIGNATURE_VALUES)]
"""128 values of eight bytes, big-endian."""


class Kind(enum.StrEnum):
    """The least type that holds all canonical cells of a column, whatever the file calls it."""

    EMPTY = "empty"
    BOOLEAN = "boolean"
    """Nothing but 0 and 1; `true` and `false` are canonically 1 and 0."""
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPrint(Message):
    """One column, over all rows."""

    name: Annotated[str, Size(1, 2000)]
    """Canonical name: trimmed, NFC, lower case."""
    kind: Kind
    nulls: Count
    distinct: Count
    """Different values, estimated (HyperLogLog with 4,096 registers: standard error 1.6%)."""
    booleans: Count
    """Cells that are 0 or 1."""
    integers: Count
    """Other whole numbers."""
    decimals: Count
    dates: Count
    timestamps: Count
    texts: Count
    minhash: Signature
    """Of the set of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch(Message):
    """Every row digest below 2^(64 - scale), by its first eight bytes: a uniform sample of the distinct rows (FracMinHash).

    Source: Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash" (2022); for its errors Hera,
    Pierce-Ward, Koslicki, "Deriving confidence intervals ... using FracMinHash" (Genome Research 2023).
    """

    scale: Annotated[int, Range(0, 63)]
    """One row in 2^scale is sampled; 0 for a table of at most `MAX_SKETCH_VALUES` distinct rows: then the sketch is exact."""
    values: Annotated[bytes, Size(0, 8 * MAX_SKETCH_VALUES)]
    """Eight bytes big-endian each, strictly ascending."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        found = self.to_integers()
        if any(low >= high for low, high in itertools.pairwise(found)) or any(one >> (64 - self.scale) for one in found[-1:]):
            raise MessageError(message="Sketch", field="values", problem="not ascending below the limit")

    def to_integers(self) -> tuple[int, ...]:
        """The values as numbers, ascending."""
        if len(self.values) % 8:
            raise MessageError(message="Sketch", field="values", problem="not of eight bytes each")
        return struct.unpack(f">{len(self.values) // 8}Q", self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePrint(Message):
    """The fingerprint of a table, taken in one pass over its source."""

    TAG: ClassVar[str] = "table-print/1"

    bytes_sha256: Digest
    """Of the file as it stands on the disk."""
    bytes_sm3: Digest | None
    """The same under SM3 (GB/T 32905-2016); none where the node does not take it. No verdict looks at it."""
    content_root: Digest
    """Of the canonical rows with the names of their columns, in no order: equal for every spelling of one table."""
    nameless_root: Digest
    """Of the canonical rows as bags of cells: equal also when columns were renamed, permuted, or empty ones added."""
    rows: Annotated[int, Range(0, 2**32 - 1)]
    distinct_rows: Annotated[int, Range(0, 2**32 - 1)]
    """As bags of cells; exact."""
    columns: Annotated[tuple[ColumnPrint, ...], Size(1, MAX_COLUMNS)]
    """In the order of their canonical names."""
    minhash: Signature
    """Of the set of rows (as bags of cells)."""
    bands: Annotated[tuple[Annotated[bytes, Size(BAND_TAG_BYTES)], ...], Size(0, BANDS)]
    """32 tags of four signature values each; none for a table without rows. Never shown to others."""
    sketch: Sketch


def encode_print(table: TablePrint) -> bytes:
    """The one encoding of a print, `[TAG, map]`, at most `MAX_PRINT_BYTES`; kept by the owner, never sent."""
    return encode([table.TAG, table.to_map()], max_bytes=MAX_PRINT_BYTES)


def parse_print(data: bytes) -> TablePrint:
    """The print in `data`. Raises CborError, MessageError."""
    value = decode(data, max_bytes=MAX_PRINT_BYTES)
    if not (isinstance(value, list) and len(value) == 2 and value[0] == TablePrint.TAG):
        raise MessageError(message="TablePrint", field="", problem="another tag")
    return TablePrint.from_map(value[1])


def signature_values(signature: bytes) -> tuple[int, ...]:
    """The 128 values of a signature as numbers."""
    return struct.unpack(f">{SIGNATURE_VALUES}Q", signature)
