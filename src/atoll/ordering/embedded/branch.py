"""A branch: blocks tried out on top of an earlier point of this ledger, in memory, before anything here is given up for
them."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.ledger.apply import Verifier
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.note import Note
from atoll.ordering.embedded.ballots import Departure, Mark, make_departure
from atoll.ordering.embedded.evidence import Fork, find_fork
from atoll.ordering.embedded.points import Point, begins_term, next_point


@dataclass(slots=True)
class Branch:
    """A ledger of its own that stands `points` above `base`."""

    base: Point
    """Where it begins: a point of the replica it was made from."""
    ledger: Ledger
    """Log and state at its end."""
    points: list[Point] = field(default_factory=list)
    """What is above the base, in order."""

    @property
    def tip(self) -> Point:
        """Its last point."""
        return self.points[-1] if self.points else self.base

    def handovers(self) -> list[tuple[Point, Point]]:
        """The points that begin a term, each with the one below."""
        below = [self.base, *self.points]
        return [(one, under) for one, under in zip(self.points, below, strict=False) if begins_term(one, under)]

    def repeat(self, point: Point, *, verify: Verifier) -> None:
        """Carry out the block of a point that is known from elsewhere."""
        assert point.executed is not None, "points above the agreed one have been carried out here"
        self.extend(point.executed.block, verify=verify, note=point.note)

    def fork_with(self, other: Branch) -> Fork | None:
        """Evidence in two branches from one base: checkpoints of one sequencer that contradict each other."""
        for one in self.points:
            for two in other.points:
                fork = find_fork(one, self.ledger.log, two, other.ledger.log) if one.authority == two.authority else None
                if fork is not None:
                    return fork
        return None

    def extend(self, block: Block, *, verify: Verifier, note: Note | None = None) -> Point:
        """Carry out one more block.

        Raises:
            BadBlock: it does not follow.
        """
        executed = self.ledger.execute(block, verify=verify)
        point = next_point(self.ledger, self.tip, executed)
        self.ledger.adopt(executed)
        point.note = note
        self.points.append(point)
        return point


def departure_of(voter: str, branch: Branch, base: Mark) -> Departure | None:
    """How a voter's log goes on above the base's height; None where it does not reach there."""
    point = next((one for one in branch.points if one.height == base.height + 1), None)
    if point is None or point.executed is None or branch.tip.note is None:
        return None
    return make_departure(
        voter,
        branch.ledger.log,
        below_size=base.size,
        summary=point.executed.entries[-1],
        size=point.checkpoint.size,
        vote_size=branch.tip.checkpoint.size,
        note=branch.tip.note.encode(),
    )
