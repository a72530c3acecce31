"""The bounds of a standing consent: rules like those of a grant, over jobs instead of a grantee.

The ledger holds a salted commitment to them; the owner and the readers hold the body. They widen nothing: a job must be
permitted by grants, budgets, levels and local rules all the same. What they say is only that no person needs to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.records.standing import StandingId
from atoll.policy.odrl.model import Conflict, Duty, TermRule, verify_bounds
from atoll.wire.message import Digest, Message, Name, Size

STANDING_DOMAIN = "standing-terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingTerms(Message):
    """The committed body of a standing consent."""

    TAG: ClassVar[str] = "standing-terms/1"

    salt: Digest
    """256 random bits that make the commitment hiding."""
    standing: StandingId
    """The standing consent these are the bounds of."""
    owner: Name
    """Whose consent it is."""
    title: Annotated[str, Size(0, 200)]
    """What it is for, for people."""
    permissions: Annotated[tuple[TermRule, ...], Size(1, 20)]
    """A job must be covered by at least one of these."""
    prohibitions: Annotated[tuple[TermRule, ...], Size(0, 20)]
    """A job that any of these may cover is left to a person."""

    def __post_init__(self) -> None:
        super(StandingTerms, self).__post_init__()
        verify_bounds(self)

    @property
    def obligations(self) -> tuple[Duty, ...]:
        """None: nobody accepts these terms."""
        return ()

    @property
    def conflict(self) -> Conflict:
        """Prohibitions win."""
        return Conflict.PROHIBIT
