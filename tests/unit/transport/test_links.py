"""Ledger sessions with all members: who dials, what happens when links break, members leave, or firewalls stand in the way."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from atoll.transport import links as transport_links
from atoll.transport.errors import LinkLost, NotConnected, RequestLate
from atoll.transport.links import LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS, Links
from atoll.transport.memory import MemoryFabric
from atoll.transport.session import LEDGER_SERVICE, Session
from tests.unit.transport.virtual import run_virtually
from tests.unit.transport.world import TlsWorld, tls_world

TRIO = ("bank", "bureau", "operator")


async def whoami(org: str, payload: bytes) -> bytes:
    return org.encode() + payload


async def hang(org: str, payload: bytes) -> bytes:
    await asyncio.sleep(3600)
    return b""


class Members:
    """A few nodes with links to each other, and the member list that they all read."""

    def __init__(self, world: MemoryFabric | TlsWorld, *orgs: str, outbound_only: tuple[str, ...] = ()) -> None:
        self.admitted = set(orgs)
        self.links: dict[str, Links] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._world = world
        for org in orgs:
            self.start(org, listens=org not in outbound_only)

    def start(self, org: str, *, listens: bool = True) -> None:
        self.links[org] = Links(
            me=org,
            network=self._world.network(org),
            methods={"whoami": whoami, "hang": hang},
            members=lambda: self.admitted,
            has_listener=listens,
            chance=random.Random(org),
        )
        self.tasks[org] = asyncio.ensure_future(self.links[org].run())

    async def all_met(self) -> None:
        for org, links in self.links.items():
            for other in self.links:
                if other != org:
                    await links.wait_connected(other)

    async def stop(self, *orgs: str) -> None:
        for org in orgs or tuple(self.tasks):
            self.tasks[org].cancel()
            await asyncio.gather(self.tasks.pop(org), return_exceptions=True)
            await self._world.network(org).close()


@contextlib.asynccontextmanager
async def members(world: MemoryFabric | TlsWorld, *orgs: str, outbound_only: tuple[str, ...] = ()) -> AsyncIterator[Members]:
    some = Members(world, *orgs, outbound_only=outbound_only)
    try:
        yield some
    finally:
        await some.stop()


def test_everybody_meets_everybody_and_may_ask_everybody() -> None:
    async def work() -> None:
        async with members(MemoryFabric(delay_seconds=0.02), *TRIO) as some:
            await some.all_met()
            for org in TRIO:
                assert some.links[org].connected() == tuple(other for other in TRIO if other != org)
                for other in some.links[org].connected():
                    assert await some.links[org].call(other, "whoami", b"!", timeout_seconds=1) == org.encode() + b"!"

    run_virtually(work())


@pytest.mark.parametrize("hidden", ["bank", "operator"])
def test_a_member_without_a_listener_dials_whatever_its_name(hidden: str) -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        fabric.without_listener.add(hidden)
        async with members(fabric, *TRIO, outbound_only=(hidden,)) as some:
            await asyncio.wait_for(some.all_met(), 1)
            assert await some.links["bureau"].call(hidden, "whoami", b"", timeout_seconds=1) == b"bureau"

    run_virtually(work())


def test_when_the_one_that_should_dial_cannot_the_other_does_after_a_while() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        network = fabric.network("bank")
        network.can_dial = lambda org: False  # type: ignore[method-assign]
        async with members(fabric, "bank", "bureau") as some:
            loop = asyncio.get_running_loop()
            await some.links["bank"].wait_connected("bureau")
            assert PATIENCE_SECONDS < loop.time() < PATIENCE_SECONDS + 1

    run_virtually(work())


def test_a_cut_link_comes_back() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, *TRIO) as some:
            await some.all_met()
            assert fabric.cut("bank", "bureau") == 1
            await asyncio.sleep(0)
            with pytest.raises((NotConnected, LinkLost)):
                await some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=1)
            await asyncio.wait_for(some.all_met(), 2)
            assert await some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=1) == b"bank"

    run_virtually(work())


def test_whoever_is_waited_for_is_dialled_at_once_and_others_after_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(transport_links, "LONGEST_PAUSE_SECONDS", 3600.0)
        fabric, loop = MemoryFabric(delay_seconds=0.02), asyncio.get_running_loop()
        async with members(fabric, *TRIO) as some:
            await some.all_met()
            await some.stop("bureau", "operator")
            await asyncio.sleep(7200)
            for org in ("bureau", "operator"):
                some.start(org)
            back = loop.time()
            some.links["bank"].hurry("bureau")
            await some.links["bank"].wait_connected("bureau")
            assert loop.time() - back < 1
            await some.links["bank"].wait_connected("operator")
            assert loop.time() - back >= PATIENCE_SECONDS  # it came by itself
            some.links["bank"].hurry("nobody")

    run_virtually(work())


def test_a_node_that_was_away_for_long_is_met_again_within_the_longest_pause() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, *TRIO) as some:
            await some.all_met()
            await some.stop("bureau")
            await asyncio.sleep(600)
            assert some.links["bank"].connected() == ("operator",)
            some.start("bureau")
            await asyncio.wait_for(some.links["bureau"].wait_connected("bank"), LONGEST_PAUSE_SECONDS + 1)

    run_virtually(work())


def test_dials_to_a_dead_node_become_rare() -> None:
    async def work() -> None:
        fabric = MemoryFabric()
        dials: list[str] = []
        network = fabric.network("bank")
        dial = network.dial

        async def noting(org: str, service: str) -> Session:
            dials.append(org)
            return await dial(org, service)

        network.dial = noting  # type: ignore[assignment,method-assign]
        async with members(fabric, "bank") as some:
            some.admitted.add("bureau")
            some.links["bank"].refresh()
            await asyncio.sleep(600)
        assert 60 <= len(dials) <= 140

    run_virtually(work())


def test_a_partition_is_survived_and_what_waited_arrives() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, *TRIO) as some:
            await some.all_met()
            fabric.partition({"bank"}, {"bureau", "operator"})
            asking = asyncio.ensure_future(some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=60))
            await asyncio.sleep(30)
            assert not asking.done()
            assert await some.links["operator"].call("bureau", "whoami", b"", timeout_seconds=1) == b"operator"
            fabric.heal()
            assert await asking == b"bank"

    run_virtually(work())


def test_a_link_on_which_nothing_comes_back_is_given_up() -> None:
    """Half a link is worse than none: the session is dropped, and the dialler tries again."""

    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, "bank", "bureau") as some:
            await some.all_met()
            fabric.partition({"bank"}, {"bureau"})
            with pytest.raises(RequestLate):
                await some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=5)
            await asyncio.sleep(0.1)
            assert some.links["bank"].connected() == ()
            fabric.heal()
            await asyncio.wait_for(some.all_met(), 30)

    run_virtually(work())


def test_a_slow_method_on_a_live_link_does_not_cost_the_session() -> None:
    async def work() -> None:
        async with members(MemoryFabric(delay_seconds=0.02), "bank", "bureau") as some:
            await some.all_met()
            hanging = asyncio.ensure_future(some.links["bank"].call("bureau", "hang", b"", timeout_seconds=5))
            await asyncio.sleep(1)
            await some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=1)
            with pytest.raises(RequestLate):
                await hanging
            await asyncio.sleep(0.1)
            assert some.links["bank"].connected() == ("bureau",)

    run_virtually(work())


def test_members_that_leave_or_lose_their_key_are_parted_with() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, *TRIO) as some:
            await some.all_met()
            some.admitted.discard("operator")
            fabric.revoked.add("bureau")
            some.links["bank"].refresh()
            await asyncio.sleep(0.01)
            assert some.links["bank"].connected() == ()

    run_virtually(work())


def test_a_new_member_is_met_after_the_next_look_at_the_ledger() -> None:
    async def work() -> None:
        async with members(MemoryFabric(delay_seconds=0.02), "bank", "bureau") as some:
            await some.all_met()
            some.admitted.add("telecom")
            some.start("telecom")
            for links in some.links.values():
                links.refresh()
            await asyncio.wait_for(some.all_met(), 5)

    run_virtually(work())


def test_who_is_no_member_is_not_listened_to() -> None:
    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, "bank", "bureau") as some:
            await some.all_met()
            session = await fabric.network("former").dial("bank", LEDGER_SERVICE)
            with pytest.raises(LinkLost):
                await session.receive()
            assert some.links["bank"].connected() == ("bureau",)

    run_virtually(work())


def test_asking_somebody_who_is_not_connected_fails_at_once() -> None:
    async def work() -> None:
        async with members(MemoryFabric(), "bank") as some:
            with pytest.raises(NotConnected):
                await some.links["bank"].call("bureau", "whoami", b"", timeout_seconds=60)
            with pytest.raises(NotConnected):
                await some.links["bank"].notify("bureau", "whoami", b"")
            assert asyncio.get_running_loop().time() < 1

    run_virtually(work())


def test_a_newer_session_replaces_the_older_one() -> None:
    """A node that crashed and came back dials again; the other side may not have noticed the loss yet."""

    async def work() -> None:
        fabric = MemoryFabric(delay_seconds=0.02)
        async with members(fabric, "bureau") as some:
            some.admitted.add("bank")
            before = await fabric.network("bank").dial("bureau", LEDGER_SERVICE)
            await asyncio.sleep(1)
            after = await fabric.network("bank").dial("bureau", LEDGER_SERVICE)
            with pytest.raises(LinkLost):
                await before.receive()
            assert not after.is_closed
            assert some.links["bureau"].connected() == ("bank",)
            await after.close()

    run_virtually(work())


async def test_over_tls_both_ways_of_dialling_work() -> None:
    async with tls_world("bank", "operator") as world:
        world.add("aardvark", listens=False)
        async with members(world, "bank", "operator", "aardvark", outbound_only=("aardvark",)) as some:
            await asyncio.wait_for(some.all_met(), 5)
            assert await some.links["operator"].call("aardvark", "whoami", b"", timeout_seconds=2) == b"operator"
            assert await some.links["aardvark"].call("bank", "whoami", b"", timeout_seconds=2) == b"aardvark"
            world.pins["aardvark"] = ()
            some.links["bank"].refresh()
            await asyncio.sleep(0.1)
            assert some.links["bank"].connected() == ("operator",)
