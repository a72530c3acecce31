"""What a node does when the ledger moves, whatever the others do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.rules.grant import GiveGrant
from atoll.node.bodies import Bodies
from atoll.node.reactor import Reactor
from atoll.ordering.engine import AgreedBlock, View
from atoll.storage.errors import StoreFull
from tests.unit.node.offices import Offices
from tests.unit.rules.lagoon import permission

DONE = Outcome(0, "", "")


def blocks_with(offices: Offices, *bodies: GiveGrant) -> list[AgreedBlock]:
    """Blocks that agreed, one a grant."""
    found = []
    for height, body in enumerate(bodies, 1):
        data = offices.lagoon.founding.sign("bureau", body)
        assert offices.lagoon.submit(data).ok
        block = Block(height=height, term=1, time=1, transactions=(data,))
        summary = BlockSummary(height=height, term=1, time=1, first=2, outcomes=b"\0", state_root=bytes(32))
        found.append(AgreedBlock(block, summary, (DONE,)))
    return found


async def followed(offices: Offices, blocks: list[AgreedBlock], fetch: Any) -> int:
    """How many blocks the bank's reactor has followed once everything that can has happened."""
    bank = offices["bank"]

    async def follow(_: int) -> AsyncIterator[AgreedBlock]:
        for block in blocks:
            yield block
        await asyncio.Event().wait()

    class SlowBodies(Bodies):
        async def fetch(self, view: View, kind: Any, identifier: str, holders: Any, **_: Any) -> bytes | None:
            await fetch()
            return None

    seen = 0

    def on_block() -> None:
        nonlocal seen
        seen += 1

    bank.engine.follow = follow  # type: ignore[attr-defined]
    bodies = SlowBodies(org="bank", store=bank.store, links=None)  # type: ignore[arg-type]
    reactor = Reactor(bank.context, bodies, bank.consents, None, on_block)  # type: ignore[arg-type]
    task = asyncio.create_task(reactor.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done(), task
    task.cancel()
    reactor.stop()
    await asyncio.gather(task, return_exceptions=True)
    return seen


async def test_a_grantor_that_does_not_answer_keeps_no_block_waiting(offices: Offices) -> None:
    """Every look at who is a member, and whose certificate was revoked, hangs on following."""
    blocks = blocks_with(offices, permission(grant=b"\x71" * 16), permission(grant=b"\x72" * 16))
    assert await followed(offices, blocks, asyncio.Event().wait) == 2


async def test_a_full_disk_ends_no_following(offices: Offices) -> None:
    async def full() -> None:
        raise StoreFull(reason="no space left")

    assert issubclass(StoreFull, AtollError)
    assert await followed(offices, blocks_with(offices, permission(grant=b"\x71" * 16)), full) == 1
