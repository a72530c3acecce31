"""What job runners tell each other, in the order in which it is said. Roles never see any of it.

| message | when |
|---|---|
| `Resume`, `Start` | once on every connection, both ways, before anything else |
| `Passed` | after every checkpoint that is durable |
| `Finished` | when the role has returned and its output is durable |
| `Over` | when everybody has; also as the first word to a party that missed it |
| `Abort` | instead of anything, and nothing after it |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.transport.faults import Code, Sentence
from atoll.wire.message import Count, Digest, Message, Name, Range, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Message):
    """Where a party stands in its conversation with another one."""

    sent_packets: Count
    """Packets that the party has sent to the other one."""
    sent_digest: Digest
    """Running digest of them (`transcript`)."""
    heard_packets: Count
    """Packets of the other one that the party's role has read."""
    heard_digest: Digest
    """Running digest of them."""

    def mirrored(self) -> Mark:
        """The same place, as the other party sees it."""
        return Mark(
            sent_packets=self.heard_packets,
            sent_digest=self.heard_digest,
            heard_packets=self.sent_packets,
            heard_digest=self.sent_digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Message):
    """A checkpoint that a party could go on from."""

    number: Count
    """Which one; 0 is the start."""
    mark: Mark
    """Where the party stood with the recipient of this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Message):
    """Where I could go on from."""

    TAG: ClassVar[str] = "runner-resume/1"

    held: Annotated[tuple[Held, ...], Size(1, 2)]
    """The latest checkpoint, last, and the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Message):
    """Where I go on from, having heard all others."""

    TAG: ClassVar[str] = "runner-start/1"

    number: Count
    """The latest checkpoint that all parties hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Message):
    """A checkpoint is durable here; you need not keep what lies two before it."""

    TAG: ClassVar[str] = "runner-passed/1"

    number: Count
    """Which one."""
    mark: Mark
    """Where this party stood with the recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Message):
    """My role has returned, and its output is durable."""

    TAG: ClassVar[str] = "runner-finished/1"

    mark: Mark
    """Where this party stands with the recipient in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(Message):
    """I know that everybody has finished: nobody needs anybody any more."""

    TAG: ClassVar[str] = "runner-over/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Message):
    """The job is over without a result, and this is why."""

    TAG: ClassVar[str] = "runner-abort/1"

    role: Name
    """The role of the party where it began; others pass it on unchanged."""
    index: Annotated[int, Range(0, 65_535)]
    """Which of the parties with that role."""
    code: Code
    """Stable code of the error."""
    sentence: Sentence
    """What it means, without operands."""
