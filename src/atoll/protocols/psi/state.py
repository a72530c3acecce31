"""What a checkpoint is bound to, and how it is written.

Masks and orders follow from the seed, which the caller keeps, so a state holds only what was agreed and what was heard. A state
belongs to one set, seed, plan, place and protocol; anything else could send other keys under the same mask, which would show
the other side which of them stayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, ClassVar

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.private_digest import KEY_BYTES, PrivateDigest
from atoll.protocols.psi.cut import bucket_count, is_within_cap, padded_total
from atoll.protocols.psi.errors import ForeignCheckpoint, PaddingAboveCap
from atoll.protocols.psi.items import MAX_ROWS, Buckets, Items
from atoll.protocols.psi.limits import MAX_WHOLE_ROWS, Limits
from atoll.protocols.psi.opening import Opened, open_run
from atoll.protocols.role import Checkpoint, Party, Role
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
class Begun:
    """A run that has been opened, now or before a crash."""

    opened: Opened
    buckets: Buckets
    binding: bytes
    done: int
    """Steps that need not be repeated."""
    held: tuple[bytes, ...] = field(repr=False)
    """What they gave."""

    def checkpoint(self, done: int, *held: bytes) -> Checkpoint:
        """The state after `done` steps."""
        state = State(binding=self.binding, salt=self.opened.salt, peer_rows=self.opened.peer_rows, done=done, held=held)
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=MAX_HELD_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One side's run."""

    protocol: str
    """Name, version, and every agreed parameter that is not in the plan's row caps."""
    me: Party
    peer: Party
    context: bytes
    seed: bytes = field(repr=False)
    limits: Limits
    is_whole: bool = False
    """Whether the set stays in one bucket: what a protocol counts or shuffles, it counts and shuffles over everything."""
    is_receiver: bool = False
    """Whether this side gets the result; the receiver's cap counts its dummies too."""

    def begin(self, items: Items, resume: bytes | None) -> Role[Begun]:
        """Open the run, or take up the state of a checkpoint.

        Raises:
            What `open_run` raises.
            PaddingAboveCap: the receiver's set would be padded far above its cap.
            ForeignCheckpoint: `resume` is of another run.
        """
        most = MAX_WHOLE_ROWS if self.is_whole else MAX_ROWS
        state = None if resume is None else parse_state(resume)
        if state is None:
            opened = yield from open_run(
                items.rows,
                me=self.me,
                peer=self.peer,
                context=self.context,
                seed=self.seed,
                limits=self.limits,
                most_rows=most,
            )
        else:
            if items.rows > min(self.limits.own_items, most) or state.peer_rows > min(self.limits.peer_items, most):
                raise ForeignCheckpoint()
            opened = Opened(state.salt, items.rows, state.peer_rows)
        count = 1 if self.is_whole else bucket_count(opened.own_rows, opened.peer_rows)
        self._verify_room(opened, count)
        return self.enter(opened, items.partition(opened.salt, count), state)

    def _verify_room(self, opened: Opened, buckets: int) -> None:
        rows, cap = (opened.own_rows, self.limits.own_items) if self.is_receiver else (opened.peer_rows, self.limits.peer_items)
        if not is_within_cap(rows, buckets, cap):
            raise PaddingAboveCap(rows=rows, found=padded_total(rows, buckets), buckets=buckets, limit=cap)

    def enter(self, opened: Opened, buckets: Buckets, state: State | None) -> Begun:
        """A run whose sizes and salt are known, from its start or from a state.

        Raises:
            ForeignCheckpoint: the state is of another run.
        """
        binding = self._bind(opened, buckets)
        if state is None:
            return Begun(opened, buckets, binding, 0, ())
        if state.binding != binding:
            buckets.close()
            raise ForeignCheckpoint()
        return Begun(opened, buckets, binding, state.done, state.held)

    def fork(self, label: str) -> SeededEntropy:
        """A stream of this run's own."""
        return SeededEntropy(self.seed).fork(f"{self.protocol} {label}")

    def _bind(self, opened: Opened, buckets: Buckets) -> bytes:
        """The digest of all that must be the same when the run is resumed. Cost: a fast pass over the set."""
        agreed = f"{self.protocol} {self.me} {self.peer} {opened.own_rows} {opened.peer_rows} {len(buckets)}".encode()
        label = sha256(_BINDING_DOMAIN + self.seed + self.context + opened.salt + agreed).digest()
        digest = PrivateDigest(self.fork("binding").bytes(KEY_BYTES), label)
        for number in range(len(buckets)):
            bucket = buckets.load(number)
            for packed in (bucket.digests, bucket.ends, bucket.rows):
                digest.update(packed)
        return digest.digest()
