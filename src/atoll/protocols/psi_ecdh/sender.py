"""The sender: lets the receiver find out what it shares with this set, and learns only how large the receiver's set is."""

from __future__ import annotations

from atoll.primitives import oblivious
from atoll.primitives.errors import PointError
from atoll.protocols.psi.items import Bucket, Items
from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import BadPoint
from atoll.protocols.psi_ecdh.messages import PublicKey
from atoll.protocols.psi_ecdh.params import Limits
from atoll.protocols.psi_ecdh.side import Side, Terms, check_length, open_side
from atoll.protocols.role import Frame, Party, Receive, Role, Send


def sender(
    items: Items,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    resume: bytes | None = None,
) -> Role[None]:
    """Give `items` to an intersection.

    Args:
        items: at most `limits.own_items` distinct keys, normalised as the plan says.
        me: this side's place.
        receiver: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyItems: the set is larger than agreed.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of distinct keys, and which of the receiver's are among them; nothing about the others.
    Learns: the number of the receiver's distinct keys.
    Cost: one hash to the curve and one multiplication an own key, one root and one multiplication a key of the receiver; 56
    bytes of memory an own key.
    Spec: specs/psi-ecdh.md, semi-honest.
    """
    terms = Terms(me=me, peer=receiver, context=context, seed=seed, limits=limits)
    answering, done = yield from open_side(Answering, items, terms, resume)
    rounds = answering.rounds
    for round_ in range(done, rounds.count):
        own, theirs = rounds.own_part(round_), rounds.peer_part(round_)
        if own:  # before the questions are waited for: this side has the most to do
            yield Send(receiver, answering.tags(own))
        if theirs:
            questions: Frame = yield Receive(receiver, Frame)
            yield Send(receiver, answering.answers(questions, theirs, round_=round_))
        yield answering.progress(round_)
        if rounds.is_checkpoint_after(round_):
            yield answering.checkpoint(round_ + 1)


class Answering(Side):
    """The sender's half. Nothing that the receiver says stays."""

    def __init__(self, terms: Terms, salt: bytes, bucket: Bucket) -> None:
        super().__init__(terms, salt, bucket)
        self._secret = core.derive_secret(terms.seed)

    def introduce(self) -> Role[None]:
        """The public key."""
        yield Send(self._terms.peer, PublicKey(point=oblivious.public_key(self._secret)))

    def tags(self, part: range) -> Frame:
        """The tags of the own keys of these places."""
        return Frame(core.tags_of_own(self.digests(part), self._secret, self._terms.context))

    def answers(self, questions: Frame, part: range, *, round_: int) -> Frame:
        """The answers to the receiver's questions for its keys of these places.

        Raises:
            WrongFrame: not as many as announced.
            BadPoint: one is no canonical encoding of a point, or of small order.
        """
        check_length(questions, len(part) * oblivious.POINT_BYTES, round_=round_)
        try:
            return Frame(oblivious.answer(questions.data, self._secret))
        except PointError as err:
            raise BadPoint(position=part.start + err.index) from err
