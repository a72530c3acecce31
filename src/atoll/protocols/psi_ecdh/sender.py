"""The sender: lets the receiver find out what it shares with this set, and learns only how large the receiver's set is."""

from __future__ import annotations

from atoll.protocols.psi.items import Items
from atoll.protocols.psi_ecdh.params import Limits
from atoll.protocols.psi_ecdh.side import Terms, open_side
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
    Cost: one hash to the curve and one multiplication an own key, one multiplication a key of the receiver; memory as there.
    Spec: specs/psi-ecdh.md, semi-honest.
    """
    terms = Terms(me=me, peer=receiver, context=context, seed=seed, limits=limits)
    side, done = yield from open_side(items, terms, resume)
    rounds = side.rounds
    for round_ in range(done, rounds.count):
        own, theirs = rounds.own_part(round_), rounds.peer_part(round_)
        if own:
            yield Send(receiver, side.masked(own))
        if theirs:
            points: Frame = yield Receive(receiver, Frame)
            yield Send(receiver, side.take_points(points, theirs, round_=round_))
        yield side.progress(round_)
        if rounds.is_checkpoint_after(round_):
            yield side.checkpoint(round_ + 1)
