"""The arithmetic of a hand-over (SECURITY 3.3): from which block a new term goes on, and whether that was right. No I/O.

Each voter signs the highest checkpoint that it has cosigned, and its term. A block that is acknowledged was cosigned by q of
the n members that count; of any q voters at least 2q - n are among those. The votes for blocks of the newest term decide,
whatever the others are for: that term has everything below it that was acknowledged before. So, if those votes

    lie on one branch    go on from the highest of them: no acknowledged block can be above it
    contradict           that term's sequencer signed two histories: go on from the highest block of the term that at least
                         2q - n votes have; if there is none, from one that begins the term

A term that was begun and for which nobody votes is no worse: the new one may go on from its first block, which holds q votes.

Whoever cosigns the first block of the new term checks that again. A vote of that term for more than the new one goes on from is
passed over only with a *departure*: proof of the block by which that voter's log leaves the branch, signed by that term's
sequencer, so that nobody can hide a block that 2q - n have, or invent a contradiction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from atoll.errors import AtollError
from atoll.ledger.agreement import log_key
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.note import parse_note, verify_note
from atoll.ledger.records import Version
from atoll.ledger.rules.consensus import HandoverVote, SignedVote
from atoll.ordering.errors import HandoverRefused
from atoll.ordering.members import Payload
from atoll.primitives.merkle import MerkleTree, leaf_hash, verify_consistency, verify_inclusion
from atoll.wire.message import Count, Digest, Message, Name, Size, parse_message

MAX_DEPARTURES = 20
Hashes = Annotated[tuple[Digest, ...], Size(0, 64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Message):
    """A place in a log: a block boundary."""

    term: Version
    """The block's term."""
    height: Count
    """Block."""
    size: Count
    """Size of the log after it."""
    root: Digest
    """Root of the log there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot(Payload):
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
    note: Annotated[bytes, Size(1, 4096)]
    """The vote's checkpoint with the sequencer's signature: without it, a voter could invent the block by which it leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures(Message):
    """All that belong to one hand-over."""

    TAG: ClassVar[str] = "ordering-departures/1"

    departures: Annotated[tuple[Departure, ...], Size(0, MAX_DEPARTURES)]
    """One for each vote that is passed over for less."""


class Ground(NamedTuple):
    """What a departure leaves."""

    mark: Mark
    """The block from which the new term goes on."""
    chain_id: str
    """The log's name."""
    logs: tuple[bytes, ...]
    """Public log keys of the sequencer of its term."""


class Base(NamedTuple):
    """Where a new term goes on."""

    mark: Mark
    """The last block of the old term."""
    backers: tuple[str, ...]
    """Voters that have it, sorted."""


def mark_of_vote(vote: HandoverVote) -> Mark:
    """What a vote is for."""
    return Mark(term=vote.term, height=vote.height, size=vote.size, root=vote.root)


def choose_base(trails: Mapping[str, Sequence[Mark]], agreed: Mark, *, quorum: int, counted: int) -> Base:
    """Where the new term goes on.

    Args:
        trails: voter -> its log's marks above the agreed one, in order, the vote's last; each was seen to hold.
        agreed: the highest point known to be agreed; nothing at or below it is in question.
        quorum: q.
        counted: n.
    """
    highest = max((trail[-1] for trail in trails.values() if trail), key=_rank, default=agreed)
    rivals = [trail for trail in trails.values() if trail and trail[-1].term == highest.term]
    way = next((trail for trail in rivals if highest in trail), ())
    if all(trail[-1] in way for trail in rivals):
        return _base(trails, highest, agreed)
    backing = Counter(mark for trail in rivals for mark in trail if mark.term == highest.term)
    backed = [mark for mark, votes in backing.items() if votes >= 2 * quorum - counted]
    if backed or agreed.term == highest.term:
        return _base(trails, max(backed, key=_rank, default=agreed), agreed)
    begins = {next(mark for mark in trail if mark.term == highest.term) for trail in rivals}
    return _base(trails, max(begins, key=lambda mark: (backing[mark], _rank(mark))), agreed)


def _rank(mark: Mark) -> tuple[int, int, bytes]:
    return mark.term, mark.height, mark.root


def _base(trails: Mapping[str, Sequence[Mark]], mark: Mark, agreed: Mark) -> Base:
    return Base(mark, tuple(sorted(org for org, trail in trails.items() if mark in trail or mark == agreed)))


