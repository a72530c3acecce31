"""Whole columns: a stream of cells in, a stream of distinct keys out, and a count of everything left out."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from atoll.protocols.identifiers.errors import (
    DuplicateIdentifier,
    EmptyIdentifier,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    TooManyIdentifiers,
)
from atoll.protocols.identifiers.rules import Rule, normalise_key


class Fault(enum.Enum):
    """Why a row can be left out."""

    EMPTY = "empty"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"


DEFAULT_REFUSED = frozenset({Fault.TOO_LONG})
"""Over-long cells mean that this is no key column: stop. The other faults occur in every real table: leave out, count."""


@dataclass(slots=True)
class Report:
    """What became of the rows; read it once the stream has ended. `rows` is the sum of the others. Counts only, no values."""

    rows: int = 0
    kept: int = 0
    empty: int = 0
    duplicate: int = 0
    malformed: int = 0
    too_long: int = 0

    def note(self, fault: Fault, rows: int = 1) -> None:
        """Count rows left out."""
        setattr(self, fault.value, getattr(self, fault.value) + rows)


def normalise_column(
    rule: Rule,
    values: Iterable[str | None],
    *,
    report: Report,
    refuse: Collection[Fault] = DEFAULT_REFUSED,
    max_identifiers: int | None = None,
) -> Iterator[tuple[int, bytes]]:
    """`normalise_rows` for a key of one column."""
    rows = ((value,) for value in values)
    return normalise_rows((rule,), rows, report=report, refuse=refuse, max_identifiers=max_identifiers)


def normalise_rows(
    rules: Sequence[Rule],
    rows: Iterable[Sequence[str | None]],
    *,
    report: Report,
    refuse: Collection[Fault] = DEFAULT_REFUSED,
    max_identifiers: int | None = None,
) -> Iterator[tuple[int, bytes]]:
    """Normalise a stream of rows to distinct keys.

    Args:
        rules: one a column of the key, as in the plan.
        rows: the key's cells of each row, in the table's order.
        report: counts every row here as the stream is consumed.
        refuse: faults that end the stream with an error; the others are left out and counted.
        max_identifiers: the plan's row cap: most rows with a key, rows with equal keys counted each; None for no cap.

    Yields:
        (row, key): the row's number from 0 and its key, 1 to 1024 bytes. Keys are distinct; of equal ones the first row stands.

    Raises:
        IdentifierError: a fault in `refuse`; `.row` tells where.
        TooManyIdentifiers: the row cap is passed.

    Cost: one set entry per distinct key, about 100 bytes, so `max_identifiers` also bounds memory.
    """
    seen: set[bytes] = set()
    with_key = 0
    for row, values in enumerate(rows):
        report.rows += 1
        try:
            key = normalise_key(rules, values, row=row)
            with_key += 1
            if max_identifiers is not None and with_key > max_identifiers:
                raise TooManyIdentifiers(limit=max_identifiers)
            if key in seen:
                raise DuplicateIdentifier(row=row)
        except IdentifierError as error:
            fault = _FAULTS[type(error)]
            report.note(fault)
            if fault in refuse:
                raise
            continue
        seen.add(key)
        report.kept += 1
        yield row, key


_FAULTS: dict[type[IdentifierError], Fault] = {
    EmptyIdentifier: Fault.EMPTY,
    DuplicateIdentifier: Fault.DUPLICATE,
    MalformedIdentifier: Fault.MALFORMED,
    IdentifierTooLong: Fault.TOO_LONG,
}
