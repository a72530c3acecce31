"""The detail of a receipt: what a participant says about the run, as a committed body (SECURITY 2.1, 2.2).

The ledger holds `commit("receipt-detail", salt, body)`; the body goes to the parties and the auditor and is opened in an
evidence bundle. Sizes are rounded up to a power of two and times to the second, so that the detail says no more about the
result than the plan's leakage statement does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, JobId, Label
from atoll.wire.message import Count, Digest, Document, Message, Name, Pattern, Range, Size, Text

RECEIPT_DOMAIN = "receipt-detail"
RESULT_DOMAIN = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDetail(Message):
    """One input as it was used."""

    dataset: DatasetId
    """Registered dataset version."""
    label: Annotated[str, Pattern("asserted|sampled|bound")]
    """How the input is tied to the registration; `asserted`: the owner's node hashed what it read and compared."""
    rows_at_most: Count
    """Number of rows used, rounded up to a power of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDetail(Message):
    """What one participant signs about a run."""

    TAG: ClassVar[str] = "receipt-detail/1"

    salt: Digest
    """256 random bits that make the commitment hiding."""
    job_id: JobId
    """The job."""
    org: Name
    """Who says this."""
    attempt: Annotated[int, Range(1, 16)]
    """Attempt that gave the result."""
    protocol: Label
    """Protocol that ran."""
    protocol_version: Annotated[int, Range(1, 1000)]
    """Version of its messages."""
    adversary_model: Annotated[str, Pattern("semi-honest|malicious|honest-majority-semi-honest|honest-majority-malicious")]
    """The kind of misbehaviour it withstands."""
    leakage: Text
    """What each side learned beside its output."""
    parameters: Document
    """Security parameters by name."""
    insecure: bool
    """True where any `Insecure...` mode took part."""
    inputs: Annotated[tuple[InputDetail, ...], Size(0, 64)]
    """This participant's inputs."""
    sent_at_most: Count
    """Bytes sent, rounded up to a power of two."""
    received_at_most: Count
    """Bytes received, rounded up to a power of two."""
    seconds: Count
    """Duration, rounded up to a second."""
    unopened: Annotated[tuple[Name, ...], Size(0, 64)] = ()
    """At a compute node: bidders of whose shares one was opened to neither of its holders as committed to; sorted."""


def round_up_to_power_of_two(number: int) -> int:
    """The least power of two that is not below `number`; 0 stays 0."""
    return 1 << (number - 1).bit_length() if number > 0 else 0
