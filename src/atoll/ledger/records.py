"""What the state holds: one message class a kind of record, each under its own namespace."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId, JobId, Label
from atoll.trust.keys import KeyRecord, Purpose
from atoll.wire.message import Count, Digest, Message, Name, Pattern, Range, Size, Time

Endpoint = Annotated[str, Pattern(r"|[A-Za-z0-9.\-\[\]:]{1,200}:[0-9]{1,5}")]
"""host:port, or empty for a member that only dials out."""
Version = Annotated[int, Range(1, 2**31)]


class Record(Message):
    """A message kept in the state; `key()` is its raw key."""

    __slots__ = ()
    NAMESPACE: ClassVar[str] = ""

    def identifier(self) -> str:
        """The record's name within its namespace."""
        raise TypeError(f"{type(self).__name__} has no identifier")

    def key(self) -> bytes:
        """Raw key: namespace, 0x00, identifier."""
        return record_key(type(self), self.identifier())


def record_key(kind: type[Record], identifier: str) -> bytes:
    """Raw key of the record of `kind` with this identifier."""
    return kind.NAMESPACE.encode() + b"\0" + identifier.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Record):
    """The ledger itself; there is exactly one."""

    TAG: ClassVar[str] = "chain/1"
    NAMESPACE: ClassVar[str] = "chain"

    chain_id: Annotated[str, Size(1, 64)]
    """Name of the ledger."""
    genesis_digest: Digest
    """Digest of the genesis body."""
    rules_version: Version
    """Which table of rules is in force."""
    test: bool
    """True for a consortium that may run `Insecure...` modes."""
    receipt_term_seconds: Annotated[int, Range(1, 2**31)]
    """How long after its deadline a job may miss a receipt before it counts as unacknowledged."""

    def identifier(self) -> str:
        return "0"


