"""The messages, in the order they are sent. Points and tags travel as raw frames, whose lengths follow from the two sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.primitives.oblivious import POINT_BYTES
from atoll.protocols.psi_ecdh.params import MAX_ITEMS
from atoll.wire.message import Message, Range, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize(Message):
    """First message of either side after the toss for the salt."""

    TAG: ClassVar[str] = "psi-ecdh.set-size/2"

    items: Annotated[int, Range(0, MAX_ITEMS)]
    """Number of distinct keys this side brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey(Message):
    """The sender's next message. Then come the rounds; in each, while the sets last:

    1. receiver to sender: questions for its next keys, 32 bytes each; sender to receiver, at the same time: tags of its next
       keys, 16 bytes each;
    2. sender to receiver: the answers to the questions of this round, 32 bytes each, in the order in which they came.
    """

    TAG: ClassVar[str] = "psi-ecdh.public-key/1"

    point: Annotated[bytes, Size(POINT_BYTES, POINT_BYTES)]
    """The generator times the sender's secret."""
