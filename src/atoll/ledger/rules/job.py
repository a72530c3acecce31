"""Jobs: proposed, consented, started; refused, withdrawn, failed, expired.

Consent is given for this job only, by every organisation in the plan. START checks everything again at its height and reserves
uses and rows in the same transaction, so that two jobs can never share the last use. Nothing here believes the initiator: a
proposal needs no grant, because the owner's own node decides and a refusal is a transaction that the owner signs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import JobId
from atoll.ledger.records import SIMILARITY, ConsentRecord, Dataset, Job, JobInput, JobState, unshared
from atoll.ledger.rules import check
from atoll.ledger.rules.approver import approve_consent, need_approval
from atoll.ledger.rules.budget import reserve_all, spend_all
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.dataset import need_first, need_usable
from atoll.ledger.rules.errors import (
    AlreadyExists,
    DeadlinePassed,
    NotAllowed,
    NotUnanimous,
    PlanMismatch,
    TooEarly,
    WrongState,
)
from atoll.ledger.rules.grade import verify_level
from atoll.ledger.rules.grant import need_in_force
from atoll.ledger.rules.holds import need_no_hold
from atoll.ledger.rules.right import need_own_use
from atoll.ledger.rules.standing import take_use
from atoll.ledger.rules.takings import take
from atoll.trust.keys import Purpose
from atoll.wire.message import Count, Digest, Message, Name, Size, Time

SHARES = 3
"""Of a committed value, among three compute nodes."""

TRANSITIONS: dict[tuple[JobState, str], JobState] = {
    (JobState.PROPOSED, "all consented"): JobState.CONSENTED,
    (JobState.PROPOSED, "refuse"): JobState.REFUSED,
    (JobState.PROPOSED, "withdraw"): JobState.WITHDRAWN,
    (JobState.PROPOSED, "deadline"): JobState.EXPIRED,
    (JobState.CONSENTED, "refuse"): JobState.REFUSED,
    (JobState.CONSENTED, "withdraw"): JobState.WITHDRAWN,
    (JobState.CONSENTED, "start"): JobState.STARTED,
    (JobState.CONSENTED, "deadline"): JobState.EXPIRED,
    (JobState.STARTED, "all receipts"): JobState.COMPLETED,
    (JobState.STARTED, "fail"): JobState.FAILED,
    (JobState.STARTED, "receipt term"): JobState.UNACKNOWLEDGED,
}
"""The life of a job run; a pair that is not here cannot happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeJob(Message):
    """Somebody asks for a job; the plan's body goes to the parties."""

    TAG: ClassVar[str] = "job.propose/1"

    job_id: JobId
    """Random identifier."""
    kind: Name
    """Job kind."""
    plan_digest: Digest
    """Digest of the plan's salted body."""
    parties: Annotated[tuple[Name, ...], Size(1, 64)]
    """Organisations that must consent, sorted, each once."""
    receivers: Annotated[tuple[Name, ...], Size(1, 16)]
    """Those that get a result."""
    inputs: Annotated[tuple[JobInput, ...], Size(0, 64)]
    """What START counts; must agree with the plan, which each party's node checks before it consents."""
    not_after: Time
    """Deadline."""
    bidders: Annotated[tuple[Name, ...], Size(0, 64)] = ()
    """Parties whose consent commits to the value that they bring, sorted, each once."""
    bids_until: Count = 0
    """Until when they do; START comes after it. 0 where there are no bidders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentJob(Message):
    """One party agrees to this job and no other."""

    TAG: ClassVar[str] = "job.consent/1"

    job_id: JobId
    """The job."""
    plan_digest: Digest
    """The plan that was read and decided on."""
    job_key: Digest
    """Fresh X25519 public key; the sealing keys of the job's traffic rest on it."""
    software: Annotated[str, Size(1, 60)]
    """Version of the node (asserted)."""
    build: Annotated[str, Size(1, 80)]
    """Digest of its build (asserted)."""
    standing: Annotated[bytes, Size(0, 16)] = b""
    """The standing consent by which the node consents without asking a person; empty where a person or nobody was asked."""
    approval: Annotated[bytes, Size(0, 1000)] = b""
    """A person's envelope over `ConsentApproval`, context `approval`; for own data of level G4 or above."""
    entrusts: Annotated[tuple[Name, ...], Size(0, 3)] = ()
    """The compute nodes among which this owner lets its data be shared though it is none of them, sorted; any two of them could
    read it together. Empty where it is one of them, or brings nothing."""
    bid: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """For a bidder: commitments to the three shares of its value, which is what will be computed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseJob(Message):
    """One party refuses, with the code of the reason; the explanation stays with the parties."""

    TAG: ClassVar[str] = "job.refuse/1"

    job_id: JobId
    """The job."""
    code: Annotated[str, Size(3, 80)]
    """Stable code, for `atoll why`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawJob(Message):
    """A party takes its consent back, or the proposer its proposal, before START."""

    TAG: ClassVar[str] = "job.withdraw/1"

    job_id: JobId
    """The job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartJob(Message):
    """A party asks for START; all checks are made again and the budgets are charged."""

    TAG: ClassVar[str] = "job.start/1"

    job_id: JobId
    """The job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailJob(Message):
    """A party reports that a started job ended without a result."""

    TAG: ClassVar[str] = "job.fail/1"

    job_id: JobId
    """The job."""
    code: Annotated[str, Size(3, 80)]
    """Stable code of the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireJob(Message):
    """Anybody notes that a deadline or a receipt term has passed."""

    TAG: ClassVar[str] = "job.expire/1"

    job_id: JobId
    """The job."""


def propose(call: Call, body: ProposeJob) -> None:
    """The proposer is a party; parties and receivers are active members."""
    if call.time > body.not_after:
        raise DeadlinePassed(what="The job's deadline", deadline=body.not_after, now=call.time)
    call.need_free(Job, body.job_id.hex())
    for org in body.parties:
        call.active_member(org)
    if call.sender not in body.parties:
        raise NotAllowed(org=call.sender, reason="it is no party of the job it proposes")
    if list(body.parties) != sorted(set(body.parties)) or not set(body.receivers) <= set(body.parties):
        raise NotAllowed(org=call.sender, reason="parties must be sorted, each once, and hold all receivers")
    if not {one.user for one in body.inputs} <= set(body.parties):
        raise NotAllowed(org=call.sender, reason="an input is brought by an organisation that is no party")
    _verify_bidding(call, body)
    dataset = unshared(body.inputs, body.receivers)
    if dataset:
        raise NotAllowed(org=call.sender, reason=f"{dataset} must stand in the job for each receiver, and for nobody else")
    job = Job(
        job_id=body.job_id,
        kind=body.kind,
        proposer=call.sender,
        plan_digest=body.plan_digest,
        parties=body.parties,
        receivers=tuple(sorted(set(body.receivers))),
        inputs=body.inputs,
        not_after=body.not_after,
        state=JobState.PROPOSED,
        proposed_height=call.height,
        started_height=0,
        consents=(),
        receipts=(),
        reason="",
        bidders=body.bidders,
        bids_until=body.bids_until,
    )
    if job.kind == SIMILARITY:
        check.propose_check(call, job)
    call.state.put(job)


def consent(call: Call, body: ConsentJob) -> None:
    """A party's first consent to exactly this plan, in time, while no order is in the way."""
    job = _party_job(call, body.job_id)
    need_no_hold(call, job.parties, job.inputs)
    if body.plan_digest != job.plan_digest:
        raise PlanMismatch(job=body.job_id.hex())
    if call.time > job.not_after:
        raise DeadlinePassed(what="The job's deadline", deadline=job.not_after, now=call.time)
    _verify_bid(call, job, body.bid)
    if job.state is not JobState.PROPOSED:
        raise WrongState(what="job", name=body.job_id.hex(), state=job.state, needed=JobState.PROPOSED)
    if call.sender in job.consents:
        raise AlreadyExists(what="consent", name=f"{body.job_id.hex()}/{call.sender}")
    if list(body.entrusts) != sorted(set(body.entrusts) & (set(job.parties) - {call.sender})):
        raise NotAllowed(org=call.sender, reason="it entrusts its data to other parties of the job, sorted, each once")
    approver = approve_consent(call, job, body.approval)
    if body.standing:
        take_use(call, body.standing)
    consents = tuple(sorted((*job.consents, call.sender)))
    state = moved(job, "all consented") if consents == job.parties else job.state
    call.state.put(replace(job, consents=consents, state=state))
    call.state.put(
        ConsentRecord(
            job_id=body.job_id,
            org=call.sender,
            job_key=body.job_key,
            software=body.software,
            approver=approver,
            entrusts=body.entrusts,
            bid=body.bid,
            before=len(job.consents),
        )
    )


