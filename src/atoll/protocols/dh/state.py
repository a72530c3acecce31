"""What a checkpoint is bound to, and how it is written.

Masks and orders follow from the seed, which the caller keeps, so a state holds only what was agreed and what was heard. A state
belongs to one set, seed, plan, place and protocol; anything else could send other keys under the same mask, which would show the
other side which of them stayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar

from atoll.protocols.dh.errors import ForeignCheckpoint
from atoll.protocols.dh.opening import Opened
from atoll.protocols.dh.params import MAX_ROWS
from atoll.protocols.psi.items import Buckets
from atoll.protocols.role import Checkpoint, Party
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import Digest, Message, Range, Size

MAX_HELD_BYTES = 1 << 31
_BINDING_DOMAIN = b"ATOLL-V01-DH-STATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Message):
    """A checkpoint."""

    TAG: ClassVar[str] = "dh.state/1"

    binding: Digest
    """The run that this belongs to."""
    salt: Digest
    """The joint salt."""
    peer_rows: Annotated[int, Range(0, MAX_ROWS)]
    """Rows that the peer announced."""
    done: Annotated[int, Range(1, MAX_ROWS)]
    """Steps that need not be repeated."""
    held: Annotated[tuple[Annotated[bytes, Size(0, MAX_HELD_BYTES)], ...], Size(0, 8)]
    """What the steps so far gave; the protocol says which."""


def parse_state(data: bytes) -> State:
    """The state in a checkpoint.

    Raises:
        ForeignCheckpoint: it is none.
    """
    try:
        tag, fields = decode(data, max_bytes=MAX_HELD_BYTES)
        state = State.from_map(fields)
    except (CborError, MessageError, TypeError, ValueError) as err:
        raise ForeignCheckpoint() from err
    if tag != State.TAG:
        raise ForeignCheckpoint()
    return state


@dataclass(frozen=True, slots=True)
class Run:
    """One side's run: what its checkpoints are bound to."""

    protocol: str
    """Name, version, and every parameter beside those below."""
    me: Party
    peer: Party
    context: bytes
    seed: bytes

    def bind(self, opened: Opened, buckets: Buckets) -> bytes:
        """The digest of all that must be the same when the run is resumed. Cost: one pass over the digests."""
        digest = sha256(_BINDING_DOMAIN + self.seed + self.context + opened.salt)
        agreed = f"{self.protocol} {self.me} {self.peer} {opened.own_rows} {opened.peer_rows} {len(buckets)}".encode()
        digest.update(len(agreed).to_bytes(8, "big") + agreed)
        for number in range(len(buckets)):
            bucket = buckets.load(number)
            for packed in (bucket.digests, bucket.ends, bucket.rows):
                digest.update(len(packed).to_bytes(8, "big") + packed)
        return digest.digest()

    def checkpoint(self, binding: bytes, opened: Opened, done: int, *held: bytes) -> Checkpoint:
        """The state after `done` steps."""
        state = State(binding=binding, salt=opened.salt, peer_rows=opened.peer_rows, done=done, held=held)
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=MAX_HELD_BYTES))
