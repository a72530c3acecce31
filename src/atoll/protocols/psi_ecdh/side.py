"""What both sides have in common: own items, shuffled, the peer's items seen so far, the state that survives a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar

from atoll.primitives.errors import PointError
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import (
    BadItem,
    BadPoint,
    ForeignCheckpoint,
    PeerSetTooLarge,
    RepeatedPoint,
    TooManyItems,
    WrongFrame,
)
from atoll.protocols.psi_ecdh.messages import SetSize
from atoll.protocols.psi_ecdh.params import CONTEXT_BYTES, MAX_ITEM_BYTES, MAX_ITEMS, SEED_BYTES, TAG_BYTES, Limits, Rounds
from atoll.protocols.role import Checkpoint, Frame, Party, Progress, Receive, Role, Send
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import Digest, Message, Range, Size

_MAX_STATE_BYTES = 2 * TAG_BYTES * MAX_ITEMS + 1024
_BINDING_DOMAIN = b"ATOLL-V01-PSI-STATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Message):
    """What a checkpoint holds; the masks and the order follow from the seed, which the caller keeps."""

    TAG: ClassVar[str] = "psi-ecdh.state/1"

    binding: Digest
    """Digest over seed, context, places, frame size and items: the run that this belongs to."""
    peer_items: Annotated[int, Range(0, MAX_ITEMS)]
    """Size that the peer announced."""
    rounds_done: Annotated[int, Range(1, MAX_ITEMS)]
    """Rounds that need not be repeated."""
    seen: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)]
    """Tags of the peer's items so far, in the order in which they came."""
    answers: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)]
    """Receiver only: the sender's tags for the receiver's items so far."""


class Side:
    """One side's half of the work. `seen` and `answers` grow by one frame a round; everything else stays."""

    def __init__(self, items: Sequence[bytes], *, me: Party, peer: Party, context: bytes, seed: bytes, limits: Limits) -> None:
        if len(context) != CONTEXT_BYTES or len(seed) != SEED_BYTES:
            raise ValueError(f"a context has {CONTEXT_BYTES} bytes and a seed {SEED_BYTES}")
        _check_items(items, limits.own_items)
        self.peer = peer
        self.rounds = Rounds(0, 0, limits.points_per_frame)
        self.order = core.derive_order(seed, len(items))
        self.answers = bytearray()
        self._items = items
        self._context = context
        self._limits = limits
        self._secret = core.derive_secret(seed)
        self._binding = _bind(items, f"{me} {peer} {limits.points_per_frame}", context, seed)
        self._seen = bytearray()
        self._seen_set: set[bytes] = set()

    def open(self, resume: bytes | None) -> Role[int]:
        """Exchange sizes, or take up the state of a checkpoint; sets `rounds`, returns how many of them are done."""
        if resume is not None:
            return self._restore(resume)
        yield Send(self.peer, SetSize(items=len(self._items)))
        announced: SetSize = yield Receive(self.peer, SetSize)
        if announced.items > self._limits.peer_items:
            raise PeerSetTooLarge(found=announced.items, limit=self._limits.peer_items)
        self.rounds = Rounds(len(self._items), announced.items, self._limits.points_per_frame)
        return 0

    def masked(self, part: range) -> Frame:
        """The own items of these places, masked, for sending."""
        items = [self._items[index] for index in self.order[part.start : part.stop]]
        return Frame(core.mask(items, self._secret, self._context))

    def tags_of(self, frame: Frame, part: range, *, round_: int) -> bytes:
        """The packed tags of the peer's masked items of these places.

        Raises:
            WrongFrame: not as many as announced.
            BadPoint: one is not an element of the group.
            RepeatedPoint: one was there before.
        """
        check_length(frame, len(part) * POINT_BYTES, round_=round_)
        try:
            tags = core.tags(frame.data, self._secret, self._context)
        except PointError as err:
            raise BadPoint(position=part.start + err.index) from err
        for position, tag in enumerate(tags, part.start):
            if tag in self._seen_set:
                raise RepeatedPoint(position=position)
            self._seen_set.add(tag)
        packed = b"".join(tags)
        self._seen += packed
        return packed

    def has_seen(self, tag: bytes) -> bool:
        """Whether the peer sent the item of this tag."""
        return tag in self._seen_set

    def progress(self, round_: int) -> Progress:
        """How many items of both sides are through after `round_`."""
        done = self.rounds.own_part(round_).stop + self.rounds.peer_part(round_).stop
        return Progress(done, self.rounds.own_items + self.rounds.peer_items, "items")

    def checkpoint(self, rounds_done: int) -> Checkpoint:
        """Everything that the rounds so far gave."""
        state = State(
            binding=self._binding,
            peer_items=self.rounds.peer_items,
            rounds_done=rounds_done,
            seen=bytes(self._seen),
            answers=bytes(self.answers),
        )
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=_MAX_STATE_BYTES))

    def _restore(self, resume: bytes) -> int:
        try:
            tag, fields = decode(resume, max_bytes=_MAX_STATE_BYTES)
            state = State.from_map(fields)
        except (CborError, MessageError, TypeError, ValueError) as err:
            raise ForeignCheckpoint() from err
        if tag != State.TAG or state.binding != self._binding or state.peer_items > self._limits.peer_items:
            raise ForeignCheckpoint()
        self.rounds = Rounds(len(self._items), state.peer_items, self._limits.points_per_frame)
        last = state.rounds_done - 1
        if (
            state.rounds_done > self.rounds.count
            or len(state.seen) != self.rounds.peer_part(last).stop * TAG_BYTES
            or len(state.answers) not in (0, self.rounds.own_part(last).stop * TAG_BYTES)
        ):
            raise ForeignCheckpoint()
        self._seen = bytearray(state.seen)
        self._seen_set = set(core.unpack_tags(state.seen))
        self.answers = bytearray(state.answers)
        return state.rounds_done


def check_length(frame: Frame, expected: int, *, round_: int) -> None:
    """Refuse a frame that is longer or shorter than the sizes make it.

    Raises:
        WrongFrame: it is.
    """
    if len(frame.data) != expected:
        raise WrongFrame(round=round_, found=len(frame.data), expected=expected)


def _check_items(items: Sequence[bytes], limit: int) -> None:
    if len(items) > limit:
        raise TooManyItems(found=len(items), limit=limit)
    known: set[bytes] = set()
    for index, item in enumerate(items):
        if not 1 <= len(item) <= MAX_ITEM_BYTES:
            raise BadItem(index=index, reason=f"it has {len(item)} bytes, 1 to {MAX_ITEM_BYTES} are possible")
        if item in known:
            raise BadItem(index=index, reason="it stands in the list twice")
        known.add(item)


def _bind(items: Sequence[bytes], places: str, context: bytes, seed: bytes) -> bytes:
    digest = sha256(_BINDING_DOMAIN + seed + context + len(places).to_bytes(8, "big") + places.encode())
    for item in items:
        digest.update(len(item).to_bytes(8, "big") + item)
    return digest.digest()
