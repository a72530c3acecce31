"""Commits: the validators' precommit votes for one block, and the bytes that each of them signed.

Source: CometBFT v0.38.25, `types/block.go` (Commit, CommitSig), `types/vote.go` (VoteSignBytes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from atoll.ledger.light.header import BlockId, Height
from atoll.ledger.light.protobuf import NANOSECONDS, blob, delimited, fixed, integer, message, timestamp
from atoll.ledger.light.validators import MAX_VALIDATORS
from atoll.primitives.ed25519 import SIGNATURE_BYTES
from atoll.wire.errors import MessageError
from atoll.wire.message import Message, Range, Size

_PRECOMMIT = 2


class Vote(StrEnum):
    """What a validator did."""

    ABSENT = "absent"
    """Nothing that arrived in time."""
    COMMIT = "commit"
    """Voted for the block."""
    NIL = "nil"
    """Voted for no block; it counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSig(Message):
    """One validator's vote."""

    TAG: ClassVar[str] = "commit-sig/1"

    vote: Vote
    """What for."""
    address: Annotated[bytes, Size(0, 20)]
    """The validator's address; empty where it is absent."""
    seconds: Annotated[int, Range(-62_135_596_800, 253_402_300_799)]
    """When it voted, by its own clock, Unix seconds; 0 where it is absent. Nobody checks this clock: any time that CometBFT's
    encoding holds, from the year 1 to 9999, may stand here."""
    nanoseconds: Annotated[int, Range(0, NANOSECONDS - 1)]
    """And the part of a second."""
    signature: Annotated[bytes, Size(0, SIGNATURE_BYTES)]
    """Over `sign_bytes`; empty where it is absent."""

    def __post_init__(self) -> None:
        Message.__post_init__(self)
        wanted = (0, 0) if self.vote is Vote.ABSENT else (20, SIGNATURE_BYTES)
        if (len(self.address), len(self.signature)) != wanted or (self.vote is Vote.ABSENT and self.time_ns):
            raise MessageError(message="CommitSig", field="vote", problem="address, time and signature do not fit it")

    @classmethod
    def at(cls, time_ns: int, *, vote: Vote, address: bytes, signature: bytes) -> Self:
        """A vote at a time in Unix nanoseconds.

        Raises:
            MessageError: a field is out of bounds.
        """
        seconds, nanoseconds = divmod(time_ns, NANOSECONDS)
        return cls(vote=vote, address=address, seconds=seconds, nanoseconds=nanoseconds, signature=signature)

    @property
    def time_ns(self) -> int:
        """When it voted, Unix nanoseconds."""
        return self.seconds * NANOSECONDS + self.nanoseconds


ABSENT = CommitSig.at(0, vote=Vote.ABSENT, address=b"", signature=b"")
"""The place of a validator whose vote did not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Message):
    """Votes for a block. What they prove is for `verify_commit` to say."""

    TAG: ClassVar[str] = "commit/1"

    height: Height
    """Consensus height of the block."""
    round: Annotated[int, Range(0, 2**31 - 1)]
    """Round in which it was decided."""
    block_id: BlockId
    """The block."""
    signatures: Annotated[tuple[CommitSig, ...], Size(1, MAX_VALIDATORS)]
    """One for each validator of the height, in the order of its set."""

    def sign_bytes(self, chain_id: str, at: int) -> bytes:
        """What the validator at a place signed: `CanonicalVote` as protobuf, its length before it."""
        one = self.signatures[at]
        return delimited(
            integer(1, _PRECOMMIT)
            + fixed(2, self.height)
            + fixed(3, self.round)
            + (message(4, self.block_id.encode()) if one.vote is Vote.COMMIT else b"")
            + message(5, timestamp(one.time_ns))
            + blob(6, chain_id.encode())
        )
