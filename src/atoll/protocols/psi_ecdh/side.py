"""What both sides have in common: own keys, shuffled, the rounds, the state that survives a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar, TypeVar

import numpy as np

from atoll.primitives.oblivious import POINT_BYTES
from atoll.protocols.coin import draw_joint_salt
from atoll.protocols.psi.items import DIGEST_BYTES, Bucket, Items
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import ForeignCheckpoint, PeerSetTooLarge, TooManyItems, WrongFrame
from atoll.protocols.psi_ecdh.messages import SetSize
from atoll.protocols.psi_ecdh.params import CONTEXT_BYTES, MAX_ITEMS, SEED_BYTES, TAG_BYTES, Limits, Rounds
from atoll.protocols.role import Checkpoint, Frame, Party, Progress, Receive, Role, Send
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import Digest, Message, Range, Size

_MAX_STATE_BYTES = 2 * TAG_BYTES * MAX_ITEMS + 1024
_BINDING_DOMAIN = b"ATOLL-V03-PSI-STATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Message):
    """What a checkpoint holds; secrets and the order follow from the seed, which the caller keeps."""

    TAG: ClassVar[str] = "psi-ecdh.state/3"

    binding: Digest
    """Digest over seed, context, places, frame size, salt and set: the run that this belongs to."""
    salt: Digest
    """The joint salt."""
    peer_items: Annotated[int, Range(0, MAX_ITEMS)]
    """Size that the peer announced."""
    rounds_done: Annotated[int, Range(1, MAX_ITEMS)]
    """Rounds that need not be repeated."""
    public_key: Annotated[bytes, Size(0, POINT_BYTES)] = b""
    """Receiver only, as the next two: the sender's."""
    theirs: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)] = b""
    """The sender's tags so far, in the order in which they came."""
    ours: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)] = b""
    """The tags of the own keys so far, in the order in which they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One side's arguments."""

    me: Party
    peer: Party
    context: bytes
    seed: bytes
    limits: Limits

    def __post_init__(self) -> None:
        if len(self.context) != CONTEXT_BYTES or len(self.seed) != SEED_BYTES:
            raise ValueError(f"a context has {CONTEXT_BYTES} bytes and a seed {SEED_BYTES}")


class Side:
    """One side's half of the work, but for what only the sender or only the receiver does."""

    def __init__(self, terms: Terms, salt: bytes, bucket: Bucket) -> None:
        if len(bucket) > terms.limits.own_items:
            raise TooManyItems(found=len(bucket), limit=terms.limits.own_items)
        self.rounds = Rounds(0, 0, terms.limits.points_per_frame)
        self._terms = terms
        self._salt = salt
        self._bucket = bucket
        self._digests = np.frombuffer(bucket.digests, f"V{DIGEST_BYTES}")
        self._order = core.derive_order(terms.seed, len(bucket))
        self._binding = _bind(terms, salt, bucket)

    def start(self) -> Role[None]:
        """Exchange sizes."""
        peer, limits = self._terms.peer, self._terms.limits
        yield Send(peer, SetSize(items=len(self._bucket)))
        yield from self.introduce()
        announced: SetSize = yield Receive(peer, SetSize)
        if announced.items > limits.peer_items:
            raise PeerSetTooLarge(found=announced.items, limit=limits.peer_items)
        self.rounds = Rounds(len(self._bucket), announced.items, limits.points_per_frame)

    def introduce(self) -> Role[None]:
        """What this side says with its size, before it waits for the other's."""
        yield from ()

    def restore(self, state: State) -> None:
        """Take up a checkpoint's state.

        Raises:
            ForeignCheckpoint: it is of another run, or contradicts itself.
        """
        limits = self._terms.limits
        if state.binding != self._binding or state.peer_items > limits.peer_items:
            raise ForeignCheckpoint()
        self.rounds = Rounds(len(self._bucket), state.peer_items, limits.points_per_frame)
        if state.rounds_done > self.rounds.count:
            raise ForeignCheckpoint()

    def digests(self, part: range) -> bytes:
        """The digests of the own keys of these places, packed."""
        return self._digests[self._order[part.start : part.stop]].tobytes()

    def progress(self, round_: int) -> Progress:
        """How many keys of both sides are through after `round_`."""
        done = self.rounds.own_part(round_).stop + self.rounds.peer_part(round_).stop
        return Progress(done, self.rounds.own_items + self.rounds.peer_items, "items")

    def checkpoint(self, rounds_done: int, *, public_key: bytes = b"", theirs: bytes = b"", ours: bytes = b"") -> Checkpoint:
        """Everything that the rounds so far gave."""
        state = State(
            binding=self._binding,
            salt=self._salt,
            peer_items=self.rounds.peer_items,
            rounds_done=rounds_done,
            public_key=public_key,
            theirs=theirs,
            ours=ours,
        )
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=_MAX_STATE_BYTES))


SideT = TypeVar("SideT", bound=Side)


def open_side(
    side_of: Callable[[Terms, bytes, Bucket], SideT], items: Items, terms: Terms, resume: bytes | None
) -> Role[tuple[SideT, int]]:
    """Toss for the salt, hash the set under it and start, or take up the state of a checkpoint.

    Returns:
        The side, and how many of its rounds are done.
    """
    state = None if resume is None else _parse_state(resume)
    if state is None:
        salt: bytes = yield from draw_joint_salt(terms.me, [terms.peer], context=terms.context, seed=terms.seed)
    else:
        salt = state.salt
    buckets = items.partition(salt, 1)
    try:
        side = side_of(terms, salt, buckets.load(0))
    finally:
        buckets.close()
    if state is None:
        yield from side.start()
        return side, 0
    side.restore(state)
    return side, state.rounds_done


def check_length(frame: Frame, expected: int, *, round_: int) -> None:
    """Refuse a frame that is longer or shorter than the sizes make it.

    Raises:
        WrongFrame: it is.
    """
    if len(frame.data) != expected:
        raise WrongFrame(round=round_, found=len(frame.data), expected=expected)


def _parse_state(data: bytes) -> State:
    try:
        tag, fields = decode(data, max_bytes=_MAX_STATE_BYTES)
        state = State.from_map(fields)
    except (CborError, MessageError, TypeError, ValueError) as err:
        raise ForeignCheckpoint() from err
    if tag != State.TAG:
        raise ForeignCheckpoint()
    return state


def _bind(terms: Terms, salt: bytes, bucket: Bucket) -> bytes:
    """The run, as a digest: questions for any other set under the same blinders would show the peer which keys stayed."""
    places = f"{terms.me} {terms.peer} {terms.limits.points_per_frame}".encode()
    digest = sha256(_BINDING_DOMAIN + terms.seed + terms.context + salt + len(places).to_bytes(8, "big") + places)
    for packed in (bucket.digests, bucket.ends, bucket.rows):
        digest.update(len(packed).to_bytes(8, "big"))
        digest.update(packed)
    return digest.digest()
