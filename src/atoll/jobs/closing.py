"""The last step of every program: all parties learn the one commitment that their receipts will carry.

The receiver draws an opening from its seed, commits to the result and tells the others the commitment. A program that is
resumed draws the same opening, so it tells the same commitment again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from atoll.jobs.kind import Outcome
from atoll.jobs.result import Result, commit_result
from atoll.primitives.commitment import draw_opening
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party, Receive, Role, Send
from atoll.wire.message import Digest, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCommitment(Message):
    """Last message of a run, receiver to everybody else."""

    TAG: ClassVar[str] = "result-commitment/1"

    commitment: Digest
    """Hiding commitment to the result; tells nothing about it, not even its size."""


def close_as_receiver(result: Result, *, counts: Mapping[str, int], others: Iterable[Party], seed: bytes) -> Role[Outcome]:
    """Commit to `result`, tell `others`, and end with everything that the receiver keeps.

    Args:
        result: what was computed.
        counts: sizes by name.
        others: all other places of the plan.
        seed: the program's; the opening is drawn from it.
    """
    opening = draw_opening(SeededEntropy(seed).fork("result opening"))
    commitment = commit_result(result, opening)
    for other in others:
        yield Send(other, ResultCommitment(commitment=commitment))
    return Outcome(result_commitment=commitment, result=result, opening=opening, counts=counts)


def close_as_other(*, receiver: Party, counts: Mapping[str, int]) -> Role[Outcome]:
    """Wait for the receiver's commitment; what is in it stays unknown here."""
    message: ResultCommitment = yield Receive(receiver, ResultCommitment)
    return Outcome(result_commitment=message.commitment, counts=counts)
