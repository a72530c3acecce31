"""A point: a block that was carried out here, with the log's size and root after it and who may speak for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.ledger.agreement import Agreement
from atoll.ledger.block import Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.errors import BadBlock
from atoll.ledger.note import Note
from atoll.ledger.records import ConsensusSet, record_key
from atoll.ledger.rules.consensus import Handover, HandoverVote
from atoll.ledger.transaction import parse_transaction
from atoll.ordering.embedded.ballots import Departure, Ground, Mark, find_departures, verify_base
from atoll.primitives.merkle import MerkleTree
from atoll.wire.message import parse_message

_CONSENSUS = record_key(ConsensusSet, "0")


@dataclass(slots=True)
class Point:
    """Where the ledger stands after a block."""

    height: int
    """The block's height; 0 for the genesis."""
    term: int
    """Term of the block."""
    time: int
    """The block's time."""
    checkpoint: Checkpoint
    """Size and root of the log after it."""
    authority: ConsensusSet
    """Who signs and cosigns that checkpoint: the set before the block, or after it where the block hands over."""
    after: ConsensusSet
    """The set after the block."""
    executed: Executed | None = None
    """What the block did; None for the point at which the store was opened."""
    note: Note | None = None
    """The checkpoint with the sequencer's signature, where it is known."""
    is_first: bool = False
    """Whether the block begins its term; not known of the point at which the store was opened."""
    agreement: Agreement | None = None
    """A quorum's cosignatures, where they are known."""

    def counts(self, org: str) -> bool:
        """Whether the member's cosignature counts here."""
        return any(one.org == org for one in self.authority.counted())


def genesis_point(ledger: Ledger) -> Point:
    """The point before the first block."""
    consensus = ledger.consensus
    checkpoint = Checkpoint(origin=ledger.genesis.chain_id, size=ledger.log.size, root=ledger.log.root())
    return Point(0, 1, ledger.genesis.time, checkpoint, consensus, consensus)


def next_point(ledger: Ledger, last: Point, executed: Executed) -> Point:
    """The point that a block carried out on `last` leads to; the ledger need not have adopted it yet.

    Raises:
        BadBlock: it hands over and does more than that.
    """
    block = executed.block
    frontier = ledger.log.frontier().extend(executed.leaves)
    checkpoint = Checkpoint(origin=ledger.genesis.chain_id, size=frontier.size, root=frontier.root)
    after = parse_message(executed.changes[_CONSENSUS], ConsensusSet) if _CONSENSUS in executed.changes else last.after
    authority = last.after if block.term == last.after.term else after
    _need_alone(block, last)
    is_first = block.term != last.after.term
    return Point(block.height, block.term, block.time, checkpoint, authority, after, executed, is_first=is_first)


def begins_term(point: Point, below: Point) -> bool:
    """Whether the point's block hands over."""
    return point.term != below.after.term


def need_base(point: Point, below: Point, log: MerkleTree, departures: tuple[Departure, ...], *, is_agreed: bool) -> None:
    """Check that a hand-over goes on from where it must; see `ballots.verify_base`.

    Raises:
        HandoverRefused: an acknowledged block might be lost.
    """
    verify_base(
        _votes_in(point),
        find_departures(_votes_in(point), departures, _ground(below)),
        base=mark_of(below),
        root_at=log.root,
        is_agreed=is_agreed,
        is_first=below.is_first,
        quorum=below.after.quorum(),
        counted=len(below.after.counted()),
    )


def needed_departures(point: Point, below: Point, departures: Sequence[Departure]) -> list[Departure]:
    """Those of the proofs that hold for a vote which this hand-over passes over."""
    return list(find_departures(_votes_in(point), departures, _ground(below)).values())


def _ground(below: Point) -> Ground:
    """Where a hand-over goes on, and who signed there."""
    return Ground(mark_of(below), below.checkpoint.origin, (below.authority.log, below.after.log))


def _votes_in(point: Point) -> list[HandoverVote]:
    """The votes that a hand-over holds."""
    assert point.executed is not None, "points above the agreed one have been carried out here"
    _, transaction = parse_transaction(point.executed.block.transactions[0])
    return [one.vote for one in Handover.from_map(dict(transaction.body)).votes]


def mark_of(point: Point) -> Mark:
    """A point, as others are told of it."""
    return Mark(term=point.term, height=point.height, size=point.checkpoint.size, root=point.checkpoint.root)


def _need_alone(block: Block, last: Point) -> None:
    """The members that count for a hand-over block are those that voted: nothing else in it may change them."""
    if block.term != last.after.term and len(block.transactions) != 1:
        raise BadBlock(height=block.height, reason="a block that begins a term holds the hand-over and nothing else")
