"""Records of jobs, consents and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, JobId, Plan, PurposeTag
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, Time


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
    receiver: Name
    """Organisation that gets something of it; an input of which several get something stands once for each."""
    epsilon_micro: Count = 0
    """Privacy loss of a noisy output, in millionths of epsilon; 0 where nothing is made noisy."""
    purpose: PurposeTag = b""
    """Pseudonym of the job's purpose within the dataset's lineage, from the grant's terms; empty without a grant."""


def counted_inputs(plan: Plan) -> tuple[JobInput, ...]:
    """What START counts of a plan, as its proposal must state it."""
    return tuple(
        JobInput(
            dataset=one.dataset,
            user=plan.org_at(one.role, one.index) or "nobody",
            grant=one.grant,
            grant_version=one.grant_version,
            rows_cap=one.rows_cap,
            receiver=plan.org_at("receiver", one.receiver) or "nobody",
            epsilon_micro=one.epsilon_micro,
            purpose=plan.purpose_tag(number),
        )
        for number, one in enumerate(plan.inputs)
    )


def unshared(inputs: tuple[JobInput, ...], receivers: tuple[str, ...]) -> str:
    """A dataset that does not stand in the job for each of its receivers and for nobody else; empty if all do.

    What an owner grants is granted line by line, so a receiver without a line would get something that nobody answers for.
    """
    shared: dict[str, set[str]] = {}
    for one in inputs:
        shared.setdefault(one.dataset, set()).add(one.receiver)
    return next((dataset for dataset, gets in shared.items() if gets != set(receivers)), "")


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
    bidders: Annotated[tuple[Name, ...], Size(0, 64)] = ()
    """Organisations whose consent commits to the value that they bring, sorted."""
    bids_until: Count = 0
    """Until when they do, Unix seconds; 0 where none does."""

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
    approver: Annotated[str, Size(0, 80)] = ""
    """Key of the person who signed for it; empty where nobody did."""
    entrusts: Annotated[tuple[Name, ...], Size(0, 3)] = ()
    """The compute nodes that it lets share its data though it is none of them."""
    bid: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """Its commitments to the three shares of the value that it brings; none where it is no bidder."""
    before: Annotated[int, Range(0, 64)] = 0
    """How many had consented before it: among equal bids the first one wins."""

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
