"""Starting the child process of a job: its order, its way in, its events."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from atoll.jobs.bids import Bid, Share
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, digest_plan_body
from atoll.ledger.records import ConsentRecord, Dataset, Job, Member, Reader
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.depositions import identity_keys
from atoll.node.directory import Directory
from atoll.node.errors import NoSuchThing
from atoll.node.journal import derive_journal_key
from atoll.node.keyring import KeyRing
from atoll.node.order import (
    COMPUTE_ROLE,
    MOST_IDENTITIES,
    LastingOrder,
    LocalInput,
    Peer,
    Version,
    WitnessOrder,
    WorkerOrder,
    encode_order,
)
from atoll.node.prints import print_folder
from atoll.node.tables import table_folder
from atoll.policy.terms import HONEST_MAJORITY
from atoll.primitives.drbg import SeededEntropy
from atoll.protocols.role import Party
from atoll.transport.handoff import HandoffSender, handoff_pair
from atoll.transport.meeting import derive_service
from atoll.transport.router import Door
from atoll.trust.keys import SEED_BYTES, Purpose, SecretKey

STOP_SECONDS = 3.0
SPARE_SECONDS = 300.0
"""How long a process waits for the job that it was prepared for."""
MAX_EVENT_BYTES = 1 << 16
MALICIOUS_MODEL = HONEST_MAJORITY + "malicious"
KEYSTORE_VARIABLES = frozenset({"ATOLL_PASSPHRASE", "ATOLL_PASSPHRASE_FILE"})
"""What opens the keystore; a job's process, which reads hostile bytes, does not get it."""
SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
}
"""For a job's process, unless the node's own environment says otherwise. It takes and drops the same tens of megabytes for each
bucket; kept by the allocator, they need not be cleared by the system again: a tenth less processor time at 2^20 rows, and a
lower peak. Nothing here multiplies matrices, and idle threads of BLAS spin."""


class Running(Protocol):
    """A job's process, real or simulated."""

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """What it says, until it ends."""
        ...

    async def wait(self) -> int:
        """Its exit status; negative for a signal."""
        ...


class Starter(Protocol):
    """How a job's process is started."""

    async def prepare(self) -> None:
        """A job will start soon: do what can be done before it does."""
        ...

    async def close(self) -> None:
        """End what was prepared in vain."""
        ...

    def start(self, order: WorkerOrder, plan: Plan) -> AbstractAsyncContextManager[Running]:
        """The process, running; leaving the context ends it."""
        ...


