"""What reading a source once tells a registration: its digest, its columns, its fingerprint, its grade."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.exchange.fingerprint import TablePrint
from atoll.exchange.grading.model import Grading
from atoll.exchange.profile import Profile

if TYPE_CHECKING:
    from atoll.exchange.grading import LevelTable
    from atoll.sources import SourceRoot
    from atoll.sources.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Look:
    """What a source held when it was read."""

    fingerprint: str
    """Of its bytes, as a job's process compares it."""
    format: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    """Name and type, in the source's order."""
    print: TablePrint = field(repr=False)
    """Kept at home; never sent."""
    profile: Profile = field(repr=False)
    """Of which the card tells two rounded figures a column; frequent values are shown to nobody from here."""
    grading: Grading = field(repr=False)
    """What the detectors found; the values that they found are shown to nobody from here."""


def look_at(
    address: str,
    *,
    folders: Sequence[Path],
    home: Path,
    out: Path,
    levels: LevelTable,
    today: date,
    sm3: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Look:
    """Read a source, grade it, and keep its fingerprint in `out`.

    Args:
        address: as registered, below one of `folders`.
        home: where scratch files go, for as long as this takes.
        out: an existing folder; the fingerprint appears in it whole or not at all.
        levels: the table of classes and levels by which it is graded.
        today: for ages.
        sm3: whether the fingerprint has SM3 of the bytes too.
        progress: called with the number of bytes read so far.

    Raises:
        SourceChanged: it was written to meanwhile.
        InputError and others of `atoll.sources`: it cannot be read.

    Cost: one read of a CSV file, two of others; at most 1 GiB of memory whatever the rows.
    """
    from atoll.exchange.grading import grade
    from atoll.sources import Format, SourceRoot  # DuckDB and Arrow: 100 ms and 60 MB that most nodes never need
    from atoll.sources.fingerprint import FILE_METHOD, Fingerprint
    from atoll.sources.fingerprints import read_table
    from atoll.sources.prints import save_print
    from atoll.sources.profiling import profile_reading

    root = SourceRoot(folders)
    with tempfile.TemporaryDirectory(dir=home, prefix="register-") as name:
        scratch = Path(name)
        reading = read_table(address, root=root, scratch=scratch, out=out, sm3=sm3, progress=progress)
        table = reading.print
        profile, sample = profile_reading(reading)
        grading = grade(profile, sample, levels, today=today)
        if reading.address.format is Format.CSV:
            fingerprint = Fingerprint(FILE_METHOD, table.bytes_sha256)
            columns = tuple((name, "string") for name in reading.names)
        else:
            fingerprint, columns = _look_again(address, root, scratch, table)
    look = Look(
        fingerprint=str(fingerprint),
        format=reading.address.format.value,
        rows=table.rows,
        columns=columns,
        print=table,
        profile=profile,
        grading=grading,
    )
    save_print(out, table)
    return look


def _look_again(
    address: str, root: SourceRoot, scratch: Path, table: TablePrint
) -> tuple[Fingerprint, tuple[tuple[str, str], ...]]:
    """The fingerprint that jobs compare, and the columns' types, which take an open source."""
    from atoll.sources import open_source
    from atoll.sources.errors import SourceChanged
    from atoll.sources.fingerprint import FILE_METHOD

    with open_source(address, root=root, scratch=scratch) as source:
        fingerprint = source.fingerprint
        is_file = fingerprint.method == FILE_METHOD
        if fingerprint.digest != table.bytes_sha256 if is_file else source.row_count() != table.rows:
            raise SourceChanged(address=address)
        return fingerprint, tuple((one.name, str(one.type)) for one in source.schema())


def is_unchanged(address: str, fingerprint: str, *, folders: Sequence[Path], home: Path) -> bool:
    """Whether a source still holds what it held when it was registered.

    Raises:
        SourceNotFound and others of `atoll.sources`: it cannot be read at all.
    """
    from atoll.sources import SourceRoot, open_source, parse_fingerprint
    from atoll.sources.errors import SourceChanged

    with tempfile.TemporaryDirectory(dir=home, prefix="check-") as name:
        try:
            with open_source(address, root=SourceRoot(folders), scratch=Path(name), registered=parse_fingerprint(fingerprint)):
                return True
        except SourceChanged:
            return False
