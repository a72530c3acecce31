"""Organisations with TLS keys, networks of both kinds, and parties of a job: what the transport tests are set in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

from atoll.ports import SystemClock
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.hpke import derive_key_pair
from atoll.protocols.role import Party
from atoll.transport.identity import TlsIdentity
from atoll.transport.journal import Journal, MemoryJournal
from atoll.transport.meeting import Meeting
from atoll.transport.memory import MemoryFabric
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router, RouterLimits
from atoll.transport.runner import Report, RoleFactory, RunOptions, run_role
from atoll.transport.sealing import JobKeys, Member
from atoll.transport.session import Network
from atoll.trust.tlskeys import TlsKey, create_tls_key

PLAN = bytes(range(32))
PATIENCE_SECONDS = 60.0
"""For what happens in a moment, on a machine that is busy with something else."""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)


def tls_key(org: str) -> TlsKey:
    """A fresh key, valid now."""
    return create_tls_key(org, clock=SystemClock(), entropy=SeededEntropy(org.encode().ljust(32, b".")[:32]))


class World(Protocol):
    """A way to connect organisations."""

    def network(self, org: str) -> Network: ...


class TlsWorld:
    """Organisations on loopback, each with a router."""

    def __init__(self) -> None:
        self.keys: dict[str, TlsKey] = {}
        self.pins: dict[str, tuple[bytes, ...]] = {}
        self.addresses: dict[str, tuple[str, int]] = {}
        self.routers: dict[str, Router] = {}
        self._networks: dict[str, TlsNetwork] = {}
        self._serving: list[asyncio.Task[None]] = []

    def add(self, org: str, *, listens: bool = True, limits: RouterLimits | None = None) -> TlsNetwork:
        """One more organisation."""
        self.keys[org] = tls_key(org)
        self.pins[org] = (self.keys[org].certificate,)
        router = None
        if listens:
            router = self.routers[org] = Router(socket.create_server(("127.0.0.1", 0)), limits)
            self.addresses[org] = router.address
            self._serving.append(asyncio.ensure_future(router.serve()))
        self._networks[org] = TlsNetwork(
            identity=TlsIdentity(self.keys[org]), pins=lambda: self.pins, addresses=lambda: self.addresses, door=router
        )
        return self._networks[org]

    def network(self, org: str) -> TlsNetwork:
        return self._networks[org] if org in self._networks else self.add(org)

    async def close(self) -> None:
        for network in self._networks.values():
            await network.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


@contextlib.asynccontextmanager
async def tls_world(*orgs: str) -> AsyncIterator[TlsWorld]:
    world = TlsWorld()
    for org in orgs:
        world.add(org)
    try:
        yield world
    finally:
        await world.close()


class Cable:
    """A TCP relay in front of an address, which breaks once, after so many bytes of both ways together."""

    def __init__(self, target: tuple[str, int], *, cut_after: int) -> None:
        self._target = target
        self._left = cut_after
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ("", 0)
        self.cuts = 0

    async def __aenter__(self) -> Cable:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_in, far_out = await asyncio.open_connection(*self._target)
        pumps = [asyncio.ensure_future(self._pump(near_in, far_out)), asyncio.ensure_future(self._pump(far_in, near_out))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in (near_out, far_out):
                writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1000):
            self._left -= len(data)
            if self._left < 0 and not self.cuts:
                self.cuts += 1
                return
            sink.write(data)
            await sink.drain()


def keys_for(me: Party, parties: Sequence[Party], *, attempt: int = 1, plan: bytes = PLAN) -> JobKeys:
    """Consent keys; the party `role/1` belongs to the organisation `role-1`."""
    return JobKeys(
        plan_digest=plan,
        attempt=attempt,
        me=me,
        secret=derive_key_pair(str(me).encode().ljust(32, b"k")).secret,
        members={
            party: Member(org=org_of(party), public=derive_key_pair(str(party).encode().ljust(32, b"k")).public)
            for party in parties
            if party != me
        },
    )


def org_of(party: Party) -> str:
    """The organisation a party belongs to."""
    return f"{party.role}-{party.index}"


def seed_of(party: Party) -> bytes:
    """The seed that a party draws at a `Table`."""
    return SeededEntropy(str(party).encode().ljust(32, b"e")).bytes(32)


class Table:
    """The parties of one job, with journals that survive them."""

    def __init__(
        self, world: MemoryFabric | TlsWorld, roles: Mapping[Party, Callable[[bytes, bytes | None], Any]], **options: Any
    ) -> None:
        self.world = world
        self.roles = roles
        self.journals: dict[Party, MemoryJournal[Any]] = {party: MemoryJournal() for party in roles}
        self.options = RunOptions(**{"linger_seconds": 1.0, **options})

    async def play(
        self, party: Party, *, seconds: float = PATIENCE_SECONDS, journal: Journal[Any] | None = None
    ) -> Report[Any]:
        """Run one party to its end."""
        network = self.world.network(org_of(party))
        meeting = Meeting(network, keys_for(party, list(self.roles)), org=org_of(party))
        await meeting.start()
        factory: RoleFactory[Any] = self.roles[party]
        try:
            return await run_role(
                factory,
                me=party,
                peers=meeting.openers(),
                journal=self.journals[party] if journal is None else journal,
                deadline=asyncio.get_running_loop().time() + seconds,
                entropy=SeededEntropy(str(party).encode().ljust(32, b"e")),
                options=self.options,
            )
        finally:
            await meeting.close()
            await network.close()

    async def play_all(self, *, seconds: float = PATIENCE_SECONDS) -> dict[Party, Report[Any]]:
        """Run all parties; the first error is raised after all have ended."""
        ends = await self.play_all_to_the_end(seconds=seconds)
        for end in ends.values():
            if isinstance(end, BaseException):
                raise end
        return {party: end for party, end in ends.items() if isinstance(end, Report)}

    async def play_all_to_the_end(self, *, seconds: float = PATIENCE_SECONDS) -> dict[Party, Report[Any] | BaseException]:
        """Run all parties; what each came to, errors included."""
        tasks = {party: asyncio.ensure_future(self.play(party, seconds=seconds)) for party in self.roles}
        await asyncio.wait(tasks.values())
        return {party: task.exception() or task.result() for party, task in tasks.items()}
