"""How long a job is left alone after the ledger has refused what this node sent for it.

Each refusal stands on the ledger, and most rules that refuse do not come true in seconds: to ask as often as before would fill
the log with the same answer. What they judge by can change at any time, though: a freeze is lifted, a dispute decided, a level
approved. Then the answer may be another one, and the job is looked at again at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atoll.errors import RuleError
from atoll.ledger.records import (
    Dataset,
    Grant,
    Hold,
    Job,
    LevelApproval,
    LevelFloor,
    Member,
    Reader,
    Record,
    Right,
    TargetKind,
    hold_id,
)
from atoll.ledger.rules.holds import targets_under
from atoll.ports import Clock

Grounds = tuple[Record | None, ...]
_JUDGED: dict[TargetKind, tuple[type[Record], ...]] = {
    TargetKind.DATASET: (Dataset, LevelApproval),
    TargetKind.LINEAGE: (LevelFloor,),
    TargetKind.RIGHT: (Right,),
    TargetKind.GRANT: (Grant,),
    TargetKind.MEMBER: (Member,),
}
"""What rules judge by, beside the orders on it."""
FIRST_SECONDS = 4.0
"""A little less than between two looks at all jobs: what was only a moment too early is asked again at the next one."""
LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float
    ends: float
    grounds: Grounds


def grounds(state: Reader, job: Job) -> Grounds:
    """What the ledger says of everything that a job rests on: what a rule has judged by, as long as it stays the same.

    Budgets are not among it: each job of somebody else changes them, and what they refuse ends a job.

    Cost: that of `targets_under`, and two or three records a target.
    """
    try:
        targets = targets_under(state, job.parties, job.inputs)
    except RuleError:  # it rests on more than can be looked at, and that does not change
        return ()
    found: list[Record | None] = []
    for kind, target in targets:
        found += (state.get(Hold, hold_id(kind, target)), *(state.get(one, target) for one in _JUDGED[kind]))
    return tuple(found)


class Pauses:
    """Pauses of jobs by their identifiers; each refusal doubles the next one. Kept in memory: a node that starts asks once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pauses: dict[str, _Pause] = {}

    def begin(self, identifier: str, on: Grounds) -> float:
        """The ledger has refused something for this job, on these grounds; how many seconds nothing more is sent for it."""
        before = self._pauses.get(identifier)
        seconds = FIRST_SECONDS if before is None else min(2 * before.seconds, LONGEST_SECONDS)
        self._pauses[identifier] = _Pause(seconds, self._clock.monotonic() + seconds, on)
        return seconds

    def lasts(self, identifier: str, now: Callable[[], Grounds]) -> bool:
        """Whether nothing is to be sent for this job yet; on other grounds than it was refused on, the pause is over."""
        pause = self._pauses.get(identifier)
        if pause is not None and pause.grounds != now():
            self.forget(identifier)
            return False
        return pause is not None and self._clock.monotonic() < pause.ends

    def forget(self, identifier: str) -> None:
        """The job has moved on, or what it rests on has: the next refusal is the first one."""
        self._pauses.pop(identifier, None)
