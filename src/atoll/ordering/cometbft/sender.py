"""Transactions on their way into a block: looked at, handed to this node's CometBFT, and again for as long as no block holds
them.

CometBFT gossips what it holds and forgets it when it ends, so a transaction is kept here until a block holds it, or can hold it
no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from atoll.ledger.apply import Outcome
from atoll.ordering.changes import Changes
from atoll.ordering.cometbft.asking import Asked, asked
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.errors import NotAdmitted, ValidatorRefused
from atoll.ordering.waiting import Held, Waiting
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

AGAIN_SECONDS = 3.0
"""A transaction that is in no block by then is handed over again."""
RETRY_SECONDS = 0.3
"""Before CometBFT is asked again that did not answer."""
MAX_SENT = 1000
"""Most transactions handed over together."""


class Door:
    """Looks at transactions as they come: many at a time, and in their order, which is that of their senders' nonces."""

    def __init__(self, check_many: Callable[[Sequence[Asked]], Awaitable[list[Outcome]]]) -> None:
        self._check_many = check_many
        self._queue: list[tuple[bytes, asyncio.Future[Outcome]]] = []
        self._arrived = Changes()

    async def admit(self, transaction: bytes) -> Outcome:
        """Whether the committed ledger would let it in; those that wait are answered in the order in which they came."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append((transaction, answer))
        self._arrived.fire()
        return await answer

    async def run(self) -> None:
        """Answer, for ever."""
        while True:
            arrived = self._arrived.wait()
            queue, self._queue = self._queue, []
            if not queue:
                await arrived
                continue
            try:
                outcomes = await self._check_many([asked(transaction) for transaction, _ in queue])
            except BaseException:
                self._queue[:0] = queue
                raise
            for (_, answer), outcome in zip(queue, outcomes, strict=True):
                if not answer.done():
                    answer.set_result(outcome)

    def close(self) -> None:
        """Nobody is answered any more."""
        for _, answer in self._queue:
            answer.cancel()


@dataclass(slots=True)
class Sender:
    """See the module's docstring."""

    rpc: Rpc
    waiting: Waiting
    clock: Clock
    check: Callable[[bytes], Outcome]
    """Whether the committed ledger would let a transaction in."""
    is_placed: Callable[[bytes], bool]
    """Whether a block holds the transaction of this id."""

    async def run(self) -> None:
        """Hand over, for ever."""
        while True:
            arrived = self.waiting.arrived.wait(AGAIN_SECONDS if len(self.waiting) else None)
            due = self._due()
            if not due:
                await arrived
                continue
            try:
                await self._send(due)
            except ValidatorRefused as err:
                log.info("transactions wait: %s", err)
                await asyncio.sleep(RETRY_SECONDS)

    def forget(self) -> None:
        """CometBFT has been started again, and knows nothing of what it was handed before."""
        for held in self.waiting.all():
            held.last_sent_at = None
        self.waiting.arrived.fire()

    def _due(self) -> list[Held]:
        now = self.clock.monotonic()
        due: list[Held] = []
        for held in self.waiting.all():
            if held.placed or (held.last_sent_at is not None and now - held.last_sent_at < AGAIN_SECONDS):
                continue
            if held.last_sent_at is not None and not self._can_still_be_placed(held):
                continue
            due.append(held)
            if len(due) == MAX_SENT:
                break
        return due

    def _can_still_be_placed(self, held: Held) -> bool:
        """What was let in before may have been overtaken: another transaction has its nonce, or it has expired."""
        if self.is_placed(held.id):
            return True
        outcome = self.check(held.data)
        if not outcome.ok:
            self.waiting.refuse(held.id, NotAdmitted(refusal=outcome.code, reason=outcome.sentence))
        return outcome.ok

    async def _send(self, due: list[Held]) -> None:
        refusals = await self.rpc.broadcast([held.data for held in due])
        now = self.clock.monotonic()
        for held, refusal in zip(due, refusals, strict=True):
            held.last_sent_at = now
            if refusal:
                log.info("a transaction waits: %s", refusal)
