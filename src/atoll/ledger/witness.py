"""What a witness decides about a new checkpoint: cosign it, or say why not.

A witness keeps the newest checkpoint of each log that it has cosigned and cosigns only what provably continues it, so two
branches of one log can never both be cosigned. The decision is pure; whoever serves it over HTTP does

    request = parse_add_checkpoint(body)
    in one transaction:
        decision = decide(request, keys of request.origin, known state of request.origin)
        store decision.state, durably, where there is one
    answer with decision.status, decision.body and decision.content_type; on 200 with `cosign_text(request.note.text, ...)`

Reading and storing the state in one transaction is part of the protocol: otherwise two requests can roll the witness back.
Source: C2SP tlog-witness, add-checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import (
    CheckpointFormatError,
    EmptyLogRootError,
    NoteFormatError,
    NoteSignatureError,
    UntrustedNoteError,
    WitnessRequestError,
)
from atoll.ledger.note import MAX_NOTE_BYTES, Note, parse_note, verify_note
from atoll.ledger.note_fields import encode_base64, parse_hash, parse_number
from atoll.ledger.vkey import VerifierKey
from atoll.primitives.errors import MerkleProofError
from atoll.primitives.merkle import EMPTY_ROOT, verify_consistency

MAX_CONSISTENCY_HASHES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
SIZE_TYPE = "text/x.tlog.size"
"""Content type of an answer 409, whose body is the size that the witness knows."""
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What a witness remembers of a log: the newest tree that it cosigned."""

    size: int = 0
    """Entries; 0 before the first cosignature."""
    root: bytes = EMPTY_ROOT
    """Root over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign a checkpoint."""

    old_size: int
    """Size that the witness is believed to know."""
    proof: tuple[bytes, ...]
    """Consistency proof from there, at most 63 hashes."""
    note: Note
    """The checkpoint with the log's signature, and perhaps others."""

    @property
    def origin(self) -> str:
        """The log it claims to be about."""
        return self.note.text.partition("\n")[0]

    def encode(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old_size}", *map(encode_base64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note.encode()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to answer, and what to store first."""

    status: int
    """HTTP status; 200 means: store `state`, then answer with the cosignature."""
    body: str
    """The answer where it is not 200."""
    content_type: str = TEXT_TYPE
    state: WitnessState | None = None
    """What to remember from now on; None where nothing changes."""


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """The request in an HTTP body; its checkpoint is not verified yet.

    Raises:
        WitnessRequestError, NoteFormatError: not such a request; to be answered with 400.
    """
    head, blank, note = body.partition(b"\n\n")
    if len(body) > MAX_REQUEST_BYTES or not blank or not head.isascii():
        raise WitnessRequestError(reason="it is too large, or has no blank line before the checkpoint")
    first, *lines = head.decode("ascii").split("\n")
    old_size = parse_number(first.removeprefix("old ")) if first.startswith("old ") else None
    if old_size is None:
        raise WitnessRequestError(reason="its first line is not an old size")
    if len(lines) > MAX_CONSISTENCY_HASHES:
        raise WitnessRequestError(reason=f"it has more than {MAX_CONSISTENCY_HASHES} hashes")
    proof = [parse_hash(line) for line in lines]
    if not all(proof):
        raise WitnessRequestError(reason="a proof line is not 32 bytes in base64")
    return AddCheckpoint(old_size=old_size, proof=tuple(filter(None, proof)), note=parse_note(note))


def decide(request: AddCheckpoint, keys: Sequence[VerifierKey], known: WitnessState) -> Decision:
    """Whether to cosign.

    Args:
        request: as parsed.
        keys: the log keys trusted for `request.origin`; empty where the origin is unknown.
        known: what the witness remembers of this origin, read in the transaction that will store the decision's state.

    Returns:
        Status 200 with the state to store; 404 unknown log; 403 no trusted signature or a bad one; 400 old size above the
        checkpoint's; 409 another old size than the known one; 422 a tree that does not provably continue the known one.
    """
    if not keys:
        return Decision(404, "unknown log\n")
    try:
        verify_note(request.note, keys)
    except (NoteSignatureError, UntrustedNoteError) as err:
        return Decision(403, f"invalid signature: {err}\n")
    try:
        checkpoint = parse_checkpoint(request.note.text, extension_lines=True)
    except EmptyLogRootError as err:
        return Decision(422, f"{err}\n")
    except (CheckpointFormatError, NoteFormatError) as err:
        return Decision(400, f"{err}\n")
    if request.old_size > checkpoint.size:
        return Decision(400, f"old size {request.old_size} is above the checkpoint's {checkpoint.size}\n")
    if request.old_size != known.size:
        return Decision(409, f"{known.size}\n", SIZE_TYPE)
    try:
        _verify_growth(request, checkpoint, known)
    except MerkleProofError as err:
        return Decision(422, f"invalid consistency proof: {err}\n")
    return Decision(200, "", state=WitnessState(checkpoint.size, checkpoint.root))


def _verify_growth(request: AddCheckpoint, checkpoint: Checkpoint, known: WitnessState) -> None:
    if known.size == 0:
        if request.proof:
            raise MerkleProofError(reason="every log begins with nothing, which needs no hashes")
        return
    verify_consistency(
        old_size=known.size,
        old_root=known.root,
        new_size=checkpoint.size,
        new_root=checkpoint.root,
        proof=request.proof,
    )
