"""That a transaction stands in a block, from the block's header.

The tree is over the transactions' digests, not over the transactions: leaf data = SHA-256(transaction). Source: CometBFT
v0.38.25, `types/tx.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from atoll.ledger.light.header import Header
from atoll.primitives.merkle import MerkleTree, leaf_hash, verify_inclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionProof:
    """Where a transaction stands in its block."""

    index: int
    """Its place, from 0."""
    total: int
    """Transactions in the block, which the proof's shape must fit; more is not proved about their number."""
    aunts: tuple[bytes, ...]
    """Sibling hashes from its leaf upwards."""


def verify_transaction(header: Header, transaction: bytes, proof: TransactionProof) -> None:
    """Verify that a transaction stands in the block of a header that is believed already.

    Raises:
        MerkleProofError, MerkleRangeError: it does not, by this proof.
    """
    verify_inclusion(leaf=_leaf(transaction), index=proof.index, size=proof.total, proof=proof.aunts, root=header.data_hash)


def prove_transaction(transactions: Sequence[bytes], index: int) -> TransactionProof:
    """The proof for one of a block's transactions."""
    tree = MerkleTree(_leaf(one) for one in transactions)
    return TransactionProof(index=index, total=len(transactions), aunts=tuple(tree.inclusion_proof(index)))


def _leaf(transaction: bytes) -> bytes:
    return leaf_hash(sha256(transaction).digest())
