"""What is agreed reaches a member at once, whatever else it is busy with."""

from __future__ import annotations

import asyncio
from typing import Any

from atoll.ordering.embedded.messages import PUSH, Push
from atoll.ordering.members import encode_payload, parse_payload
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import ORGS, Play, dataset

ENGINES = ("embedded",)
SLOW_SECONDS = 5.0


def carry_out_slowly(engines: Engines, org: str, *, after: int) -> None:
    """From a block on a member takes its time."""
    replica: Any = engines[org].replica
    real = replica.add

    async def add(block: Any, note: Any = None) -> Any:
        if block.height > after:
            await asyncio.sleep(SLOW_SECONDS)
        return await real(block, note)

    replica.add = add


def answer_late(engines: Engines, org: str, seconds: float) -> None:
    """What a member is brought arrives late, and so do its cosignatures."""
    real = engines[org].methods()

    async def push(caller: str, payload: bytes) -> bytes:
        if parse_payload(org, payload, Push).blocks:
            await asyncio.sleep(seconds)
        return await real[PUSH](caller, payload)

    engines.network.serve(org, {**real, PUSH: push})


def test_a_member_that_carries_out_the_next_block_hears_of_the_quorum_for_the_last_one(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        telecom = engines["telecom"]
        await telecom.submit(engines.founding.sign("telecom", dataset(1, "telecom")))
        await engines.settle()
        for org in ("auditor", "bank", "bureau"):
            answer_late(engines, org, 1.0)
        height = telecom.view().height
        carry_out_slowly(engines, "telecom", after=height + 1)
        began = asyncio.get_running_loop().time()
        first = asyncio.create_task(telecom.submit(engines.founding.sign("telecom", dataset(2, "telecom"))))
        await engines.until(lambda: telecom.replica.tip.height > height)
        second = asyncio.create_task(engines["operator"].submit(engines.founding.sign("operator", dataset(3, "operator"))))
        assert (await first).height == height + 1
        assert asyncio.get_running_loop().time() - began < 2.0
        assert (await second).height == height + 2

    play(scenario, orgs=ORGS)


def test_what_is_agreed_comes_before_the_blocks_that_it_arrives_with(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        founding, telecom = engines.founding, engines["telecom"]
        await telecom.submit(founding.sign("telecom", dataset(1, "telecom")))
        await engines.settle()
        height = telecom.view().height
        real = engines["telecom"].methods()
        held: list[bytes] = []

        async def push(caller: str, payload: bytes) -> bytes:
            one = parse_payload("telecom", payload, Push)
            if one.agreed and not one.blocks:
                held.append(one.agreed)
                await asyncio.sleep(3600.0)
            return await real[PUSH](caller, payload)

        engines.network.serve("telecom", {**real, PUSH: push})
        first = asyncio.create_task(telecom.submit(founding.sign("telecom", dataset(2, "telecom"))))
        await engines.until(lambda: bool(held))
        assert telecom.view().height == height
        carry_out_slowly(engines, "telecom", after=height + 1)
        second = asyncio.create_task(engines["operator"].submit(founding.sign("operator", dataset(3, "operator"))))
        await second
        block, note = engines["operator"].store.raw_blocks(height + 2, max_bytes=10**6, max_count=1)[0], held[0]
        began = asyncio.get_running_loop().time()
        payload = encode_payload(Push(term=1, blocks=(block,), notes=(), agreed=note))
        answer = asyncio.ensure_future(real[PUSH]("operator", payload))
        await first
        assert asyncio.get_running_loop().time() - began < SLOW_SECONDS
        await answer

    play(scenario, orgs=ORGS)
