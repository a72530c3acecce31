"""A transaction: one member's signed request to move the state.

Its payload is a `Transaction` message inside a COSE_Sign1 envelope whose external data name the chain, its genesis and the
context `transaction`; `kid` names the sender's identity key version. The received bytes are what is hashed, verified and
logged.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.trust.algorithms import Algorithm
from atoll.trust.envelope import Context, Envelope, encode_aad, parse_envelope, seal_envelope
from atoll.wire.message import Count, Document, Message, Name, Size, encode_message, parse_message

MAX_TRANSACTION_BYTES = 65_000
"""A log entry holds at most 65,535 bytes."""
SMALL_BYTES = 1024
"""Several blocks' worth of transactions up to this size are kept in read form; few are larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(Message):
    """What is signed."""

    TAG: ClassVar[str] = "transaction/1"

    sender: Name
    """Member that asks."""
    nonce: Count
    """Greater than any this sender used before."""
    expiry_height: Count
    """Last height at which it may be included."""
    type: Annotated[str, Size(3, 40)]
    """Tag of the body's message class, for example `job.consent/1`."""
    body: Document
    """The body's fields."""


def seal_transaction(
    transaction: Transaction, *, kid: str, sign: Callable[[bytes], bytes], chain_id: str, genesis_digest: bytes
) -> bytes:
    """The signed bytes of a transaction."""
    aad = encode_aad(chain_id, genesis_digest, Context.TRANSACTION)
    payload = encode_message(transaction)
    return seal_envelope(payload, kid=kid.encode(), algorithm=Algorithm.ED25519, sign=sign, aad=aad)


def parse_transaction(data: bytes) -> tuple[Envelope, Transaction]:
    """Envelope and payload; the signature is not looked at. The last ones are kept, because each is asked for again: at the
    door, when a block is proposed, when it is carried out."""
    return _parse_small(data) if len(data) <= SMALL_BYTES else _parse_large(data)


@functools.lru_cache(maxsize=8192)
def _parse_small(data: bytes) -> tuple[Envelope, Transaction]:
    return _parse(data)


@functools.lru_cache(maxsize=256)
def _parse_large(data: bytes) -> tuple[Envelope, Transaction]:
    return _parse(data)


def _parse(data: bytes) -> tuple[Envelope, Transaction]:
    envelope = parse_envelope(data)
    return envelope, parse_message(envelope.payload, Transaction)


def transaction_id(data: bytes) -> bytes:
    """SHA-256 of the received bytes. Kept like what was read of them: it is their name wherever they come by."""
    return _small_id(data) if len(data) <= SMALL_BYTES else hashlib.sha256(data).digest()


@functools.lru_cache(maxsize=8192)
def _small_id(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@functools.lru_cache(maxsize=4)
def transaction_ids(transactions: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Those of a block. The last ones are kept, because the store asks, and whoever waits for a transaction of it."""
    return tuple([transaction_id(data) for data in transactions])
