"""Jobs: proposed, drafted, decided on, read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from atoll.api.models.base import Model
from atoll.api.models.budgets import TakesInfo


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
    standing: str = ""
    """The standing consent that spoke for a person; empty where none did."""


class ForeseenInfo(DecisionInfo):
    """What a party would say to a job if it were proposed now, as far as this node can tell."""

    org: str
    asks_for_bid: bool = False
    """Whether it is asked for a bid, so that a person there has to make one."""
    unknown: list[str] = []
    """What its own node alone knows and this one took to be in favour; empty for the own organisation."""


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
    program: str = ""
    """What travels beside the plan, for people: a program with what it takes, what is opened, how exact it is."""
    takes: list[TakesInfo] = []
    """What it would take from limited accounts, and what would be left."""
    foreseen: list[ForeseenInfo] = []
    """What each party would say to it, the own organisation first; a refusal among them is one unless something changes."""


class ClaimInfo(Model):
    """One compute node's signed word on what was said from one to another, up to the end of a round."""

    signer: str
    sender: str
    receiver: str
    round: int
    why: str
    """What that round does: `proof`, `coin` or `opening`."""
    bytes_said: int
    stream: str
    """SHA-256 of all those bytes."""
    part: str
    """Digest of a part that two nodes tell the third."""
    signature: str


class ContradictionInfo(Model):
    """Two claims that cannot both be true."""

    what: str
    by: list[str]
    """At least one of these signed something false; one alone: its own signatures prove it."""
    claims: list[int]
    """Their places in `claims`."""


class DepositionInfo(Model):
    """What this node can show of a computation that ended early, verified with the keys that the ledger had when it started."""

    witness: str
    between: list[str]
    """The two compute nodes between which the failure lies, as far as this node saw it; nothing is proved against either but as
    `contradictions` say."""
    contradictions: list[ContradictionInfo] = []
    """Empty: no two of `claims` contradict each other; of what was said behind the last of them they show nothing."""
    claims: list[ClaimInfo] = []
    encoded: str
    """All of it with its keys and signatures (`specs/mpc-malicious.md`), hex; for `atoll evidence judge`."""
    problem: str = ""
    """Why it could not be verified, so that none of its claims is listed; empty if it could."""


class JobInfo(Model):
    job: str
    kind: str
    state: str
    """State on the ledger."""
    phase: str
    """What this node does with it: `waiting for plan`, `waiting for documents`, `awaiting approval`, `consented`, `running`,
    `resuming`, `done`, ..."""
    proposer: str
    parties: list[str]
    receivers: list[str]
    consents: list[str]
    receipts: list[str]
    reason: str
    ended_by: str = ""
    """Who signed what ended it, where one job is asked for; empty while nothing has, and where it was completed."""
    ended_height: int = 0
    """Block of that; 0 where there is none."""
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
    order: str = ""
    """The regulator's order that stands on it, in words; empty for none. Then nothing of it is released."""
    program: str = ""
    """What travels beside its plan, for people: a program with what it takes, what is opened, how exact it is."""
    digest: str = ""
    """Of that program, by which people review it."""
    entrusts: dict[str, list[str]] = {}
    """Owners that said so in their consent: the compute nodes that share their data though they are none of them."""
    bidders: list[str] = []
    """Parties whose consent commits to a bid."""
    bids_until: int = 0
    """Until when they do, Unix seconds; 0 where there are none."""
    unopened: dict[str, list[str]] = {}
    """Bidders who did not open what they had committed to, and the compute nodes whose receipts say so."""
    opening_witnesses: list[str] = []
    """Compute nodes whose receipts' details are here; where there are none, `unopened` says nothing."""
    deposition: DepositionInfo | None = None
    """Of a computation in the malicious model that ended early here, what its compute nodes signed."""
    decision: DecisionInfo | None = None
    estimate: dict[str, float] | None = None
    plan: dict[str, Any] | None = None


class ResultInfo(Model):
    job: str
    columns: list[str]
    rows: int
    table: list[list[str | None]]
    """Rows as text; paged. Null where there is no cell, as in a left join's row without a match; an empty text is one."""
    next_offset: int | None = None
    commitment: str
    """What all receipts carry."""
    opening: str
    """What opens it; secret."""
    encoded_bytes: int
    """Length of the encoding that it commits to."""
    spoiled: int = 0
    """Keys that both sides have, for which what the other one sent cannot be read, by its own fault; of a sum, all that are in
    it. Nobody else is told: who sent it would learn that this organisation has such keys."""


class ApproveJob(Model):
    """A person consents."""

    entrust: bool = False
    """Own data may be shared among compute nodes of which this organisation is none: any two of them together could read them.
    The consent says so."""


class BidRequest(ApproveJob):
    """A person bids, and so consents."""

    value: int = Field(ge=0, lt=1 << 60, examples=[120_000])
    """What; it stays at this node and in shares. 0 takes part without a bid."""


class ApproveSigned(ApproveJob):
    """A person consents and signs, for data of level G4 or above."""

    paper: str
    """The bytes of what was signed, in hex."""


class RefuseRequest(Model):
    code: str = "policy.refused_by_person"
