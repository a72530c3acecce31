"""How a run ended, on disk: the result sealed block by block, so that a page of it is read without the rest.

    file = sealed block || sealed block || ... || sealed head || length of the sealed head, 4 bytes big-endian

A block is an Arrow record batch of up to `BLOCK_ROWS` rows, sealed under its number; the head, which comes last because it says
where the blocks end, holds commitment, opening, counts, and the shape of the table. Memory: one block, whatever the result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from atoll.jobs.kind import Outcome
from atoll.jobs.result import BLOCK_ROWS, Cell, blocks, encoded_bytes
from atoll.storage.durable import write_durably
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer
from atoll.wire.cbor import decode, encode

MAX_HEAD_BYTES = 1 << 26
_LENGTH_BYTES = 4


class OutcomeFile:
    """The outcome of one attempt of one party in one job."""

    def __init__(self, path: Path, *, name: str, sealer: Sealer) -> None:
        """Args: name: what the file is sealed under, different for every job, attempt and party."""
        self._path = path
        self._name = name
        self._sealer = sealer

    def exists(self) -> bool:
        """Whether an outcome was saved, whole."""
        return self._path.exists()

    def save(self, outcome: Outcome) -> None:
        """Write an outcome; durable when this returns."""
        write_durably(self._path, self._parts(outcome))

    def load(self) -> Outcome:
        """The outcome that was saved, without the result's rows; `open_result` has those.

        Raises:
            StoreCorrupt: it is damaged.
        """
        commitment, opening, counts, _, unopened = self._read_head()
        return Outcome(result_commitment=commitment, opening=opening, counts=counts, unopened=tuple(unopened))

    def open_result(self) -> StoredResult | None:
        """The result, for a receiver.

        Raises:
            StoreCorrupt: the file is damaged.
        """
        commitment, opening, counts, shape, _ = self._read_head()
        if shape is None:
            return None
        schema, rows, length, ends = shape
        return StoredResult(
            commitment=commitment,
            opening=opening,
            schema=pa.ipc.read_schema(pa.py_buffer(schema)),
            rows=rows,
            encoded_bytes=length,
            spoiled=counts.get("spoiled", 0),
            _file=self,
            _ends=tuple(ends),
        )

    def read_block(self, number: int, begin: int, end: int) -> bytes:
        """A block's bytes, opened."""
        with self._path.open("rb") as file:
            file.seek(begin)
            return self._sealer.open(f"{self._name}.{number}", file.read(end - begin))

    def _parts(self, outcome: Outcome) -> Iterator[bytes]:
        shape = None
        if outcome.result is not None:
            ends = []
            end = 0
            for number, block in enumerate(blocks(outcome.result)):
                sealed = self._sealer.seal(f"{self._name}.{number}", block.serialize().to_pybytes())
                end += len(sealed)
                ends.append(end)
                yield sealed
            table = outcome.result.table
            shape = [table.schema.serialize().to_pybytes(), table.num_rows, encoded_bytes(outcome.result), ends]
        counts = {name: outcome.counts[name] for name in sorted(outcome.counts)}
        head = encode(
            [outcome.result_commitment, outcome.opening, counts, shape, [*outcome.unopened]], max_bytes=MAX_HEAD_BYTES
        )
        sealed = self._sealer.seal(self._name, head)
        yield sealed
        yield len(sealed).to_bytes(_LENGTH_BYTES, "big")

    def _read_head(self) -> list[Any]:
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LENGTH_BYTES))
            behind = int.from_bytes(file.read(_LENGTH_BYTES), "big") + _LENGTH_BYTES
            if behind > size:
                raise StoreCorrupt(reason=f"the sealed value {self._name} is cut short")
            file.seek(size - behind)
            head: list[Any] = decode(self._sealer.open(self._name, file.read(behind - _LENGTH_BYTES)), max_bytes=MAX_HEAD_BYTES)
            return head


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """A result on disk. Its rows are read when they are asked for."""

    commitment: bytes
    """What all receipts carry."""
    opening: bytes = field(repr=False)
    """What opens it."""
    schema: pa.Schema
    """Names and types of the columns."""
    rows: int
    """How many."""
    encoded_bytes: int
    """Length of the encoding that the commitment was made from."""
    spoiled: int
    """Keys that both sides have, for which the other one sent nothing that can be read."""
    _file: OutcomeFile = field(repr=False)
    _ends: tuple[int, ...] = field(repr=False)

    def blocks(self, first: int = 0) -> Iterator[pa.RecordBatch]:
        """The blocks of the result, from block `first` on.

        Raises:
            StoreCorrupt: one is damaged.
        """
        for number in range(first, len(self._ends)):
            begin = self._ends[number - 1] if number else 0
            data = self._file.read_block(number, begin, self._ends[number])
            yield pa.ipc.read_record_batch(pa.py_buffer(data), self.schema)

    def page(self, offset: int, rows: int) -> list[tuple[Cell, ...]]:
        """Up to `rows` rows from row `offset` on, as Python values."""
        found: list[tuple[Cell, ...]] = []
        begin = offset % BLOCK_ROWS
        for block in self.blocks(offset // BLOCK_ROWS):
            part = block.slice(begin, rows - len(found))
            found += zip(*(column.to_pylist() for column in part.columns), strict=True)
            if len(found) == rows:
                break
            begin = 0
        return found
