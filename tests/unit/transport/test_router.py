"""One port for all services: routing by ClientHello, limits on strangers, and handing connections to a child process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from atoll.transport.errors import HandshakeRefused, TooBusy, UnknownService
from atoll.transport.frames import Kind
from atoll.transport.handoff import HandoffReceiver, HandoffSender, handoff_pair
from atoll.transport.identity import TlsIdentity
from atoll.transport.network import TlsNetwork
from atoll.transport.router import Router, RouterLimits
from atoll.transport.session import LEDGER_SERVICE, Handler, Session, job_service
from tests.unit.transport.test_clienthello import client_hello
from tests.unit.transport.world import PATIENCE_SECONDS, TlsWorld, tls_world, until

TOKEN = "5" * 32
LIMITS = RouterLimits(hello_seconds=60, pending=6, pending_per_address=4)
IMPATIENT = replace(LIMITS, hello_seconds=0.3)


@contextlib.asynccontextmanager
async def routed(limits: RouterLimits = LIMITS) -> AsyncIterator[tuple[Router, list[str]]]:
    """A router that offers the ledger service, and a list to which each connection that gets through adds a line."""
    router = Router(socket.create_server(("127.0.0.1", 0)), limits)
    through: list[str] = []

    async def take(link: socket.socket) -> None:
        through.append("ledger")
        link.close()

    router.offer(LEDGER_SERVICE, take)
    serving = asyncio.ensure_future(router.serve())
    try:
        yield router, through
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def talk(router: Router, *parts: bytes, pause: float = 0.02) -> bytes:
    """Send some parts; what comes back until the other side hangs up."""
    reader, writer = await asyncio.open_connection(*router.address)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    except ConnectionError:
        return b""
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


class TestRouting:
    async def test_a_hello_in_small_pieces_is_put_together(self) -> None:
        hello = client_hello(LEDGER_SERVICE)
        async with routed() as (router, through):
            await talk(router, *(hello[at : at + 60] for at in range(0, len(hello), 60)), pause=0.005)
            assert through == ["ledger"]
            assert not router.refused

    async def test_nothing_of_the_hello_is_consumed(self) -> None:
        hello = client_hello(LEDGER_SERVICE)
        async with routed() as (router, _):
            seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

            async def take(link: socket.socket) -> None:
                seen.set_result(link.recv(65_536))
                link.close()

            router.offer(LEDGER_SERVICE, take)
            await talk(router, hello)
            assert await seen == hello

    async def test_a_service_that_is_not_offered_is_refused(self) -> None:
        async with routed() as (router, through):
            await talk(router, client_hello(job_service(TOKEN)))
            router.withdraw(LEDGER_SERVICE)
            await talk(router, client_hello(LEDGER_SERVICE))
            assert router.refused == {"transport.unknown_service": 2}
            assert through == []

    async def test_a_connection_that_ends_half_way_is_dropped(self) -> None:
        async with routed(IMPATIENT) as (router, through):
            _, writer = await asyncio.open_connection(*router.address)
            writer.write(client_hello(LEDGER_SERVICE)[:80])
            await hang_up(writer)
            await until(lambda: bool(router.refused))
            assert router.refused == {"transport.bad_client_hello": 1}
            assert through == []


class TestStrangers:
    async def test_a_silent_connection_is_closed_in_time(self) -> None:
        async with routed(IMPATIENT) as (router, _):
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert await talk(router) == b""
            assert 0.2 < loop.time() - started < PATIENCE_SECONDS
            assert router.refused == {"transport.bad_client_hello": 1}

    async def test_a_drip_of_bytes_does_not_gain_time(self) -> None:
        hello = client_hello(LEDGER_SERVICE)
        async with routed(IMPATIENT) as (router, through):
            await talk(router, *(hello[at : at + 1] for at in range(100)), pause=0.01)
            assert router.refused == {"transport.bad_client_hello": 1}
            assert through == []

    async def test_a_flood_of_half_open_connections_leaves_others_a_place(self) -> None:
        """From one address only so many wait at a time; the rest is closed at once. When they time out there is room again."""
        async with routed(replace(LIMITS, hello_seconds=1.5)) as (router, through):
            flood = [await asyncio.open_connection(*router.address) for _ in range(20)]
            await until(lambda: router.refused["transport.too_busy"] == 20 - LIMITS.pending_per_address)
            await until(lambda: router.refused["transport.bad_client_hello"] == LIMITS.pending_per_address)
            await talk(router, client_hello(LEDGER_SERVICE))
            assert through == ["ledger"]
            for _, writer in flood:
                await hang_up(writer)

    async def test_connections_from_all_addresses_together_are_limited_too(self) -> None:
        async with routed() as (router, _):
            links = []
            for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                for _ in range(3):
                    link = socket.socket()
                    link.bind((host, 0))
                    link.connect(router.address)
                    links.append(link)
            await until(lambda: router.refused["transport.too_busy"] == 3)
            assert router.refused == {"transport.too_busy": 3}
            for link in links:
                link.close()

    async def test_refusals_of_a_kind_are_logged_more_and_more_rarely(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", logger="atoll.transport")
        async with routed() as (router, _):
            for _ in range(9):
                await talk(router, b"GET / HTTP/1.1\r\n\r\n", pause=0)
            assert router.refused == {"transport.bad_client_hello": 9}
        assert len([one for one in caplog.records if one.name == "atoll.transport"]) == 4  # the 1st, 2nd, 4th and 8th
        assert "GET" not in caplog.text


class TestHandOff:
    async def test_a_child_process_owns_the_socket_and_does_its_own_tls(self) -> None:
        async with tls_world("a", "b") as world:
            sender, channel = handoff_pair()
            world.routers["b"].offer(job_service(TOKEN), sender.give)
            child = start_child(world, channel)
            channel.close()
            session = await world.network("a").dial("b", job_service(TOKEN))
            await session.send(Kind.CONTROL, b"who is there?")
            assert (await session.receive()).data == b"a asked: who is there?"
            await session.close()
            sender.close()
            assert await asyncio.to_thread(child.wait, PATIENCE_SECONDS) == 0

    async def test_both_services_share_the_port(self) -> None:
        async with tls_world("a", "b") as world:
            heard: Counter[str] = Counter()
            sender, channel = handoff_pair()
            world.routers["b"].offer(job_service(TOKEN), sender.give)
            door = HandoffReceiver(channel)
            job = TlsNetwork(
                identity=TlsIdentity(world.keys["b"]), pins=lambda: world.pins, addresses=lambda: world.addresses, door=door
            )
            for network, service in ((world.network("b"), LEDGER_SERVICE), (job, job_service(TOKEN))):
                await network.listen(service, counting(heard, service))
            for service in (LEDGER_SERVICE, job_service(TOKEN), LEDGER_SERVICE):
                session = await world.network("a").dial("b", service)
                with contextlib.suppress(Exception):
                    await session.receive()
                await session.close()
            assert heard == {LEDGER_SERVICE: 2, job_service(TOKEN): 1}
            await job.close()
            door.close()
            sender.close()

    async def test_a_child_takes_connections_for_each_of_its_places_and_for_no_other(self) -> None:
        """An organisation that owns and computes has two places in one process."""
        async with tls_world("a", "b") as world:
            heard: Counter[str] = Counter()
            sender, channel = handoff_pair()
            services = [job_service(one * 32) for one in "123"]
            for service in services:
                world.routers["b"].offer(service, sender.give)
            door = HandoffReceiver(channel)
            job = TlsNetwork(
                identity=TlsIdentity(world.keys["b"]), pins=lambda: world.pins, addresses=lambda: world.addresses, door=door
            )
            for service in services[:2]:
                await job.listen(service, counting(heard, service))
            for service in (services[1], services[0], services[1]):
                session = await world.network("a").dial("b", service)
                with contextlib.suppress(Exception):
                    await session.receive()
                await session.close()
            assert heard == {services[0]: 1, services[1]: 2}
            with pytest.raises(HandshakeRefused):
                await world.network("a").dial("b", services[2])
            assert door.refused[UnknownService.code] == 1
            door.withdraw(services[0])
            session = await world.network("a").dial("b", services[1])
            await session.close()
            await job.close()
            door.close()
            sender.close()

    async def test_the_child_checks_the_certificate_itself(self) -> None:
        async with tls_world("a", "b") as world:
            sender, channel = handoff_pair()
            world.routers["b"].offer(job_service(TOKEN), sender.give)
            door = HandoffReceiver(channel)
            job = TlsNetwork(identity=TlsIdentity(world.keys["b"]), pins=dict, addresses=dict, door=door)
            await job.listen(job_service(TOKEN), counting(Counter(), "job"))
            with pytest.raises(HandshakeRefused):
                await world.network("a").dial("b", job_service(TOKEN))
            await job.close()
            door.close()
            sender.close()

    async def test_a_child_that_is_gone_takes_nothing_and_leaks_nothing(self) -> None:
        sender, channel = handoff_pair()
        channel.close()
        link, other = socket.socketpair()
        with pytest.raises(UnknownService):
            await sender.give(link)
        assert link.fileno() == -1
        other.close()
        sender.close()

    async def test_a_child_that_fetches_nothing_is_too_busy(self) -> None:
        sender, channel = handoff_pair()
        others: list[socket.socket] = []
        with pytest.raises(TooBusy):
            await give_many(sender, others)
        assert len(others) > 10
        for other in others:
            other.close()
        sender.close()
        channel.close()

    async def test_the_end_of_the_channel_ends_the_door_and_not_the_sessions(self) -> None:
        sender, channel = handoff_pair()
        door = HandoffReceiver(channel)
        taken: asyncio.Queue[socket.socket] = asyncio.Queue()
        door.offer(job_service(TOKEN), taken.put)
        link, other = socket.socketpair()
        await sender.give(link)
        sender.close()
        mine = await asyncio.wait_for(taken.get(), PATIENCE_SECONDS)
        await until(lambda: channel.fileno() == -1)
        other.sendall(b"still connected")
        assert mine.recv(100) == b"still connected"
        mine.close()
        other.close()


def counting(heard: Counter[str], service: str) -> Handler:
    async def listen(session: Session) -> None:
        heard[service] += 1

    return listen


async def give_many(sender: HandoffSender, others: list[socket.socket]) -> None:
    for _ in range(100_000):
        link, other = socket.socketpair()
        others.append(other)
        await sender.give(link)


CHILD = """
    import asyncio, json, socket, sys
    from atoll.transport.frames import Kind
    from atoll.transport.handoff import HandoffReceiver
    from atoll.transport.identity import TlsIdentity
    from atoll.transport.network import TlsNetwork
    from atoll.trust.tlskeys import TlsKey

    async def main():
        told = json.load(sys.stdin)
        door = HandoffReceiver(socket.socket(fileno=told["channel"]))
        key = TlsKey(bytes.fromhex(told["scalar"]), bytes.fromhex(told["certificate"]))
        pins = {org: (bytes.fromhex(one),) for org, one in told["pins"].items()}
        network = TlsNetwork(identity=TlsIdentity(key), pins=lambda: pins, addresses=dict, door=door)
        done = asyncio.Event()

        async def answer(session):
            heard = await session.receive()
            await session.send(Kind.CONTROL, session.peer.encode() + b" asked: " + heard.data)
            await session.close()
            done.set()

        await network.listen(told["service"], answer)
        await done.wait()

    asyncio.run(main())
"""


def start_child(world: TlsWorld, channel: socket.socket) -> subprocess.Popen[str]:
    """A process that has b's key and one end of a hand-off channel, and answers one session."""
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD)], stdin=subprocess.PIPE, pass_fds=[channel.fileno()], text=True
    )
    told = {
        "channel": channel.fileno(),
        "service": job_service(TOKEN),
        "scalar": world.keys["b"].expose_scalar().hex(),
        "certificate": world.keys["b"].certificate.hex(),
        "pins": {org: certificates[0].hex() for org, certificates in world.pins.items()},
    }
    assert child.stdin is not None
    json.dump(told, child.stdin)
    child.stdin.close()
    return child
