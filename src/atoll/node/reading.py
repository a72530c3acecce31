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

if TYPE_CHECKING:
    from atoll.exchange.grading import LevelTable


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
    progress: Callable[[int], None] | None = None,
) -> Look:
    """Read a source, grade it, and keep its fingerprint in `out`.

    Args:
        address: as registered, below one of `folders`.
        home: where scratch files go, for as long as this takes.
        out: an existing folder; the fingerprint appears in it whole or not at all.
        levels: the table of classes and levels by which it is graded.
        today: for ages.
        progress: called with the number of bytes read so far.

    Raises:
        SourceChanged: it was written to meanwhile.
        InputError and others of `atoll.sources`: it cannot be read.

    Cost: two reads of the source; at most 1 GiB of memory whatever the rows.
    """
    from atoll.exchange.grading import grade
    from atoll.sources import SourceRoot, open_source  # DuckDB and Arrow: 100 ms and 60 MB that most nodes never need
    from atoll.sources.errors import SourceChanged
    from atoll.sources.fingerprint import FILE_METHOD
    from atoll.sources.fingerprints import read_table
    from atoll.sources.prints import save_print
    from atoll.sources.profiling import profile_reading

    root = SourceRoot(folders)
    with tempfile.TemporaryDirectory(dir=home, prefix="register-") as name:
        scratch = Path(name)
        reading = read_table(address, root=root, scratch=scratch, out=out, progress=progress)
        table = reading.print
        grading = grade(*profile_reading(reading), levels, today=today)
        with open_source(address, root=root, scratch=scratch) as source:
            fingerprint = source.fingerprint
            rows = source.row_count()
            is_file = fingerprint.method == FILE_METHOD
            if fingerprint.digest != table.bytes_sha256 if is_file else rows != table.rows:
                raise SourceChanged(address=address)
            look = Look(
                fingerprint=str(fingerprint),
                format=source.address.format.value,
                rows=rows,
                columns=tuple((one.name, str(one.type)) for one in source.schema()),
                print=table,
                grading=grading,
            )
    save_print(out, table)
    return look


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
