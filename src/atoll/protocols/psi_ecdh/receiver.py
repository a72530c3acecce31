"""The receiver: finds out which of its keys the sender has too."""

from __future__ import annotations

import numpy as np

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import PointError
from atoll.primitives.oblivious import POINT_BYTES, ObliviousKey, SecretScalars
from atoll.primitives.tags import TagSet
from atoll.protocols.psi.items import Bucket, Items, Matches
from atoll.protocols.psi.rows import matches_of, select_keys
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import BadKey, BadPoint, ForeignCheckpoint, RepeatedTag
from atoll.protocols.psi_ecdh.messages import PublicKey
from atoll.protocols.psi_ecdh.params import TAG_BYTES, Limits
from atoll.protocols.psi_ecdh.side import Side, State, Terms, check_length, open_side
from atoll.protocols.role import Checkpoint, Frame, Party, Receive, Role, Send


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    resume: bytes | None = None,
) -> Role[Matches]:
    """Intersect `items` with the sender's set.

    Args:
        items: at most `limits.own_items` distinct keys, normalised as the plan says.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        resume: state of the checkpoint to go on from.

    Returns:
        The rows whose key the sender has too.

    Raises:
        TooManyItems: the set is larger than agreed.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of distinct keys. Learns: the number of the sender's, and the output.
    Cost: one hash to the curve, two multiples of fixed points and one root an own key; 72 bytes of memory an own key, 25 a key
    of the sender, and twice as much again (measured 48) for a checkpoint while it is made.
    Spec: specs/psi-ecdh.md, semi-honest.
    """
    terms = Terms(me=me, peer=sender, context=context, seed=seed, limits=limits)
    asking, done = yield from open_side(Asking, items, terms, resume)
    rounds = asking.rounds
    for round_ in range(done, rounds.count):
        own, theirs = rounds.own_part(round_), rounds.peer_part(round_)
        if own:
            yield Send(sender, asking.questions(own))
        if theirs:
            tags: Frame = yield Receive(sender, Frame)
            asking.take_tags(tags, theirs, round_=round_)
        if own:
            answers: Frame = yield Receive(sender, Frame)
            asking.take_answers(answers, own, round_=round_)
        yield asking.progress(round_)
        if rounds.is_checkpoint_after(round_):
            yield asking.told(round_ + 1)
    return asking.matches()


class Asking(Side):
    """The receiver's half. What the sender said grows by a round's frames; everything else stays."""

    def __init__(self, terms: Terms, salt: bytes, bucket: Bucket) -> None:
        super().__init__(terms, salt, bucket)
        self._public_key = b""
        self._key: ObliviousKey | None = None
        self._drawn: tuple[range, SecretScalars] | None = None
        self._theirs = TagSet(TAG_BYTES, SeededEntropy(terms.seed).fork("psi-ecdh theirs").bytes(32))
        self._ours = bytearray()

    def start(self) -> Role[None]:
        """Exchange sizes, and hear the sender's public key.

        Raises:
            BadKey: it is no point, or not of order L.
        """
        yield from super().start()
        announced: PublicKey = yield Receive(self._terms.peer, PublicKey)
        try:
            self._take_key(announced.point)
        except PointError as err:
            raise BadKey() from err

    def restore(self, state: State) -> None:
        """Take up a checkpoint's state; raises as `Side.restore`."""
        super().restore(state)
        last = state.rounds_done - 1
        if (
            len(state.theirs) != self.rounds.peer_part(last).stop * TAG_BYTES
            or len(state.ours) != self.rounds.own_part(last).stop * TAG_BYTES
            or self._theirs.add(state.theirs) is not None
        ):
            raise ForeignCheckpoint()
        self._ours += state.ours
        try:
            self._take_key(state.public_key)
        except (PointError, ValueError) as err:
            raise ForeignCheckpoint() from err

    def _take_key(self, point: bytes) -> None:
        self._public_key, self._key = point, ObliviousKey.from_point(point)

    def questions(self, part: range) -> Frame:
        """The questions for the own keys of these places."""
        return Frame(core.questions(self.digests(part), self._blinders(part), self._terms.context))

    def take_tags(self, frame: Frame, part: range, *, round_: int) -> None:
        """The sender's tags of its keys of these places. Different keys have different tags.

        Raises:
            WrongFrame: not as many as announced.
            RepeatedTag: one was there before.
        """
        check_length(frame, len(part) * TAG_BYTES, round_=round_)
        repeated = self._theirs.add(frame.data)
        if repeated is not None:
            raise RepeatedTag(position=part.start + repeated)

    def take_answers(self, frame: Frame, part: range, *, round_: int) -> None:
        """The sender's answers to the questions of these places.

        Nothing is made of what they hold, so that no sender learns from the end of a run whether it guessed a key: an answer
        that was not made with the sender's secret finds nothing.

        Raises:
            WrongFrame: not as many as asked for.
            BadPoint: one is no canonical encoding of a point, or of small order.
        """
        check_length(frame, len(part) * POINT_BYTES, round_=round_)
        if self._key is None:
            raise RuntimeError("the key comes before the answers")
        try:
            self._ours += core.tags_of_answers(
                self.digests(part), frame.data, self._blinders(part), self._key, self._terms.context
            )
        except PointError as err:
            raise BadPoint(position=part.start + err.index) from err

    def told(self, rounds_done: int) -> Checkpoint:
        """What the rounds so far gave."""
        return self.checkpoint(rounds_done, public_key=self._public_key, theirs=self._theirs.packed(), ours=bytes(self._ours))

    def matches(self) -> Matches:
        """The own keys whose tag is among the sender's."""
        places = np.frombuffer(self._theirs.find(self._ours), "<u4")
        return matches_of(select_keys(self._bucket, np.sort(self._order[places])))

    def _blinders(self, part: range) -> SecretScalars:
        """Those of these places; kept until other places are asked for, because a round wants them twice."""
        if self._drawn is None or self._drawn[0] != part:
            self._drawn = part, core.derive_blinders(self._terms.seed, part)
        return self._drawn[1]
