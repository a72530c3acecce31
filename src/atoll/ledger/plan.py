"""The plan of a job: everything that matters about it, in one message (SECURITY 1.1).

The ledger holds only the plan's digest; the body goes to the parties and the auditor. The body carries a 256-bit salt, so the
digest tells nothing to those who do not hold it, and destroying the body erases it. The digest is also the domain tag of every
transcript of the job: two parties with plans that differ by one byte do not understand each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.wire.message import Count, Digest, Document, Message, Name, Pattern, Range, Size, Text, Time, encode_message

JobId = Annotated[bytes, Size(16)]
GrantId = Annotated[bytes, Size(16)]
DatasetId = Annotated[str, Pattern(r"[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}/[1-9][0-9]{0,5}")]
"""owner/name/version."""
Label = Annotated[str, Size(1, 120)]
"""A short label from a closed list or a column name."""

PurposeTag = Annotated[bytes, Size(0, 16)]
"""Pseudonym of a purpose within one lineage (`atoll.policy.purposes`), 16 bytes; empty where nothing is counted by purpose."""

PLAN_DOMAIN = b"ATOLL-V1-PLAN"
ATTACHED_DOMAIN = b"ATOLL-V1-PLAN-ATTACHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParty(Message):
    """Who sits where."""

    role: Annotated[str, Pattern("owner|compute|receiver")]
    """Plan role."""
    index: Annotated[int, Range(0, 63)]
    """Place among those of the same role, from 0."""
    org: Name
    """The organisation in this place; one organisation may hold several places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput(Message):
    """What one party brings."""

    role: Annotated[str, Pattern("owner|compute|receiver")]
    """Role of the party that brings it."""
    index: Annotated[int, Range(0, 63)]
    """Index of the party that brings it."""
    dataset: DatasetId
    """Registered dataset version."""
    columns: Annotated[tuple[Label, ...], Size(1, 200)]
    """Columns used: first those that make the key, then those that take part beside it."""
    normalisation: Annotated[tuple[Label, ...], Size(1, 200)]
    """Rule by which each column of the key is spelt, same order (`atoll.protocols.identifiers`)."""
    rows_cap: Annotated[int, Range(1, 2**40)]
    """Most rows that may take part."""
    grant: Annotated[bytes, Size(0, 16)]
    """The grant this use rests on; empty where an owner uses its own dataset for itself."""
    grant_version: Count
    """Record version of that grant when the plan was made; 0 without a grant."""
    receiver: Annotated[int, Range(0, 63)] = 0
    """Index of the receiver who gets something of it; where several do, the input stands once for each."""
    epsilon_micro: Count = 0
    """Privacy loss that the job's noisy output is charged to this input, in millionths of epsilon; 0 where nothing is noisy."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that make the key: as many as there are rules."""
        return self.columns[: len(self.normalisation)]

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns that take part beside the key."""
        return self.columns[len(self.normalisation) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutput(Message):
    """What one receiver gets, and nobody else."""

    index: Annotated[int, Range(0, 63)]
    """Index of the receiver."""
    gets: Annotated[tuple[Label, ...], Size(1, 20)]
    """Named outputs of the job kind, such as `identifiers`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalition(Message):
    """A set of participants that together could read something (SECURITY 1.4)."""

    members: Annotated[tuple[Name, ...], Size(1, 16)]
    """Organisations, sorted."""
    reads: Annotated[tuple[Label, ...], Size(1, 100)]
    """What they could read together: `dataset:column`, or a named quantity such as `size of bank/customers/1`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Message):
    """Hard bounds of the job."""

    memory_bytes: Annotated[int, Range(2**26, 2**44)]
    """Cap on each party's job process."""
    traffic_bytes: Annotated[int, Range(2**10, 2**50)]
    """Cap on what one party sends."""
    attempts: Annotated[int, Range(1, 16)]
    """Most attempts, the first included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Message):
    """Everything that the parties of a job consent to."""

    TAG: ClassVar[str] = "plan/1"

    salt: Digest
    """256 random bits that make the digest hiding."""
    chain_id: Annotated[str, Size(1, 64)]
    """The consortium's ledger."""
    genesis_digest: Digest
    """Its genesis, so that a ledger of the same name is another ledger."""
    job_id: JobId
    """Random; names the job."""
    kind: Name
    """Job kind, for example `intersection`."""
    protocol: Label
    """Protocol, for example `psi-ecdh-curve25519`."""
    protocol_version: Annotated[int, Range(1, 1000)]
    """Version of the protocol's messages."""
    program: Document
    """The kind's own parameters; a logical plan, never text in a foreign query language."""
    parties: Annotated[tuple[PlanParty, ...], Size(1, 64)]
    """All parties, sorted by role and index."""
    inputs: Annotated[tuple[PlanInput, ...], Size(0, 64)]
    """What the parties bring."""
    outputs: Annotated[tuple[PlanOutput, ...], Size(1, 16)]
    """What each receiver gets."""
    coalitions: Annotated[tuple[Coalition, ...], Size(0, 64)]
    """Who could read what together."""
    adversary_model: Annotated[str, Pattern("semi-honest|malicious|honest-majority-semi-honest|honest-majority-malicious")]
    """The kind of misbehaviour the protocol withstands."""
    leakage: Text
    """What each party learns beside its output, in words."""
    purpose: Label
    """Why, from the consortium's list of purposes."""
    purpose_tags: Annotated[tuple[PurposeTag, ...], Size(0, 64)] = ()
    """What the purpose is called on the ledger, by the inputs in their order: a pseudonym in each lineage, which the grant's
    terms give (`atoll.policy.purposes`). Empty for an input without a grant; none at all where the proposer has no terms."""
    attached: Annotated[bytes, Size(0, 32)] = b""
    """Digest of what travels beside the plan to all who get it, such as the program of a computation; empty for nothing."""
    bids_until: Count = 0
    """Until when its owners commit, in their consents, to the values that they bring, Unix seconds; START comes after it.
    0 where nothing is committed to beforehand."""
    limits: Limits
    """Hard bounds."""
    not_after: Time
    """Deadline of the whole job, Unix seconds."""

    def purpose_tag(self, number: int) -> bytes:
        """What the purpose is called for one input; empty where nothing is said."""
        return self.purpose_tags[number] if number < len(self.purpose_tags) else b""

    def orgs(self) -> tuple[str, ...]:
        """The organisations that must consent, each once, sorted."""
        return tuple(sorted({party.org for party in self.parties}))

    def org_at(self, role: str, index: int) -> str | None:
        """The organisation in one place, or None."""
        return next((one.org for one in self.parties if (one.role, one.index) == (role, index)), None)

    def receivers(self) -> tuple[str, ...]:
        """The organisations that get a result, each once, sorted."""
        return tuple(sorted({one.org for one in self.parties if one.role == "receiver"}))

    def bidders(self) -> tuple[str, ...]:
        """The organisations that commit to what they bring, each once, sorted."""
        return tuple(sorted({one.org for one in self.parties if one.role == "owner"})) if self.bids_until else ()


def plan_digest(plan: Plan) -> bytes:
    """The 32 bytes that stand for this plan on the ledger and in every transcript."""
    return digest_plan_body(encode_message(plan))


def digest_attached(body: bytes) -> bytes:
    """What a plan names a body by that travels beside it; as its own digest, over the bytes as received."""
    return hashlib.sha256(ATTACHED_DOMAIN + len(body).to_bytes(8, "big") + body).digest()


def digest_plan_body(body: bytes) -> bytes:
    """Same, from the received bytes; never re-encode what somebody else sent."""
    return hashlib.sha256(PLAN_DOMAIN + len(body).to_bytes(8, "big") + body).digest()
