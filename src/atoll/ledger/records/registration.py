"""Records of registration: who registered a content first, which versions were compared, what is disputed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.checks import Stage
from atoll.ledger.plan import DatasetId, JobId
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, Time

DisputeId = Annotated[bytes, Size(16)]
MOST_ANSWERS = 32
MOST_PARTIES = 4
"""Owners of both versions, and holders of the roots of both lineages."""
MOST_RIVALS = 16
Tie = Annotated[str, Size(1, 300)]


class Layer(StrEnum):
    """What a tag is of; the order is that of a registration's tags."""

    BYTES = "bytes"
    CONTENT = "content"
    NAMELESS = "nameless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Record):
    """The first version with a certain content. The tag is keyed: without the members' help nobody can compute another."""

    TAG: ClassVar[str] = "tag/1"
    NAMESPACE: ClassVar[str] = "tag"

    tag: Digest
    """The keyed tag."""
    layer: Layer
    """What it is of."""
    dataset: DatasetId
    """The version that was registered first with it."""
    height: Count
    """Block that registered it."""
    priority: Count
    """Block since which it counts as held: of the claim, else of the registration. An earlier claim takes it over."""

    def identifier(self) -> str:
        return self.tag.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Record):
    """A commitment to the tags of one evaluation, made before anybody is shown them."""

    TAG: ClassVar[str] = "claim/1"
    NAMESPACE: ClassVar[str] = "claim"

    evaluation: Annotated[bytes, Size(16)]
    """Of its sender; there is one claim on it."""
    commitment: Digest
    """To sender, evaluation and tags."""
    height: Count
    """Block of the claim."""
    time: Time
    """Of that block."""

    def identifier(self) -> str:
        return self.evaluation.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Record):
    """An evaluation that a registration has used; there is no second one on it."""

    TAG: ClassVar[str] = "evaluated/1"
    NAMESPACE: ClassVar[str] = "evaluated"

    evaluation: Annotated[bytes, Size(16)]
    """The evaluation."""
    dataset: DatasetId
    """The version that used it."""

    def identifier(self) -> str:
        return self.evaluation.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDay(Record):
    """How many versions a member has registered on the latest day on which it registered any."""

    TAG: ClassVar[str] = "registration-day/1"
    NAMESPACE: ClassVar[str] = "registration-day"

    org: Name
    """The member."""
    day: Count
    """Days since 1970, by block time."""
    count: Count
    """Registrations on it."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Record):
    """A comparison of a new version with one before it, at one stage."""

    TAG: ClassVar[str] = "check/1"
    NAMESPACE: ClassVar[str] = "check"

    new: DatasetId
    """The version that was registered later."""
    incumbent: DatasetId
    """The version that was registered first."""
    stage: Stage
    """How closely they are compared."""
    attempts: Annotated[int, Range(1, 16)]
    """How often it was proposed."""
    job: JobId
    """The latest job."""
    is_stated: bool = False
    """Whether the incumbent's owner has said what came of it."""
    is_unanswered: bool = False
    """Whether the new version's owner refused it or let it pass, the last time."""

    def identifier(self) -> str:
        return check_id(self.new, self.incumbent, self.stage)


def check_id(new: str, incumbent: str, stage: Stage) -> str:
    """Identifier of a check."""
    return f"{new}|{incumbent}|{stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTally(Record):
    """How many checks of one new version have been started by those who share a tie: each is a question to it."""

    TAG: ClassVar[str] = "check-tally/1"
    NAMESPACE: ClassVar[str] = "check-tally"

    new: DatasetId
    """The version that was registered later."""
    tie: Tie
    """What those who asked share (`ties`)."""
    started: Annotated[int, Range(0, 16)] = 0
    """Checks of all rows that were started, whatever became of them."""
    sampled: Annotated[int, Range(0, 64)] = 0
    """The same of a sample."""

    def identifier(self) -> str:
        return bound_id(self.new, self.tie)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Record):
    """Those who share a tie have had their say about one new version: they stated, or it was released against them."""

    TAG: ClassVar[str] = "heard/1"
    NAMESPACE: ClassVar[str] = "heard"

    new: DatasetId
    """The version that was registered later."""
    tie: Tie
    """What they share."""
    has_stated: bool
    """Whether one of them has stated that the version is near its own."""
    height: Count
    """Block since which."""

    def identifier(self) -> str:
        return bound_id(self.new, self.tie)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overturned(Record):
    """A statement of those who share a tie was overturned by a decision: for a time what they state blocks nobody."""

    TAG: ClassVar[str] = "overturned/1"
    NAMESPACE: ClassVar[str] = "overturned"

    tie: Tie
    """What they share."""
    until: Time
    """Last second of it."""

    def identifier(self) -> str:
        return self.tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals(Record):
    """Earlier versions of which their owners have stated that a new one is so near that it is blocked, until it is released
    against each of them."""

    TAG: ClassVar[str] = "rivals/1"
    NAMESPACE: ClassVar[str] = "rivals"

    new: DatasetId
    """The version that was registered later."""
    versions: Annotated[tuple[DatasetId, ...], Size(0, MOST_RIVALS)]
    """In the order of the statements."""

    def identifier(self) -> str:
        return self.new


def bound_id(new: str, tie: str) -> str:
    """Identifier of what is kept for a version and a tie."""
    return f"{new}|{tie}"


class DisputeState(StrEnum):
    """How a dispute stands."""

    OPEN = "open"
    UPHELD = "upheld"
    """The version in dispute is blocked."""
    RELEASED = "released"
    """The version in dispute may be used."""
    WITHDRAWN = "withdrawn"
    """Whoever opened it has taken it back; nothing changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Message):
    """A party's evidence in a dispute."""

    org: Name
    """Whose."""
    commitment: Digest
    """Salted commitment to the evidence, which parties, auditors and regulators hold."""
    height: Count
    """Block of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Record):
    """Two versions with common content, and the question whether the one in dispute may be used."""

    TAG: ClassVar[str] = "dispute/1"
    NAMESPACE: ClassVar[str] = "dispute"

    dispute: DisputeId
    """Random identifier."""
    opener: Name
    """Who opened it."""
    subject: DatasetId
    """The version in dispute."""
    against: DatasetId
    """The version that it is compared with."""
    parties: Annotated[tuple[Name, ...], Size(1, MOST_PARTIES)]
    """Owners of the two and holders of the roots of their lineages, sorted, each once."""
    evidence: Digest
    """Salted commitment to what the opener says."""
    answers: Annotated[tuple[Answer, ...], Size(0, MOST_ANSWERS)]
    """What was said since, in order."""
    state: DisputeState
    """How it stands."""
    opened_height: Count
    """Block that opened it."""
    opened_time: Time
    """That block's time."""
    decided_by: Annotated[str, Size(0, 40)]
    """The member that decided; empty while it is open."""
    reason: Annotated[bytes, Size(0, 32)]
    """Salted commitment to the reasons; empty while it is open."""
    decided_height: Count
    """Block of the decision; 0 while it is open."""

    def identifier(self) -> str:
        return self.dispute.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest(Record):
    """The latest dispute about a version against another; there is one of a pair at a time."""

    TAG: ClassVar[str] = "contest/1"
    NAMESPACE: ClassVar[str] = "contest"

    subject: DatasetId
    """The version in dispute."""
    against: DatasetId
    """The version that it is compared with."""
    dispute: DisputeId
    """Which dispute."""

    def identifier(self) -> str:
        return contest_id(self.subject, self.against)


def contest_id(subject: str, against: str) -> str:
    """Identifier of the contest of a pair."""
    return f"{subject}|{against}"
