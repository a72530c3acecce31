"""The receiver: finds out which of its items the sender has too."""

from __future__ import annotations

from collections.abc import Sequence

from atoll.protocols.psi_ecdh import core
from atoll.protocols.psi_ecdh.errors import RepeatedTag
from atoll.protocols.psi_ecdh.params import TAG_BYTES, Limits
from atoll.protocols.psi_ecdh.side import Side, check_length
from atoll.protocols.role import Frame, Party, Receive, Role, Send


def receiver(
    items: Sequence[bytes],
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    resume: bytes | None = None,
) -> Role[list[int]]:
    """Intersect `items` with the sender's set.

    Args:
        items: distinct, 1 to 1024 bytes each, at most `limits.own_items`; normalised as the plan says.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        resume: state of the checkpoint to go on from.

    Returns:
        The indices of the items that the sender has too, ascending.

    Raises:
        BadItem, TooManyItems: the items cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of items. Learns: the number of the sender's items, and the output.
    Cost: one hash to the group and one multiplication an own item, one multiplication an item of the sender.
    Spec: specs/psi-ecdh.md, semi-honest.
    """
    side = Side(items, me=me, peer=sender, context=context, seed=seed, limits=limits)
    done = yield from side.open(resume)
    rounds = side.rounds
    answered = set(core.unpack_tags(bytes(side.answers)))
    for round_ in range(done, rounds.count):
        own, theirs = rounds.own_part(round_), rounds.peer_part(round_)
        if own:
            yield Send(sender, side.masked(own))
        if theirs:  # before the answer is waited for: both sides compute at the same time
            points: Frame = yield Receive(sender, Frame)
            side.tags_of(points, theirs, round_=round_)
        if own:
            answer: Frame = yield Receive(sender, Frame)
            check_length(answer, len(own) * TAG_BYTES, round_=round_)
            _note_distinct(answer, answered, first=own.start)
            side.answers += answer.data
        yield side.progress(round_)
        if rounds.is_checkpoint_after(round_):
            yield side.checkpoint(round_ + 1)
    answers = core.unpack_tags(bytes(side.answers))
    return sorted(index for index, tag in zip(side.order, answers, strict=True) if side.has_seen(tag))


def _note_distinct(answer: Frame, answered: set[bytes], *, first: int) -> None:
    """Different items have different tags, so an answer that repeats one is not honest."""
    for position, tag in enumerate(core.unpack_tags(answer.data), first):
        if tag in answered:
            raise RepeatedTag(position=position)
        answered.add(tag)
