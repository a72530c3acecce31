"""Records of standing consents: given once, by a person, for jobs within bounds that owner and readers hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.records.base import Record
from atoll.wire.message import Digest, Name, Size, Time

StandingId = Annotated[bytes, Size(16)]


class StandingState(StrEnum):
    """Whether a standing consent may be used."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingConsent(Record):
    """An owner's consent in advance; how often it may still be used stands in the budget `standing:hex`."""

    TAG: ClassVar[str] = "standing/1"
    NAMESPACE: ClassVar[str] = "standing"

    standing: StandingId
    """Random identifier."""
    owner: Name
    """Whose node consents by it."""
    commitment: Digest
    """Salted commitment to its bounds."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    state: StandingState
    """Whether it may be used."""

    def identifier(self) -> str:
        return self.standing.hex()


def standing_account(standing: bytes) -> str:
    """The budget account of a standing consent."""
    return f"standing:{standing.hex()}"
