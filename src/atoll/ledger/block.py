"""Blocks, and their summaries in the log.

A block is what a sequencer proposes: transactions in order, under one time and one term. Carried out, it becomes log entries:
each transaction's received bytes, then one summary with the state root and the outcome of each transaction. A checkpoint always
ends with a summary, so whoever holds a checkpoint can prove what the state was and whether a transaction was carried out or
refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.records import Version
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import MessageError
from atoll.wire.message import Count, Digest, Message, Size, Time

MAX_BLOCK_TRANSACTIONS = 1000
MAX_BLOCK_BYTES = 4 << 20
_TAG = "block/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A proposed block. Bounds are checked where it is read, because it may be larger than a message."""

    height: int
    """1 for the first block after the genesis."""
    term: int
    """Term of the sequencer that made it."""
    time: int
    """Unix seconds by the sequencer's clock; never goes back."""
    transactions: tuple[bytes, ...]
    """Received bytes, in order."""

    def encode(self) -> bytes:
        """The block's bytes."""
        return encode([_TAG, self.height, self.term, self.time, list(self.transactions)], max_bytes=MAX_BLOCK_BYTES)

    def digest(self) -> bytes:
        """SHA-256 of the block's bytes."""
        return hashlib.sha256(self.encode()).digest()


def parse_block(data: bytes) -> Block:
    """The block in `data`.

    Raises:
        CborError, MessageError: malformed, too many transactions, or too large.
    """
    value = decode(data, max_bytes=MAX_BLOCK_BYTES)
    match value:
        case [tag, int() as height, int() as term, int() as time, list() as transactions] if (
            tag == _TAG
            and not any(isinstance(one, bool) for one in (height, term, time))
            and 0 <= height < 2**53
            and 1 <= term < 2**31
            and 0 <= time < 2**40
            and len(transactions) <= MAX_BLOCK_TRANSACTIONS
            and all(isinstance(one, bytes) and 0 < len(one) <= MAX_TRANSACTION_BYTES for one in transactions)
        ):
            return Block(height=height, term=term, time=time, transactions=tuple(transactions))
    raise MessageError(message="Block", field="", problem="not a block, or out of bounds")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSummary(Message):
    """The last log entry of a block."""

    TAG: ClassVar[str] = "summary/1"

    height: Count
    """The block's height."""
    term: Version
    """The block's term."""
    time: Time
    """The block's time."""
    first: Count
    """Log index of the block's first transaction; the summary's own index where there is none."""
    outcomes: Annotated[bytes, Size(0, MAX_BLOCK_TRANSACTIONS)]
    """One byte a transaction: 0 carried out, else the refusing rule's number."""
    state_root: Digest
    """Root of the state tree after the block."""

    def outcome_of(self, index: int) -> int | None:
        """The outcome of the transaction at this log index; None if it is not of this block."""
        at = index - self.first
        return self.outcomes[at] if 0 <= at < len(self.outcomes) else None


_SUMMARY_START = encode([BlockSummary.TAG, None])[:-1]


def reads_as_summary(data: bytes) -> bool:
    """Whether a log entry could be taken for a block's summary. No transaction may: a proof shows an entry, not who made it."""
    return data.startswith(_SUMMARY_START)
