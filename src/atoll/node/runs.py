"""Started jobs: each as a child process with a memory cap and a deadline, restarted where it left off, receipted when it is
done."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.jobs.registry import job_kind, load_kinds
from atoll.ledger.detail import RECEIPT_DOMAIN, InputDetail, ReceiptDetail, round_up_to_power_of_two
from atoll.ledger.plan import Plan
from atoll.ledger.records import SIMILARITY, Job
from atoll.ledger.rules.errors import WrongState
from atoll.ledger.rules.job import FailJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.node.bodies import Bodies, Kind, readers
from atoll.node.consents import Consents
from atoll.node.context import NodeContext
from atoll.node.depositions import Depositions
from atoll.node.errors import (
    DeadlineExceeded,
    MemoryExceeded,
    NodeFault,
    PlanMissing,
    SecretsMissing,
    TransactionRefused,
    WorkerDied,
)
from atoll.node.job_orders import Orders
from atoll.node.journal import DiskJournal, forget_run
from atoll.node.outcomes import StoredResult
from atoll.node.spawn import Starter
from atoll.policy.levels import verify_delivery
from atoll.policy.standing import find_withdrawal
from atoll.primitives.commitment import commit
from atoll.storage.sealed import Sealer
from atoll.transport.errors import EndedUntold
from atoll.transport.faults import public_form
from atoll.wire.message import encode_message, parse_message

log = logging.getLogger("atoll.runs")

OUT_OF_MEMORY_STATUS = -6
"""SIGABRT: how the native core ends when an allocation fails under the cap."""
RESTART_PAUSE_SECONDS = 0.5
LOOK_SECONDS = 1.0
"""How often a running job's permissions are looked at though nothing is known to have moved: time passes by itself."""
FIRST_ATTEMPT = 1
ENDINGS = ("done", "failed")
"""Events by which a job's process tells how it ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one life of a job's process ended."""

    status: int
    events: dict[str, dict[str, Any]]
    """The last event of each of `ENDINGS` that it told."""


