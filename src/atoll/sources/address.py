"""How an owner names a source: `bank.csv`, `telecom.sqlite#subscribers`, `csv:export.txt?delimiter=semicolon`."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

from atoll.sources.errors import BadAddress, OtherDelimiter

MAX_ADDRESS_CHARACTERS = 1024
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""Names of the delimiters a CSV file may use. Never guessed: a guess may change with the data."""


class Format(enum.StrEnum):
    """What a file holds."""

    CSV = "csv"
    PARQUET = "parquet"
    SQLITE = "sqlite"


_SUFFIXES = {
    ".csv": (Format.CSV, "comma"),
    ".tsv": (Format.CSV, "tab"),
    ".parquet": (Format.PARQUET, None),
    ".sqlite": (Format.SQLITE, None),
    ".sqlite3": (Format.SQLITE, None),
    ".db": (Format.SQLITE, None),
}
_ADDRESS = re.compile(
    r"(?:(?P<format>csv|parquet|sqlite):)?(?P<path>[^?#]+)(?:\?delimiter=(?P<delimiter>[a-z]+))?(?:#(?P<table>.+))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """A parsed address. It says where a table is, not that it is there or may be read."""

    text: str
    """As the owner wrote it; the only form that errors repeat."""

    format: Format
    path: str
    """Relative to one of the node's data folders, or absolute inside one."""

    table: str | None = None
    """SQLite only: which table."""

    delimiter: str = ","
    """CSV only: one character."""

    @property
    def is_declared(self) -> bool:
        """Whether somebody has said what separates its cells."""
        return "?delimiter=" in self.text


def verify_delimiter(names: Sequence[str], address: SourceAddress) -> None:
    """
    Raises:
        OtherDelimiter: nobody has named one, and the only column's name holds another one; or any name holds a tab, which no
            column's name may.
    """
    for found, mark in () if address.is_declared else DELIMITERS.items():
        if mark in (names[0] if len(names) == 1 else "") or (mark == "\t" and any(mark in one for one in names)):
            raise other_delimiter(address, found)


def other_delimiter(address: SourceAddress, found: str) -> OtherDelimiter:
    """The error for cells that seem to be separated by the delimiter of this name."""
    used = next(name for name, mark in DELIMITERS.items() if mark == address.delimiter)
    return OtherDelimiter(address=address.text, delimiter=used, found=found)


def parse_address(text: str) -> SourceAddress:
    """Read the address of a source.

    The format follows from the suffix, or from a prefix `csv:`, `parquet:`, `sqlite:` where the suffix says something else.

    Raises:
        BadAddress: not of this form, an unknown suffix, a table where there is none or the other way round.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or len(text) > MAX_ADDRESS_CHARACTERS or not text.isprintable():
        raise BadAddress(address=ascii(text[:64]), reason="it has another form")
    suffix = "." + match["path"].rpartition(".")[2].lower()
    by_suffix, delimiter = _SUFFIXES.get(suffix, (None, None))
    format_ = Format(match["format"]) if match["format"] else by_suffix
    if format_ is None:
        raise BadAddress(address=text, reason="its suffix is none of " + ", ".join(sorted(_SUFFIXES)))
    if (format_ is Format.SQLITE) != (match["table"] is not None):
        raise BadAddress(address=text, reason="a table is named for SQLite files, and only for them")
    if match["delimiter"] and (format_ is not Format.CSV or match["delimiter"] not in DELIMITERS):
        raise BadAddress(address=text, reason="a delimiter is comma, semicolon, tab or pipe, and only CSV files have one")
    name = match["delimiter"] or (delimiter if format_ is Format.CSV else None) or "comma"
    return SourceAddress(text, format_, match["path"], match["table"], DELIMITERS[name])
