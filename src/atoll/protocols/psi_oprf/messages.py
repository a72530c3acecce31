"""The typed messages, in the order they are sent. The table, blinded keys and answers travel as raw frames after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.psi.items import MAX_ROWS
from atoll.protocols.psi_oprf.params import MAX_TABLE_ROWS
from atoll.wire.message import Digest, Message, Range, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """Receiver to sender."""

    TAG: ClassVar[str] = "psi-oprf.request/1"

    epoch: Digest
    """Cache key of the agreed dataset version and epoch."""
    rows: Annotated[int, Range(0, MAX_ROWS)]
    """Rows with a key that the receiver brings."""
    held: Annotated[bytes, Size(0, 32)]
    """Digest of the table that the receiver has kept, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Message):
    """Sender to receiver. The table follows unless the receiver holds it."""

    TAG: ClassVar[str] = "psi-oprf.offer/1"

    public: Annotated[bytes, Size(POINT_BYTES)]
    """The sender's public key of this epoch."""
    entries: Annotated[int, Range(64, 2 * MAX_TABLE_ROWS)]
    """Entries of the table, dummies included."""
    digest: Digest
    """SHA-256 of the table."""
