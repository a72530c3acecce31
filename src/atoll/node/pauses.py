"""How long a job is left alone after the ledger has refused what this node sent for it.

Each refusal stands on the ledger, and most rules that refuse do not come true in seconds: to ask as often as before would fill
the log with the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ports import Clock

FIRST_SECONDS = 4.0
"""A little less than between two looks at all jobs: what was only a moment too early is asked again at the next one."""
LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float
    ends: float


class Pauses:
    """Pauses of jobs by their identifiers; each refusal doubles the next one. Kept in memory: a node that starts asks once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pauses: dict[str, _Pause] = {}

    def begin(self, identifier: str) -> float:
        """The ledger has refused something for this job; how many seconds nothing more is sent for it."""
        before = self._pauses.get(identifier)
        seconds = FIRST_SECONDS if before is None else min(2 * before.seconds, LONGEST_SECONDS)
        self._pauses[identifier] = _Pause(seconds, self._clock.monotonic() + seconds)
        return seconds

    def lasts(self, identifier: str) -> bool:
        """Whether nothing is to be sent for this job yet."""
        pause = self._pauses.get(identifier)
        return pause is not None and self._clock.monotonic() < pause.ends

    def forget(self, identifier: str) -> None:
        """The job has moved on: the next refusal is the first one."""
        self._pauses.pop(identifier, None)
