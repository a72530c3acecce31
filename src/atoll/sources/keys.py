"""From an open source to the distinct normalised identifiers that a protocol compares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa

from atoll.protocols.identifiers import DEFAULT_REFUSED, Fault, Report, Rule, normalise_rows
from atoll.sources.errors import NotAnIdentifier, NotUtf8
from atoll.sources.table import DEFAULT_BATCH_ROWS, Cells, verify_columns


def stream_keys(
    source: Cells,
    columns: Sequence[str],
    rules: Sequence[Rule],
    *,
    report: Report,
    refuse: Collection[Fault] = DEFAULT_REFUSED,
    max_identifiers: int | None = None,
    batch_rows: int = DEFAULT_BATCH_ROWS,
) -> Iterator[tuple[int, bytes]]:
    """Read the key columns of a source and normalise them, row by row.

    Args:
        source: open; its fingerprint is already verified.
        columns, rules: the key, one rule a column, both from the plan.
        report, refuse, max_identifiers: as `atoll.protocols.identifiers.normalise_rows`.

    Yields:
        (row, key): the row's number from 0 and its key, 1 to 1024 bytes, distinct.

    Raises:
        UnknownColumn, NotAnIdentifier: at the call. What `Source.batches` and `normalise_rows` raise: while streaming.
    """
    verify_key_columns(source, columns, rules)
    rows = _text_rows(source, columns, batch_rows)
    return normalise_rows(rules, rows, report=report, refuse=refuse, max_identifiers=max_identifiers)


def verify_key_columns(source: Cells, columns: Sequence[str], rules: Sequence[Rule]) -> None:
    """Refuse columns that can make no key.

    Raises:
        UnknownColumn, NotAnIdentifier: a column is not there, or two owners would not write its values alike.
    """
    if len(columns) != len(rules):
        raise ValueError("a key takes one rule for each column")
    verify_columns(columns, source.schema().names, source.address)
    for column in columns:
        kind = source.schema().field(column).type
        if not _is_comparable(kind):
            raise NotAnIdentifier(address=source.address.text, column=column, type=str(kind))


def _text_rows(source: Cells, columns: Sequence[str], batch_rows: int) -> Iterator[Sequence[str | None]]:
    start = 0
    for batch in source.batches(columns, batch_rows=batch_rows):
        cells: list[list[str | None]] | None
        try:
            cells = [column.cast(pa.string()).to_pylist() for column in batch.columns]
        except (UnicodeDecodeError, pa.ArrowInvalid):
            cells = None
        if cells is None:  # raised here, so that the cell in the other error is not its context
            raise NotUtf8(address=source.address.text, where=f"rows {start} to {start + batch.num_rows - 1}")
        yield from zip(*cells, strict=True)
        start += batch.num_rows


def _is_comparable(kind: pa.DataType) -> bool:
    """Whether two owners would write a value of this type alike. Floating point they would not: 0.1 has many spellings."""
    if pa.types.is_dictionary(kind):
        return _is_comparable(kind.value_type)
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_date32(kind)
    )
