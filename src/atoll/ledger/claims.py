"""What a proof of logging is about, carried along in its file's `extra` line: an entry itself, or a record of the state.

    logged-entry/1     the entry's bytes
    record-claim/1     the last summary below the checkpoint, and an ICS 23 proof from its state root to one key

`extra` is authenticated by nothing, and needs nothing: the entry or summary must hash to the leaf that the proof leads from,
and everything else hangs from it. Proofs of records are of the variant for outsiders (`SMT_HASHED_SPEC`), so that a proof of
absence shows of its two neighbours the values and not the names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.errors import InputError
from atoll.ledger.block import BlockSummary
from atoll.ledger.errors import LogProofFormatError
from atoll.ledger.tlog_policy import Policy, VerifiedCheckpoint
from atoll.ledger.tlog_proof import MAX_EXTRA_BYTES, LogProof, verify_log_proof
from atoll.primitives.errors import CommitmentProofError
from atoll.primitives.ics23 import SMT_HASHED_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_codec import encode_proof, parse_proof
from atoll.primitives.ics23_ops import ExistenceProof
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.primitives.smt import Tree, key_path
from atoll.wire.message import Message, Size, encode_message, parse_message


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry(Message):
    """The entry that a proof is about."""

    TAG: ClassVar[str] = "logged-entry/1"
    MAX_BYTES: ClassVar[int] = MAX_EXTRA_BYTES

    data: Annotated[bytes, Size(1, MAX_EXTRA_BYTES)]
    """Its bytes as they stand in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClaim(Message):
    """That a record has a value after the checkpoint's last block, or that there is none."""

    TAG: ClassVar[str] = "record-claim/1"
    MAX_BYTES: ClassVar[int] = MAX_EXTRA_BYTES

    key: Annotated[bytes, Size(1, 512)]
    """The record's raw key: namespace, 0x00, identifier."""
    summary: Annotated[bytes, Size(1, MAX_EXTRA_BYTES)]
    """The last log entry below the checkpoint."""
    proof: Annotated[bytes, Size(1, MAX_EXTRA_BYTES)]
    """ICS 23 CommitmentProof under the summary's state root; for a record that is there it holds the value."""


@dataclass(frozen=True, slots=True)
class EntryFinding:
    """An entry that was logged."""

    index: int
    """Its place in the log."""
    data: bytes | None
    """Its bytes, where the proof or the verifier brought them."""
    checkpoint: VerifiedCheckpoint
    """The checkpoint that holds it, with its cosignatures."""


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """What the state said of a record."""

    key: bytes
    """The record's raw key."""
    value: bytes | None
    """Its bytes; None: proved absent."""
    height: int
    """Last block below the checkpoint."""
    time: int
    """That block's time, Unix seconds."""
    checkpoint: VerifiedCheckpoint
    """The checkpoint that ends with it, with its cosignatures."""


def prove_entry(tree: MerkleTree, index: int, *, note: bytes, size: int, entry: bytes | None = None) -> LogProof:
    """Proof that the entry at `index` stands below a checkpoint.

    Args:
        tree: the log, of that size or larger.
        index: below `size`.
        note: the checkpoint with its signatures.
        size: what it says.
        entry: the entry's bytes, to be carried along; None where the verifier has them from elsewhere.

    Raises:
        LogProofFormatError: the entry is too large to be carried along.
        MerkleRangeError: the index is not below the size.
    """
    extra = None if entry is None else _extra(LoggedEntry(data=entry))
    return LogProof(index=index, hashes=tuple(tree.inclusion_proof(index, size)), checkpoint=note, extra=extra)


def prove_record(tree: MerkleTree, state: Tree, key: bytes, *, note: bytes, size: int, summary: bytes) -> LogProof:
    """Proof of what the state says of a record after a checkpoint.

    Args:
        tree: the log, of that size or larger.
        state: the state after the checkpoint's last block.
        key: the record's raw key.
        note: the checkpoint with its signatures.
        size: what it says.
        summary: the last entry below it.

    Raises:
        LogProofFormatError: the record is too large to be carried along.
    """
    proof = prove_entry(tree, size - 1, note=note, size=size)
    claim = RecordClaim(key=key, summary=summary, proof=encode_proof(state.prove(key, hashed=True)))
    return replace(proof, extra=_extra(claim))


def verify_claim(proof: LogProof, policy: Policy, *, leaf: bytes | None = None) -> EntryFinding | RecordFinding:
    """Verify a proof of logging, and whatever it carries along.

    Args:
        proof: from anybody.
        policy: the verifier's own.
        leaf: leaf hash of the entry, from the verifier; needed where the proof carries none along, and compared where it does.

    Raises:
        LogProofFormatError: what it carries along is neither an entry nor a record, or nothing says which entry it is about.
        NoteFormatError, CheckpointFormatError, NoteSignatureError, UntrustedNoteError, QuorumError, MerkleProofError: as
            `verify_log_proof`.
        ProofEncodingError, CommitmentProofError: the state's part does not hold.
    """
    claim = _parse_extra(proof.extra) if proof.extra is not None else None
    if isinstance(claim, RecordClaim):
        return _verify_record(proof, claim, policy)
    carried = leaf_hash(claim.data) if claim is not None else None
    if carried is None and leaf is None:
        raise LogProofFormatError(reason="it does not carry its entry along, and no entry was given")
    if carried is not None and leaf is not None and carried != leaf:
        raise LogProofFormatError(reason="it carries another entry than the one given")
    verified = verify_log_proof(proof, leaf=carried or leaf or b"", policy=policy)
    return EntryFinding(proof.index, claim.data if claim is not None else None, verified)


def claims_absence(proof: LogProof) -> bool:
    """Whether a proof says of a record that there is none. Nothing is verified: for whoever has just made it.

    Raises:
        LogProofFormatError, ProofEncodingError: what it carries along cannot be read.
    """
    claim = _parse_extra(proof.extra) if proof.extra is not None else None
    return isinstance(claim, RecordClaim) and not isinstance(parse_proof(claim.proof), ExistenceProof)


def _verify_record(proof: LogProof, claim: RecordClaim, policy: Policy) -> RecordFinding:
    verified = verify_log_proof(proof, leaf=leaf_hash(claim.summary), policy=policy)
    summary = parse_message(claim.summary, BlockSummary)
    if proof.index != verified.checkpoint.size - 1 or proof.index != summary.first + len(summary.outcomes):
        raise CommitmentProofError(reason="its summary is not the last entry below the checkpoint")
    found, place = parse_proof(claim.proof), key_path(claim.key)
    value = None
    if isinstance(found, ExistenceProof):
        value = found.value
        verify_membership(SMT_HASHED_SPEC, summary.state_root, found, place, value)
    else:
        if found.key != place:
            raise CommitmentProofError(reason="it is about another key")
        verify_non_membership(SMT_HASHED_SPEC, summary.state_root, found, place)
    return RecordFinding(claim.key, value, summary.height, summary.time, verified)


def _extra(message: Message) -> bytes:
    try:
        return encode_message(message)
    except InputError as err:
        raise LogProofFormatError(reason="what it is about is too large to be carried along") from err


def _parse_extra(data: bytes) -> LoggedEntry | RecordClaim:
    try:
        claim = parse_message(data, LoggedEntry, RecordClaim)
    except InputError as err:
        raise LogProofFormatError(reason="its extra data are neither an entry nor a record of the state") from err
    assert isinstance(claim, LoggedEntry | RecordClaim)
    return claim
