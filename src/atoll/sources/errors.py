"""What can be wrong with a table on the owner's disk.

These errors travel further than the data may: into logs, to the other parties of a job. So they name the source as it was
registered, a line, a position, a column that was *asked for*; never a cell, and never a name found in a file, because a file
without a header has values there.
"""

from __future__ import annotations

from atoll.errors import AccessError, InputError, IntegrityError, NotFoundError, UnavailableError


class BadAddress(InputError):
    """The text that should name a source does not."""

    code = "sources.bad_address"
    sentence = "{address} is not the address of a source: {reason}."
    remedy = "Write FILE.csv, FILE.parquet or FILE.sqlite#TABLE, inside a data folder of this node."


class OtherDelimiter(InputError):
    """A CSV file whose cells seem to be separated by something else than what it is read with."""

    code = "sources.other_delimiter"
    sentence = "The header of {address} is read with {delimiter}s, and its cells seem to be separated by {found}s."
    remedy = "Say it behind the name, in quotes: 'FILE.csv?delimiter=semicolon' (or tab, pipe); comma if it is as it should be."


class SourceNotFound(NotFoundError):
    """The address is a good one, and there is nothing."""

    code = "sources.not_found"
    sentence = "There is no file {address} in the data folders of this node."
    remedy = "Check the spelling, and that the folder is among the data folders in atoll.toml."


class SourceOutsideRoot(AccessError):
    """Somebody asks for a file that is not among the data."""

    code = "sources.outside_root"
    sentence = "{address} leads out of the data folders of this node."
    remedy = "Move the file into a data folder; links that point outside are not followed."


class SourceUnreadable(UnavailableError):
    """The file is there and cannot be read now."""

    code = "sources.unreadable"
    sentence = "{address} cannot be read: {reason}."
    remedy = "Check that it is an ordinary file, that the node's user may read it, and that no other program holds it locked."


class ScratchFull(UnavailableError):
    """The private copy of a source, or what is kept of its keys, does not fit on the disk."""

    code = "sources.scratch_full"
    sentence = "There is no room in the scratch folder for what a job keeps of {address}."
    remedy = "Free space in the node's scratch folder: the size of the source, and 70 bytes a row for an intersection."


class SourceTooLarge(UnavailableError):
    """A piece of the file that must be in memory at once is larger than the memory."""

    code = "sources.too_large"
    sentence = "Reading {address} needs more than the {limit_bytes} bytes of memory it was given."
    remedy = "Write the table with smaller row groups or shorter cells, or raise the memory of the job."


class TooManyRows(InputError):
    """Row numbers have 32 bits."""

    code = "sources.too_many_rows"
    sentence = "{address} has more than {limit} rows."
    remedy = "Split the table, and run a job for each part."


class SourceChanged(IntegrityError):
    """The content is not that of the registered version; nothing of it was used."""

    code = "sources.changed"
    sentence = "{address} is not what was registered, or changed while it was read."
    remedy = "Register the new content as a new version of the dataset."


class PrintMissing(NotFoundError):
    """Nothing that a registration kept of its table lies where it should."""

    code = "sources.no_print"
    sentence = "No fingerprint of {dataset} is kept here."
    remedy = "Restore the folder prints of the home from a backup, or register the table as a new version."


class PrintForeign(IntegrityError):
    """The kept fingerprint is not that of the registered version; nothing of it was used."""

    code = "sources.foreign_print"
    sentence = "The fingerprint kept of {dataset} is not that of the registered version: {reason}."
    remedy = "Restore the folder prints of the home from a backup, or register the table as a new version."


class MalformedTable(InputError):
    """The file is damaged, or something else than its name says."""

    code = "sources.malformed"
    sentence = "{address} is not a well-formed {format} file ({where})."
    remedy = "Write the file again with a program that keeps to the format (for CSV: RFC 4180)."


class BrokenQuoting(InputError):
    """A quote in a CSV file opens or closes where it should not."""

    code = "sources.broken_quoting"
    sentence = "A quoted cell of {address} does not end as it should ({where})."
    remedy = "Quote cells as RFC 4180 says: a quote inside a quoted cell is written twice."


class WrongWidth(InputError):
    """A row of a CSV file has more or fewer cells than the header."""

    code = "sources.wrong_width"
    sentence = "A row of {address} does not have {expected} cells as the header has ({where})."
    remedy = "Correct the row; check the delimiter, and that cells with the delimiter in them are quoted."


class NotUtf8(InputError):
    """Text that is not UTF-8 would be read as other characters than its owner sees."""

    code = "sources.not_utf8"
    sentence = "{address} is not UTF-8 text ({where})."
    remedy = "Convert the file to UTF-8."


class NoHeader(InputError):
    """A CSV file without a first line."""

    code = "sources.no_header"
    sentence = "{address} has no line of column names."
    remedy = "Put the names of the columns in the first line."


class UnnamedColumn(InputError):
    """A column that nobody could ask for."""

    code = "sources.unnamed_column"
    sentence = "Column {position} of {address} has no name."
    remedy = "Name the column in the header, or remove the delimiter at the end of the line."


class UnprintableColumn(InputError):
    """A name with a control character in it, such as a line break, a tab, ESC or NUL."""

    code = "sources.unprintable_column"
    sentence = "The name of column {position} of {address} has a control character in it."
    remedy = (
        "Name the column without line breaks and tabs; for a CSV file check the delimiter and the quotes of the first line."
    )


class DuplicateColumn(InputError):
    """A name that leaves open which column is meant."""

    code = "sources.duplicate_column"
    sentence = "Column {position} of {address} has the name of an earlier column; upper and lower case do not count."
    remedy = "Give every column a name of its own."


class TooManyColumns(InputError):
    """A table wider than this node reads."""

    code = "sources.too_many_columns"
    sentence = "{address} has {found} columns; {limit} is the limit."
    remedy = "Register a table that holds the columns you want to share."


class UnknownColumn(NotFoundError):
    """A column was asked for that the table does not have."""

    code = "sources.unknown_column"
    sentence = "{address} has no column {column}."
    remedy = "Upper and lower case count; `atoll dataset show` lists the columns."


class UnknownTable(NotFoundError):
    """The database has no ordinary table of that name."""

    code = "sources.unknown_table"
    sentence = "{address} does not name an ordinary table of that database."
    remedy = "Write FILE.sqlite#TABLE; views and virtual tables cannot be registered."


class NotAnIdentifier(InputError):
    """A column of a type that two owners would not write alike."""

    code = "sources.not_an_identifier"
    sentence = "Column {column} of {address} holds {type}, which cannot be compared between organisations."
    remedy = "Use a column of text, whole numbers or dates."


class NotText(InputError):
    """A column whose cells have no spelling as text."""

    code = "sources.not_text"
    sentence = "Column {column} of {address} holds {type}, which cannot be written as text."
    remedy = "Leave the column out of the plan, or register the table with a column of text in its place."


class WrongCellType(InputError):
    """A cell of a SQLite table is not of the type that its column declares."""

    code = "sources.wrong_cell_type"
    sentence = "Column {column} of {address} holds something else than {type} in row {row}."
    remedy = "SQLite lets any value stand in any column; correct the row or declare the column TEXT."
