"""The receiver: finds out which of its keys the sender has too."""

from __future__ import annotations

from atoll.protocols.psi.items import Items, Matches
from atoll.protocols.psi_ecdh.params import Limits
from atoll.protocols.psi_ecdh.side import Terms, open_side
from atoll.protocols.role import Frame, Party, Receive, Role, Send


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
    Cost: one hash to the curve and one multiplication an own key, one multiplication a key of the sender; 80 bytes of memory an
    own key and 24 a key of the sender, and 32 for a checkpoint while it is written.
    Spec: specs/psi-ecdh.md, semi-honest.
    """
    terms = Terms(me=me, peer=sender, context=context, seed=seed, limits=limits)
    side, done = yield from open_side(items, terms, resume)
    rounds = side.rounds
    for round_ in range(done, rounds.count):
        own, theirs = rounds.own_part(round_), rounds.peer_part(round_)
        if own:
            yield Send(sender, side.masked(own))
        if theirs:  # before the answer is waited for: both sides compute at the same time
            points: Frame = yield Receive(sender, Frame)
            side.take_points(points, theirs, round_=round_)
        if own:
            answer: Frame = yield Receive(sender, Frame)
            side.take_answers(answer, own, round_=round_)
        yield side.progress(round_)
        if rounds.is_checkpoint_after(round_):
            yield side.checkpoint(round_ + 1)
    return side.matches()
