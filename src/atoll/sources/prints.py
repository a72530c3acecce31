"""What a registration keeps of a table beside its print, as the set that a near-duplicate check brings.

FOLDER/print.cbor    the print (`atoll.exchange.fingerprint`)
FOLDER/rows.bin      the digests of the distinct rows, ascending (`ROWS_FILE`)
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from atoll.exchange.fingerprint import MAX_PRINT_BYTES, ROW_RECORD_BYTES, TablePrint, encode_print, parse_print
from atoll.protocols.identifiers import Report, TooManyIdentifiers
from atoll.sources.errors import SourceNotFound
from atoll.sources.fingerprints import ROWS_FILE
from atoll.sources.keyset import DEFAULT_MEMORY_BYTES, KeySet

PRINT_FILE = "print.cbor"
_DIGEST_BYTES = 32
_RUN_ROWS = 1 << 16


def save_print(folder: Path, print_: TablePrint) -> None:
    """Keep a print durably; it appears whole or not at all."""
    temporary = folder / f"{PRINT_FILE}.new"
    with temporary.open("wb") as file:
        file.write(encode_print(print_))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(folder / PRINT_FILE)


def load_print(folder: Path) -> TablePrint | None:
    """The print in a folder; None where there is none."""
    path = folder / PRINT_FILE
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return parse_print(file.read(MAX_PRINT_BYTES))


def open_bands(folder: Path, *, scratch: Path) -> KeySet:
    """The band tags of a kept print, as a set.

    Raises:
        SourceNotFound: no print is kept there.
    """
    kept = load_print(folder)
    if kept is None:
        raise SourceNotFound(address=PRINT_FILE)
    tagged = [number.to_bytes(1, "big") + band for number, band in enumerate(kept.bands)]
    items = _new_set(scratch, DEFAULT_MEMORY_BYTES)
    _append(items, b"".join(tagged), len(tagged), len(tagged[0]) if tagged else 0)
    items.flush()
    return items


def open_row_digests(
    folder: Path, *, scale: int, max_rows: int, scratch: Path, memory_bytes: int = DEFAULT_MEMORY_BYTES
) -> KeySet:
    """The digests of a kept print's distinct rows that begin with `scale` zero bits, as a set.

    Raises:
        SourceNotFound: no digests are kept there.
        TooManyIdentifiers: they are more than the plan lets take part.
    """
    path = folder / ROWS_FILE
    if not path.is_file():
        raise SourceNotFound(address=ROWS_FILE)
    count = path.stat().st_size // ROW_RECORD_BYTES
    items = _new_set(scratch, memory_bytes)
    with path.open("rb") as file:
        for start in range(0, count, _RUN_ROWS):
            data = file.read(ROW_RECORD_BYTES * min(_RUN_ROWS, count - start))
            records = np.frombuffer(data, np.uint8).reshape(-1, ROW_RECORD_BYTES)
            heads = np.ascontiguousarray(records[:, :8]).view(">u8").ravel()
            within = len(heads) if not scale else int(np.searchsorted(heads, 1 << (64 - scale), side="left"))
            _append(items, records[:within, :_DIGEST_BYTES].tobytes(), within, _DIGEST_BYTES)
            if items.rows > max_rows:
                items.close()
                raise TooManyIdentifiers(limit=max_rows)
            if within < len(heads):
                break
    items.flush()
    return items


def _new_set(scratch: Path, memory_bytes: int) -> KeySet:
    return KeySet(scratch, address="fingerprint", report=Report(), memory_bytes=memory_bytes)


def _append(items: KeySet, keys: bytes, count: int, width: int) -> None:
    if count:
        items.append(np.full(count, width, "<u2").tobytes(), keys, keys=count)