class ChildProcess:
    """A running child."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Its event lines, until it closes its output."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            yield json.loads(line)

    async def wait(self) -> int:
        """Its exit status; negative for a signal."""
        return await self._process.wait()


class Child:
    """A process that has not got its order yet, and the way to hand it connections."""

    def __init__(self, process: asyncio.subprocess.Process, sender: HandoffSender) -> None:
        self.process = process
        self.sender = sender

    async def end(self) -> None:
        """Stop it, whatever it does."""
        self.sender.close()
        await _end(self.process)


class ProcessStarter:
    """Starts jobs as child processes that take their connections from the node's router.

    Loading its code takes a process a quarter of a second, so one is started when a job is consented to and waits for its order
    while the parties still agree; one that gets none ends after `SPARE_SECONDS`.
    """

    def __init__(self, *, door: Door | None, logs: Path) -> None:
        self._door = door
        self._logs = logs
        self._spare: Child | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        if self._spare is not None:
            return
        with suppress(OSError):  # `start` tries again, and says so
            self._spare = await self._spawn()
            self._expiry = asyncio.get_running_loop().call_later(SPARE_SECONDS, self._expire)

    async def close(self) -> None:
        if self._ending is not None:
            await self._ending
        spare = self._take_spare()
        if spare is not None:
            await spare.end()

    @asynccontextmanager
    async def start(self, order: WorkerOrder, plan: Plan) -> AsyncIterator[Running]:
        """The child, running; leaving the context ends it."""
        digest = digest_plan_body(order.plan)
        places = [Party(one.role, one.index) for one in plan.parties if one.org == order.org]
        services = [derive_service(digest, order.attempt, place) for place in places]
        child = self._take_spare() or await self._spawn()
        try:
            if self._door is not None:
                for service in services:
                    self._door.offer(service, child.sender.give)
            await _write_order(child.process, order)
            yield ChildProcess(child.process)
        finally:
            if self._door is not None:
                for service in services:
                    self._door.withdraw(service)
            await child.end()

    def _take_spare(self) -> Child | None:
        """What was prepared, if it is still alive."""
        spare, self._spare = self._spare, None
        if self._expiry is not None:
            self._expiry.cancel()
        if spare is not None and spare.process.returncode is not None:
            spare.sender.close()
            return None
        return spare

    def _expire(self) -> None:
        spare = self._take_spare()
        if spare is not None:
            self._ending = asyncio.get_running_loop().create_task(spare.end())

    async def _spawn(self) -> Child:
        sender, channel = handoff_pair()
        with (self._logs / "jobs.log").open("ab") as log, channel:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder that the node was started in holds no code of ours
                "-m",
                "atoll.node.worker",
                str(channel.fileno()),
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[channel.fileno()],
                env=SETTINGS | {name: value for name, value in os.environ.items() if name not in KEYSTORE_VARIABLES},
                limit=MAX_EVENT_BYTES,
            )
        return Child(process, sender)


class Orders:
    """Writes the order of a job's process."""

    def __init__(self, context: NodeContext, bodies: Bodies, keys: KeyRing, directory: Directory) -> None:
        self._context = context
        self._bodies = bodies
        self._keys = keys
        self._directory = directory

    def write(
        self, plan: Plan, job: Job, *, job_key: bytes, attempt: int, journal: Path, shares: tuple[Share, ...] = ()
    ) -> WorkerOrder:
        """What the process of a started job is told."""
        view = self._context.view()
        body = self._bodies.get(Kind.PLAN, plan.job_id.hex())
        assert body is not None, "the plan was decided on, so it is here"
        tls = self._keys.tls(view)
        certificates = self._directory.certificates()
        mine = {(one.role, one.index) for one in plan.parties if one.org == self._context.org}
        me = view.get(Member, self._context.org)
        memory_bytes, traffic_bytes = self._context.config.ceilings.hold(plan.limits)
        return WorkerOrder(
            org=self._context.org,
            plan=body,
            attached=self._bodies.get(Kind.ATTACHED, plan.job_id.hex()) or b"" if plan.attached else b"",
            attempt=attempt,
            job_key=job_key,
            peers=tuple(self._peer(org, job, certificates) for org in job.parties),
            endpoint=me.peer if me else "",
            tls_scalar=tls.expose_scalar(),
            tls_certificate=tls.certificate,
            inputs=tuple(self._input(one.dataset) for one in plan.inputs if (one.role, one.index) in mine),
            folders=tuple(str(one) for one in self._context.config.folders),
            journal=str(journal),
            journal_key=self.journal_key(plan.job_id.hex()),
            seconds_left=max(0, plan.not_after - self._context.clock.now()),
            memory_bytes=memory_bytes,
            traffic_bytes=traffic_bytes,
            bids=_bids(plan, job, view),
            shares=shares,
            lasting=self._lasting(plan, period, mine) if (period := job_kind(plan.kind).period(plan)) is not None else None,
            witness=self._witness(plan, body, attempt, mine),
        )

    def journal_key(self, identifier: str) -> bytes:
        """What the journal and the result of a job are sealed under."""
        return derive_journal_key(self._keys.storage_key(), identifier)

    def _peer(self, org: str, job: Job, certificates: dict[str, tuple[bytes, ...]]) -> Peer:
        view = self._context.view()
        consent = view.get(ConsentRecord, f"{job.job_id.hex()}/{org}")
        member = view.get(Member, org)
        if consent is None or member is None:
            raise NoSuchThing(what="consent of", name=org)
        keys = identity_keys(view, org, job.started_height)
        return Peer(
            org=org,
            job_key=consent.job_key,
            certificates=certificates.get(org, ()),
            endpoint=member.peer,
            identities=tuple(islice((key.public for key in keys if key.revoked_height is None), MOST_IDENTITIES)),
        )

    def _witness(self, plan: Plan, body: bytes, attempt: int, mine: set[tuple[str, int]]) -> WitnessOrder | None:
        """A key for what this organisation's compute node says, in its name, where the plan reckons with malicious ones."""
        place = next((index for role, index in mine if role == COMPUTE_ROLE), None)
        if place is None or plan.adversary_model != MALICIOUS_MODEL:
            return None
        from atoll.protocols.mpc.claims import PlaceKey, attempt_context  # the engine: most jobs have no compute node

        seed = self._context.entropy.bytes(SEED_BYTES)
        public = SecretKey(Purpose.IDENTITY, seed).public.data
        key = PlaceKey(context=attempt_context(digest_plan_body(body), attempt), place=place, public=public)
        sign = self._keys.signing(Purpose.IDENTITY, self._context.view)
        return WitnessOrder(seed=seed, signature=sign(key.to_sign()))

    def _lasting(self, plan: Plan, period: int, mine: set[tuple[str, int]]) -> LastingOrder:
        """Where tables are kept, and the secret of those of the own dataset."""
        granted = next(one.dataset for one in plan.inputs if one.grant)
        own = next(one.dataset for one in plan.inputs if (one.role, one.index) in mine)
        secrets = SeededEntropy(self._keys.storage_key()).fork("tables")
        view = self._context.view()
        records = {one.dataset: view.get(Dataset, one.dataset) for one in plan.inputs}
        return LastingOrder(
            folder=str(table_folder(self._context.config.home.tables, period, granted)),
            key=secrets.fork("sealing").bytes(32),
            secret=secrets.fork(f"secret of {own}").bytes(32),
            versions=tuple(Version(dataset=name, commitment=one.card_commitment) for name, one in records.items() if one),
        )

    def _input(self, dataset: str) -> LocalInput:
        local = self._context.store.dataset(dataset)
        record = self._context.view().get(Dataset, dataset)
        if local is None or record is None:
            raise NoSuchThing(what="dataset", name=dataset)
        card = self._bodies.card(dataset)
        return LocalInput(
            dataset=dataset,
            address=local.path,
            fingerprint=local.digest,
            prints=str(print_folder(self._context.config.home, dataset)),
            rows_at_most=card.rows_at_most if card is not None else 0,
        )


def _bids(plan: Plan, job: Job, view: Reader) -> tuple[Bid, ...]:
    """What the plan's bidders have committed to, in the order of their consents on the ledger."""
    places = {one.org: one.index for one in plan.parties if one.role == "owner"}
    found = [view.get(ConsentRecord, f"{job.job_id.hex()}/{org}") for org in job.bidders]
    consents = sorted((one for one in found if one is not None), key=lambda one: one.before)
    return tuple(Bid(place=places[one.org], commitments=one.bid) for one in consents)


async def _write_order(process: asyncio.subprocess.Process, order: WorkerOrder) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(encode_order(order))
        await process.stdin.drain()
        process.stdin.close()
    except ConnectionError:
        return  # it ended already; its status says why


async def _end(process: asyncio.subprocess.Process) -> None:
    """Stop it, whatever it does; it has ended even for whoever is cancelled while waiting for that: a job that is stopped twice
    must not write another seed."""
    ending = asyncio.create_task(_stop(process))
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
