"""The arithmetic of a hand-over (SECURITY 3.3): from which block a new term goes on, and whether that was right. No I/O.

Each voter signs the highest checkpoint that it has cosigned. A block that is acknowledged was cosigned by q of the n members
that count; of any q voters at least 2q - n are among those. So:

    the votes lie on one branch    go on from the highest of them: no acknowledged block can be above it
    the votes contradict           the old sequencer signed two histories, or a term was begun twice: go on from the highest
                                   block that at least 2q - n votes have

Whoever cosigns the first block of the new term checks that again. A vote for more than the new term goes on from is passed
over only with a *departure*: proof of the block by which that voter's log leaves the branch, so that nobody can hide a block
that 2q - n have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from atoll.errors import AtollError
from atoll.ledger.block import BlockSummary
from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.errors import HandoverRefused
from atoll.primitives.merkle import MerkleTree, leaf_hash, verify_consistency, verify_inclusion
from atoll.wire.message import Count, Digest, Message, Name, Size, parse_message

MAX_DEPARTURES = 20
Hashes = Annotated[tuple[Digest, ...], Size(0, 64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Message):
    """A place in a log: a block boundary."""

    height: Count
    """Block."""
    size: Count
    """Size of the log after it."""
    root: Digest
    """Root of the log there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot(Message):
    """A vote on its way to the candidate."""

    TAG: ClassVar[str] = "ordering-ballot/1"

    signed: SignedVote
    """The vote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure(Message):
    """By which block a voter's log goes on where the new term's branch does not, all under the root that it signed."""

    voter: Name
    """Whose log."""
    below: Digest
    """Its root at the size from which the new term goes on."""
    below_proof: Hashes
    """Consistency of that with the vote's root."""
    summary: Annotated[bytes, Size(1, 4096)]
    """Its log entry with the summary of the next block."""
    size: Count
    """Size of its log after that block."""
    root: Digest
    """Its root at that size."""
    inclusion: Hashes
    """The summary is the last entry below that root."""
    consistency: Hashes
    """Consistency of that root with the vote's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures(Message):
    """All that belong to one hand-over."""

    TAG: ClassVar[str] = "ordering-departures/1"

    departures: Annotated[tuple[Departure, ...], Size(0, MAX_DEPARTURES)]
    """One for each vote that is passed over for less."""


class Base(NamedTuple):
    """Where a new term goes on."""

    mark: Mark
    """The last block of the old term."""
    backers: tuple[str, ...]
    """Voters that have it, sorted."""


def mark_of_vote(vote: HandoverVote) -> Mark:
    """What a vote is for."""
    return Mark(height=vote.height, size=vote.size, root=vote.root)


def choose_base(trails: Mapping[str, Sequence[Mark]], agreed: Mark, *, quorum: int, counted: int) -> Base:
    """Where the new term goes on.

    Args:
        trails: voter -> its log's marks above the agreed one, in order, the vote's last; each was seen to hold.
        agreed: the highest point known to be agreed; nothing at or below it is in question.
        quorum: q.
        counted: n.
    """
    highest = max((trail[-1] for trail in trails.values() if trail), key=_rank, default=agreed)
    way = next((trail for trail in trails.values() if highest in trail), ())
    if all(not trail or trail[-1] in way for trail in trails.values()):
        return _base(trails, highest, agreed)
    marks = {mark for trail in trails.values() for mark in trail}
    backed = [mark for mark in marks if len(_base(trails, mark, agreed).backers) >= 2 * quorum - counted]
    return _base(trails, max(backed, key=_rank, default=agreed), agreed)


def _rank(mark: Mark) -> tuple[int, bytes]:
    return mark.height, mark.root


def _base(trails: Mapping[str, Sequence[Mark]], mark: Mark, agreed: Mark) -> Base:
    return Base(mark, tuple(sorted(org for org, trail in trails.items() if mark in trail or mark == agreed)))


# -- departures ----------------------------------------------------------------------------------------------------------------


def make_departure(voter: str, tree: MerkleTree, *, below_size: int, summary: bytes, size: int, vote_size: int) -> Departure:
    """The proof, from the voter's log.

    Args:
        voter: whose log.
        tree: at least `vote_size` entries of it.
        below_size: where the new term goes on.
        summary: the voter's entry with the summary of the block after that.
        size: size of its log after that block.
        vote_size: what it voted for.
    """
    return Departure(
        voter=voter,
        below=tree.root(below_size),
        below_proof=tuple(tree.consistency_proof(below_size, vote_size)),
        summary=summary,
        size=size,
        root=tree.root(size),
        inclusion=tuple(tree.inclusion_proof(size - 1, size)),
        consistency=tuple(tree.consistency_proof(size, vote_size)),
    )


def is_departure(departure: Departure, vote: HandoverVote, base: Mark) -> bool:
    """Whether the departure holds for this vote: its summary is that of the block after the base's height."""
    try:
        if parse_message(departure.summary, BlockSummary).height != base.height + 1:
            return False
        leaf, last = leaf_hash(departure.summary), departure.size - 1
        verify_inclusion(leaf=leaf, index=last, size=departure.size, proof=departure.inclusion, root=departure.root)
        for size, root, proof in (
            (departure.size, departure.root, departure.consistency),
            (base.size, departure.below, departure.below_proof),
        ):
            verify_consistency(old_size=size, old_root=root, new_size=vote.size, new_root=vote.root, proof=proof)
    except AtollError:
        return False
    return True


# -- the check -----------------------------------------------------------------------------------------------------------------


def verify_base(
    votes: Sequence[HandoverVote],
    departures: Sequence[Departure],
    *,
    base: Mark,
    root_at: Callable[[int], bytes],
    is_agreed: bool,
    quorum: int,
    counted: int,
) -> None:
    """Check, before cosigning a new term's first block, that it goes on from where it must.

    Args:
        votes: those in the hand-over, all good.
        departures: for votes that are passed over for less.
        base: the block below the hand-over's.
        root_at: roots of the log up to the base.
        is_agreed: whether the base is known to be agreed.
        quorum: q of the old term.
        counted: n of the old term.

    Raises:
        HandoverRefused: an acknowledged block might be lost.
    """
    org, needed = votes[0].new_sequencer, 2 * quorum - counted
    proofs = {one.voter: one for one in departures}
    higher = [vote for vote in votes if vote.height > base.height]
    on = [vote for vote in votes if vote not in higher and vote.size <= base.size and root_at(vote.size) == vote.root]
    for vote in higher:
        if vote.org not in proofs or not is_departure(proofs[vote.org], vote, base):
            raise HandoverRefused(org=org, reason=f"it passes over the vote of {vote.org}")
    leaving = [proofs[vote.org] for vote in higher]
    backing = sum(vote.size == base.size for vote in on) + sum(one.below == base.root for one in leaving)
    contradict = len(on) + len(higher) < len(votes)
    if higher:
        blocks = Counter((one.size, one.root) for one in leaving)
        if max(blocks.values()) >= needed:
            raise HandoverRefused(org=org, reason=f"{needed} votes or more are for a block above it")
        contradict = len(blocks) > 1 or any(one.below != base.root for one in leaving)
        if not contradict:
            raise HandoverRefused(org=org, reason=f"no vote contradicts that of {higher[0].org}, which is for more")
    if not is_agreed and backing < (needed if contradict else 1):
        raise HandoverRefused(org=org, reason=f"{backing} votes are for the block that it goes on from")
