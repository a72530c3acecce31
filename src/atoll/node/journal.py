"""A job's journal on disk: seed, the last two checkpoints, the outcome; sealed, each file written whole and flushed before it
counts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from atoll.jobs.kind import Outcome
from atoll.jobs.result import Result, encode_result, parse_result
from atoll.protocols.role import Party
from atoll.storage.sealed import Sealer
from atoll.transport.journal import Saved
from atoll.transport.runner_messages import Mark
from atoll.wire.cbor import decode, encode
from atoll.wire.message import Message, Range, Size

MAX_FILE_BYTES = 1 << 32
KEPT_CHECKPOINTS = 2


class DiskJournal:
    """One attempt of one party in one job."""

    def __init__(self, folder: Path, *, name: str, sealer: Sealer) -> None:
        """
        Args:
            folder: the job's own folder, which exists.
            name: attempt and party; another attempt finds nothing of this one.
            sealer: under the node's storage key.
        """
        self._folder = folder
        self._name = name
        self._sealer = sealer

    def load_seed(self) -> bytes | None:
        return self._read("seed")

    def save_seed(self, seed: bytes) -> None:
        self._write("seed", seed)

    def load_checkpoints(self) -> tuple[Saved, ...]:
        found = sorted(
            int(path.suffix[1:]) for path in self._folder.glob(f"{self._name}.checkpoint.*") if path.suffix[1:].isdigit()
        )
        saved = (self._read(f"checkpoint.{number}") for number in found[-KEPT_CHECKPOINTS:])
        return tuple(_parse_saved(data) for data in saved if data is not None)

    def save_checkpoint(self, saved: Saved) -> None:
        self._write(f"checkpoint.{saved.number}", _encode_saved(saved))
        self._path(f"checkpoint.{saved.number - KEPT_CHECKPOINTS}").unlink(missing_ok=True)

    def is_finished(self) -> bool:
        return self._path("outcome").exists()

    def load_output(self) -> Outcome:
        data = self._read("outcome")
        assert data is not None, "asked only after is_finished"
        return parse_outcome(data)

    def save_output(self, output: Outcome) -> None:
        self._write("outcome", encode_outcome(output))

    def _path(self, what: str) -> Path:
        return self._folder / f"{self._name}.{what}"

    def _read(self, what: str) -> bytes | None:
        try:
            data = self._path(what).read_bytes()
        except FileNotFoundError:
            return None
        return self._sealer.open(f"{self._folder.name}/{self._name}.{what}", data)

    def _write(self, what: str, data: bytes) -> None:
        write_durably(self._path(what), self._sealer.seal(f"{self._folder.name}/{self._name}.{what}", data))


def write_durably(path: Path, data: bytes) -> None:
    """Write a private file; after a crash the old one is there or the new one, never a part."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def encode_outcome(outcome: Outcome) -> bytes:
    """An outcome's bytes. Row numbers are left out: a stored result has its rows in the encoding's order."""
    return encode(
        [
            outcome.result_commitment,
            encode_result(outcome.result) if outcome.result is not None else None,
            outcome.opening,
            {name: outcome.counts[name] for name in sorted(outcome.counts)},
        ],
        max_bytes=MAX_FILE_BYTES,
    )


def parse_outcome(data: bytes) -> Outcome:
    """The outcome in a journal's own sealed bytes."""
    commitment, result, opening, counts = decode(data, max_bytes=MAX_FILE_BYTES)
    parsed: Result | None = parse_result(result) if result is not None else None
    return Outcome(result_commitment=commitment, result=parsed, opening=opening, counts=counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark(Message):
    TAG: ClassVar[str] = "mark/1"

    role: Annotated[str, Size(1, 20)]
    index: Annotated[int, Range(0, 63)]
    mark: Mark


def _encode_saved(saved: Saved) -> bytes:
    marks = [_Mark(role=party.role, index=party.index, mark=mark).to_map() for party, mark in sorted(saved.marks.items())]
    return encode([saved.number, saved.state, marks], max_bytes=MAX_FILE_BYTES)


def _parse_saved(data: bytes) -> Saved:
    number, state, marks = decode(data, max_bytes=MAX_FILE_BYTES)
    parsed = [_Mark.from_map(one) for one in marks]
    return Saved(number=number, state=state, marks={Party(one.role, one.index): one.mark for one in parsed})
