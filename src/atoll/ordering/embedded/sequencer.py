"""The sequencer: waiting transactions into blocks, blocks into signed checkpoints.

    gather up to GROUP_SECONDS or 1,000 transactions -> carry out -> one durable commit of block and size to be signed -> sign -> publish

The next block is gathered and carried out while the last ones are still being cosigned, up to MAX_TAIL blocks ahead of the quorum: without
a quorum nothing grows.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from atoll.errors import AtollError, UnavailableError
from atoll.ledger.block import MAX_BLOCK_TRANSACTIONS, Block
from atoll.ordering.embedded.changes import Changes
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.replica import Replica, Sign
from atoll.ordering.embedded.waiting import Waiting
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

GROUP_SECONDS = 0.05
"""How long the first transaction of a block waits for company."""
MAX_TAIL = 32
"""Blocks ahead of the quorum."""
MAX_TRANSACTIONS_BYTES = MAX_BLOCKS_BYTES - 16_000
"""Of a block's transactions, so that the block fits one message."""
RETRY_SECONDS = 1.0
"""After a full disk."""


@dataclass(slots=True)
class Sequencer:
    """Orders while this member is the sequencer; `run` ends by being cancelled."""

    replica: Replica
    waiting: Waiting
    clock: Clock
    sign: Sign
    published: Changes
    """Fired when there is something new for the members."""
    room: Changes
    """Fired when blocks became agreed."""

    async def run(self) -> None:
        """Make blocks for ever."""
        await self._sign_tail()
        while True:
            await self._gather()
            while len(self.replica.points) > MAX_TAIL:
                await self.room.wait()
            chosen = self.waiting.unplaced(max_count=MAX_BLOCK_TRANSACTIONS, max_bytes=MAX_TRANSACTIONS_BYTES)
            if not chosen:
                continue
            try:
                await self.make_block(tuple(held.data for held in chosen))
            except UnavailableError as err:
                log.error("no block: %s", err)
                await asyncio.sleep(RETRY_SECONDS)

    async def make_block(self, transactions: tuple[bytes, ...]) -> Point:
        """One block, durable and signed; publishing is the publisher's.

        Raises:
            StoreFull: the disk did not take it; nothing has changed.
        """
        ledger = self.replica.ledger
        time = max(self.clock.now(), ledger.time)
        block = Block(height=ledger.height + 1, term=self.replica.tip.after.term, time=time, transactions=transactions)
        point = await self.replica.order(block)
        self.waiting.place(transactions, placed=True)
        await self._publish(point)
        return point

    async def _gather(self) -> None:
        """Until there are transactions enough for a block, or the first of them has waited long enough."""
        while not self.waiting.unplaced(max_count=1, max_bytes=0):
            await self.waiting.arrived.wait()
        loop = asyncio.get_running_loop()
        until = loop.time() + GROUP_SECONDS
        while loop.time() < until and len(self.waiting) < MAX_BLOCK_TRANSACTIONS:
            await asyncio.sleep(GROUP_SECONDS / 5)

    async def _sign_tail(self) -> None:
        """After a start: what was made durable and perhaps not signed yet."""
        for height in sorted(self.replica.points):
            point = self.replica.points[height]
            if point.authority.sequencer == self.replica.org:
                await self._publish(point)

    async def _publish(self, point: Point) -> None:
        try:
            await self.replica.sign(point, self.sign)
        except AtollError:
            log.exception("checkpoint of block %d not signed", point.height)
            raise
        self.published.fire()
