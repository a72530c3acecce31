"""The whole state in a file, below a signed checkpoint: everything a verifier needs to believe every record at once.

    ["snapshot-file/1", note, summary, [inclusion hashes], [[raw key, value], ...]]      one CBOR array, keys in order

The records give the state root in the summary; the summary is the last entry below the checkpoint; the checkpoint carries the
signatures. Nothing in the file is believed that does not hang together like this.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from atoll.errors import InputError
from atoll.ledger.block import BlockSummary
from atoll.ledger.errors import BadSnapshot
from atoll.ledger.note import MAX_NOTE_BYTES
from atoll.ledger.tlog_policy import Policy, VerifiedCheckpoint
from atoll.ledger.tlog_proof import LogProof, verify_log_proof
from atoll.primitives.merkle import HASH_BYTES, MAX_PROOF_HASHES, leaf_hash
from atoll.primitives.smt import Tree
from atoll.wire.cbor import decode, encode
from atoll.wire.message import parse_message

MAX_SNAPSHOT_BYTES = 1 << 30
_TAG = "snapshot-file/1"
START = encode([_TAG, None, None, None, None])[: 1 + len(encode(_TAG))]
"""What such a file begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFile:
    """A state with what vouches for it, unverified."""

    note: bytes
    """The checkpoint with its signatures."""
    summary: bytes
    """The last log entry below it."""
    log_proof: tuple[bytes, ...]
    """Inclusion of that entry."""
    records: Mapping[bytes, bytes]
    """Every record by raw key."""

    def encode(self) -> bytes:
        """The file."""
        rows = [[key, self.records[key]] for key in sorted(self.records)]
        return encode([_TAG, self.note, self.summary, list(self.log_proof), rows], max_bytes=MAX_SNAPSHOT_BYTES)


@dataclass(frozen=True, slots=True)
class SnapshotFinding:
    """A state that holds."""

    height: int
    """Last block in it."""
    time: int
    """That block's time, Unix seconds."""
    state_root: bytes
    """Root over its records."""
    records: int
    """How many there are."""
    checkpoint: VerifiedCheckpoint
    """What vouches for it."""


def parse_snapshot(data: bytes) -> SnapshotFile:
    """The snapshot in a file.

    Raises:
        BadSnapshot: not one; keys that repeat or are out of order included.
    """
    try:
        value = decode(data, max_bytes=MAX_SNAPSHOT_BYTES)
    except InputError as err:
        raise BadSnapshot(reason="it is no strict CBOR") from err
    match value:
        case [tag, bytes() as note, bytes() as summary, list() as proof, list() as rows] if (
            tag == _TAG
            and 0 < len(note) <= MAX_NOTE_BYTES
            and len(proof) <= MAX_PROOF_HASHES
            and all(isinstance(one, bytes) and len(one) == HASH_BYTES for one in proof)
            and all(_is_row(one) for one in rows)
            and all(one[0] < other[0] for one, other in itertools.pairwise(rows))
        ):
            return SnapshotFile(note=note, summary=summary, log_proof=tuple(proof), records=dict(rows))
    raise BadSnapshot(reason="it has not the form of one, or its records are out of order")


def verify_snapshot(snapshot: SnapshotFile, policy: Policy) -> SnapshotFinding:
    """Check that a quorum stands for every record in a snapshot, and that none is missing.

    Args:
        snapshot: from anybody.
        policy: the verifier's own.

    Raises:
        BadSnapshot: the records are not the state below the checkpoint.
        NoteFormatError, CheckpointFormatError, NoteSignatureError, UntrustedNoteError, QuorumError, MerkleProofError: as
            `verify_log_proof`.

    Cost: the state tree is built once.
    """
    summary = parse_message(snapshot.summary, BlockSummary)
    index = summary.first + len(summary.outcomes)
    proof = LogProof(index=index, hashes=snapshot.log_proof, checkpoint=snapshot.note)
    verified = verify_log_proof(proof, leaf=leaf_hash(snapshot.summary), policy=policy)
    if index != verified.checkpoint.size - 1:
        raise BadSnapshot(reason="its summary is not the last entry below the checkpoint")
    if not snapshot.records or Tree.of(snapshot.records).root != summary.state_root:
        raise BadSnapshot(reason="its records are not the state below the checkpoint")
    return SnapshotFinding(summary.height, summary.time, summary.state_root, len(snapshot.records), verified)


def _is_row(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(one, bytes) for one in row)