class Runs:
    """Keeps the processes of started jobs going, and signs what came of them."""

    def __init__(self, context: NodeContext, bodies: Bodies, consents: Consents, orders: Orders, starter: Starter) -> None:
        self._context = context
        self._depositions = Depositions(context)
        self._bodies = bodies
        self._consents = consents
        self._orders = orders
        self._starter = starter
        self._supervised: dict[str, asyncio.Task[None]] = {}
        self._moved = asyncio.Event()

    def look_again(self) -> None:
        """Something moved that a running job may rest on: look at once whether it still stands."""
        self._moved.set()
        self._moved = asyncio.Event()

    @property
    def running(self) -> int:
        """How many jobs run here now."""
        return len(self._supervised)

    async def ensure(self, job: Job) -> None:
        """See to it that a started job runs here, or is receipted once it has run.

        Raises:
            TransactionRefused: the ledger does not take the receipt.
        """
        identifier = job.job_id.hex()
        if identifier in self._supervised:
            return  # it gives its receipt itself when it is done
        local = self._context.store.job(identifier)
        if local is not None and local.commitment:
            await self._give_receipt(job)
        else:
            task = asyncio.create_task(self._supervise(job))
            self._supervised[identifier] = task
            task.add_done_callback(lambda _: self._supervised.pop(identifier, None))

    async def ended(self, job: Job) -> None:
        """A job has ended on the ledger: its process is stopped, if it still runs, and its secrets are destroyed.

        With the seed and the job's key gone, nobody can open a recording of the job's traffic or try other items against it.
        The seed goes first, which takes no room on a full disk, and the key last: while it is there, `remembers` says so.
        """
        identifier = job.job_id.hex()
        if job.state != "completed":
            await self.stop(identifier)
        self.forget_journal(identifier)
        local = self._context.store.job(identifier)
        if local is not None and local.phase != "done":
            self._context.store.update_job(identifier, phase="done", error=job.reason)
        self._consents.forget(identifier)

    def forget_journal(self, identifier: str) -> None:
        """Destroy the journal of a job that has ended, all but the outcome."""
        folder = self._context.config.home.jobs / identifier
        if folder.is_dir():
            forget_run(folder)

    def remembers(self, identifier: str) -> bool:
        """Whether secrets of a job are still here; of one that has ended, that something came between."""
        return self._consents.remembers(identifier)

    async def stop(self, identifier: str) -> None:
        """Stop a job's process here."""
        task = self._supervised.get(identifier)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop_all(self) -> None:
        """Stop every job's process; they resume after the next start."""
        for identifier in list(self._supervised):
            await self.stop(identifier)
        await self._starter.close()

    def result(self, identifier: str) -> StoredResult | None:
        """The result, once this organisation's receipt is on the ledger: no result without a receipt.

        Raises:
            LevelRefused: the level that a dataset has now allows no such result any more.
        """
        job = self._context.view().get(Job, identifier)
        plan = self._bodies.plan(identifier)
        if job is None or plan is None or self._context.org not in job.receipts:
            return None
        verify_delivery(self._context.view(), plan, self._bodies.card)
        for place in plan.parties:
            if place.org == self._context.org and place.role == "receiver":
                return self._journal(identifier, f"{FIRST_ATTEMPT}-{place.role}-{place.index}").load_result()
        return None

    async def _supervise(self, job: Job) -> None:
        """Run the job's process until it is done, has failed, or has died too often."""
        identifier = job.job_id.hex()
        try:
            plan = self._bodies.plan(identifier)
            if plan is None:
                raise PlanMissing(job=identifier)
            code = await self._run_while_standing(job, plan)
        except AtollError as err:
            code = err.code
        except Exception:  # the outermost loop of this task: the other parties must hear of a fault of ours
            log.exception("supervision failed", extra={"job": identifier})
            code = NodeFault.code
        try:
            if code:
                await self._fail(job, code)
            else:
                await self._give_receipt(job)
        except AtollError as err:  # the ledger cannot take it now; the reactor's next look tries again
            log.warning("not told to the ledger yet", extra={"job": identifier, "code": err.code, "error": str(err)})

    async def _run_while_standing(self, job: Job, plan: Plan) -> str:
        """As `_run_until_done`, but begun on a fresh ledger only, and stopped as soon as something it rests on is withdrawn."""
        await self._context.fresh_view(patience_seconds=max(1.0, plan.not_after - self._context.clock.now()))
        begun = any(self._folder(plan.job_id.hex()).glob("*.seed"))
        if not begun:
            if code := self._find_withdrawal(plan, beginning_at=self._context.clock.now()):
                return code
            if plan.kind != SIMILARITY and (code := self._consents.find_withdrawal(plan, job.proposer)):
                return code  # a column's time is over, or a term's: consent may have been given days ago
            job_kind(plan.kind).verify_period(plan, self._context.now())
        run = asyncio.create_task(self._run_until_done(job, plan))
        moved = asyncio.create_task(self._moved.wait())
        try:
            while True:
                if code := self._find_withdrawal(plan):
                    return code
                await asyncio.wait({run, moved}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if run.done():
                    return run.result()
                if moved.done():
                    moved = asyncio.create_task(self._moved.wait())
        finally:
            run.cancel()
            moved.cancel()
            await asyncio.gather(run, moved, return_exceptions=True)

    def _find_withdrawal(self, plan: Plan, *, beginning_at: int | None = None) -> str:
        view, revoked = self._context.view(), self._context.is_revoked
        code = find_withdrawal(plan, view, revoked, beginning_at=beginning_at, card=self._bodies.card)
        return code or self._consents.find_unreviewed(plan)

    async def _run_until_done(self, job: Job, plan: Plan) -> str:
        """Empty when the outcome is there, else the code of the failure."""
        identifier = job.job_id.hex()
        for life in range(plan.limits.attempts):
            resumed = life > 0 or bool(list(self._folder(identifier).glob("*.seed")))
            phase = "resuming" if resumed else "running"
            self._context.store.update_job(identifier, phase=phase, attempt=FIRST_ATTEMPT)
            log.info(phase, extra={"job": identifier, "life": life})
            ended = await self._one_life(job, plan)
            if "done" in ended.events:
                self._keep_done(identifier, ended.events["done"])
                return ""
            if "failed" in ended.events:
                self._depositions.keep(identifier, ended.events["failed"])
                return str(ended.events["failed"]["code"])
            if ended.status == OUT_OF_MEMORY_STATUS:
                return MemoryExceeded.code
            if self._context.now() > plan.not_after:
                return DeadlineExceeded.code
            log.warning("job process died", extra={"job": identifier, "status": ended.status})
            await asyncio.sleep(RESTART_PAUSE_SECONDS)
        return WorkerDied.code

    async def _one_life(self, job: Job, plan: Plan) -> Ended:
        """Start the process and follow its events until it ends."""
        identifier = job.job_id.hex()
        secrets = self._consents.secrets(identifier)
        if secrets is None:  # they were durable before the consent: this node's store is older than its ledger
            raise SecretsMissing(job=identifier)
        order = self._orders.write(
            plan,
            job,
            job_key=secrets.job_key,
            attempt=FIRST_ATTEMPT,
            journal=self._folder(identifier),
            shares=self._consents.opened_shares(identifier),
        )
        events: dict[str, dict[str, Any]] = {}
        async with self._starter.start(order, plan) as process:
            async for event in process.events():
                if event["event"] in ENDINGS:  # the names are its own, and it may have been taken over
                    events[event["event"]] = event
                self._note(identifier, event)
            return Ended(await process.wait(), events)

    def _note(self, identifier: str, event: dict[str, Any]) -> None:
        if event["event"] == "progress":
            self._context.store.update_job(
                identifier,
                progress=(event["done"], event["total"], event["unit"]),
                sent_bytes=event["sent"],
                received_bytes=event["received"],
            )
        elif event["event"] == "phase" and event["phase"] == "reading inputs":
            self._context.store.update_job(identifier, progress=(0, 0, event["phase"]))

    def _keep_done(self, identifier: str, event: dict[str, Any]) -> None:
        self._context.store.set_meta(_unopened(identifier), json.dumps(event.get("unopened", [])).encode())
        self._context.store.update_job(
            identifier,
            phase="done",
            commitment=event["commitment"],
            sent_bytes=event["sent"],
            received_bytes=event["received"],
            seconds=round(event["seconds"], 3),
        )
        ours = {"job": identifier}
        log.info("done", extra=ours | {name: event[name] for name in ("sent", "received", "seconds", "peak_mb")})
        if event["spoiled"]:  # said here only: nothing that others see may depend on it
            log.warning("what was sent for keys that both have cannot be read", extra=ours | {"spoiled": event["spoiled"]})

    async def _give_receipt(self, job: Job) -> None:
        """Sign what was computed. The detail is kept and committed to before the receipt is sent."""
        identifier = job.job_id.hex()
        await self._context.fresh_view()
        local = self._context.store.job(identifier)
        plan = self._bodies.plan(identifier)
        assert local is not None
        assert plan is not None
        if withdrawn := self._find_withdrawal(plan):
            await self._fail(job, withdrawn)
            return
        name = f"{identifier}/{self._context.org}"
        body = self._bodies.get(Kind.DETAIL, name)
        if body is None:
            body = encode_message(self._detail(plan, local.sent_bytes, local.received_bytes, local.seconds))
            self._bodies.keep(Kind.DETAIL, name, body)
        salt = parse_message(body, ReceiptDetail).salt
        await self._context.outbox.submit(
            GiveReceipt(
                job_id=job.job_id,
                plan_digest=job.plan_digest,
                result_commitment=bytes.fromhex(local.commitment),
                detail_commitment=commit(RECEIPT_DOMAIN, salt, body),
            )
        )
        self._context.note("node", "job.receipt", identifier, "ok")
        to = dict.fromkeys((*job.parties, *readers(self._context.view())))
        await self._bodies.offer(Kind.DETAIL, name, body, to)

    async def _fail(self, job: Job, code: str) -> None:
        identifier = job.job_id.hex()
        self._context.store.update_job(identifier, phase="done", error=code)
        self._context.note("node", "job.fail", identifier, code)
        log.error("failed", extra={"job": identifier, "code": code})
        try:
            await self._context.outbox.submit(FailJob(job_id=job.job_id, code=_code_to_tell(code)))
        except TransactionRefused as err:
            if err.operands["rule"] != WrongState.code:
                raise
            log.info("another party has said so already", extra={"job": identifier, "code": err.operands["rule"]})

    def _detail(self, plan: Plan, sent: int, received: int, seconds: float) -> ReceiptDetail:
        kind = job_kind(plan.kind)
        mine = {(one.role, one.index) for one in plan.parties if one.org == self._context.org}
        return ReceiptDetail(
            salt=self._context.entropy.bytes(32),
            job_id=plan.job_id,
            org=self._context.org,
            attempt=FIRST_ATTEMPT,
            protocol=plan.protocol,
            protocol_version=plan.protocol_version,
            adversary_model=plan.adversary_model,
            leakage=plan.leakage,
            parameters=dict(kind.parameters(plan)),
            insecure=plan.protocol.lower().startswith("insecure"),
            inputs=tuple(
                InputDetail(dataset=one.dataset, label="asserted", rows_at_most=round_up_to_power_of_two(one.rows_cap))
                for one in plan.inputs
                if (one.role, one.index) in mine
            ),
            sent_at_most=round_up_to_power_of_two(sent),
            received_at_most=round_up_to_power_of_two(received),
            seconds=int(seconds) + 1,
            unopened=tuple(json.loads(self._context.store.meta(_unopened(plan.job_id.hex())) or b"[]")),
        )

    def _folder(self, identifier: str) -> Path:
        folder = self._context.config.home.jobs / identifier
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _journal(self, identifier: str, name: str) -> DiskJournal:
        sealer = Sealer(self._orders.journal_key(identifier), self._context.entropy)
        return DiskJournal(self._folder(identifier), name=name, sealer=sealer)


def _unopened(identifier: str) -> str:
    """Where it is noted who did not open a bid here; durable before the outcome is."""
    return f"unopened/{identifier}"


def _code_to_tell(code: str) -> str:
    """What the others hear of a failure; the neutral code where a kind cannot be loaded, so that nobody knows what it tells."""
    try:
        load_kinds()
    except ImportError:
        log.exception("a job kind cannot be loaded")
        return EndedUntold.code
    return public_form(code)
