"""Requests and responses of the node's HTTPS API, version 1.

Binary identifiers travel as lower-case hex, times as Unix seconds. Errors are problem+json (`Problem`). One model serves node
and client, so they cannot disagree; the OpenAPI document is printed from these.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Base: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Problem(Model):
    """RFC 9457 problem details."""

    type: str
    """`about:atoll/<code>`."""
    title: str
    """What happened, one sentence."""
    status: int
    code: str
    """Stable code, for `atoll why`."""
    remedy: str
    """What to do; may be empty."""


class Receipt(Model):
    """A transaction was carried out and acknowledged by a quorum."""

    height: int
    index: int
    transaction: str


class Status(Model):
    """How a node is."""

    org: str
    chain_id: str
    genesis_digest: str
    version: str
    engine: str
    """`embedded: tamper-evident under one operator` and the like; the honest words of SECURITY 3.4."""
    test: bool
    height: int
    log_size: int
    term: int
    sequencer: str
    quorum: str
    """`3 of 4`."""
    freshness_seconds: int
    """Age of the newest checkpoint with a quorum; jobs need 60 or less."""
    connected: list[str]
    jobs_running: int
    pss_mb: float


class MemberInfo(Model):
    org: str
    title: str
    roles: list[str]
    state: str
    validating: bool
    sequencer: bool
    peer: str
    https: str
    connected: bool
    keys: dict[str, str]
    """Fingerprint of each current key, by purpose; `revoked` where it is."""


class RegisterColumn(Model):
    name: str
    semantics: str = ""
    level: int = Field(default=2, ge=1, le=4)
    exposure: str = "hidden"
    normalisation: str = ""


class RegisterDataset(Model):
    name: str = Field(examples=["customers"])
    path: str = Field(examples=["data/customers.csv"])
    """Relative to one of the node's data folders."""
    title: str
    description: str = ""
    columns: list[RegisterColumn] = []
    """What to say about columns; those left out are `hidden`, level 2."""
    purposes: list[str] = []
    table: str = ""
    """Table of a SQLite file."""
    asserted_new: int | None = Field(default=None, ge=0, le=1 << 53)
    """How many identifiers the version before it did not have, if the owner says so."""


class Registered(Receipt):
    """A dataset version was registered."""

    dataset: str
    """owner/name/version."""


class DatasetInfo(Model):
    dataset: str
    owner: str
    level: int
    state: str
    title: str = ""
    description: str = ""
    rows_at_most: int = 0
    columns: list[RegisterColumn] = []
    purposes: list[str] = []
    mine: bool = False
    card_verified: bool = False
    """The card was fetched and fits its commitment on the ledger."""


class ConstraintModel(Model):
    left: str
    operator: str
    right: list[str]


OutputName = Literal["identifiers", "rows", "cardinality", "sum"]
"""What may come out of a job."""


class CapModel(Model):
    """At most so many in so many days; the days are UTC days, today and those just before it."""

    limit: int = Field(ge=0, le=1 << 40)
    days: int = Field(ge=1, le=366)


class GiveGrant(Model):
    grantee: str
    dataset: str
    uses: int = Field(default=1, ge=1)
    days: int = Field(default=30, ge=1, le=3650)
    columns: list[str]
    purposes: list[str]
    job_kinds: list[str] = ["intersection"]
    protocols: list[str] = []
    """Protocols by which; empty for any."""
    security: Literal["semi-honest", "malicious"] = "semi-honest"
    """The misbehaviour that a job must withstand, at least."""
    rows: int | None = None
    outputs: list[OutputName] = Field(default=["identifiers"], min_length=1)
    """What the grantee may get out of a job."""
    payload: list[str] = []
    """Columns whose values may leave with rows, or be summed."""
    min_count: int = Field(default=20, ge=1)
    """Fewest matches over which a sum is told."""
    epsilon_micro: int = Field(default=0, ge=0, le=1 << 53)
    """Privacy budget of noisy outputs, in millionths of epsilon; above 0, no exact cardinality is permitted."""
    new_identifiers: CapModel = CapModel(limit=1_000_000, days=30)
    """Identifiers of the grantee that may be new in a period."""
    counting: Literal["runs", "versions", "asserted"] = "runs"
    """What of the grantee's sets counts as new: every run, each version once, or what it asserts to be new in a version."""
    rate: CapModel | None = None
    """Jobs in a period."""
    rate_rows: CapModel | None = None
    """Granted rows in a period."""
    constraints: list[ConstraintModel] = []
    prohibitions: list[ConstraintModel] = []


class Given(Receipt):
    """A grant was given."""

    grant: str
    """Its identifier."""


class CapInfo(CapModel):
    """A cap of a grant, and how the grantee stands against it today."""

    unit: str
    """`jobs`, `new-identifiers` or `rows`."""
    taken: int
    """By the grantee or its group, over all grants of the lineage."""
    left: int


class GrantInfo(Model):
    grant: str
    owner: str
    grantee: str
    dataset: str
    state: str
    version: int
    not_before: int
    not_after: int
    uses_limit: int
    uses_reserved: int
    uses_spent: int
    caps: list[CapInfo] = []
    counting: str = "runs"
    epsilon_limit_micro: int = 0
    epsilon_left_micro: int = 0
    terms: dict[str, Any] | None = None
    """The ODRL-shaped terms, where this node holds them."""