# -- departures ----------------------------------------------------------------------------------------------------------------


def make_departure(
    voter: str, tree: MerkleTree, *, below_size: int, summary: bytes, size: int, vote_size: int, note: bytes
) -> Departure:
    """The proof, from the voter's log.

    Args:
        voter: whose log.
        tree: at least `vote_size` entries of it.
        below_size: where the new term goes on.
        summary: the voter's entry with the summary of the block after that.
        size: size of its log after that block.
        vote_size: what it voted for.
        note: the signed checkpoint of that.
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
        note=note,
    )


def is_departure(departure: Departure, vote: HandoverVote, ground: Ground) -> bool:
    """Whether the departure holds for this vote: its summary is that of the block after the base's height, and the sequencer of
    the base's term signed what the vote is for."""
    base = ground.mark
    try:
        if not _is_signed(departure, vote, ground):
            return False
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


def _is_signed(departure: Departure, vote: HandoverVote, ground: Ground) -> bool:
    note, said = parse_note(departure.note), Checkpoint(origin=ground.chain_id, size=vote.size, root=vote.root)
    keys = [log_key(ground.chain_id, log) for log in set(ground.logs)]
    return note.text == said.encode() and bool(verify_note(note, keys))


def find_departures(votes: Sequence[HandoverVote], departures: Sequence[Departure], ground: Ground) -> dict[str, Departure]:
    """Voter -> the proof that its vote, which is for more, leaves the branch at the base; what does not hold is passed by."""
    found: dict[str, Departure] = {}
    for vote in votes:
        for one in departures if vote.height > ground.mark.height else ():
            if one.voter == vote.org and is_departure(one, vote, ground):
                found[vote.org] = one
                break
    return found


# -- the check -----------------------------------------------------------------------------------------------------------------


def verify_base(
    votes: Sequence[HandoverVote],
    proofs: Mapping[str, Departure],
    *,
    base: Mark,
    root_at: Callable[[int], bytes],
    is_agreed: bool,
    is_first: bool,
    quorum: int,
    counted: int,
) -> None:
    """Check, before cosigning a new term's first block, that it goes on from where it must.

    Args:
        votes: those in the hand-over, all good.
        proofs: departures of votes that are passed over for less, by voter; each holds.
        base: the block below the hand-over's.
        root_at: roots of the log up to the base.
        is_agreed: whether the base is known to be agreed.
        is_first: whether the base begins its term.
        quorum: q of the old term.
        counted: n of the old term.

    Raises:
        HandoverRefused: an acknowledged block might be lost.
    """
    org, needed = votes[0].new_sequencer, 2 * quorum - counted
    newest = max(vote.term for vote in votes)
    if newest > base.term:
        raise HandoverRefused(org=org, reason=f"votes are for a later term than {base.term}, from which it goes on")
    if newest < base.term and is_first:
        return
    rivals = [vote for vote in votes if vote.term == base.term]
    higher = [vote for vote in rivals if vote.height > base.height]
    on = [vote for vote in rivals if vote not in higher and vote.size <= base.size and root_at(vote.size) == vote.root]
    off = Counter((vote.height, vote.root) for vote in rivals if vote not in higher and vote not in on)
    for vote in higher:
        if vote.org not in proofs:
            raise HandoverRefused(org=org, reason=f"it passes over the vote of {vote.org}")
    leaving = [proofs[vote.org] for vote in higher]
    blocks = Counter((one.size, one.root) for one in leaving)
    most = max(blocks.values(), default=0)
    if most >= needed:
        raise HandoverRefused(org=org, reason=f"{needed} votes or more are for a block above it")
    if higher and len(blocks) == 1 and not any(one.below != base.root for one in leaving):
        raise HandoverRefused(org=org, reason=f"no vote contradicts that of {higher[0].org}, which is for more")
    backing = sum(vote.size == base.size for vote in on) + sum(one.below == base.root for one in leaving)
    contradict = bool(off or higher)
    if contradict and is_first:  # of two beginnings neither of which can be acknowledged, any
        for height in {height for height, _ in off}:
            most += max(votes for (at, _), votes in off.items() if at == height)
        needed = 1 if most < needed else needed
    if not is_agreed and backing < (needed if contradict else 1):
        raise HandoverRefused(org=org, reason=f"{backing} votes are for the block that it goes on from")
