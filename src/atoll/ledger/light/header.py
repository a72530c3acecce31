"""A CometBFT block header: fourteen fields, and the hash over them that validators sign.

The hash is the RFC 6962 root over the fourteen encoded fields, so that one of them can be shown without the others. The app
hash in the header of height H is that *after* the block of height H - 1. Source: CometBFT v0.38.25, `types/block.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.light.protobuf import NANOSECONDS, blob, integer, message, timestamp
from atoll.primitives.merkle import MerkleTree, leaf_hash
from atoll.wire.errors import MessageError
from atoll.wire.message import Digest, Message, Range, Size

MAX_CHAIN_ID = 50
"""CometBFT's own limit, in bytes."""
ADDRESS_BYTES = 20
MAX_INT64 = 2**63 - 1

Height = Annotated[int, Range(1, MAX_INT64)]
"""A consensus height; empty blocks count, so it runs ahead of the ledger's own height."""
TimeNs = Annotated[int, Range(0, MAX_INT64)]
"""Unix time in nanoseconds."""
Address = Annotated[bytes, Size(ADDRESS_BYTES)]
"""First twenty bytes of the SHA-256 of a consensus key."""
MaybeHash = Annotated[bytes, Size(0, 32)]
"""A hash, or nothing where there is nothing to hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockId(Message):
    """What a vote is for: the header, and the parts in which the block travelled."""

    TAG: ClassVar[str] = "block-id/1"

    hash: Digest
    """The header's hash."""
    parts_total: Annotated[int, Range(1, 2**32 - 1)]
    """Parts of the block."""
    parts_hash: Digest
    """Root over them."""

    def encode(self) -> bytes:
        """The protobuf encoding; that of `CanonicalBlockID` is the same."""
        return encode_block_id(self.hash, self.parts_total, self.parts_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Message):
    """A header. Nothing in it is believed before a commit for its hash is verified."""

    TAG: ClassVar[str] = "header/1"

    version_block: Annotated[int, Range(0, MAX_INT64)]
    """Version of the block's form."""
    version_app: Annotated[int, Range(0, MAX_INT64)]
    """Version of the rules."""
    chain_id: Annotated[str, Size(1, MAX_CHAIN_ID)]
    """Name of the ledger."""
    height: Height
    """Consensus height."""
    time_ns: TimeNs
    """Median of the validators' times of the last block."""
    last_block_id: BlockId | None
    """The block before; None before the first."""
    last_commit_hash: MaybeHash
    """Root over the signatures for the block before."""
    data_hash: MaybeHash
    """Root over the transactions of this block."""
    validators_hash: Digest
    """Who signs this block."""
    next_validators_hash: Digest
    """Who signs the next one."""
    consensus_hash: MaybeHash
    """Parameters of consensus."""
    app_hash: Annotated[bytes, Size(0, 64)]
    """State after the block before; 32 bytes on a ledger of Atoll."""
    last_results_hash: MaybeHash
    """Root over the results of the block before."""
    evidence_hash: MaybeHash
    """Root over evidence of misbehaviour in this block."""
    proposer_address: Address
    """Who proposed it."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        if not self.chain_id.isascii():  # the limit is in bytes
            raise MessageError(message="Header", field="chain_id", problem="not ASCII")

    @property
    def time(self) -> int:
        """Whole seconds, rounded down."""
        return self.time_ns // NANOSECONDS

    def fields(self) -> tuple[bytes, ...]:
        """The fourteen encoded fields, in the order in which they are hashed."""
        last = self.last_block_id
        hashes = (
            self.last_commit_hash,
            self.data_hash,
            self.validators_hash,
            self.next_validators_hash,
            self.consensus_hash,
            self.app_hash,
            self.last_results_hash,
            self.evidence_hash,
            self.proposer_address,
        )
        return (
            integer(1, self.version_block) + integer(2, self.version_app),
            blob(1, self.chain_id.encode()),
            integer(1, self.height),
            timestamp(self.time_ns),
            last.encode() if last is not None else encode_block_id(b"", 0, b""),
            *(blob(1, one) for one in hashes),
        )

    def hash(self) -> bytes:
        """The header's hash, 32 bytes. Cost: 27 SHA-256."""
        return MerkleTree(leaf_hash(field) for field in self.fields()).root()


def encode_block_id(header_hash: bytes, parts_total: int, parts_hash: bytes) -> bytes:
    """A block id as protobuf; the parts' part of it is there even if it is empty."""
    return blob(1, header_hash) + message(2, integer(1, parts_total) + blob(2, parts_hash))