class ProposeJob(Model):
    """A job of any kind. `spec` is the kind's own specification (`GET /v1/kinds`), byte strings as hex."""

    kind: str = Field(examples=["intersection"])
    spec: dict[str, Any]
    purpose: str = Field(examples=["credit-check"])
    minutes: int = Field(default=60, ge=1, le=10_080)
    memory_mb: int = Field(default=1024, ge=128, le=1 << 20)
    attempts: int = Field(default=5, ge=1, le=16)


class Proposed(Model):
    """A job was proposed."""

    job: str
    """Its identifier."""


class CoalitionInfo(Model):
    """Who could read what of whom, if these organisations put together what they see."""

    members: list[str]
    reads: list[str]


class OptionInfo(Model):
    """One protocol that a job could be carried out by."""

    name: str
    """With its variant in brackets, where it has some."""
    chosen: bool
    why_not: str = ""
    """Why it cannot serve; empty if it can, and then the rest is filled in."""
    seconds: float = 0.0
    """Until the last receiver has its result, link included."""
    traffic_mb: float = 0.0
    """What all parties send together."""
    memory_mb: float = 0.0
    """Peak of the hungriest party."""


class DraftInfo(Model):
    """What a job would be, before anybody proposes it."""

    plan: dict[str, Any]
    """As it would be proposed; identifier and salt are drawn anew when it is."""
    estimate: dict[str, float]
    """`seconds`, `traffic_mb` and `memory_mb` at the row caps."""
    leakage: str
    """What each party learns beside its output."""
    adversary_model: str
    coalitions: list[CoalitionInfo]
    result_columns: list[str]
    why: str = ""
    """Why this protocol, in words; empty for kinds that choose nothing."""
    options: list[OptionInfo] = []
    """Every protocol there is, those that could serve first, the fastest on top."""


class ReasonInfo(Model):
    rule: str
    constraint: str
    wanted: str
    observed: str
    holds: bool


class DecisionInfo(Model):
    verdict: Literal["permit", "deny", "ask"]
    code: str
    reasons: list[ReasonInfo]


class JobInfo(Model):
    job: str
    kind: str
    state: str
    """State on the ledger."""
    phase: str
    """What this node does with it: `waiting for plan`, `awaiting approval`, `consented`, `running`, `resuming`, `done`, ..."""
    proposer: str
    parties: list[str]
    receivers: list[str]
    consents: list[str]
    receipts: list[str]
    reason: str
    purpose: str = ""
    not_after: int
    attempt: int = 0
    progress_done: int = 0
    progress_total: int = 0
    progress_unit: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0
    seconds: float = 0.0
    leakage: str = ""
    adversary_model: str = ""
    decision: DecisionInfo | None = None
    estimate: dict[str, float] | None = None
    plan: dict[str, Any] | None = None


class ResultInfo(Model):
    job: str
    columns: list[str]
    rows: int
    table: list[list[str]]
    """Rows as text; paged."""
    next_offset: int | None = None
    commitment: str
    """What all receipts carry."""
    opening: str
    """What opens it; secret."""
    encoded_bytes: int
    """Length of the encoding that it commits to."""


class LogEntry(Model):
    index: int
    height: int
    time: int
    kind: str
    """Transaction type, `summary` or `genesis`."""
    sender: str
    outcome: str
    """`ok` or the refusing rule's code."""
    body: dict[str, Any]
    digest: str


class RecordInfo(Model):
    key: str
    height: int
    value: dict[str, Any] | None
    """Null: proved absent."""
    state_root: str
    proof: str
    """ICS23 CommitmentProof, hex."""


class CheckpointInfo(Model):
    note: str
    """The signed note with its cosignatures."""
    size: int
    quorum: str
    freshness_seconds: int


class VerifyInfo(Model):
    """Result of re-verifying this node's own ledger from its genesis."""

    height: int
    entries: int
    root: str
    state_root: str
    seconds: float


class InviteRequest(Model):
    org: str
    identity: str
    """The invited organisation's identity public key, hex."""
    roles: list[str]
    validating: bool = False
    days: int = Field(default=7, ge=1, le=90)


class InviteInfo(Model):
    token: str
    org: str
    not_after: int


class EnrolRequest(Model):
    """An invited organisation's own transaction, handed over by a member: the newcomer cannot reach anybody yet."""

    transaction: str
    """The sealed `member.enrol/1` transaction, hex."""


class HandoverRequest(Model):
    to: str


class HandoverInfo(Model):
    new_term: int
    new_sequencer: str
    votes: int
    needed: int
    in_force: bool


class KeyRequest(Model):
    purpose: Literal["identity", "recovery", "cosign", "log", "tls"]


class RefuseRequest(Model):
    code: str = "policy.refused_by_person"


class BudgetRequest(Model):
    name: str
    unit: Literal["uses", "rows", "micro-epsilon"] = "uses"
    limit: int = Field(ge=0)


class WhyInfo(Model):
    """Everything this node knows about why a job stands where it stands."""

    job: str
    state: str
    reason: str
    sentence: str
    remedy: str
    decisions: dict[str, DecisionInfo]
    """By organisation: this node's own decision in full."""


class DoctorFinding(Model):
    check: str
    ok: bool
    found: str
    remedy: str = ""
