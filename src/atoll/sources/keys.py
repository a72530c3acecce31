"""Which columns of an open source can make a key."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from atoll.protocols.identifiers import Rule
from atoll.sources.errors import NotAnIdentifier
from atoll.sources.table import Cells, verify_columns


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
