"""What both sides have in common: own keys, shuffled, the peer's keys seen so far, the state that survives a crash."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar

import numpy as np

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import PointError
from atoll.primitives.tags import TagSet
from atoll.primitives.x25519 import POINT_BYTES
from atoll.protocols.coin import draw_joint_salt
from atoll.protocols.psi.items import DIGEST_BYTES, Bucket, Items, Matches
from atoll.protocols.psi.rows import matches_of, select_keys
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import (
    BadPoint,
    ForeignCheckpoint,
    PeerSetTooLarge,
    RepeatedPoint,
    RepeatedTag,
    TooManyItems,
    WrongFrame,
)
from atoll.protocols.psi_ecdh.messages import SetSize
from atoll.protocols.psi_ecdh.params import CONTEXT_BYTES, MAX_ITEMS, SEED_BYTES, TAG_BYTES, Limits, Rounds
from atoll.protocols.role import Checkpoint, Frame, Party, Progress, Receive, Role, Send
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import Digest, Message, Range, Size

_MAX_STATE_BYTES = 2 * TAG_BYTES * MAX_ITEMS + 1024
_BINDING_DOMAIN = b"ATOLL-V02-PSI-STATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Message):
    """What a checkpoint holds; the masks and the order follow from the seed, which the caller keeps."""

    TAG: ClassVar[str] = "psi-ecdh.state/2"

    binding: Digest
    """Digest over seed, context, places, frame size, salt and set: the run that this belongs to."""
    salt: Digest
    """The joint salt."""
    peer_items: Annotated[int, Range(0, MAX_ITEMS)]
    """Size that the peer announced."""
    rounds_done: Annotated[int, Range(1, MAX_ITEMS)]
    """Rounds that need not be repeated."""
    seen: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)]
    """Tags of the peer's keys so far, in the order in which they came."""
    answers: Annotated[bytes, Size(0, TAG_BYTES * MAX_ITEMS)]
    """Receiver only: the sender's tags for the receiver's keys so far."""


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
    """One side's half of the work. What the peer sent grows by one frame a round; everything else stays."""

    def __init__(self, terms: Terms, salt: bytes, bucket: Bucket) -> None:
        if len(bucket) > terms.limits.own_items:
            raise TooManyItems(found=len(bucket), limit=terms.limits.own_items)
        self.rounds = Rounds(0, 0, terms.limits.points_per_frame)
        self._terms = terms
        self._salt = salt
        self._bucket = bucket
        self._digests = np.frombuffer(bucket.digests, f"V{DIGEST_BYTES}")
        self._secret = core.derive_secret(terms.seed)
        self._order = core.derive_order(terms.seed, len(bucket))
        self._seen = TagSet(TAG_BYTES, SeededEntropy(terms.seed).fork("psi-ecdh seen").bytes(32))
        self._answers = TagSet(TAG_BYTES, SeededEntropy(terms.seed).fork("psi-ecdh answers").bytes(32))
        self._binding = _bind(terms, salt, bucket)

    def masked(self, part: range) -> Frame:
        """The own keys of these places, masked, for sending."""
        digests = self._digests[self._order[part.start : part.stop]].tobytes()
        return Frame(core.mask(digests, self._secret, self._terms.context))

    def take_points(self, frame: Frame, part: range, *, round_: int) -> Frame:
        """The packed tags of the peer's masked keys of these places.

        Raises:
            WrongFrame: not as many as announced.
            BadPoint: one is no number below p, or of small order.
            RepeatedPoint: one was there before.
        """
        _check_length(frame, len(part) * POINT_BYTES, round_=round_)
        try:
            tags = core.tags(frame.data, self._secret, self._terms.context)
        except PointError as err:
            raise BadPoint(position=part.start + err.index) from err
        repeated = self._seen.add(tags)
        if repeated is not None:
            raise RepeatedPoint(position=part.start + repeated)
        return Frame(tags)

    def take_answers(self, frame: Frame, part: range, *, round_: int) -> None:
        """The sender's tags for the own keys of these places. Different keys have different tags.

        Raises:
            WrongFrame: not as many as asked for.
            RepeatedTag: one was there before.
        """
        _check_length(frame, len(part) * TAG_BYTES, round_=round_)
        repeated = self._answers.add(frame.data)
        if repeated is not None:
            raise RepeatedTag(position=part.start + repeated)

    def matches(self) -> Matches:
        """The own keys whose answer is a tag of the peer's."""
        places = np.frombuffer(self._seen.find(self._answers.packed()), "<u4")
        return matches_of(select_keys(self._bucket, np.sort(self._order[places])))

    def progress(self, round_: int) -> Progress:
        """How many keys of both sides are through after `round_`."""
        done = self.rounds.own_part(round_).stop + self.rounds.peer_part(round_).stop
        return Progress(done, self.rounds.own_items + self.rounds.peer_items, "items")

    def checkpoint(self, rounds_done: int) -> Checkpoint:
        """Everything that the rounds so far gave."""
        state = State(
            binding=self._binding,
            salt=self._salt,
            peer_items=self.rounds.peer_items,
            rounds_done=rounds_done,
            seen=self._seen.packed(),
            answers=self._answers.packed(),
        )
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=_MAX_STATE_BYTES))

    def start(self) -> Role[int]:
        """Exchange sizes; no round is done."""
        peer, limits = self._terms.peer, self._terms.limits
        yield Send(peer, SetSize(items=len(self._bucket)))
        announced: SetSize = yield Receive(peer, SetSize)
        if announced.items > limits.peer_items:
            raise PeerSetTooLarge(found=announced.items, limit=limits.peer_items)
        self.rounds = Rounds(len(self._bucket), announced.items, limits.points_per_frame)
        return 0

    def restore(self, state: State) -> int:
        """Take up a checkpoint's state; how many rounds are done.

        Raises:
            ForeignCheckpoint: it is of another run, or contradicts itself.
        """
        limits = self._terms.limits
        if state.binding != self._binding or state.peer_items > limits.peer_items:
            raise ForeignCheckpoint()
        self.rounds = Rounds(len(self._bucket), state.peer_items, limits.points_per_frame)
        last = state.rounds_done - 1
        if (
            state.rounds_done > self.rounds.count
            or len(state.seen) != self.rounds.peer_part(last).stop * TAG_BYTES
            or len(state.answers) not in (0, self.rounds.own_part(last).stop * TAG_BYTES)
            or self._seen.add(state.seen) is not None
            or self._answers.add(state.answers) is not None
        ):
            raise ForeignCheckpoint()
        return state.rounds_done


