"""The last step of every program: all parties learn the one commitment that their receipts will carry.

The receiver draws an opening from its seed, commits to the result and tells the others the commitment. A program that is
resumed draws the same opening, so it tells the same commitment again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from atoll.jobs.kind import Outcome
from atoll.jobs.result import Result, commit_result, join_commitments, opening_among
from atoll.primitives.commitment import draw_opening
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party, Receive, Role, Send
from atoll.wire.message import Digest, Message

RECEIVER = Party("receiver")
"""The place of the only receiver, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCommitment(Message):
    """Last message of a run, receiver to everybody else."""

    TAG: ClassVar[str] = "result-commitment/1"

    commitment: Digest
    """Hiding commitment to the result; tells nothing about it, not even its size."""


def close_as_receiver(
    result: Result,
    me: Party = RECEIVER,
    *,
    receivers: Sequence[Party] = (RECEIVER,),
    counts: Mapping[str, int],
    others: Iterable[Party],
    seed: bytes,
) -> Role[Outcome]:
    """Commit to `result`, tell `others`, hear of the other receivers, and end with everything that this receiver keeps.

    Args:
        result: what was computed.
        me: this receiver's place.
        receivers: all of them, in the plan's order.
        counts: sizes by name.
        others: all other places of the plan.
        seed: the program's; the opening is drawn from it.
    """
    opening = draw_opening(SeededEntropy(seed).fork("result opening"))
    own = commit_result(result, opening)
    for other in others:
        yield Send(other, ResultCommitment(commitment=own))
    commitments = yield from _hear(receivers, {me: own})
    return Outcome(
        result_commitment=join_commitments(commitments),
        result=result,
        opening=opening_among(opening, commitments, receivers.index(me)),
        counts=counts,
    )


def close_as_other(
    *, receivers: Sequence[Party] = (RECEIVER,), counts: Mapping[str, int], unopened: tuple[str, ...] = ()
) -> Role[Outcome]:
    """Wait for the receivers' commitments; what is in them stays unknown here."""
    commitments = yield from _hear(receivers, {})
    return Outcome(result_commitment=join_commitments(commitments), counts=counts, unopened=unopened)


def _hear(receivers: Sequence[Party], known: Mapping[Party, bytes]) -> Role[list[bytes]]:
    """The commitments of all receivers, in their order."""
    commitments = []
    for receiver in receivers:
        if receiver in known:
            commitments.append(known[receiver])
        else:
            message: ResultCommitment = yield Receive(receiver, ResultCommitment)
            commitments.append(message.commitment)
    return commitments
