"""Records of members, their keys, and who orders and cosigns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import Label
from atoll.ledger.records.base import EngineKind, Reader, Record, Version
from atoll.trust.keys import KeyRecord, Purpose
from atoll.wire.message import Count, Digest, Endpoint, Message, Name, Pattern, Size, Time

REVOKED_COSIGN = b"\xff" * 32
"""Stands in the place of a revoked cosigning key: no point's canonical encoding, so nothing verifies under it."""
FAREWELL_SECONDS = 60
FOREVER_SECONDS = 2**40
ConsensusPeer = Annotated[str, Pattern(r"|[0-9a-f]{40}@([A-Za-z0-9.\-\[\]:]{1,200}:[0-9]{1,5})?")]
"""`id@host:port` of a CometBFT node, `id@` for one that only dials out; empty where there is none."""
ConsensusKey = Annotated[bytes, Size(0, 32)]
"""Ed25519 key that votes on blocks, 32 bytes; empty for none."""


class MemberState(StrEnum):
    """Whether a member may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Record):
    """One organisation."""

    TAG: ClassVar[str] = "member/1"
    NAMESPACE: ClassVar[str] = "member"

    org: Name
    """Short name, unique in the consortium."""
    title: Annotated[str, Size(1, 120)]
    """Name for people."""
    legal_id: Annotated[str, Size(1, 64)]
    """Identifier of the legal entity; one vote each."""
    affiliation: Annotated[str, Size(0, 64)]
    """Group of affiliated entities it belongs to; empty for none."""
    roles: Annotated[tuple[Label, ...], Size(1, 8)]
    """Roles of `atoll.trust.roles`, sorted."""
    state: MemberState
    """Whether it may act."""
    peer: Endpoint
    """Where its peer listener is reached."""
    https: Endpoint
    """Where its HTTPS listener is reached."""
    joined_height: Count
    """Height of the block that admitted it; 0 for founders."""
    consensus_peer: ConsensusPeer = ""
    """Its CometBFT node, where the ledger runs on CometBFT; nodes of other names are not let in."""
    left_at: Time = 0
    """Block time at which it left or was removed; 0 while it is a member."""

    def identifier(self) -> str:
        return self.org


def served_until(member: Member) -> int:
    """Until when other members' nodes stay connected to this one's, Unix seconds.

    Whoever leaves is served a little longer, so that its node learns that it has left; whoever was put out is cut off at once.
    """
    match member.state:
        case MemberState.ACTIVE:
            return FOREVER_SECONDS
        case MemberState.LEFT:
            return member.left_at + FAREWELL_SECONDS
        case _:
            return 0


def ties(org: str, member: Member | None) -> tuple[str, ...]:
    """What ties an organisation to others: organisations belong together that share one of these.

    Its own name, the group that it says it belongs to (which may be called after one of its members), and the legal entity that
    it is; spelling does not part them. A member that keeps its group to itself is not found here: SECURITY 1.4 and 4.9 rest on
    what members said when they joined.

    Args:
        org: the organisation.
        member: its record, if the ledger holds one.
    """
    said = (member.affiliation, f"legal entity {member.legal_id}") if member is not None else ()
    return tuple(sorted({plain_spelling(one) for one in (org, *said) if one.strip()}))


def plain_spelling(text: str) -> str:
    """A name without what people write differently: letters' case and blanks."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName(Record):
    """Whose CometBFT node has a name; it holds as long as the member's own record says so."""

    TAG: ClassVar[str] = "node-name/1"
    NAMESPACE: ClassVar[str] = "node-name"

    name: Annotated[str, Pattern(r"[0-9a-f]{40}")]
    """What CometBFT calls the node by."""
    org: Name
    """The member that named it last."""

    def identifier(self) -> str:
        return self.name


class Key(KeyRecord, Record):
    """One version of one key of a member; what is signed is checked against the version valid at that height."""

    __slots__ = ()
    TAG: ClassVar[str] = "key/1"
    NAMESPACE: ClassVar[str] = "key"

    def identifier(self) -> str:
        return self.kid


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPointer(Record):
    """Which version of a key is current."""

    TAG: ClassVar[str] = "current/1"
    NAMESPACE: ClassVar[str] = "current"

    org: Name
    """Whose key."""
    purpose: Purpose
    """Which key."""
    version: Version
    """Its current version."""

    def identifier(self) -> str:
        return f"{self.org}/{self.purpose}"


def current_key(records: Reader, org: str, purpose: Purpose) -> Key | None:
    """The current version of a member's key, revoked or not; None where it has registered none."""
    pointer = records.get(KeyPointer, f"{org}/{purpose}")
    return records.get(Key, f"{org}/{purpose}/{pointer.version}") if pointer is not None else None


