"""What a stranger who reads service names on the wire, or a member without manners, can use up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from atoll.protocols.role import Party
from atoll.transport.errors import DeadlinePassed, TlsFailed
from atoll.transport.handoff import MAX_WAITING, MAX_WAITING_PER_ORIGIN, HandoffReceiver, handoff_pair
from atoll.transport.meeting import derive_service
from atoll.transport.memory import MemoryFabric
from atoll.transport.router import origin_of
from atoll.transport.rpc import MAX_SERVED_BYTES, RpcSession
from atoll.transport.sealing import seal_session
from atoll.transport.session import Session, job_service
from tests.unit.transport.virtual import run_virtually
from tests.unit.transport.world import PLAN, Table, keys_for, org_of, until

SERVICE = job_service("5" * 32)


class From:
    """A connection from an address of somebody's choice."""

    def __init__(self, *name: object) -> None:
        self._name = name

    def getpeername(self) -> object:
        return self._name


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_origin_is_what_one_host_cannot_change_at_will(address: str, origin: str) -> None:
    assert origin_of(From(address, 4711)) == origin  # type: ignore[arg-type]


def test_a_connection_that_is_gone_already_has_no_origin() -> None:
    link = socket.socket()
    assert origin_of(link) == ""
    link.close()
    here, there = socket.socketpair()
    assert origin_of(here) == ""
    here.close()
    there.close()


@contextlib.contextmanager
def connections(listener: socket.socket, source: str, count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Dialled from `source` and accepted: (the stranger's end, the node's end)."""
    with contextlib.ExitStack() as stack:
        pairs = []
        for _ in range(count):
            near = stack.enter_context(socket.create_connection(listener.getsockname(), source_address=(source, 0)))
            far, _ = listener.accept()
            pairs.append((near, stack.enter_context(far)))
        yield pairs


async def test_one_origin_cannot_keep_a_jobs_parties_out() -> None:
    """It sends nothing after its first bytes; the party that comes next still gets to the job's process."""
    assert 2 * MAX_WAITING_PER_ORIGIN <= MAX_WAITING
    sender, channel = handoff_pair()
    door = HandoffReceiver(channel)
    reached: list[str] = []
    stalled = asyncio.Event()

    async def stall(link: socket.socket) -> None:
        reached.append(origin_of(link))
        await stalled.wait()
        link.close()

    async def give(source: str) -> None:
        with connections(listener, source, 1) as [(_, link)]:
            before = len(reached)
            await sender.give(link)
            await until(lambda: len(reached) > before)

    door.offer(SERVICE, stall)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=256) as listener,
        connections(listener, "127.0.0.2", MAX_WAITING_PER_ORIGIN + 20) as strangers,
    ):
        for _, link in strangers:
            await sender.give(link)
        await until(lambda: len(reached) >= MAX_WAITING_PER_ORIGIN)
        await asyncio.sleep(0.05)  # one too many would come now
        assert reached == ["127.0.0.2"] * MAX_WAITING_PER_ORIGIN
        await give("127.0.0.1")
        assert reached[-1] == "127.0.0.1"
        stalled.set()
        await asyncio.sleep(0.05)
        await give("127.0.0.2")
        assert len(reached) == MAX_WAITING_PER_ORIGIN + 2
    door.close()
    sender.close()


async def test_a_member_cannot_make_a_node_hold_more_of_its_payloads_than_agreed() -> None:
    link = MemoryFabric().connect("asker", "node")
    held = 0
    go_on = asyncio.Event()

    async def slow(_org: str, payload: bytes) -> bytes:
        nonlocal held
        held += len(payload)
        await go_on.wait()
        return b"done"

    asking, node = RpcSession(link.left, {}), RpcSession(link.right, {"slow": slow})
    running = [asyncio.ensure_future(one.run()) for one in (asking, node)]
    size = 16 << 20
    calls = [asyncio.ensure_future(asking.call("slow", bytes(size), timeout_seconds=30)) for _ in range(8)]
    fitting = MAX_SERVED_BYTES // size
    done, _ = await asyncio.wait(calls, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < len(calls) - fitting:
        more, _ = await asyncio.wait([one for one in calls if one not in done], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert more
        done |= more
    assert held == MAX_SERVED_BYTES
    assert {getattr(one.exception(), "remote_code", "") for one in done} == {"transport.too_busy"}
    go_on.set()
    assert [await one for one in calls if one not in done] == [b"done"] * fitting
    assert await asking.call("slow", bytes(size), timeout_seconds=30) == b"done"
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_strangers_who_get_as_far_as_a_job_cannot_fill_its_log(caplog: pytest.LogCaptureFixture) -> None:
    sender, channel = handoff_pair()
    door = HandoffReceiver(channel)

    async def refuse(link: socket.socket) -> None:
        link.close()
        raise TlsFailed(problem="no certificate")

    door.offer(SERVICE, refuse)
    with caplog.at_level("INFO"), socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(33):
            with connections(listener, "127.0.0.2", 1) as [(_, link)]:
                await sender.give(link)
                await asyncio.sleep(0.002)
        await until(lambda: door.refused["transport.tls_failed"] == 33)
    assert door.refused == {"transport.tls_failed": 33}
    assert len([one for one in caplog.records if one.name == "atoll.transport"]) == 6  # the 1st, 2nd, 4th, 8th, 16th and 32nd
    door.close()
    sender.close()


def test_a_party_that_answers_and_hangs_up_is_met_with_pauses() -> None:
    """Each time costs both a handshake; only one of the two wants it."""

    async def work() -> int:
        fabric = MemoryFabric(delay_seconds=0.001)
        party, flapping = Party("honest"), Party("other")
        met = 0

        async def hang_up(session: Session) -> None:
            nonlocal met
            met += 1
            await seal_session(session, keys_for(flapping, [party, flapping]), expected=None)

        await fabric.network(org_of(flapping)).listen(derive_service(PLAN, 1, flapping), hang_up)
        table = Table(fabric, dict.fromkeys((party, flapping), lambda seed, resume: iter(())), threads=False)
        with pytest.raises(DeadlinePassed):
            await table.play(party, seconds=60)
        return met

    assert 20 < run_virtually(work()) < 60