def refuse(call: Call, body: RefuseJob) -> None:
    """Any party, any time before START; a bidder until bidding ends."""
    job = _party_job(call, body.job_id)
    _need_bid_open(call, job)
    call.state.put(replace(job, state=moved(job, "refuse"), reason=body.code))
    if job.kind == SIMILARITY and call.sender != job.proposer:
        check.note_unanswered(call, job)


def withdraw(call: Call, body: WithdrawJob) -> None:
    """A party that has consented, or the proposer; START ends the possibility."""
    job = _party_job(call, body.job_id)
    if call.sender not in (*job.consents, job.proposer):
        raise NotAllowed(org=call.sender, reason="it has not consented, so there is nothing to take back")
    _need_bid_open(call, job)
    call.state.put(replace(job, state=moved(job, "withdraw"), reason=f"withdrawn by {call.sender}"))


def start(call: Call, body: StartJob) -> None:
    """All consents, memberships, datasets, grants and budgets, at this height."""
    job = _party_job(call, body.job_id)
    if call.time > job.not_after:
        raise DeadlinePassed(what="The job's deadline", deadline=job.not_after, now=call.time)
    missing = sorted(set(job.parties) - set(job.consents))
    if missing:
        raise NotUnanimous(job=body.job_id.hex(), missing=", ".join(missing))
    if job.bidders and call.time <= job.bids_until:
        raise TooEarly(what="START, after the bids,", at=job.bids_until + 1, now=call.time)
    started = moved(job, "start")
    for org in job.parties:
        call.active_member(org)
        if not call.current_key(org, Purpose.IDENTITY).is_valid_at(call.height):
            raise NotAllowed(org=org, reason="its identity key is revoked, so nobody can say that its consent is its own")
    need_no_hold(call, job.parties, job.inputs)
    if job.kind == SIMILARITY:
        check.start_check(call, job)
    else:
        for one in job.inputs:
            _charge(call, job, one)
    call.state.put(replace(job, state=started, started_height=call.height))