def current_kid(records: Reader, org: str, purpose: Purpose) -> str:
    """The name of a member's current key; that of its first where it has registered none, as before it enrols."""
    pointer = records.get(KeyPointer, f"{org}/{purpose}")
    return f"{org}/{purpose}/{pointer.version if pointer is not None else 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingKey(Record):
    """Whose consensus key has an address, for ever: evidence names keys of long ago, and no key is registered twice."""

    TAG: ClassVar[str] = "voting-key/1"
    NAMESPACE: ClassVar[str] = "voting-key"

    address: Annotated[str, Pattern(r"[0-9a-f]{40}")]
    """What CometBFT calls the key by."""
    org: Name
    """The member that registered it."""

    def identifier(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class StruckOut(Record):
    """A member one of whose consensus keys signed two different blocks at one height."""

    TAG: ClassVar[str] = "struck-out/1"
    NAMESPACE: ClassVar[str] = "struck-out"

    org: Name
    """Member; none of its keys votes until the others let it vote again."""
    height: Count
    """Block that struck it out; 0 once it may vote again."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingKey(Record):
    """An identity key announced by recovery; it acts after a public delay in which it can be cancelled."""

    TAG: ClassVar[str] = "pending-key/1"
    NAMESPACE: ClassVar[str] = "pending-key"

    org: Name
    """Whose identity key."""
    public: Digest
    """The new key."""
    acts_at: Time
    """Block time from which it can be activated; 0 once it was cancelled, or its day came."""
    number: Count
    """How many the member has announced, this one included."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonce(Record):
    """The last nonce a member used."""

    TAG: ClassVar[str] = "nonce/1"
    NAMESPACE: ClassVar[str] = "nonce"

    org: Name
    """Whose."""
    last: Count
    """A new transaction must carry a greater one."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteRecord(Record):
    """An invitation that has not been used."""

    TAG: ClassVar[str] = "invite/1"
    NAMESPACE: ClassVar[str] = "invite"

    org: Name
    """Whom it is for."""
    issuer: Name
    """Who invited it."""
    commitment: Digest
    """Of the token's secret and of what it is bound to (`atoll.trust.invite`)."""
    roles: Annotated[tuple[Label, ...], Size(1, 8)]
    """Roles the new member gets."""
    validating: bool
    """Whether it becomes a validating member."""
    expires_at: Time
    """First second at which it is void; 0 once it is used."""
    motion: Count = 0
    """Number of the motion that it waits for; 0 where the operator alone may invite."""

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator(Message):
    """A validating member and the key it cosigns with."""

    org: Name
    """Member."""
    cosign: Digest
    """Its Ed25519 cosigning key; REVOKED_COSIGN from its revocation until it registers the next."""
    consensus: ConsensusKey = b""
    """The key that it votes with under CometBFT; empty on an embedded ledger, and from its revocation until the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusSet(Record):
    """Who puts transactions in order and who re-executes and cosigns them (SECURITY 3.1)."""

    TAG: ClassVar[str] = "consensus/1"
    NAMESPACE: ClassVar[str] = "consensus"

    term: Version
    """Counts sequencers; a hand-over adds one."""
    sequencer: Name
    """The member that orders in this term; its cosignature does not count."""
    log: Digest
    """The sequencer's Ed25519 key for checkpoints."""
    validators: Annotated[tuple[Validator, ...], Size(1, 100)]
    """Validating members, sorted by name."""
    engine: EngineKind = EngineKind.EMBEDDED
    """What puts transactions in order; with CometBFT the term stays 1 and the sequencer is a name without a duty."""

    def identifier(self) -> str:
        return "0"

    def counted(self) -> tuple[Validator, ...]:
        """Those who count, each once.

        Embedded: whose cosignatures count in this term, which is neither the sequencer nor a member whose key is revoked.
        CometBFT: who votes on blocks, which is every validating member with a consensus key, the operator too.
        """
        if self.engine is EngineKind.COMETBFT:
            return tuple(one for one in self.validators if one.consensus)
        return tuple(one for one in self.validators if one.org != self.sequencer and one.cosign != REVOKED_COSIGN)

    def voices(self) -> tuple[str, ...]:
        """The members that decide together, by name, one vote each.

        They are those who count, and who would but for a key that is revoked or struck out: else a few could wait until others
        lose their keys, and decide alone.
        """
        is_embedded = self.engine is EngineKind.EMBEDDED
        return tuple(one.org for one in self.validators if not (is_embedded and one.org == self.sequencer))

    def quorum(self) -> int:
        """q = floor(2n/3) + 1 over those counted: more than two thirds, with one vote each."""
        return 2 * len(self.counted()) // 3 + 1
