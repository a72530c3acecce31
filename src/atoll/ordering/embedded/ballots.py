"""The arithmetic of a hand-over (SECURITY 3.3): from which block a new term goes on, and whether that was right. No I/O.

Each voter signs the highest checkpoint that it has cosigned. A block that is acknowledged was cosigned by q of the n members
that count; of q voters at least 2q - n are among those, and one of them is honest. So:

    the votes lie on one branch    go on from the highest of them: no acknowledged block can be above it the votes contradict
    the old sequencer signed two histories, or a term was begun twice: go on from the longest prefix
                                   that at least 2q - n votes back
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.errors import HandoverRefused
from atoll.primitives.errors import MerkleProofError
from atoll.primitives.merkle import verify_consistency
from atoll.wire.message import Count, Digest, Message, Name, Size

MAX_TRAIL = 256


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
    """A vote, with what the new sequencer needs to go on from it."""

    TAG: ClassVar[str] = "ordering-ballot/1"

    signed: SignedVote
    """The vote."""
    trail: Annotated[tuple[Mark, ...], Size(1, MAX_TRAIL)]
    """From the voter's agreed point to the point of the vote, one mark a block."""
    note: Annotated[bytes, Size(0, 60_000)]
    """The old sequencer's signed checkpoint at the vote; empty where the voter has none."""
    agreed: Annotated[bytes, Size(0, 60_000)]
    """The newest agreed note the voter has; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction(Message):
    """Proof that two votes are of two histories: what the longer branch held at the shorter vote's size."""

    shorter: Name
    """Voter with the smaller log."""
    longer: Name
    """Voter with the larger log, or one of equal size."""
    root: Digest
    """Root of the longer branch at the shorter vote's size."""
    proof: Annotated[tuple[Digest, ...], Size(0, 64)]
    """Consistency of that root with the longer vote's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradictions(Message):
    """All that belong to one hand-over."""

    TAG: ClassVar[str] = "ordering-contradictions/1"

    proofs: Annotated[tuple[Contradiction, ...], Size(0, 20)]
    """One for each vote that is passed over and needs it."""


class Base(NamedTuple):
    """Where a new term goes on."""

    mark: Mark
    """The last block of the old term."""
    backers: tuple[str, ...]
    """Voters that have it, sorted."""
    contradicting: bool
    """Whether the votes are of two histories."""


def choose_base(ballots: Sequence[Ballot], agreed: Mark, *, quorum: int, counted: int) -> Base:
    """Where the new term goes on.

    Args:
        ballots: one a voter, trails included.
        agreed: the highest point known to be agreed; nothing at or below it is in question.
        quorum: q.
        counted: n.
    """
    trails = {one.signed.vote.org: [mark for mark in one.trail if mark.size > agreed.size] for one in ballots}
    for one in ballots:  # a trail that passes by the agreed point leads nowhere
        if trails[one.signed.vote.org] and agreed not in one.trail:
            trails[one.signed.vote.org] = []
    ends = [trail[-1] for trail in trails.values() if trail]
    longest = max(ends, key=lambda mark: mark.size, default=agreed)
    contradicting = not all(end in trails_of(trails, longest) or end == longest for end in ends)
    if not contradicting:
        return Base(longest, _backers(trails, longest, agreed), False)
    needed = 2 * quorum - counted
    marks = {mark for trail in trails.values() for mark in trail}
    backed = [mark for mark in marks if len(_backers(trails, mark, agreed)) >= needed]
    best = max(backed, key=lambda mark: (mark.size, mark.root), default=agreed)
    return Base(best, _backers(trails, best, agreed), True)


def trails_of(trails: dict[str, list[Mark]], end: Mark) -> list[Mark]:
    """The branch that leads to `end`."""
    return next((trail[: trail.index(end) + 1] for trail in trails.values() if end in trail), [])


def _backers(trails: dict[str, list[Mark]], mark: Mark, agreed: Mark) -> tuple[str, ...]:
    return tuple(sorted(org for org, trail in trails.items() if mark in trail or mark == agreed))


def verify_base(
    votes: Sequence[HandoverVote],
    contradictions: Sequence[Contradiction],
    *,
    size: int,
    root_at: Callable[[int], bytes],
    quorum: int,
    counted: int,
) -> None:
    """Check, before cosigning a new term's first block, that it goes on from where it must.

    Args:
        votes: the good ones in the hand-over.
        contradictions: proofs for votes that are passed over.
        size: of the log below the hand-over's block.
        root_at: roots of that log, up to that size.
        quorum: q of the old term.
        counted: n of the old term.

    Raises:
        HandoverRefused: an acknowledged block might be lost.

    Votes on this branch are no longer than it. A vote that is not on it may be passed over only if it is shown to contradict
    another one, and only while fewer than 2q - n votes are passed over: no prefix that so many back lies off this branch.
    """
    off = [vote for vote in votes if _is_off(vote, size, root_at)]
    org = votes[0].new_sequencer
    for vote in unexplained(votes, contradictions, size=size, root_at=root_at):
        raise HandoverRefused(org=org, reason=f"it passes over the vote of {vote.org}, which contradicts no other")
    if off and len(off) >= 2 * quorum - counted:
        raise HandoverRefused(org=org, reason=f"it passes over {len(off)} votes, fewer than {2 * quorum - counted} may be")


def unexplained(
    votes: Sequence[HandoverVote], contradictions: Sequence[Contradiction], *, size: int, root_at: Callable[[int], bytes]
) -> list[HandoverVote]:
    """Votes that are not on this branch, and of which nothing shows that they contradict another vote."""
    on = [vote for vote in votes if not _is_off(vote, size, root_at)]
    return [
        vote
        for vote in votes
        if _is_off(vote, size, root_at)
        and not any(other.size >= vote.size for other in on)
        and not any(_contradicts(vote, votes, proof) for proof in contradictions)
    ]


def _is_off(vote: HandoverVote, size: int, root_at: Callable[[int], bytes]) -> bool:
    return vote.size > size or root_at(vote.size) != vote.root


def _contradicts(vote: HandoverVote, votes: Sequence[HandoverVote], proof: Contradiction) -> bool:
    by_org = {one.org: one for one in votes}
    shorter, longer = by_org.get(proof.shorter), by_org.get(proof.longer)
    if shorter is None or longer is None or vote not in (shorter, longer) or proof.root == shorter.root:
        return False
    try:
        verify_consistency(
            old_size=shorter.size, old_root=proof.root, new_size=longer.size, new_root=longer.root, proof=proof.proof
        )
    except MerkleProofError:
        return False
    return True