def fail(call: Call, body: FailJob) -> None:
    """Any party of a started job; what START consumed stays consumed."""
    job = _party_job(call, body.job_id)
    call.state.put(replace(job, state=moved(job, "fail"), reason=body.code))
    settle(call, job)
    if job.kind == SIMILARITY:
        check.note_unanswered(call, job)


def expire(call: Call, body: ExpireJob) -> None:
    """Before START: the deadline has passed. After it: the receipt term has passed and a receipt is missing."""
    job = call.need(Job, body.job_id.hex())
    term = call.chain.receipt_term_seconds if job.state is JobState.STARTED else 0
    if call.time <= job.not_after + term:
        raise TooEarly(what="The expiry of the job", at=job.not_after + term + 1, now=call.time)
    event = "receipt term" if job.state is JobState.STARTED else "deadline"
    call.state.put(replace(job, state=moved(job, event)))
    if job.state is JobState.STARTED:
        settle(call, job)
    answered = job.receipts if job.state is JobState.STARTED else job.consents
    if job.kind == SIMILARITY and (job.state is JobState.STARTED or answered == (job.proposer,)):
        check.note_unanswered(call, job)


def moved(job: Job, event: str) -> JobState:
    """The state that follows.

    Raises:
        WrongState: the event cannot happen now.
    """
    following = TRANSITIONS.get((job.state, event))
    if following is None:
        needed = " or ".join(state for state, what in TRANSITIONS if what == event)
        raise WrongState(what="job", name=job.job_id.hex(), state=job.state, needed=needed)
    return following


def settle(call: Call, job: Job) -> None:
    """The job has ended: what was held becomes spent. What a check of near duplicates took was spent by START."""
    if job.kind == SIMILARITY:
        return
    for one in job.inputs:
        spend_all(call, job, one)


def _party_job(call: Call, job_id: bytes) -> Job:
    job = call.need(Job, job_id.hex())
    if call.sender not in job.parties:
        raise NotAllowed(org=call.sender, reason="it is no party of the job")
    return job


def _verify_bidding(call: Call, body: ProposeJob) -> None:
    """Bidders are parties, and bid between now and the job's deadline."""
    if list(body.bidders) != sorted(set(body.bidders)) or not set(body.bidders) <= set(body.parties):
        raise NotAllowed(org=call.sender, reason="bidders must be parties, sorted, each once")
    if bool(body.bidders) is not bool(body.bids_until) or body.bids_until >= body.not_after:
        raise NotAllowed(org=call.sender, reason="bids end before the job's deadline, where there are bidders")


def _verify_bid(call: Call, job: Job, bid: tuple[bytes, ...]) -> None:
    """A bidder's consent commits to its value, in time; nobody else's does."""
    if len(bid) != (SHARES if call.sender in job.bidders else 0):
        raise NotAllowed(org=call.sender, reason=f"a bidder commits to {SHARES} shares in its consent, and nobody else does")
    if bid and call.time > job.bids_until:
        raise DeadlinePassed(what="Bidding", deadline=job.bids_until, now=call.time)


def _need_bid_open(call: Call, job: Job) -> None:
    """What was bid stands once bidding has ended."""
    if call.sender in job.bidders and call.sender in job.consents and call.time > job.bids_until:
        raise DeadlinePassed(what="Bidding", deadline=job.bids_until, now=call.time)


def _charge(call: Call, job: Job, one: JobInput) -> None:
    """Check one input again at START, and take what it takes from every account it is charged to."""
    dataset = call.need(Dataset, one.dataset)
    need_usable(dataset, one.receiver)
    if one.user != dataset.owner:
        raise NotAllowed(org=one.user, reason=f"only {dataset.owner} can bring {one.dataset} into a job")
    if one.receiver != dataset.owner:
        verify_level(call, dataset, job.parties)
        need_approval(call, dataset, call.need(ConsentRecord, f"{job.job_id.hex()}/{dataset.owner}").approver)
    else:
        need_first(call, dataset)
    if one.grant:
        grant = need_in_force(call, one.grant, one.grant_version, receiver=one.receiver, dataset=one.dataset)
        take(call, grant, one, job.inputs)
    elif one.receiver != dataset.owner:
        raise NotAllowed(org=job.proposer, reason=f"{one.dataset} goes into the job without a grant of {dataset.owner}")
    else:
        need_own_use(call, dataset)
    reserve_all(call, one)
