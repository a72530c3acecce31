"""What reading a source once tells a registration: its digest, its columns, its fingerprint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from atoll.exchange.fingerprint import TablePrint


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


def look_at(
    address: str, *, folders: Sequence[Path], home: Path, out: Path, progress: Callable[[int], None] | None = None
) -> Look:
    """Read a source and keep its fingerprint in `out`.

    Args:
        address: as registered, below one of `folders`.
        home: where scratch files go, for as long as this takes.
        out: an existing folder; the fingerprint appears in it whole or not at all.
        progress: called with the number of bytes read so far.

    Raises:
        SourceChanged: it was written to meanwhile.
        InputError and others of `atoll.sources`: it cannot be read.

    Cost: two reads of the source; at most 1 GiB of memory whatever the rows.
    """
    from atoll.sources import SourceRoot, open_source  # DuckDB and Arrow: 100 ms and 60 MB that most nodes never need
    from atoll.sources.errors import SourceChanged
    from atoll.sources.fingerprint import FILE_METHOD
    from atoll.sources.fingerprints import take_fingerprint
    from atoll.sources.prints import save_print

    root = SourceRoot(folders)
    with tempfile.TemporaryDirectory(dir=home, prefix="register-") as name:
        scratch = Path(name)
        table = take_fingerprint(address, root=root, scratch=scratch, out=out, progress=progress)
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
