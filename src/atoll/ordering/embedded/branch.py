"""A branch: blocks tried out on top of an earlier point of this ledger, in memory, before anything here is given up for
them."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.ledger.apply import Verifier
from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.note import Note
from atoll.ordering.embedded.ballots import Mark
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


def mark_of(point: Point) -> Mark:
    """A point, as others are told of it."""
    return Mark(height=point.height, size=point.checkpoint.size, root=point.checkpoint.root)
