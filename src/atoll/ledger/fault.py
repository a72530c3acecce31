"""A log entry that no member signs: CometBFT has proof that a consensus key voted twice.

The engine writes it, first in the block whose header commits to the evidence, and every node writes the same one; `apply` then
takes the key's vote away. It is no transaction: members cannot submit it, and an embedded ledger never holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.wire.cbor import encode
from atoll.wire.message import Count, Message, Size, Time


class FaultKind(StrEnum):
    """What the key did; CometBFT's names."""

    DUPLICATE_VOTE = "duplicate-vote"
    LIGHT_CLIENT_ATTACK = "light-client-attack"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusFault(Message):
    """One key's fault."""

    TAG: ClassVar[str] = "consensus-fault/1"

    kind: FaultKind
    """What it did."""
    address: Annotated[bytes, Size(20)]
    """What CometBFT calls the key by (`trust.nodekeys`)."""
    height: Count
    """CometBFT's height at which it did so."""
    time: Time
    """Time of that height's header."""


_START = encode([ConsensusFault.TAG, None])[:-1]


def reads_as_fault(data: bytes) -> bool:
    """Whether a log entry could be taken for a fault. What a member submits never may."""
    return data.startswith(_START)
