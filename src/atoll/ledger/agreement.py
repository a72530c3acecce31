"""When a checkpoint is agreed: the sequencer signed it and q validating members cosigned it (SECURITY 3.1).

A cosignature says "I have carried out every transaction below this root, and it is on my disk". The sequencer's own does not
count, and neither do witnesses that are no validating members. The set that counts for a block's checkpoint is the one in force
*before* the block, so that a block can never bring along the members who approve it; only the first block of a new term, whose
hand-over the old members voted for, is signed by the new sequencer.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from atoll.ledger.checkpoint import Checkpoint, parse_checkpoint
from atoll.ledger.errors import QuorumError, UntrustedNoteError
from atoll.ledger.note import Note, VerifiedSignature, verify_note
from atoll.ledger.records import ConsensusSet, Validator
from atoll.ledger.vkey import KeyKind, VerifierKey


@dataclass(frozen=True, slots=True)
class Agreement:
    """A checkpoint that q validating members stand for."""

    note: Note
    """The signed note, cosignatures included."""
    checkpoint: Checkpoint
    """What it says."""
    cosigned_at: dict[str, int]
    """Newest cosignature of each member that counts, Unix seconds by its own clock."""
    agreed_at: int
    """The q-th newest of these times: so fresh is the checkpoint."""


@functools.lru_cache(maxsize=256)
def log_key(chain_id: str, public: bytes) -> VerifierKey:
    """A sequencer's key for checkpoints; it is named after the log."""
    return VerifierKey(chain_id, KeyKind.ED25519, public)


@functools.lru_cache(maxsize=1024)
def cosign_key(chain_id: str, member: Validator) -> VerifierKey:
    """A validating member's key for cosignatures; it is named after log and member."""
    return VerifierKey(f"{chain_id}/{member.org}", KeyKind.ED25519_COSIGNATURE, member.cosign)


def verify_checkpoint(note: Note, *, chain_id: str, log: bytes) -> Checkpoint:
    """The checkpoint in a note that the sequencer signed; cosignatures are not looked at.

    Raises:
        UntrustedNoteError, NoteSignatureError, CheckpointFormatError: not this log's, or not signed by its sequencer.
    """
    verify_note(note, [log_key(chain_id, log)])
    return _own_checkpoint(note, chain_id)


def verify_agreement(note: Note, *, chain_id: str, consensus: ConsensusSet) -> Agreement:
    """The agreement in a note.

    Args:
        note: as received.
        chain_id: the log's name.
        consensus: the set in force before the checkpoint's last block; see the module's docstring.

    Raises:
        UntrustedNoteError, NoteSignatureError, CheckpointFormatError: not this log's, or a signature does not hold.
        QuorumError: fewer than q cosignatures that count.

    Cost: one Ed25519 verification for each signature of a known key.
    """
    log = log_key(chain_id, consensus.log)
    members = {cosign_key(chain_id, member): member.org for member in consensus.counted()}
    verified = verify_note(note, [log, *members])
    checkpoint = _own_checkpoint(note, chain_id)
    if not any(one.key == log for one in verified):
        raise UntrustedNoteError(reason="the sequencer has not signed it")
    cosigned_at = newest_times(verified, members)
    quorum = consensus.quorum()
    if len(cosigned_at) < quorum:
        raise QuorumError(origin=chain_id, size=checkpoint.size, cosigners=", ".join(sorted(cosigned_at)) or "nobody")
    return Agreement(note, checkpoint, cosigned_at, nth_newest(cosigned_at.values(), quorum))


def newest_times(verified: Iterable[VerifiedSignature], members: dict[VerifierKey, str]) -> dict[str, int]:
    """Member -> its newest cosignature's time."""
    times: dict[str, int] = {}
    for one in verified:
        org = members.get(one.key)
        if org is not None and one.timestamp is not None:
            times[org] = max(one.timestamp, times.get(org, 0))
    return times


def nth_newest(times: Iterable[int], number: int) -> int:
    """The `number`-th newest of at least so many times."""
    return sorted(times, reverse=True)[number - 1]


def _own_checkpoint(note: Note, chain_id: str) -> Checkpoint:
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != chain_id:
        raise UntrustedNoteError(reason=f"it is a checkpoint of {checkpoint.origin}")
    return checkpoint
