"""Signed contradictions of a sequencer, kept for the auditor: they convince anybody who holds its public key.

A fork is two checkpoints of one log, both signed, of which the larger does not contain the smaller. `root` is what the larger
log held at the smaller one's size, and `proof` ties it to the larger one's root.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.errors import AtollError
from atoll.ledger.agreement import verify_checkpoint
from atoll.ledger.block import Block
from atoll.ledger.note import Note, parse_note
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.ordering.embedded.points import Point
from atoll.ordering.waiting import is_share, sender_of
from atoll.primitives.merkle import MerkleTree, verify_consistency
from atoll.wire.message import Count, Digest, Message, Size

FORK = "fork"
WRONG_ROOT = "wrong-root"
"""A signed checkpoint that the block does not give; the data are the note and the block."""
CENSORED = "censored"
"""A transaction that was left out for long, though its sender had room (`Omission`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(Message):
    """Two histories, both signed."""

    TAG: ClassVar[str] = "fork-evidence/1"

    smaller: Annotated[bytes, Size(1, 60_000)]
    """Signed note of the smaller log."""
    larger: Annotated[bytes, Size(1, 60_000)]
    """Signed note of the larger log, or of one of equal size."""
    root: Digest
    """Root of the larger log at the smaller one's size."""
    proof: Annotated[tuple[Digest, ...], Size(0, 64)]
    """Consistency of that root with the larger one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission(Message):
    """A transaction that the sequencer had, and the log that leaves it out. That it had it is the word of who keeps this; how
    much room its sender had is in the log."""

    TAG: ClassVar[str] = "omission-evidence/1"

    note: Annotated[bytes, Size(1, 60_000)]
    """Signed note of the log that leaves it out."""
    transaction: Annotated[bytes, Size(1, MAX_TRANSACTION_BYTES)]
    """What is left out."""
    after: Count
    """The last block before the sequencer had it: those above it, up to the note, hold neither this transaction nor a whole
    share of its sender's."""


def find_fork(one: Point, one_log: MerkleTree, other: Point, other_log: MerkleTree) -> Fork | None:
    """The evidence in two signed points of two branches; None where one log contains the other, or a signature is missing."""
    if one.checkpoint.size > other.checkpoint.size:
        return find_fork(other, other_log, one, one_log)
    if one.note is None or other.note is None:
        return None
    size, larger_size = one.checkpoint.size, other.checkpoint.size
    root = other_log.root(size)
    if root == one.checkpoint.root:
        return None
    proof = tuple(other_log.consistency_proof(size, larger_size))
    return Fork(smaller=one.note.encode(), larger=other.note.encode(), root=root, proof=proof)


def fork_of_notes(one: Note, other: Note, root_of_other: bytes) -> Fork:
    """The evidence in two signed notes of one size."""
    return Fork(smaller=one.encode(), larger=other.encode(), root=root_of_other, proof=())


def is_omission(omission: Omission, blocks: Iterable[Block], *, chain_id: str, log: bytes) -> bool:
    """Whether the log of the holder of this key leaves the transaction out, and not for want of room in its sender's share.

    Args:
        omission: the evidence.
        blocks: those of the log that its note signs, from `omission.after` + 1 on up to the note.
        chain_id: the ledger.
        log: public log key of the sequencer.
    """
    try:
        verify_checkpoint(parse_note(omission.note), chain_id=chain_id, log=log)
    except AtollError:
        return False
    placed = [data for block in blocks for data in block.transactions]
    sender = sender_of(omission.transaction)
    own = [data for data in placed if sender_of(data) == sender]
    return omission.transaction not in placed and not is_share(len(own), sum(map(len, own)))


def is_fork(fork: Fork, *, chain_id: str, log: bytes) -> bool:
    """Whether the holder of this log key signed two histories."""
    try:
        smaller = verify_checkpoint(parse_note(fork.smaller), chain_id=chain_id, log=log)
        larger = verify_checkpoint(parse_note(fork.larger), chain_id=chain_id, log=log)
        verify_consistency(
            old_size=smaller.size, old_root=fork.root, new_size=larger.size, new_root=larger.root, proof=fork.proof
        )
    except AtollError:
        return False
    return fork.root != smaller.root