def open_side(items: Items, terms: Terms, resume: bytes | None) -> Role[tuple[Side, int]]:
    """Toss for the salt, hash the set under it and exchange sizes, or take up the state of a checkpoint.

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
        side = Side(terms, salt, buckets.load(0))
    finally:
        buckets.close()
    return side, ((yield from side.start()) if state is None else side.restore(state))


def _parse_state(data: bytes) -> State:
    try:
        tag, fields = decode(data, max_bytes=_MAX_STATE_BYTES)
        state = State.from_map(fields)
    except (CborError, MessageError, TypeError, ValueError) as err:
        raise ForeignCheckpoint() from err
    if tag != State.TAG:
        raise ForeignCheckpoint()
    return state


def _check_length(frame: Frame, expected: int, *, round_: int) -> None:
    """Refuse a frame that is longer or shorter than the sizes make it."""
    if len(frame.data) != expected:
        raise WrongFrame(round=round_, found=len(frame.data), expected=expected)


def _bind(terms: Terms, salt: bytes, bucket: Bucket) -> bytes:
    """The run, as a digest: any other set under the same mask would show the peer which keys stayed."""
    places = f"{terms.me} {terms.peer} {terms.limits.points_per_frame}".encode()
    digest = sha256(_BINDING_DOMAIN + terms.seed + terms.context + salt + len(places).to_bytes(8, "big") + places)
    for packed in (bucket.digests, bucket.ends, bucket.rows):
        digest.update(len(packed).to_bytes(8, "big"))
        digest.update(packed)
    return digest.digest()
