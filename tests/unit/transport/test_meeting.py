"""How the parties of a job find each other: who dials, under which name, and what happens to sessions that nobody wants."""

from __future__ import annotations

import asyncio

import pytest

from atoll.protocols.role import Party
from atoll.transport.errors import LinkLost, SettingsUnfit, StreamEnded
from atoll.transport.frames import Kind
from atoll.transport.meeting import Meeting, derive_service
from atoll.transport.memory import MemoryFabric
from atoll.transport.sealing import SealedSession, seal_session
from tests.unit.transport.world import PLAN, keys_for, org_of

OWNER, RECEIVER, THIRD = Party("owner"), Party("receiver"), Party("third")
PARTIES = (OWNER, RECEIVER, THIRD)


async def meeting(fabric: MemoryFabric, me: Party, parties: tuple[Party, ...] = PARTIES) -> Meeting:
    one = Meeting(fabric.network(org_of(me)), keys_for(me, parties), org=org_of(me))
    await one.start()
    return one


async def dial(fabric: MemoryFabric, me: Party, to: Party) -> SealedSession:
    session = await fabric.network(org_of(me)).dial(org_of(to), derive_service(PLAN, 1, to))
    return await seal_session(session, keys_for(me, PARTIES), expected=to)


async def close_all(fabric: MemoryFabric, *meetings: Meeting) -> None:
    for one in meetings:
        await one.close()
    for network in fabric.networks.values():
        await network.close()


@pytest.mark.parametrize("hidden", [None, OWNER, RECEIVER], ids=str)
async def test_two_parties_meet_whichever_of_them_can_be_dialled(hidden: Party | None) -> None:
    fabric = MemoryFabric()
    if hidden is not None:
        fabric.without_listener.add(org_of(hidden))
    pair = (OWNER, RECEIVER)
    owner, receiver = [await meeting(fabric, me, pair) for me in pair]
    here, there = await asyncio.gather(owner.openers()[RECEIVER](), receiver.openers()[OWNER]())
    assert (here.party, there.party) == (RECEIVER, OWNER)
    await here.send(Kind.CONTROL, b"hello")
    assert (await there.receive()).data == b"hello"
    await here.close()
    await there.close()
    await close_all(fabric, owner, receiver)


async def test_two_parties_that_nobody_can_dial_are_told_so() -> None:
    fabric = MemoryFabric()
    fabric.without_listener.update({org_of(OWNER), org_of(RECEIVER)})
    with pytest.raises(SettingsUnfit, match="neither owner/0 nor receiver/0 has a listener"):
        await meeting(fabric, OWNER)


async def test_a_newer_session_takes_the_place_of_one_that_nobody_has_fetched() -> None:
    fabric = MemoryFabric()
    receiver = await meeting(fabric, RECEIVER)
    older = await dial(fabric, OWNER, RECEIVER)
    newer = await dial(fabric, OWNER, RECEIVER)
    fetched = await receiver.openers()[OWNER]()
    await newer.send(Kind.CONTROL, b"from the newer one")
    assert (await fetched.receive()).data == b"from the newer one"
    with pytest.raises(StreamEnded):
        await older.receive()
    await fetched.close()
    await close_all(fabric, receiver)


async def test_a_party_that_dials_where_it_should_wait_is_hung_up_on() -> None:
    fabric = MemoryFabric()
    owner = await meeting(fabric, OWNER)
    await fabric.network(org_of(OWNER)).listen(derive_service(PLAN, 1, OWNER), owner._welcome)
    session = await dial(fabric, RECEIVER, OWNER)
    with pytest.raises(LinkLost):
        await session.receive()
    await close_all(fabric, owner)


async def test_sessions_that_were_never_fetched_are_closed_in_the_end() -> None:
    fabric = MemoryFabric()
    receiver = await meeting(fabric, RECEIVER)
    session = await dial(fabric, OWNER, RECEIVER)
    await asyncio.sleep(0.01)
    await close_all(fabric, receiver)
    with pytest.raises(StreamEnded):
        await session.receive()


def test_each_plan_attempt_and_party_has_a_service_of_its_own() -> None:
    services = {
        derive_service(plan, attempt, party)
        for plan in (PLAN, bytes(32))
        for attempt in (1, 2)
        for party in (OWNER, RECEIVER, Party("owner", 1))
    }
    assert len(services) == 12
    assert all(service.startswith("atoll-job/1.") and len(service) == 44 for service in services)
