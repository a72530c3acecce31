"""Checkpoints: the text of a signed note that fixes a whole log in three lines.

    example.com/behind-the-sofa                    origin: which log
    20852163                                       size: number of entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root hash

Atoll writes no extension lines: ML-DSA cosignatures do not cover them and monitors cannot audit them. Term, height and state
root stand in the block summary instead, the last entry below every checkpoint. Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.errors import CheckpointFormatError, EmptyLogRootError
from atoll.ledger.note_fields import MAX_NUMBER, encode_base64, parse_hash, parse_number
from atoll.primitives.merkle import EMPTY_ROOT, HASH_BYTES

MAX_ORIGIN_BYTES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log at one size."""

    origin: str
    """The log's name, also that of its key: a URL without scheme, by custom; one line of 1 to 255 bytes."""
    size: int
    """Number of entries, 0 to 2^63 - 1."""
    root: bytes
    """RFC 6962 root over them, 32 bytes; that of the empty tree where there are none."""

    def __post_init__(self) -> None:
        if not 0 < len(self.origin.encode()) <= MAX_ORIGIN_BYTES or any(letter < " " for letter in self.origin):
            raise CheckpointFormatError(reason="its origin is empty, too long, or holds control characters")
        if not 0 <= self.size <= MAX_NUMBER or len(self.root) != HASH_BYTES:
            raise CheckpointFormatError(reason="its size is out of range, or its root has not 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise EmptyLogRootError(origin=self.origin)

    def encode(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str, *, extension_lines: bool = False) -> Checkpoint:
    """The checkpoint that a note's text is.

    Args:
        text: from a note; verify the note before the checkpoint is believed.
        extension_lines: whether to pass over further lines, as some other logs have them; they are not returned.

    Raises:
        CheckpointFormatError: not a checkpoint, or with extension lines that were not expected.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise CheckpointFormatError(reason="it has not three lines")
    origin, size_text, root_text, *extension = lines
    size, root = parse_number(size_text), parse_hash(root_text)
    if size is None:
        raise CheckpointFormatError(reason="its size is not a number in the one allowed form")
    if root is None:
        raise CheckpointFormatError(reason="its root is not 32 bytes in base64")
    if extension and not extension_lines:
        raise CheckpointFormatError(reason="it has extension lines")
    if not all(extension):
        raise CheckpointFormatError(reason="an extension line is empty")
    return Checkpoint(origin=origin, size=size, root=root)
