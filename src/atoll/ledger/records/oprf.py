"""Records of the consortium's threshold OPRF: the key that its members share, how it is dealt, and who asked for what.

The key itself is nowhere. `OprfKey` holds what is public of it; `specs/threshold-oprf.md` says how it comes about.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.records.base import Record, Version
from atoll.ledger.records.takings import Day
from atoll.wire.message import Count, Digest, Name, Range, Size, Time

MOST_HOLDERS = 100
"""Most members that share a key: the consensus set has no more."""
MOST_ELEMENTS = 3
"""Most inputs of one evaluation."""
SEALED_SHARE_BYTES = 80
"""A sealed share: an encapsulation, a scalar, and the tag of HPKE."""

EvaluationId = Annotated[bytes, Size(16)]
Names = Annotated[tuple[Name, ...], Size(0, MOST_HOLDERS)]
Threshold = Annotated[int, Range(1, MOST_HOLDERS)]


class OprfPhase(StrEnum):
    """Where a dealing stands."""

    ANNOUNCING = "announcing"
    """Members name the keys under which shares are sealed to them."""
    DEALING = "dealing"
    """Dealers publish commitments and sealed shares."""
    CONFIRMING = "confirming"
    """Members say that their shares fit and are durable, or show one that does not."""
    DONE = "done"
    """The key stands."""
    FAILED = "failed"
    """Too few took part; the next dealing draws everything anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfDealing(Record):
    """The newest dealing of the key. There is one at a time."""

    TAG: ClassVar[str] = "oprf-dealing/1"
    NAMESPACE: ClassVar[str] = "oprf-dealing"

    number: Version
    """Counts the dealings of this ledger, failed ones too."""
    renews: Count
    """Epoch of the key that is handed on to these members; 0 for a new key."""
    threshold: Threshold
    """How many members must take part in an evaluation."""
    least: Threshold
    """How many deals must count: the threshold; where a key is handed on, that of its old shares."""
    dealers: Names
    """Who deals, sorted: all members for a new key, the holders of the old one where it is handed on."""
    places: Annotated[tuple[Annotated[int, Range(1, MOST_HOLDERS)], ...], Size(0, MOST_HOLDERS)]
    """Where each dealer's old share lies; empty for a new key."""
    members: Annotated[tuple[Name, ...], Size(1, MOST_HOLDERS)]
    """Who is to hold a share, sorted; a member's place, counted from 1, is where its share lies."""
    phase: OprfPhase
    """Where it stands."""
    since: Time
    """Block time at which this phase began."""
    announced: Names
    """Members that named their keys, sorted."""
    dealt: Names
    """Dealers whose deal counts, sorted."""
    faulty: Names
    """Dealers that dealt a wrong share, sorted: proved for all to see."""
    confirmed: Names
    """Members that confirmed, sorted."""

    def identifier(self) -> str:
        return "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfReceiver(Record):
    """The keys under which a member receives its shares in one dealing: one a dealer, so that a complaint, which gives one
    away, shows what that dealer sent and nothing else. Its next dealing's take their place."""

    TAG: ClassVar[str] = "oprf-receiver/1"
    NAMESPACE: ClassVar[str] = "oprf-receiver"

    number: Version
    """Which dealing."""
    org: Name
    """Whose keys."""
    keys: Annotated[tuple[Digest, ...], Size(1, MOST_HOLDERS)]
    """X25519 public keys in the order of the dealers."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfDeal(Record):
    """What one dealer dealt last: dealings are many, and no more of them is kept than that."""

    TAG: ClassVar[str] = "oprf-deal/1"
    NAMESPACE: ClassVar[str] = "oprf-deal"

    number: Version
    """Which dealing."""
    org: Name
    """Who dealt."""
    sender_key: Digest
    """X25519 public key that the shares were sealed with."""
    commitments: Annotated[tuple[Digest, ...], Size(1, MOST_HOLDERS)]
    """Feldman's commitments to the polynomial, the constant term's first; as many as the threshold."""
    sealed: Annotated[tuple[Annotated[bytes, Size(0, SEALED_SHARE_BYTES)], ...], Size(1, MOST_HOLDERS)]
    """A sealed share for each member in order; empty for one that announced no keys."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfKey(Record):
    """The key in force. Where there is this record, the key stands and registrations need tags."""

    TAG: ClassVar[str] = "oprf-key/1"
    NAMESPACE: ClassVar[str] = "oprf-key"

    epoch: Version
    """The dealing that its shares come from; the key may be older than its shares."""
    threshold: Threshold
    """How many members must take part in an evaluation."""
    weakest: Threshold
    """The smallest threshold that the key ever had: so many who kept their shares of that time know it, however many hold it
    now."""
    members: Annotated[tuple[Name, ...], Size(1, MOST_HOLDERS)]
    """Who holds a share, sorted; a member's place, counted from 1, is where its share lies."""
    public: Digest
    """The joint public key."""
    shares: Annotated[tuple[Digest, ...], Size(1, MOST_HOLDERS)]
    """Each member's public share, in the order of the members."""
    dealers: Annotated[tuple[Name, ...], Size(1, MOST_HOLDERS)]
    """Whose deals the shares are made of, sorted."""
    holders: Names
    """Members that said that they have their share, and not that they lost it, sorted."""

    def identifier(self) -> str:
        return "0"

    def share_of(self, org: str) -> tuple[int, bytes] | None:
        """A member's place, counted from 1, and its public share; None for one that holds none."""
        if org not in self.members:
            return None
        at = self.members.index(org)
        return at + 1, self.shares[at]


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfRequest(Record):
    """That a member asked for one evaluation; members answer for nothing else. Together these are the log of requests."""

    TAG: ClassVar[str] = "oprf-request/1"
    NAMESPACE: ClassVar[str] = "oprf-request"

    id: EvaluationId
    """Drawn by who asks."""
    org: Name
    """Who asks."""
    digest: Digest
    """Of the blinded elements."""
    elements: Annotated[int, Range(1, MOST_ELEMENTS)]
    """How many they are."""
    height: Count
    """Block of the request."""
    time: Time
    """Time of that block: members answer for a while only."""

    def identifier(self) -> str:
        return self.id.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class OprfTally(Record):
    """How many requests a member made on the last day on which it made any."""

    TAG: ClassVar[str] = "oprf-tally/1"
    NAMESPACE: ClassVar[str] = "oprf-tally"

    org: Name
    """Whose requests."""
    day: Day
    """Which day, UTC."""
    requests: Count
    """How many."""

    def identifier(self) -> str:
        return self.org
