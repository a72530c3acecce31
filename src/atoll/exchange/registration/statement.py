"""What is said in a dispute: words and files that the parties, auditors and regulators hold; the ledger holds a commitment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.records import Dispute, Reader
from atoll.wire.message import Digest, Message, Name, Size

STATEMENT_DOMAIN = "dispute-statement"
OPENING, REASON = "0", "reason"
MAX_ATTACHED_BYTES = 40_000
"""All files of one statement together: it travels in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached(Message):
    """A file: a receipt's detail, an opened result, a contract."""

    name: Annotated[str, Size(1, 120)]
    """What it is called."""
    data: Annotated[bytes, Size(0, MAX_ATTACHED_BYTES)]
    """Its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Message):
    """One statement."""

    TAG: ClassVar[str] = "dispute-statement/1"

    salt: Digest
    """256 random bits that make the commitment hiding."""
    dispute: Annotated[bytes, Size(16)]
    """In which dispute."""
    org: Name
    """Who says it."""
    text: Annotated[str, Size(0, 8000)]
    """What it says."""
    attached: Annotated[tuple[Attached, ...], Size(0, 16)]
    """Files that bear it out."""


def statement_commitment(view: Reader, identifier: str) -> bytes:
    """What the ledger holds of a statement; empty if there is none of that name.

    Args:
        view: the agreed ledger.
        identifier: `DISPUTE/0`, `DISPUTE/n`, `DISPUTE/reason`.
    """
    name, _, place = identifier.partition("/")
    dispute = view.get(Dispute, name)
    if dispute is None:
        return b""
    if place == OPENING:
        return dispute.evidence
    if place == REASON:
        return dispute.reason
    number = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else 0
    return dispute.answers[number - 1].commitment if 1 <= number <= len(dispute.answers) else b""
