"""The sequencer: waiting transactions into blocks, blocks into signed checkpoints.

    gather until GROUP_SECONDS after the last block began, or up to 1,000 transactions -> carry out
    -> one durable commit of the block and the size to be signed -> sign -> publish

The next block is gathered and carried out while the last ones are still being cosigned, up to MAX_TAIL blocks ahead of the
quorum: without a quorum nothing grows. A block that changes who counts is waited for: those who counted before it stand for
it, and then, with a block without transactions, those who count now. Such a block is also made where a quorum has come back too
late to cosign the last block's time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ledger.block import MAX_BLOCK_TRANSACTIONS, Block
from atoll.ledger.errors import BadBlock
from atoll.ordering.changes import Changes
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.publisher import Publisher
from atoll.ordering.embedded.replica import SKEW_SECONDS, Replica
from atoll.ordering.embedded.signatory import Signatory
from atoll.ordering.errors import NotAdmitted
from atoll.ordering.waiting import Held, Waiting
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

GROUP_SECONDS = 0.05
"""From the beginning of one block to that of the next; twice that while a quorum has not kept up with the last ones, because
larger blocks cost less."""
COMPANY_SECONDS = 0.01
"""How long the first transaction after a silence waits for company."""
MAX_TAIL = 32
"""Blocks ahead of the quorum."""
MAX_TAIL_TRANSACTIONS = 2 * MAX_BLOCK_TRANSACTIONS
"""Transactions in them, while there is more than one: what the others have not carried out yet must not grow old on its way, or
they would not cosign its time any more."""
MAX_TRANSACTIONS_BYTES = MAX_BLOCKS_BYTES - 16_000
"""Of a block's transactions, so that the block fits one message."""
RETRY_SECONDS = 1.0
"""After a block that could not be made: on a full disk, above all."""


@dataclass(slots=True)
class Sequencer:
    """Orders while this member is the sequencer; `run` ends by being cancelled."""

    replica: Replica
    signatory: Signatory
    waiting: Waiting
    publisher: Publisher
    clock: Clock
    published: Changes
    """Fired when there is something new for the members, or from them."""
    ready: bool = False
    """Whether a quorum has said where it stands, so that no block of an earlier life is forgotten."""
    _begun_at: float = -1.0
    """When the last block was begun, by the event loop's time."""

    async def run(self) -> None:
        """Make blocks for ever."""
        while True:
            try:
                await self._sign_tail()
                if not self.publisher.is_heard() and not self.ready:
                    await self.published.wait(1.0)
                    continue
                self.ready = True
                await self._step()
            except AtollError:
                log.exception("%s could not make a block", self.replica.org)
                await asyncio.sleep(RETRY_SECONDS)

    async def _step(self) -> None:
        """Make one block, or wait for a reason to make one."""
        tip = self.replica.tip
        changed = tip.after != tip.authority
        if (changed and tip.agreement is not None) or (self.publisher.is_late() and self._is_past(tip)):
            await self.make_block(())
        elif changed or self._is_far_ahead() or not self.waiting.unplaced(max_count=1, max_bytes=0):
            await self._news()
        else:
            await self._gather()
            chosen = self.waiting.unplaced(max_count=MAX_BLOCK_TRANSACTIONS, max_bytes=MAX_TRANSACTIONS_BYTES)
            await self._make_of(chosen)

    async def _make_of(self, chosen: list[Held]) -> None:
        try:
            await self.make_block(tuple(held.data for held in chosen))
        except BadBlock as err:  # one that should not have been let in: better all of them again than none any more
            for held in chosen:
                self.waiting.refuse(held.id, NotAdmitted(refusal=err.code, reason=str(err)))
            raise

    async def make_block(self, transactions: tuple[bytes, ...]) -> Point:
        """One block, durable and signed; sending it is the publisher's.

        Raises:
            StoreFull: the disk did not take it; nothing has changed.
        """
        ledger = self.replica.ledger
        time = max(self.clock.now(), ledger.time)
        block = Block(height=ledger.height + 1, term=self.replica.tip.after.term, time=time, transactions=transactions)
        point = await self.replica.order(block)
        self.waiting.place(transactions, placed=True)
        await self._sign(point)
        return point

    async def _gather(self) -> None:
        """Until there are transactions enough for a block, or it is time for one."""
        loop = asyncio.get_running_loop()
        least = loop.time() + COMPANY_SECONDS
        while self.waiting.unplaced_count < MAX_BLOCK_TRANSACTIONS:
            is_behind = self.replica.tip.height > self.replica.agreed_height + 1
            until = max(self._begun_at + (2 if is_behind else 1) * GROUP_SECONDS, least)
            if (left := until - loop.time()) <= 0:
                break
            await self.waiting.arrived.wait(left)
        self._begun_at = loop.time()

    async def _news(self) -> None:
        """Until something has arrived, or a member has answered."""
        waits = [asyncio.ensure_future(one.wait()) for one in (self.waiting.arrived, self.published)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def _is_far_ahead(self) -> bool:
        points = self.replica.points
        tail = [one.executed for height, one in points.items() if height > self.replica.agreed_height]
        transactions = sum(len(one.block.transactions) for one in tail if one is not None)
        return len(points) > MAX_TAIL or (len(tail) > 1 and transactions >= MAX_TAIL_TRANSACTIONS)

    def _is_past(self, point: Point) -> bool:
        return self.clock.now() - point.time > SKEW_SECONDS

    async def _sign_tail(self) -> None:
        """What was made durable and not signed: before a restart, or for want of the right key."""
        for height in sorted(self.replica.points):
            point = self.replica.points[height]
            if point.note is None and point.authority.sequencer == self.replica.org:
                await self._sign(point)

    async def _sign(self, point: Point) -> None:
        await self.signatory.sign(point)
        self.published.fire()
