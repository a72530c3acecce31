"""The messages, in the order they are sent. Points and tags travel as raw frames, whose lengths follow from the two sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.protocols.psi_ecdh.params import MAX_ITEMS
from atoll.wire.message import Message, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize(Message):
    """First message of either side after the toss for the salt. Then come the rounds; in each, while the sets last:

    1. receiver to sender, sender to receiver, at the same time: the next masked keys, 32 bytes each;
    2. sender to receiver: the tags of the receiver's keys of this round, 16 bytes each, in the order in which they came.
    """

    TAG: ClassVar[str] = "psi-ecdh.set-size/2"

    items: Annotated[int, Range(0, MAX_ITEMS)]
    """Number of distinct keys this side brings."""
