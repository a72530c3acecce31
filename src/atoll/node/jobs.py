"""Jobs as people see and steer them at this node."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Iterable, Iterator
from contextlib import suppress
from weakref import WeakValueDictionary

from atoll.api.models import DecisionInfo, JobInfo, ReasonInfo, ResultInfo, WhyInfo
from atoll.errors import JobError, catalogue
from atoll.jobs.errors import UnknownKind
from atoll.jobs.formats import Format, encode_blocks_as
from atoll.jobs.registry import job_kind, load_kinds
from atoll.ledger.detail import ReceiptDetail
from atoll.ledger.plan import Plan
from atoll.ledger.records import ConsentRecord, Job, JobState
from atoll.ledger.rules.job import FailJob, WithdrawJob
from atoll.node.bodies import PATIENCE_SECONDS, READERS, Bodies, Kind
from atoll.node.consents import Consents, is_open
from atoll.node.context import NodeContext
from atoll.node.depositions import Depositions
from atoll.node.endings import Endings
from atoll.node.errors import (
    BidMade,
    Cancelled,
    JobEnded,
    NotAReceiver,
    NotForThisJob,
    PlanChanged,
    RefusedByPerson,
    ResultHeld,
)
from atoll.node.outcomes import StoredResult
from atoll.node.programs import program_of
from atoll.node.runs import Runs
from atoll.policy.coalition import compute_nodes
from atoll.policy.orders import describe_order, find_order
from atoll.storage.store import LocalJob
from atoll.transport.errors import EndedUntold
from atoll.wire.message import parse_message
from atoll.wire.plain import to_plain

PAGE_ROWS = 1000
AWAITING = "awaiting approval"
WAITING = frozenset({JobState.PROPOSED, JobState.EXPIRED, JobState.STARTED, JobState.UNACKNOWLEDGED})
"""States in which parties have something to sign, or had."""


class Jobs:
    """Lists, shows and steers jobs."""

    def __init__(self, context: NodeContext, bodies: Bodies, consents: Consents, runs: Runs) -> None:
        self._context = context
        self._depositions = Depositions(context)
        self._endings = Endings(context)
        self._bodies = bodies
        self._consents = consents
        self._runs = runs
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def list(self) -> list[JobInfo]:
        """Jobs this organisation takes part in or may read, oldest first."""
        reads_all = bool(READERS & set(self._context.roles(self._context.org)))
        records = [one for one in self._context.records(Job) if reads_all or self._context.org in one.parties]
        return [self._describe(one) for one in sorted(records, key=lambda one: (one.proposed_height, one.job_id))]

    def show(self, identifier: str) -> JobInfo:
        """One job, with its plan where this node holds it, and what that would take where it can be carried out."""
        job = self._context.need(Job, identifier)
        info, ending = self._describe(job), self._endings.find(job)
        if ending is not None:
            info = info.model_copy(update={"ended_by": ending.org, "ended_height": ending.height})
        plan = self._bodies.plan(identifier)
        if plan is None:
            return info
        attached = self._bodies.get(Kind.ATTACHED, identifier) or b""
        amounts, program = _amounts(plan, attached)
        deposition = self._depositions.describe(job, plan, info.attempt)
        update = {
            "deposition": deposition,
            "plan": to_plain(plan),
            "estimate": amounts,
            "program": program,
            "digest": program_of(plan)[0],
        }
        return info.model_copy(update=update)

    async def collect(self, identifier: str) -> None:
        """Ask for the plan of a job, where it is not here and this organisation may read it."""
        job, view = self._context.need(Job, identifier), self._context.view()
        with suppress(PlanChanged):  # the reactor says so, to everybody
            holders = (job.proposer, *job.parties)
            await self._bodies.fetch(view, Kind.PLAN, identifier, holders, patience_seconds=PATIENCE_SECONDS)

    async def approve(self, identifier: str, actor: str, approval: bytes = b"", *, entrust: bool = False) -> JobInfo:
        """A person consents to a job that waits for it; policy is asked again first.

        Args:
            approval: envelope of one of this organisation's approvers, which data of a high level need.
            entrust: the person acknowledges the job's compute nodes, of which this organisation is none.

        Raises:
            BidMissing, ProgramNotReviewed, NotEntrusted: what approving alone does not say; the job waits on.
        """
        return await self._approve(identifier, None, actor, approval, entrust=entrust)

    async def bid(self, identifier: str, value: int, actor: str, *, entrust: bool = False) -> JobInfo:
        """A person bids, which consents to the job; the value stays here, and the ledger gets commitments to its shares.

        Args:
            value: 0 to take part without a bid.
            entrust: as with `approve`.

        Raises:
            BidMade: there is one already, and it stands.
            NotForThisJob: this job waits for no bid.
            BadBid, BadPlan: the value would count as none, or nothing is bid for.
            NotEntrusted: as with `approve`.
        """
        return await self._approve(identifier, value, actor, b"", entrust=entrust)

    async def _approve(self, identifier: str, value: int | None, actor: str, approval: bytes, *, entrust: bool) -> JobInfo:
        """One at a time for each job: of two bids, one stands and the other one's person hears that it does not."""
        async with self._busy.setdefault(identifier, asyncio.Lock()):
            job = self._context.need(Job, identifier)
            self._verify_waits(job, is_bid=value is not None)
            plan = await self._consents.checked_plan(job)
            decision = self._consents.decide(plan, job.proposer)
            self._context.store.update_job(identifier, decision=decision.to_plain())
            if decision.denies:
                await self._consents.refuse(identifier, decision.code, actor=actor)
            else:
                shares = self._consents.split_bid(plan, value)
                if entrust:
                    self._consents.entrust(job)
                self._consents.verify_person(plan)
                if shares:
                    self._consents.keep_bid(plan, shares)
                self._context.store.set_meta(f"approval/{identifier}", approval)  # durable before the consent that carries it
                await self._consents.consent(job, actor=actor)
            return self.show(identifier)

    def _verify_waits(self, job: Job, *, is_bid: bool) -> None:
        """Refuse what a person says to a job that does not wait for one.

        Raises:
            JobEnded, BidMade, NotForThisJob: the reason.
        """
        identifier, me = job.job_id.hex(), self._context.org
        self._verify_open(job, "bid for" if is_bid else "consent to")
        if is_bid and me not in job.bidders:
            raise NotForThisJob(job=identifier, phase=job.state, needed=f"it asks {me} for no bid")
        if is_bid and (me in job.consents or self._phase(identifier) == "consented"):
            raise BidMade(org=me, job=identifier)
        if self._phase(identifier) != AWAITING or job.state is not JobState.PROPOSED:
            raise NotForThisJob(job=identifier, phase=self._phase(identifier), needed="no person here is asked for a consent")

    def _verify_open(self, job: Job, verb: str) -> None:
        """Refuse what could change nothing any more.

        Raises:
            JobEnded: nothing can happen to the job.
        """
        if not is_open(job):
            raise JobEnded(job=job.job_id.hex(), state=job.state, verb=verb)

    async def withhold(self, identifier: str, actor: str) -> JobInfo:
        """A person decides not to open the own bid; the compute nodes will say so in their receipts.

        Raises:
            NotForThisJob: there is no bid here, or it has been opened.
        """
        job = self._context.need(Job, identifier)
        self._verify_open(job, "withhold")
        if job.state is JobState.STARTED or not self._consents.opened_shares(identifier):
            raise NotForThisJob(job=identifier, phase=job.state, needed="there is no bid here that could stay closed")
        self._consents.withhold(identifier)
        self._context.note(actor, "job.withhold", identifier, "ok")
        return self.show(identifier)

    async def refuse(self, identifier: str, code: str, actor: str) -> JobInfo:
        """A person refuses a job before START."""
        self._verify_open(self._context.need(Job, identifier), "refuse")
        await self._consents.refuse(identifier, code or RefusedByPerson.code, actor=actor)
        return self.show(identifier)

    async def withdraw(self, identifier: str, actor: str) -> JobInfo:
        """Take consent or proposal back before START. Afterwards the ledger refuses it, where all see who has tried."""
        job = self._context.need(Job, identifier)
        await self._context.outbox.submit(WithdrawJob(job_id=job.job_id))
        self._context.note(actor, "job.withdraw", identifier, "ok")
        return self.show(identifier)

    async def cancel(self, identifier: str, actor: str) -> JobInfo:
        """Stop a running job; it ends FAILED for all its parties."""
        job = self._context.need(Job, identifier)
        self._verify_open(job, "stop")
        if job.state is not JobState.STARTED:
            raise NotForThisJob(job=identifier, phase=job.state, needed="a job is stopped once it runs, and withdrawn before")
        await self._runs.stop(identifier)
        await self._context.outbox.submit(FailJob(job_id=job.job_id, code=Cancelled.code))
        self._context.note(actor, "job.cancel", identifier, "ok")
        return self.show(identifier)

    def result(self, identifier: str, offset: int, actor: str) -> ResultInfo:
        """A page of the result, for a receiver."""
        found = self._result(identifier)
        if offset == 0:
            self._context.note(actor, "job.result", identifier, "read")
        page = found.page(max(0, offset), PAGE_ROWS)
        end = max(0, offset) + len(page)
        return ResultInfo(
            job=identifier,
            columns=found.schema.names,
            rows=found.rows,
            table=[[None if cell is None else str(cell) for cell in row] for row in page],
            next_offset=end if page and end < found.rows else None,
            commitment=found.commitment.hex(),
            opening=found.opening.hex(),
            encoded_bytes=found.encoded_bytes,
            spoiled=found.spoiled,
        )

    def download(self, identifier: str, kind: Format, actor: str) -> Iterator[bytes]:
        """The whole result as a file, piece by piece, for a receiver."""
        found = self._result(identifier)
        self._context.note(actor, "job.result", identifier, f"read as {kind}")
        return encode_blocks_as(kind, found.schema, found.blocks())

    def _result(self, identifier: str) -> StoredResult:
        job = self._context.need(Job, identifier)
        order = find_order(self._context.view(), job.parties, job.inputs)
        if order is not None:
            raise ResultHeld(job=identifier, order=str(order))
        found = self._runs.result(identifier)
        if found is None and self._context.org not in job.receivers:
            raise NotAReceiver(org=self._context.org, job=identifier, receivers=" and ".join(job.receivers))
        if found is None:
            raise NotForThisJob(job=identifier, phase=job.state, needed="this node holds no receipted result of it")
        return found

    def why(self, identifier: str) -> WhyInfo:
        """Why a job stands where it stands."""
        job = self._context.need(Job, identifier)
        local = self._context.store.job(identifier)
        code = job.reason or (local.error if local else "")
        if code == EndedUntold.code and local is not None and local.error:
            code = local.error  # its own people may know
        load_kinds()  # the code may be of an error that never happened in this process
        known = catalogue().get(code)
        decision, ending = _decision(local), self._endings.find(job)
        signed = job.consents if job.state in (JobState.PROPOSED, JobState.EXPIRED) else job.receipts
        return WhyInfo(
            job=identifier,
            state=job.state,
            phase=local.phase if local else "",
            reason=code,
            ended_by=ending.org if ending else "",
            ended_height=ending.height if ending else 0,
            waits_for=[one for one in job.parties if one not in signed] if job.state in WAITING else [],
            sentence=(known.__doc__ or "").splitlines()[0] if known else "",
            remedy=known.remedy if known else "",
            decisions={self._context.org: decision} if decision else {},
        )

    def _entrusts(self, job: Job) -> dict[str, builtins.list[str]]:
        records = {org: self._context.view().get(ConsentRecord, f"{job.job_id.hex()}/{org}") for org in job.consents}
        return {org: [*one.entrusts] for org, one in records.items() if one is not None and one.entrusts}

    def _unopened(self, job: Job, witnesses: Iterable[str]) -> dict[str, builtins.list[str]]:
        """Bidders who did not open, and the compute nodes that say so. Nobody else was shown a bid: what another party's
        receipt says of it is no testimony."""
        said: dict[str, builtins.list[str]] = {}
        for org in witnesses:
            body = self._bodies.get(Kind.DETAIL, f"{job.job_id.hex()}/{org}")
            for one in parse_message(body, ReceiptDetail).unopened if body else ():
                if one in job.bidders:
                    said.setdefault(one, []).append(org)
        return said

    def _opening_witnesses(self, job: Job, plan: Plan | None) -> builtins.list[str]:
        """Compute nodes of an auction whose receipts' details are here."""
        computes = sorted(compute_nodes(plan)) if plan is not None and job.bidders else ()
        return [org for org in computes if org in job.receipts and self._bodies.get(Kind.DETAIL, f"{job.job_id.hex()}/{org}")]

    def _phase(self, identifier: str) -> str:
        local = self._context.store.job(identifier)
        return local.phase if local else "not ours"

    def _describe(self, job: Job) -> JobInfo:
        identifier = job.job_id.hex()
        local = self._context.store.job(identifier) or LocalJob(id=identifier, phase="")
        plan: Plan | None = self._bodies.plan(identifier)
        witnesses = self._opening_witnesses(job, plan)
        return JobInfo(
            job=identifier,
            kind=job.kind,
            state=job.state,
            phase=local.phase,
            proposer=job.proposer,
            parties=list(job.parties),
            receivers=list(job.receivers),
            consents=list(job.consents),
            receipts=list(job.receipts),
            reason=job.reason,
            purpose=plan.purpose if plan else "",
            not_after=job.not_after,
            attempt=local.attempt,
            progress_done=local.progress[0],
            progress_total=local.progress[1],
            progress_unit=local.progress[2],
            sent_bytes=local.sent_bytes,
            received_bytes=local.received_bytes,
            seconds=local.seconds,
            leakage=plan.leakage if plan else "",
            adversary_model=plan.adversary_model if plan else "",
            order=describe_order(self._context.view(), job.parties, job.inputs)[1],
            entrusts=self._entrusts(job),
            bidders=list(job.bidders),
            bids_until=job.bids_until,
            unopened=self._unopened(job, witnesses),
            opening_witnesses=witnesses,
            decision=_decision(local),
        )


def _amounts(plan: Plan, attached: bytes) -> tuple[dict[str, float] | None, str]:
    """What a job would take, and what it attaches in words; nothing of a plan that cannot be carried out, which people must be
    able to look at all the same."""
    try:
        kind = job_kind(plan.kind)
        kind.check(plan)
        if attached:  # what is shown beside a digest is what that digest is of
            kind.verify_attached(plan, attached)
        program = kind.read_attached(plan, attached) if attached else ""
    except (JobError, UnknownKind):
        return None, ""
    estimate = kind.estimate(plan)
    amounts = {
        "seconds": estimate.seconds,
        "traffic_mb": estimate.traffic_bytes / 1e6,
        "memory_mb": estimate.memory_bytes / 1e6,
    }
    return amounts, program


def _decision(local: LocalJob | None) -> DecisionInfo | None:
    if local is None or local.decision is None:
        return None
    return DecisionInfo(
        verdict=local.decision["verdict"],
        code=local.decision["code"],
        reasons=[ReasonInfo(**one) for one in local.decision["reasons"]],
        standing=str(local.decision.get("standing", "")),
    )
