"""Identifiers: how a cell of a table becomes the bytes that two parties compare.

An intersection finds equal bytes, nothing else: `+1 (415) 555-0132` and `415.555.0132` are one subscriber to a person and two
strangers to a protocol, and the only symptom is a result that is too small. So the spelling is settled by a *rule* with a name,
the name stands in the plan that every party signs, and each owner applies it to its own rows before anything leaves.

    >>> rule = parse_rule("phone-e164/1?region=US")
    >>> normalise(rule, "(415) 555-0132")
    b'+14155550132'
    >>> report = Report()
    >>> [key for _, key in normalise_column(parse_rule("national-id/1"), ["at 482-913 k", "AT482913K", ""], report=report)]
    [b'AT482913K']
    >>> report
    Report(rows=3, kept=1, empty=1, duplicate=1, malformed=0, too_long=0)

`rules` holds the closed list, `columns` applies it to whole columns and counts what was left out. Nothing here does I/O.
"""

from atoll.protocols.identifiers.columns import DEFAULT_REFUSED, Fault, Report, normalise_column, normalise_rows
from atoll.protocols.identifiers.errors import (
    DuplicateIdentifier,
    EmptyIdentifier,
    IdentifierError,
    IdentifierTooLong,
    MalformedIdentifier,
    TooManyIdentifiers,
    UnknownRule,
)
from atoll.protocols.identifiers.rules import (
    MAX_IDENTIFIER_BYTES,
    MAX_KEY_COLUMNS,
    RULE_NAMES,
    Rule,
    normalise,
    normalise_key,
    parse_rule,
    parse_rules,
)

__all__ = [
    "DEFAULT_REFUSED",
    "MAX_IDENTIFIER_BYTES",
    "MAX_KEY_COLUMNS",
    "RULE_NAMES",
    "DuplicateIdentifier",
    "EmptyIdentifier",
    "Fault",
    "IdentifierError",
    "IdentifierTooLong",
    "MalformedIdentifier",
    "Report",
    "Rule",
    "TooManyIdentifiers",
    "UnknownRule",
    "normalise",
    "normalise_column",
    "normalise_key",
    "normalise_rows",
    "parse_rule",
    "parse_rules",
]
