"""The typed messages, in the order they are sent. Masked keys, tags and entries travel as raw frames between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.primitives.elgamal import MAX_LIMBS, ciphertext_bytes
from atoll.primitives.ristretto import POINT_BYTES
from atoll.protocols.psi.limits import MAX_WHOLE_ROWS
from atoll.wire.message import Message, Range, Size

TOTAL_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKeys(Message):
    """Sender to receiver, once it has the receiver's keys: what its values are encrypted under."""

    TAG: ClassVar[str] = "psi-sum.value-keys/1"

    publics: Annotated[bytes, Size(POINT_BYTES, POINT_BYTES * MAX_LIMBS)]
    """One element a limb, lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Message):
    """Receiver to sender, once it has all entries: the encrypted sum over the keys that both have."""

    TAG: ClassVar[str] = "psi-sum.aggregate/1"

    count: Annotated[int, Range(0, MAX_WHOLE_ROWS)]
    """How many keys both have; 0 where the sum is withheld, so that a small count is not told either."""
    ciphertext: Annotated[bytes, Size(0, ciphertext_bytes(MAX_LIMBS))]
    """Under fresh randomness; empty where the sum is withheld because too few keys match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Message):
    """Sender to receiver: the sum."""

    TAG: ClassVar[str] = "psi-sum.total/1"

    total: Annotated[bytes, Size(0, TOTAL_BYTES)]
    """TOTAL_BYTES of two's complement, big-endian; empty where none was asked for."""