class MemberState(StrEnum):
    """Whether a member may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


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

    def identifier(self) -> str:
        return self.org


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
    """Block time from which it can be activated."""

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

    def identifier(self) -> str:
        return self.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator(Message):
    """A validating member and the key it cosigns with."""

    org: Name
    """Member."""
    cosign: Digest
    """Its Ed25519 cosigning key."""


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
    """Validating members, sorted by name; the sequencer may be among them and is not counted."""

    def identifier(self) -> str:
        return "0"

    def counted(self) -> tuple[Validator, ...]:
        """Those whose cosignatures count in this term."""
        return tuple(one for one in self.validators if one.org != self.sequencer)

    def quorum(self) -> int:
        """q = floor(2n/3) + 1 over those counted."""
        return 2 * len(self.counted()) // 3 + 1


class DatasetState(StrEnum):
    """Whether a dataset version may be used."""

    ACTIVE = "active"
    FROZEN = "frozen"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Record):
    """One version of a dataset; its rows and its card stay with the owner."""

    TAG: ClassVar[str] = "dataset/1"
    NAMESPACE: ClassVar[str] = "dataset"

    dataset: DatasetId
    """owner/name/version."""
    owner: Name
    """The organisation that registered it first here."""
    lineage: Annotated[str, Size(3, 90)]
    """owner/name of the first version: budgets are kept for a lineage, not a version."""
    card_commitment: Digest
    """Salted commitment to the dataset card, fingerprint included."""
    level: Annotated[int, Range(1, 4)]
    """Level G1 to G4; the highest of its columns."""
    state: DatasetState
    """Whether it may be used."""
    height: Count
    """Block that registered it."""

    def identifier(self) -> str:
        return self.dataset


class GrantState(StrEnum):
    """Whether a grant may be used."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Record):
    """A permission that an owner gave; its terms are a committed body that owner, grantee and auditor hold."""

    TAG: ClassVar[str] = "grant/1"
    NAMESPACE: ClassVar[str] = "grant"

    grant: GrantId
    """Random identifier."""
    version: Version
    """Grows with each change."""
    owner: Name
    """Who gave it."""
    grantee: Name
    """Who may use it."""
    dataset: DatasetId
    """What it is for."""
    terms_commitment: Digest
    """Salted commitment to the ODRL-shaped terms."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    state: GrantState
    """Whether it may be used."""

    def identifier(self) -> str:
        return self.grant.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Record):
    """A counted allowance, charged inside `apply` at START; two jobs can never share the last use."""

    TAG: ClassVar[str] = "budget/1"
    NAMESPACE: ClassVar[str] = "budget"

    account: Annotated[str, Size(1, 120)]
    """`lineage:owner/name` or `grant:hex`."""
    unit: Annotated[str, Pattern("uses|queries|rows|micro-epsilon")]
    """What is counted."""
    owner: Name
    """Who may set the limit and refund."""
    limit: Count
    """Most that may be reserved and spent together."""
    reserved: Count
    """Held by jobs that run."""
    spent: Count
    """Used by jobs that ended."""

    def identifier(self) -> str:
        return budget_id(self.account, self.unit)

    def left(self) -> int:
        """What can still be reserved."""
        return max(0, self.limit - self.reserved - self.spent)


def budget_id(account: str, unit: str) -> str:
    """Identifier of a budget record."""
    return f"{account}|{unit}"


class JobState(StrEnum):
    """Life of a job run."""

    PROPOSED = "proposed"
    CONSENTED = "consented"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    UNACKNOWLEDGED = "unacknowledged"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInput(Message):
    """The counted part of a plan's input."""

    dataset: DatasetId
    """Dataset version."""
    user: Name
    """Organisation that takes it into the job: its owner itself."""
    grant: Annotated[bytes, Size(0, 16)]
    """Grant it rests on; empty where the owner uses its own dataset for itself."""
    grant_version: Count
    """Record version of the grant; 0 without one."""
    rows_cap: Annotated[int, Range(1, 2**40)]
    """Most rows that may take part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    """One job."""

    TAG: ClassVar[str] = "job/1"
    NAMESPACE: ClassVar[str] = "job"

    job_id: JobId
    """Random identifier."""
    kind: Name
    """Job kind."""
    proposer: Name
    """Who proposed it."""
    plan_digest: Digest
    """Digest of the plan's salted body."""
    parties: Annotated[tuple[Name, ...], Size(1, 64)]
    """Organisations that must consent, sorted."""
    receivers: Annotated[tuple[Name, ...], Size(1, 16)]
    """Organisations that get a result, sorted."""
    inputs: Annotated[tuple[JobInput, ...], Size(0, 64)]
    """What is counted at START."""
    not_after: Time
    """Deadline."""
    state: JobState
    """Where it stands."""
    proposed_height: Count
    """Block of the proposal."""
    started_height: Count
    """Block of START; 0 before."""
    consents: Annotated[tuple[Name, ...], Size(0, 64)]
    """Who has consented, sorted."""
    receipts: Annotated[tuple[Name, ...], Size(0, 64)]
    """Who has signed a receipt, sorted."""
    reason: Annotated[str, Size(0, 120)]
    """Code of the refusal or failure; empty otherwise."""

    def identifier(self) -> str:
        return self.job_id.hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord(Record):
    """One party's consent to one job."""

    TAG: ClassVar[str] = "consent-record/1"
    NAMESPACE: ClassVar[str] = "consent"

    job_id: JobId
    """The job."""
    org: Name
    """Who consented."""
    job_key: Digest
    """Its X25519 key for this job."""
    software: Annotated[str, Size(1, 60)]
    """Version the node says it runs (asserted)."""

    def identifier(self) -> str:
        return f"{self.job_id.hex()}/{self.org}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecord(Record):
    """One participant's receipt."""

    TAG: ClassVar[str] = "receipt-record/1"
    NAMESPACE: ClassVar[str] = "receipt"

    job_id: JobId
    """The job."""
    org: Name
    """Who signed."""
    result_commitment: Digest
    """Hiding commitment to the result; the receivers hold the opening."""
    detail_commitment: Digest
    """Salted commitment to the receipt's detail."""

    def identifier(self) -> str:
        return f"{self.job_id.hex()}/{self.org}"
