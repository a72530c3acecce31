"""Offline proof that an entry was logged, as a file: index, inclusion hashes, and the cosigned checkpoint they lead to.

    c2sp.org/tlog-proof@v1
    extra <base64>            optional, authenticated by nothing
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    ...

    example.com/fancylog      the checkpoint, to the end of the file
    ...

Source: C2SP tlog-proof; the file's ending is `.tlog-proof`.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.errors import LogProofFormatError
from atoll.ledger.note import MAX_NOTE_BYTES, parse_note
from atoll.ledger.note_fields import MAX_NUMBER, encode_base64, parse_base64, parse_hash, parse_number
from atoll.ledger.tlog_policy import Policy, VerifiedCheckpoint, verify_checkpoint
from atoll.primitives.merkle import HASH_BYTES, MAX_PROOF_HASHES, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """A proof of logging, unverified."""

    index: int
    """The entry's place in the log, from 0."""
    hashes: tuple[bytes, ...]
    """Inclusion proof from the entry's sibling upwards, 32 bytes each, at most 64."""
    checkpoint: bytes
    """The signed note, byte for byte."""
    extra: bytes | None = None
    """Whatever the application adds, at most 64 KiB; authenticated by nothing."""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_NUMBER:
            raise LogProofFormatError(reason="its index is out of range")
        if len(self.hashes) > MAX_PROOF_HASHES or any(len(node) != HASH_BYTES for node in self.hashes):
            raise LogProofFormatError(reason="its hashes are too many, or not of 32 bytes")
        if not 0 < len(self.checkpoint) <= MAX_NOTE_BYTES or len(self.extra or b"") > MAX_EXTRA_BYTES:
            raise LogProofFormatError(reason="its checkpoint is missing or too large, or its extra data are")

    def encode(self) -> bytes:
        """The file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines += [f"index {self.index}", *map(encode_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def parse_log_proof(data: bytes) -> LogProof:
    """The proof in a `.tlog-proof` file; the checkpoint in it is not looked at.

    Raises:
        LogProofFormatError: not such a file.
    """
    if len(data) > MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES:
        raise LogProofFormatError(reason="it is too large")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank or not head.isascii():
        raise LogProofFormatError(reason="no blank line separates proof and checkpoint")
    header, *lines = head.decode("ascii").split("\n")
    if header != HEADER:
        raise LogProofFormatError(reason=f"its first line is not {HEADER}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "))
        if extra is None:
            raise LogProofFormatError(reason="its extra data are not base64")
    index = parse_number(lines.pop(0).removeprefix("index ")) if lines and lines[0].startswith("index ") else None
    if index is None:
        raise LogProofFormatError(reason="it has no index line")
    hashes = [parse_hash(line) for line in lines[: MAX_PROOF_HASHES + 1]]
    if len(lines) > MAX_PROOF_HASHES or not all(hashes):
        raise LogProofFormatError(reason="its hashes are too many, or not 32 bytes in base64")
    return LogProof(index=index, hashes=tuple(filter(None, hashes)), checkpoint=checkpoint, extra=extra)


def verify_log_proof(proof: LogProof, *, leaf: bytes, policy: Policy) -> VerifiedCheckpoint:
    """Check that an entry was logged, and that a quorum saw the log that holds it.

    Args:
        proof: from anybody.
        leaf: leaf hash of the entry, computed by the verifier from the entry itself.
        policy: the verifier's trust file.

    Returns:
        The checkpoint that holds the entry, with the times of its cosignatures.

    Raises:
        NoteFormatError, CheckpointFormatError: the checkpoint cannot be read.
        NoteSignatureError, UntrustedNoteError, QuorumError: the checkpoint is not good.
        MerkleProofError: the entry is not in it.
    """
    verified = verify_checkpoint(parse_note(proof.checkpoint), policy)
    verify_inclusion(
        leaf=leaf,
        index=proof.index,
        size=verified.checkpoint.size,
        proof=proof.hashes,
        root=verified.checkpoint.root,
    )
    return verified
