"""A job's journal on disk: seed, the last two checkpoints, what was said since, the outcome; sealed, and flushed before it
counts.

Files are written whole and moved into place, except `notes.N`, which grows: records of u32 length and sealed bytes, each sealed
under its place. A record that a crash cut short never counted, because nothing was sent on the strength of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from atoll.jobs.kind import Outcome
from atoll.node.outcomes import OutcomeFile, StoredResult
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party
from atoll.storage.durable import append_durably, write_durably
from atoll.storage.errors import StoreCorrupt
from atoll.storage.sealed import Sealer
from atoll.transport.journal import Saved
from atoll.transport.runner_messages import Mark
from atoll.transport.transcript import Noted
from atoll.wire.cbor import decode, encode
from atoll.wire.message import Message, Range, Size

MAX_FILE_BYTES = (1 << 31) - 1
"""What AES-GCM, as it is offered, seals at once."""
KEPT_CHECKPOINTS = 2
_OUTCOME = "outcome"


def derive_journal_key(storage_key: bytes, job: str) -> bytes:
    """What one job's journal is sealed under, 32 bytes: its process gets this key and can open nothing else of the node."""
    return SeededEntropy(storage_key).fork(f"journal of job {job}").bytes(32)


def forget_run(folder: Path) -> None:
    """A job has ended: destroy its seed, checkpoints, notes, and copies of inputs that a killed process left; outcomes stay."""
    for path in folder.iterdir():
        if path.suffix != f".{_OUTCOME}":
            path.unlink()


class DiskJournal:
    """One attempt of one party in one job."""

    def __init__(self, folder: Path, *, name: str, sealer: Sealer) -> None:
        """
        Args:
            folder: the job's own folder, which exists.
            name: attempt and party; another attempt finds nothing of this one.
            sealer: under this job's key (`derive_journal_key`).
        """
        self._folder = folder
        self._name = name
        self._sealer = sealer
        self._outcome = OutcomeFile(self._path(_OUTCOME), name=self._name_of(_OUTCOME), sealer=sealer)
        self._notes_end: dict[int, tuple[int, int]] = {}  # checkpoint: records and bytes that count

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
        for what in ("checkpoint", "notes"):
            self._path(f"{what}.{saved.number - KEPT_CHECKPOINTS}").unlink(missing_ok=True)

    def load_notes(self, number: int) -> Mapping[Party, Noted]:
        noted: dict[Party, Noted] = {}
        for record in self._read_notes(number):
            for role, index, sent, heard in decode(record, max_bytes=MAX_FILE_BYTES):
                party = Party(role, index)
                noted[party] = noted.get(party, Noted()).followed_by(Noted(sent=sent, heard=heard))
        return noted

    def add_notes(self, number: int, noted: Mapping[Party, Noted]) -> None:
        if number not in self._notes_end:
            self.load_notes(number)
        count, end = self._notes_end[number]
        fields = tuple((party.role, party.index, one.sent, one.heard) for party, one in sorted(noted.items()))
        sealed = self._sealer.seal(self._name_of(f"notes.{number}.{count}"), encode(fields, max_bytes=MAX_FILE_BYTES))
        record = len(sealed).to_bytes(4, "big") + sealed
        append_durably(self._path(f"notes.{number}"), record, at=end)
        self._notes_end[number] = count + 1, end + len(record)

    def is_finished(self) -> bool:
        return self._outcome.exists()

    def load_output(self) -> Outcome:
        """The outcome without the result's rows."""
        return self._outcome.load()

    def load_result(self) -> StoredResult | None:
        """The result, if this party received one and the run has ended."""
        return self._outcome.open_result() if self._outcome.exists() else None

    def save_output(self, output: Outcome) -> None:
        self._outcome.save(output)

    def _path(self, what: str) -> Path:
        return self._folder / f"{self._name}.{what}"

    def _read(self, what: str) -> bytes | None:
        try:
            data = self._path(what).read_bytes()
        except FileNotFoundError:
            return None
        return self._sealer.open(self._name_of(what), data)

    def _write(self, what: str, data: bytes) -> None:
        write_durably(self._path(what), [self._sealer.seal(self._name_of(what), data)])

    def _name_of(self, what: str) -> str:
        """What a value is sealed under: never openable as another value, place, attempt or job."""
        return f"{self._folder.name}/{self._name}.{what}"

    def _read_notes(self, number: int) -> Iterator[bytes]:
        """The records that count; where they end is remembered.

        Raises:
            StoreCorrupt: one that is not the last is damaged.
        """
        path = self._path(f"notes.{number}")
        data = path.read_bytes() if path.exists() else b""
        count = at = 0
        while at + 4 <= len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            try:
                record = self._sealer.open(self._name_of(f"notes.{number}.{count}"), data[at + 4 : end])
            except StoreCorrupt:
                if any(data[end:]):
                    raise
                break  # torn by a crash
            yield record
            count, at = count + 1, end
        self._notes_end[number] = count, at


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
