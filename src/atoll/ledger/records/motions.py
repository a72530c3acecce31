"""Records of motions: what members decide together about who they are and by which rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import Label
from atoll.ledger.records.base import Record, Version
from atoll.ledger.records.foreign import ForeignTerms
from atoll.ledger.records.membership import Key
from atoll.wire.message import Count, Digest, Message, Name, Pattern, Size, Time

MOST_APPROVALS = 100
"""As many as validating members."""
MotionOrg = Annotated[str, Pattern(r"|[a-z][a-z0-9-]{0,39}")]
"""The organisation that a motion is about; empty where it is about none."""


class MotionKind(StrEnum):
    """What is to be decided."""

    INVITE = "invite"
    """Let an organisation in that is to validate, audit or regulate."""
    VALIDATE = "validate"
    """Make a member that follows a validating one."""
    STOP_VALIDATING = "stop-validating"
    """Make a validating member one that follows."""
    REMOVE = "remove"
    """Put a member out."""
    UPGRADE = "upgrade"
    """Put the next version of the rules in force."""
    AGREE = "agree"
    """Check for duplicates together with other consortia, by this agreement from now on."""
    END_AGREEMENT = "end-agreement"
    """Check for duplicates with no other consortia any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer(Message):
    """Whom an invitation lets in, as those see it who approve."""

    title: Annotated[str, Size(1, 120)]
    """Name for people."""
    legal_id: Annotated[str, Size(1, 64)]
    """Identifier of the legal entity."""
    affiliation: Annotated[str, Size(0, 64)]
    """Group of affiliated entities; empty for none."""
    identity: Digest
    """The Ed25519 key that it will sign with; its fingerprint is what people compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assent(Message):
    """A member's yes."""

    org: Name
    """Who."""
    key: Version
    """Version of its identity key, which signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion(Record):
    """Something that validating members approve, one vote each, until enough of them have."""

    TAG: ClassVar[str] = "motion/1"
    NAMESPACE: ClassVar[str] = "motion"

    number: Version
    """Counts motions."""
    kind: MotionKind
    """What is to be decided."""
    org: MotionOrg
    """About whom; empty for the rules and for agreements."""
    opened_by: Name
    """Who asked for it."""
    opened_height: Count
    """In which block."""
    expires_at: Time
    """First second at which it can be approved no more."""
    newcomer: Newcomer | None
    """Whom an invitation lets in; None for everything else."""
    roles: Annotated[tuple[Label, ...], Size(0, 8)]
    """Roles that an invitation gives, sorted; none for everything else."""
    validating: bool
    """Whether an invitation makes its organisation a validating member; false for everything else."""
    rules_version: Count
    """Version that an upgrade puts in force; 0 for everything else."""
    from_height: Count
    """First block under that version; 0 for everything else."""
    approvals: Annotated[tuple[Assent, ...], Size(0, MOST_APPROVALS)]
    """Who approved, sorted; who counts is another question (`standing`)."""
    carried_height: Count
    """Block in which enough had; 0 until then."""
    terms: ForeignTerms | None = None
    """The agreement with other consortia; None for everything else."""
    replaces: Count = 0
    """For an agreement and the end of one: what had been decided last when it was asked for (`MotionCounter.agreement`)."""

    def identifier(self) -> str:
        return str(self.number)

    def counts(self, voices: tuple[str, ...]) -> tuple[str, ...]:
        """Whose approvals count among those who decide (`ConsensusSet.voices`): nobody has a say about itself."""
        return tuple(org for org in voices if org != self.org)

    def standing(self, voices: tuple[str, ...], key_of: Callable[[str], Key | None]) -> tuple[str, ...]:
        """Who approved and counts: it has a say, and the key that approved is still its identity key.

        What was signed with a key that its member has replaced or revoked since may have been signed by whoever stole it.

        Args:
            voices: those who decide.
            key_of: a member's present identity key.
        """
        counts = self.counts(voices)
        asked = ((one, key_of(one.org)) for one in self.approvals if one.org in counts)
        return tuple(one.org for one, key in asked if key and key.revoked_height is None and key.version == one.key)

    def needed(self, voices: tuple[str, ...]) -> int:
        """How many approvals carry it: more than half of those who decide, and more than two thirds for new rules.

        A member that is to go is one of them, though it has no say: half of four never put out the other half one by one, and
        of two nobody puts out the other.
        """
        return (2 * len(voices) // 3 if self.kind is MotionKind.UPGRADE else len(voices) // 2) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionCounter(Record):
    """The numbers of the last motions."""

    TAG: ClassVar[str] = "motion-counter/1"
    NAMESPACE: ClassVar[str] = "motion-counter"

    last: Count
    """0 before the first."""
    agreement: Count = 0
    """The last that put an agreement with other consortia in force, or ended one; 0 before the first."""

    def identifier(self) -> str:
        return "0"
