"""What can be wrong with an identifier. A row number tells where; the value itself is never repeated."""

from __future__ import annotations

from atoll.errors import InputError


class IdentifierError(InputError):
    """Family: one row's identifier cannot be used. `row` counts from 0, without the header."""

    row: int


class EmptyIdentifier(IdentifierError):
    """A row has nothing to be found by."""

    code = "identifiers.empty"
    sentence = "Row {row} has no identifier: nothing is left of it after normalisation."
    remedy = "Fill in or remove the row; by default rows without an identifier are left out and counted."


class MalformedIdentifier(IdentifierError):
    """A cell cannot be an identifier of the kind that the rule is for."""

    code = "identifiers.malformed"
    sentence = "The identifier in row {row} does not have the form that the rule {rule} asks for."
    remedy = "Correct the row, or agree on another normalisation rule; by default such rows are left out and counted."


class IdentifierTooLong(IdentifierError):
    """A cell is too long to be an identifier."""

    code = "identifiers.too_long"
    sentence = "The identifier in row {row} is longer than {limit} bytes after normalisation."
    remedy = "Choose a column that holds identifiers, not free text."


class DuplicateIdentifier(IdentifierError):
    """Two rows have the same identifier, where the caller asked for that to be an error."""

    code = "identifiers.duplicate"
    sentence = "The identifier in row {row} occurred in an earlier row."
    remedy = "Remove the row, or do not ask for distinct identifiers: an intersection gives rows that share one together."


class TooManyIdentifiers(InputError):
    """A table has more rows with an identifier than the plan allows; rows with equal ones count each."""

    code = "identifiers.too_many"
    sentence = "There are more than {limit} rows with an identifier."
    remedy = "Raise the row cap in the plan, or register a smaller table."


class UnknownRule(InputError):
    """A plan or card names a rule that this version does not have."""

    code = "identifiers.unknown_rule"
    sentence = "There is no normalisation rule {rule}; there are {known}."
    remedy = "Write one of these, exactly so; only phone numbers take a parameter, as in phone-e164/1?region=US."
