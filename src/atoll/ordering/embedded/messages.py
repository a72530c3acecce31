"""What members say to each other. Every field is bounded where it is read; every payload fits one call.

ordering.push      sequencer -> member     blocks, signed checkpoints, the agreed note    -> cosignatures, or why not
ordering.blocks    member -> member        what comes after my last block?                -> blocks, notes
ordering.submit    member -> member        please put these transactions in order         -> taken, or refused at the door
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.records import Version
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.ordering.embedded.ballots import MAX_DEPARTURES, Ballot, Departure
from atoll.ordering.members import MAX_PAYLOAD_BYTES, Payload
from atoll.wire.message import Count, Digest, Message, Range, Size, Text

MAX_BLOCKS_BYTES = 800_000
"""Blocks in one payload, together; a sequencer makes no block that is larger by itself."""
MAX_BLOCKS = 64
PUSH = "ordering.push"
BLOCKS = "ordering.blocks"
SUBMIT = "ordering.submit"
BALLOT = "ordering.ballot"
STAND = "ordering.stand"
MAX_AGREED_BYTES = 60_000
"""A note with the cosignatures of a hundred members."""
MAX_SUBMITTED = 256
MAX_HELD = 8
"""Transactions that a member sends along with a refusal."""

BlockBytes = Annotated[bytes, Size(1, MAX_PAYLOAD_BYTES)]
NoteBytes = Annotated[bytes, Size(1, 4096)]
"""A note with the sequencer's signature."""
AgreedBytes = Annotated[bytes, Size(0, MAX_AGREED_BYTES)]
"""A note with a quorum's cosignatures; empty for none."""
TransactionBytes = Annotated[bytes, Size(1, MAX_TRANSACTION_BYTES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push(Payload):
    """From the sequencer, to every member: what is new."""

    TAG: ClassVar[str] = "ordering-push/1"

    term: Version
    """Term of the sequencer that speaks."""
    blocks: Annotated[tuple[BlockBytes, ...], Size(0, MAX_BLOCKS)]
    """Blocks in order."""
    notes: Annotated[tuple[NoteBytes, ...], Size(0, MAX_BLOCKS)]
    """Signed checkpoints that this member is asked to cosign: of blocks in this message, or of its last block."""
    agreed: AgreedBytes
    """The newest agreed note that the member may not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned(Message):
    """One cosignature."""

    size: Count
    """Size of the checkpoint."""
    line: Annotated[bytes, Size(1, 1024)]
    """The signature line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed(Payload):
    """Answer to a push: where the member stands now."""

    TAG: ClassVar[str] = "ordering-pushed/1"

    height: Count
    """Its last block."""
    size: Count
    """Size of its log."""
    root: Digest
    """Root of its log."""
    agreed_height: Count
    """The last block that it knows to be agreed."""
    cosigned: Annotated[tuple[Cosigned, ...], Size(0, MAX_BLOCKS)]
    """Cosignatures, for notes of the push."""
    refusal: Annotated[str, Size(0, 60)]
    """Code of the error that ended the work on the push; empty if none."""
    reason: Text
    """The error's sentence."""
    held: Annotated[tuple[TransactionBytes, ...], Size(0, MAX_HELD)]
    """Valid transactions that the member misses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksRequest(Payload):
    """A member asks another for what it missed."""

    TAG: ClassVar[str] = "ordering-blocks/1"

    after: Count
    """Height of the last block it has."""
    size: Count
    """Size of its log at that block."""
    root: Digest
    """Root of its log there."""
    agreed_height: Count
    """The last block that it knows to be agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksReply(Payload):
    """Blocks for a member that asked."""

    TAG: ClassVar[str] = "ordering-blocks-reply/1"

    term: Version
    """Term of the last block here."""
    diverged: bool
    """The logs differ at the height asked for; there are no blocks then."""
    blocks: Annotated[tuple[BlockBytes, ...], Size(0, MAX_BLOCKS)]
    """Blocks in order, the first follows the one asked for."""
    notes: Annotated[tuple[NoteBytes, ...], Size(0, MAX_BLOCKS)]
    """Checkpoints of those blocks that are signed but not agreed yet."""
    agreed: AgreedBytes
    """An agreed note: the next before a change of who counts that the asking member has not heard of, or the newest."""
    agreed_height: Count
    """Height of its last block."""
    proof: Annotated[tuple[Digest, ...], Size(0, 64)]
    """Consistency of the log after the last block in this reply with that note; empty where there is nothing to prove."""
    departures: Annotated[tuple[Departure, ...], Size(0, MAX_DEPARTURES)]
    """Proofs that belong to a hand-over among the blocks that are not agreed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit(Payload):
    """Transactions on their way to the sequencer; whoever else receives them holds and forwards them too."""

    TAG: ClassVar[str] = "ordering-submit/1"

    transactions: Annotated[tuple[TransactionBytes, ...], Size(1, MAX_SUBMITTED)]
    """The signed bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Message):
    """What became of one submission."""

    refusal: Annotated[str, Size(0, 60)]
    """Code of the error; empty if the transaction was taken or is in the ledger already."""
    reason: Text
    """The error's sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Payload):
    """Answer to a submission."""

    TAG: ClassVar[str] = "ordering-submitted/1"

    answers: Annotated[tuple[Answer, ...], Size(1, MAX_SUBMITTED)]
    """One a transaction, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Payload):
    """Answer to a ballot: how far the candidate is."""

    TAG: ClassVar[str] = "ordering-standing/1"

    term: Version
    """Term it stands for; a voter for an older one is asked again."""
    votes: Annotated[int, Range(0, 100)]
    """Votes it has for that term."""
    needed: Annotated[int, Range(1, 100)]
    """Votes it needs."""
    refusal: Annotated[str, Size(0, 60)]
    """Code of the error, if the ballot is no good; else empty."""
    reason: Text
    """The error's sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand(Payload):
    """A candidate asks for a vote."""

    TAG: ClassVar[str] = "ordering-stand/1"

    term: Version
    """Term it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandReply(Payload):
    """A ballot, or why there is none."""

    TAG: ClassVar[str] = "ordering-stand-reply/1"

    ballot: Ballot | None
    """The vote."""
    reason: Text
    """Why not; empty with a ballot."""


def clip(sentence: str) -> str:
    """A sentence as a `Text`."""
    return sentence[:2000]
