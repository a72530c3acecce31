"""What a registration keeps of a table beside its print, as the set that a near-duplicate check brings.

FOLDER/print.cbor    the print (`atoll.exchange.fingerprint`)
FOLDER/rows.bin      the digests of the distinct rows, ascending (`ROWS_FILE`)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from atoll import _core
from atoll.exchange.fingerprint import MAX_PRINT_BYTES, ROW_RECORD_BYTES, TablePrint, encode_print, parse_print
from atoll.ledger.detail import round_up_to_power_of_two
from atoll.protocols.identifiers import Report, TooManyIdentifiers
from atoll.sources.errors import PrintForeign, PrintMissing
from atoll.sources.fingerprint import FILE_METHOD, Fingerprint
from atoll.sources.keyset import DEFAULT_MEMORY_BYTES, KeySet
from atoll.sources.row_store import ROWS_FILE

PRINT_FILE = "print.cbor"
SAMPLE_DOMAIN = b"ATOLL-V1-SIMILARITY-SAMPLE"
_DIGEST_BYTES = 32
_RUN_ROWS = 1 << 16
_CUT = np.dtype([("head", ">u8"), ("rest", "V8"), ("row", "<u4")])
"""What `_core.cut_keys` makes of a key."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a version's registration says of its table; a kept fingerprint must agree with it."""

    dataset: str
    fingerprint: Fingerprint
    """Of its source."""
    rows_at_most: int
    """As its card says: its rows, rounded up to a power of two."""


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


def open_kept_print(folder: Path, registered: Registered) -> TablePrint:
    """The print of a registered version.

    Raises:
        PrintMissing: it, or the file of rows, is not there.
        PrintForeign: they are not that of this version.
    """
    kept = load_print(folder)
    path = folder / ROWS_FILE
    if kept is None or not path.is_file():
        raise PrintMissing(dataset=registered.dataset)
    reason = ""
    if path.stat().st_size != ROW_RECORD_BYTES * kept.distinct_rows:
        reason = "its file of rows has another length"
    elif registered.fingerprint.method == FILE_METHOD and registered.fingerprint.digest != kept.bytes_sha256:
        reason = "it was taken of another file"
    elif registered.rows_at_most != round_up_to_power_of_two(kept.rows):
        reason = "the card gives another number of rows"
    if reason:
        raise PrintForeign(dataset=registered.dataset, reason=reason)
    return kept


def open_sample(
    folder: Path,
    registered: Registered,
    *,
    seed: bytes,
    scale: int,
    max_rows: int,
    scratch: Path,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> KeySet:
    """The digests of those distinct rows that take part in a check, as a set.

    A row does where the first 64 bits of SHA-256(domain || seed || row digest) are a number below 2^(64 - scale): FracMinHash
    (Irber et al. 2022) under a seed of its own, so both sides take the same of their common rows. Who registers a table does
    not know the seed and cannot choose which rows will be looked at.

    Args:
        seed: the plan's digest, 32 bytes; the plan holds 256 fresh random bits.
        scale: one row in 2^scale takes part.
        max_rows: most that the plan lets take part.

    Raises:
        PrintMissing, PrintForeign: as `open_kept_print`.
        TooManyIdentifiers: more rows take part than the plan lets.

    Cost: one hash for each distinct row, one read of the file of rows; memory for 65,536 rows and the set.
    """
    if len(seed) != _DIGEST_BYTES:
        raise ValueError("a seed has 32 bytes")
    count = open_kept_print(folder, registered).distinct_rows
    items = _new_set(scratch, memory_bytes)
    with (folder / ROWS_FILE).open("rb") as file:
        for start in range(0, count, _RUN_ROWS):
            rows = min(_RUN_ROWS, count - start)
            records = np.frombuffer(file.read(ROW_RECORD_BYTES * rows), np.uint8).reshape(rows, ROW_RECORD_BYTES)
            digests = np.ascontiguousarray(records[:, :_DIGEST_BYTES])
            chosen = digests[_choose(digests.tobytes(), rows, seed, scale)] if scale else digests
            _append(items, chosen.tobytes(), len(chosen), _DIGEST_BYTES)
            if items.rows > max_rows:
                items.close()
                raise TooManyIdentifiers(limit=max_rows)
    items.flush()
    return items


def _choose(digests: bytes, rows: int, seed: bytes, scale: int) -> npt.NDArray[np.uint32]:
    """Places of the rows of a run that take part."""
    lengths = np.full(rows, _DIGEST_BYTES, "<u2").tobytes()
    cut, _ = _core.cut_keys(SAMPLE_DOMAIN + seed, lengths, digests, 0, 1)
    records = np.frombuffer(cut, _CUT)
    return np.sort(records["row"][records["head"] < np.uint64(1 << (64 - scale))])


def _new_set(scratch: Path, memory_bytes: int) -> KeySet:
    return KeySet(scratch, address="fingerprint", report=Report(), memory_bytes=memory_bytes)


def _append(items: KeySet, keys: bytes, count: int, width: int) -> None:
    if count:
        items.append(np.full(count, width, "<u2").tobytes(), keys, keys=count)
