"""Seals: what vouches for a point of the ledger, whichever engine put its transactions in order.

    embedded    a C2SP signed note: a checkpoint that the sequencer signed and a quorum cosigned
    cometbft    a header seal: the block header over a checkpoint, and the votes of more than 2/3 of the validators for it

The first byte tells them apart: a note is text, a header seal the CBOR message `header-seal/1`. Which of the two may vouch for
a ledger its genesis says; neither ever stands in for the other. Everything here is as *claimed* until the seal is verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from atoll.ledger.app_hash import app_hash
from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.cosignature import COSIGNATURE_BYTES
from atoll.ledger.light import LightBlock
from atoll.ledger.note import Note, parse_note
from atoll.wire.message import Count, Digest, Message, encode_message, parse_message

MAX_SEAL_BYTES = 1 << 17
_CBOR_PAIR = b"\x82"
"""First byte of every tagged message; no text begins with it."""


class SealKind(StrEnum):
    """Which kind of seal."""

    NOTE = "note"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class NoteSeal:
    """A signed note over a checkpoint."""

    note: Note
    """The note, its signatures unverified."""
    checkpoint: Checkpoint
    """What it says."""

    @property
    def kind(self) -> SealKind:
        """NOTE."""
        return SealKind.NOTE

    @property
    def time(self) -> int:
        """Newest time that a cosigner wrote beside its signature, Unix seconds; 0 if none did."""
        timed = (one.body[:8] for one in self.note.signatures if len(one.body) == COSIGNATURE_BYTES)
        return max((int.from_bytes(time, "big") for time in timed), default=0)

    def encode(self) -> bytes:
        """The note's bytes."""
        return self.note.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSeal(Message):
    """A header over the log and the state before its block, with the votes for it."""

    TAG: ClassVar[str] = "header-seal/1"
    MAX_BYTES: ClassVar[int] = MAX_SEAL_BYTES

    light: LightBlock
    """Light block of a consensus height above that of the ledger's block, before another one that is not empty."""
    size: Count
    """Entries in the log."""
    root: Digest
    """RFC 6962 root over them."""
    state_root: Digest
    """Root of the state after them; with size and root it gives the header's app hash."""

    def __post_init__(self) -> None:
        """Raises CheckpointFormatError where log and chain id make no checkpoint."""
        Message.__post_init__(self)
        Checkpoint(origin=self.light.header.chain_id, size=self.size, root=self.root)

    @property
    def kind(self) -> SealKind:
        """HEADER."""
        return SealKind.HEADER

    @property
    def checkpoint(self) -> Checkpoint:
        """The log as the header has it; its origin is the chain id."""
        return Checkpoint(origin=self.light.header.chain_id, size=self.size, root=self.root)

    @property
    def time(self) -> int:
        """The header's time, Unix seconds."""
        return self.light.header.time

    def is_of_header(self) -> bool:
        """Whether log and state are those that the header commits to."""
        return app_hash(self.size, self.root, self.state_root) == self.light.header.app_hash

    def encode(self) -> bytes:
        """The seal's bytes."""
        return encode_message(self)


Seal = NoteSeal | HeaderSeal


def parse_seal(data: bytes) -> Seal:
    """The seal in `data`, unverified.

    Args:
        data: from anybody; at most MAX_SEAL_BYTES for a header seal, MAX_NOTE_BYTES for a note.

    Raises:
        NoteFormatError: not a note.
        CborError, MessageError: not a header seal.
        CheckpointFormatError: either, but over no checkpoint.
    """
    if data.startswith(_CBOR_PAIR):
        return parse_message(data, HeaderSeal)
    note = parse_note(data)
    return NoteSeal(note, parse_checkpoint(note.text))
