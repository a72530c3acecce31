"""Starting the child process of a job: its order, its way in, its events."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from atoll.ledger.plan import Plan, digest_plan_body
from atoll.ledger.records import ConsentRecord, Dataset, Job, Member
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.order import LocalInput, Peer, WorkerOrder, encode_order
from atoll.protocols.role import Party
from atoll.transport.handoff import handoff_pair
from atoll.transport.meeting import derive_service
from atoll.transport.router import Door
from atoll.trust.tlskeys import TlsKey

STOP_SECONDS = 3.0
MAX_EVENT_BYTES = 1 << 16


class JobProcess:
    """A running child."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def events(self) -> AsyncIterator[bytes]:
        """Its event lines, until it closes its output."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            yield line

    async def wait(self) -> int:
        """Its exit status; negative for a signal."""
        return await self._process.wait()


class Launcher:
    """Knows how to start a job's process on this node."""

    def __init__(
        self,
        context: NodeContext,
        bodies: Bodies,
        *,
        door: Door | None,
        tls: Callable[[], TlsKey],
        storage_key: bytes,
        certificates: Callable[[], dict[str, tuple[bytes, ...]]],
    ) -> None:
        self._context = context
        self._bodies = bodies
        self._door = door
        self._tls = tls
        self._storage_key = storage_key
        self._certificates = certificates

    def order(self, plan: Plan, job: Job, *, job_key: bytes, attempt: int, journal: Path) -> WorkerOrder:
        """What the child is told."""
        view = self._context.view()
        body = self._bodies.get(Kind.PLAN, plan.job_id.hex())
        assert body is not None
        tls = self._tls()
        certificates = self._certificates()
        mine = {(one.role, one.index) for one in plan.parties if one.org == self._context.org}
        me = view.get(Member, self._context.org)
        return WorkerOrder(
            org=self._context.org,
            plan=body,
            attempt=attempt,
            job_key=job_key,
            peers=tuple(self._peer(org, job, certificates) for org in job.parties),
            endpoint=me.peer if me else "",
            tls_scalar=tls.expose_scalar(),
            tls_certificate=tls.certificate,
            inputs=tuple(self._input(one.dataset) for one in plan.inputs if (one.role, one.index) in mine),
            folders=tuple(str(one) for one in self._context.config.folders),
            journal=str(journal),
            storage_key=self._storage_key,
            seconds_left=max(0, plan.not_after - self._context.clock.now()),
            memory_bytes=plan.limits.memory_bytes,
        )

    @asynccontextmanager
    async def start(self, order: WorkerOrder, plan: Plan) -> AsyncIterator[JobProcess]:
        """The child, running; leaving the context ends it."""
        sender, channel = handoff_pair()
        digest = digest_plan_body(order.plan)
        places = [Party(one.role, one.index) for one in plan.parties if one.org == order.org]
        services = [derive_service(digest, order.attempt, place) for place in places]
        log = (self._context.config.home.logs / "jobs.log").open("ab")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "atoll.node.worker",
                str(channel.fileno()),
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[channel.fileno()],
                limit=MAX_EVENT_BYTES,
            )
        finally:
            channel.close()
            log.close()
        try:
            if self._door is not None:
                for service in services:
                    self._door.offer(service, sender.give)
            await _write_order(process, order)
            yield JobProcess(process)
        finally:
            if self._door is not None:
                for service in services:
                    self._door.withdraw(service)
            sender.close()
            await _end(process)

    def _peer(self, org: str, job: Job, certificates: dict[str, tuple[bytes, ...]]) -> Peer:
        view = self._context.view()
        consent = view.get(ConsentRecord, f"{job.job_id.hex()}/{org}")
        member = view.get(Member, org)
        if consent is None or member is None:
            raise NoSuchThing(what="consent of", name=org)
        return Peer(org=org, job_key=consent.job_key, certificates=certificates.get(org, ()), endpoint=member.peer)

    def _input(self, dataset: str) -> LocalInput:
        local = self._context.store.dataset(dataset)
        record = self._context.view().get(Dataset, dataset)
        if local is None or record is None:
            raise NoSuchThing(what="dataset", name=dataset)
        return LocalInput(dataset=dataset, address=local.path, fingerprint=local.digest)


async def _write_order(process: asyncio.subprocess.Process, order: WorkerOrder) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(encode_order(order))
        await process.stdin.drain()
        process.stdin.close()
    except ConnectionError:
        return  # it ended already; its status says why


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
