"""The messages beside the opening's; everything else travels as raw frames, whose lengths follow from the announced rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.primitives.vole_oprf import COIN_BYTES
from atoll.wire.message import Digest, Message, Range, Size, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOffered(Message):
    """First message of either side: what it is going to run."""

    TAG: ClassVar[str] = "psi-rr22.form/1"

    version: Annotated[int, Range(1, 1000)]
    """Version of the messages."""
    mode: Text
    """Adversaries that it withstands."""
    variant: Text
    """What it spares: time or bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinPromised(Message):
    """Malicious form, from the sender, before it sees a bucket's masked store."""

    TAG: ClassVar[str] = "psi-rr22.coin-promised/1"

    commitment: Digest
    """Hiding commitment to bucket and share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinShared(Message):
    """Malicious form, from the receiver, behind the masked store."""

    TAG: ClassVar[str] = "psi-rr22.coin-shared/1"

    share: Annotated[bytes, Size(COIN_BYTES)]
    """Uniform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinOpened(Message):
    """Malicious form, from the sender: its own share."""

    TAG: ClassVar[str] = "psi-rr22.coin-opened/1"

    share: Annotated[bytes, Size(COIN_BYTES)]
    """Uniform."""
    opening: Digest
    """What the commitment was made with."""
