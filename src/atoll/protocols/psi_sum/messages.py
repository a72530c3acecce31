"""The typed messages, in the order they are sent. Masked keys, tags and entries travel as raw frames between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.primitives.ristretto import POINT_BYTES
from atoll.wire.message import Message, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKey(Message):
    """Sender to receiver, once it has the receiver's keys: what its values are encrypted under."""

    TAG: ClassVar[str] = "psi-sum.value-key/1"

    public: Annotated[bytes, Size(POINT_BYTES, POINT_BYTES)]
    """An element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Message):
    """Receiver to sender, once it has all entries, whatever the count is: what a sum is opened by."""

    TAG: ClassVar[str] = "psi-sum.aggregate/2"

    blinded: Annotated[bytes, Size(POINT_BYTES, POINT_BYTES)]
    """An element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Message):
    """Sender to receiver: the element multiplied by the key of its values."""

    TAG: ClassVar[str] = "psi-sum.share/1"

    share: Annotated[bytes, Size(POINT_BYTES, POINT_BYTES)]
    """An element."""
