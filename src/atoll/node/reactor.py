"""What this node does when the ledger moves.

It is driven by levels, not by edges: whatever happened to a job, `advance` looks at where the job stands and does what is
missing. After a crash the same look at every open job brings the node to where it would have been.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator

from atoll.errors import AtollError
from atoll.ledger.records import Grant, Job, JobState, ReceiptRecord, Record
from atoll.ledger.rules.errors import (
    ApprovalMissing,
    CapReached,
    CheckRefused,
    GrantExhausted,
    GrantNotInForce,
    OrderInForce,
    RightNotInForce,
)
from atoll.ledger.rules.job import ExpireJob, StartJob
from atoll.node.bodies import READERS, Bodies, Kind
from atoll.node.consents import Consents, is_open
from atoll.node.context import NodeContext
from atoll.node.errors import TransactionRefused
from atoll.node.pauses import FIRST_SECONDS, Pauses, grounds
from atoll.node.runs import Runs
from atoll.node.tables import forget_what_ended
from atoll.ordering.engine import AgreedBlock, View

log = logging.getLogger("atoll.reactor")

NOT_CARRIED = frozenset(
    refusal.code
    for refusal in (ApprovalMissing, CapReached, CheckRefused, GrantExhausted, GrantNotInForce, OrderInForce, RightNotInForce)
)
"""Why START is refused for want of something that seconds do not bring back: to ask again would only fill the log."""
SWEEP_SECONDS = 5.0
"""How often open jobs are looked at when nothing moves: deadlines pass silently, and a body may have been unreachable."""


class Reactor:
    """Follows the acknowledged ledger and advances every job this node takes part in."""

    def __init__(
        self, context: NodeContext, bodies: Bodies, consents: Consents, runs: Runs, on_block: Callable[[], None]
    ) -> None:
        self._context = context
        self._bodies = bodies
        self._consents = consents
        self._runs = runs
        self._on_block = on_block
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pauses = Pauses(context.clock)

    async def run(self) -> None:
        """Go on until cancelled."""
        seen = self._context.view().height  # what ends after this look is followed
        for job in self._context.records(Job):
            if not is_open(job):  # it may have ended while this node was down
                self._runs.forget_journal(job.job_id.hex())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(seen + 1))
            group.create_task(self._sweep())

    def stop(self) -> None:
        """Give up what is under way; it is taken up again after the next start."""
        for task in self._tasks:
            task.cancel()

    def advance_soon(self, identifier: str) -> None:
        """Look at a job as soon as possible."""
        if identifier in self._busy:
            self._again.add(identifier)
            return
        self._busy.add(identifier)
        self._begin(self._advance_logged(identifier))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, from_height: int) -> None:
        async for agreed in self._context.engine.follow(from_height):
            touched = list(touched_by(agreed))
            for job in (identifier for kind, identifier in touched if kind is Job):
                self._pauses.forget(job)
                self.advance_soon(job)
            if grants := [identifier for kind, identifier in touched if kind is Grant]:
                self._begin(self._collect_terms(grants))  # a member that does not answer must not keep the next block waiting
            self._on_block()

    async def _sweep(self) -> None:
        while True:
            forget_what_ended(self._context)
            for job in self._context.records(Job):
                identifier = job.job_id.hex()
                if self._is_paused(job) and self._context.now() <= self._last_second(job):
                    continue
                if is_open(job) or self._runs.remembers(identifier) or self._wants_details(job):
                    self.advance_soon(identifier)
            await asyncio.sleep(SWEEP_SECONDS)

    def _is_paused(self, job: Job) -> bool:
        return self._pauses.lasts(job.job_id.hex(), lambda: grounds(self._context.view(), job))

    async def _advance_logged(self, identifier: str) -> None:
        try:
            while True:
                self._again.discard(identifier)
                try:
                    await self._advance(identifier)
                except AtollError as err:
                    log.warning("advance failed", extra={"job": identifier, "code": err.code, "error": str(err)})
                except Exception:  # the outermost loop of this task: a fault of ours must not stop the other jobs
                    log.exception("advance failed", extra={"job": identifier})
                if identifier not in self._again:
                    return
        finally:
            self._busy.discard(identifier)

    async def _advance(self, identifier: str) -> None:
        view = self._context.view()
        job = view.get(Job, identifier)
        if job is None:
            return
        is_party = self._context.org in job.parties
        if is_party:  # first: who does not give a document must not keep a job waiting, nor the secrets of one that has ended
            await self._take_part_or_rest(view, job)
        if self._reads_all() or (is_party and not is_open(job)):
            await self._collect(job)

    async def _take_part_or_rest(self, view: View, job: Job) -> None:
        """As `_take_part`; after a refusal the job is left alone for a while.

        Args: view: from before: what has moved while the ledger was asked has moved since.
        """
        identifier = job.job_id.hex()
        try:
            await self._take_part(job)
            self._pauses.forget(identifier)
        except TransactionRefused as err:
            # Somebody else was first, or the job has moved on, which a later look will see; or a rule is in the way.
            seconds = self._pauses.begin(identifier, grounds(view, job))
            level = logging.WARNING if seconds > FIRST_SECONDS else logging.INFO
            found = {"job": identifier, "code": err.operands["rule"], "error": str(err), "seconds": seconds}
            log.log(
                level, "refused, and asked again after so many seconds, or once what the job rests on has changed", extra=found
            )

    async def _take_part(self, job: Job) -> None:
        if is_open(job) and await self._expired(job):
            return
        if job.state is JobState.PROPOSED and self._context.org not in job.consents:
            await self._consents.consider(job)
        elif job.state is JobState.CONSENTED and job.proposer == self._context.org:
            await self._start(job)
        elif job.state is JobState.STARTED and self._context.org not in job.receipts:
            await self._runs.ensure(job)
        elif not is_open(job):
            await self._runs.ended(job)

    async def _start(self, job: Job) -> None:
        """Ask for START; where no grant or budget carries the job any more, end it with the rule's code, for all to see.
        While bids are taken, nothing: this job is looked at again when that ends."""
        wait = job.bids_until + 1 - self._context.now() if job.bidders else 0
        if wait > 0:
            if wait <= SWEEP_SECONDS:
                asyncio.get_running_loop().call_later(wait, self.advance_soon, job.job_id.hex())
            return
        await self._context.fresh_view()
        try:
            await self._context.outbox.submit(StartJob(job_id=job.job_id))
        except TransactionRefused as err:
            if err.operands["rule"] not in NOT_CARRIED:
                raise
            await self._consents.refuse(job.job_id.hex(), err.operands["rule"], actor="node")

    async def _expired(self, job: Job) -> bool:
        """Note a passed deadline or receipt term on the ledger."""
        if self._context.view().time <= self._last_second(job):
            return False
        await self._context.outbox.submit(ExpireJob(job_id=job.job_id))
        return True

    def _last_second(self, job: Job) -> int:
        """Of a job's deadline; once it has started, of its receipt term."""
        term = self._context.view().chain.receipt_term_seconds if job.state is JobState.STARTED else 0
        return job.not_after + term

    async def _collect(self, job: Job) -> None:
        """Fetch the documents of a job that this node is entitled to."""
        view = self._context.view()
        identifier = job.job_id.hex()
        await self._bodies.fetch(view, Kind.PLAN, identifier, dict.fromkeys((job.proposer, *job.parties)))
        for org in job.receipts:
            if view.get(ReceiptRecord, f"{identifier}/{org}") is not None:
                await self._bodies.fetch(view, Kind.DETAIL, f"{identifier}/{org}", dict.fromkeys((org, *job.parties)))

    async def _collect_terms(self, grants: Iterable[str]) -> None:
        view = self._context.view()
        for identifier in grants:
            grant = view.get(Grant, identifier)
            if grant is not None and (self._reads_all() or self._context.org in grant.parties()):
                try:
                    await self._bodies.fetch(view, Kind.TERMS, identifier, grant.parties())
                except AtollError as err:
                    log.warning("terms not kept", extra={"grant": identifier, "code": err.code})

    def _wants_details(self, job: Job) -> bool:
        if not (self._reads_all() or self._context.org in job.parties):
            return False
        identifier = job.job_id.hex()
        return any(self._bodies.get(Kind.DETAIL, f"{identifier}/{org}") is None for org in job.receipts)

    def _reads_all(self) -> bool:
        return bool(READERS & set(self._context.roles(self._context.org)))


def touched_by(agreed: AgreedBlock) -> Iterator[tuple[type[Record], str]]:
    """The jobs and grants that a block's transactions changed."""
    for transaction in agreed.carried_out():
        body = transaction.body
        if isinstance(body.get("job_id"), bytes):
            yield Job, body["job_id"].hex()
        elif isinstance(body.get("grant"), bytes):
            yield Grant, body["grant"].hex()
