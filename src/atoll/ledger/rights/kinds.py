"""The order of kinds: which right can be given from which."""

from __future__ import annotations

from collections.abc import Mapping

from atoll.ledger.records.rights import RightKind

_JOBS = frozenset({RightKind.USE, RightKind.PROCESSING})

GIVES: Mapping[RightKind, frozenset[RightKind]] = {
    RightKind.HOLDING: frozenset(RightKind) - {RightKind.HOLDING},
    RightKind.OPERATION: _JOBS | {RightKind.OPERATION},
    RightKind.USE: _JOBS,  # whoever may use may have aggregates made; the reverse would show rows
    RightKind.PROCESSING: frozenset({RightKind.PROCESSING}),
    RightKind.INCOME: frozenset({RightKind.INCOME}),
    RightKind.MANAGEMENT: frozenset({RightKind.MANAGEMENT}),
    RightKind.TRANSACTION: frozenset({RightKind.TRANSACTION}),
}
"""What each kind may be divided into. Holding is never given, only transferred: a lineage has one holder."""

COUNTED = _JOBS | {RightKind.OPERATION}
"""Kinds whose uses can be bounded."""

LEASED = COUNTED | {RightKind.MANAGEMENT}
"""Kinds that can be leased: given to one alone, for a time."""


def exclusive_against(leased: RightKind, wanted: RightKind) -> bool:
    """Whether a lease of one kind keeps the lessor from giving another: the same, what could be made from the leased one, and
    what the leased one could be made from, because whoever had that could give it a second time.

    >>> exclusive_against(RightKind.OPERATION, RightKind.USE), exclusive_against(RightKind.USE, RightKind.OPERATION)
    (True, True)
    >>> exclusive_against(RightKind.OPERATION, RightKind.INCOME)
    False
    """
    return wanted is leased or wanted in GIVES[leased] or leased in GIVES[wanted]
