"""Running one party's role over sealed sessions, through lost links and restarts, to one deadline.

    report = await run_role(
        lambda seed, resume: kind.program(plan, me, inputs, seed=seed, resume=resume),
        me=me, peers=meeting.openers(), journal=journal, deadline=loop.time() + 600, entropy=SystemEntropy())

Every party runs this, with a session to *every* other one, also to those its role never talks to: they agree among all on where
to go on from. Each connection begins with `Resume` and `Start` (`runner_messages`): the latest checkpoint that all hold, and
the same transcript up to there on both sides, or the job is over. When a link is lost, each party drops all its sessions,
gets fresh ones and goes back to that checkpoint, in the same process or after a restart. What is said again is identical to
the bit, and that is checked on both sides.

A checkpoint waits until everybody has the one before it, so no two parties are more than one apart and the last two are always
enough to keep. A party that has finished stays until all have, because another may still need it to go back.

**Not every kind is resumed.** A role of hundreds of short rounds, whose parties all live or fail together, pays too much for
notes that are durable before each frame. With `RunOptions(resumable=False)` there is neither seed nor note on disk, only a
durable mark, made before the role exists, that the attempt has begun. From there a lost link or the end of a process ends the
attempt for everybody (`AttemptInterrupted`), and a later life of the process refuses to begin it again: the same correlated
randomness is never used twice (SECURITY.md 4.3).

The first error ends the job everywhere: its code travels to every party. The only clock is the deadline, except for single
attempts to connect and for moments of courtesy at the end.

| module | its part |
|---|---|
| `stepping` | runs the role in a thread for as long as it needs nobody |
| `transcript` | what was said, as digests |
| `conversation` | one connection: queues, and how far the peer is |
| `gathering` | all connections of one try |
| `options` | what a run is given, and what it reports |
| `run` | one run: gather, agree, play, finish; again after a lost link |
| `journal` | what survives the process |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from atoll.ports import Entropy
from atoll.protocols.role import Party
from atoll.transport.journal import Journal
from atoll.transport.meeting import Opener
from atoll.transport.options import Report, RoleFactory, RunOptions
from atoll.transport.run import Run

__all__ = ["Report", "RoleFactory", "RunOptions", "run_role"]

Output = TypeVar("Output")


async def run_role(
    factory: RoleFactory[Output],
    *,
    me: Party,
    peers: Mapping[Party, Opener],
    journal: Journal[Output],
    deadline: float,
    entropy: Entropy,
    options: RunOptions | None = None,
) -> Report[Output]:
    """Run a role to its end.

    Args:
        factory: makes the role; called once each time the parties begin.
        me: this party.
        peers: how to get one session with each other party of the protocol; each call is one attempt.
        journal: where this attempt is kept.
        deadline: of the whole job, in the running loop's time.
        entropy: gives the seed of a new attempt.
        options: everything that has a good default.

    Raises:
        DeadlinePassed: it was not done in time.
        JobAborted: another party ended the job; `.remote_code` says why, `.party` where it began.
        TranscriptMismatch, ResumeGap, NotReplayable: it could not be resumed.
        PeerError, and whatever error the role raises.
    """
    return await Run(factory, me, peers, journal, deadline, options or RunOptions()).run(entropy)
