"""The door of the embedded engine: what members submit and forward is looked at, and held until a block has it.

What comes to this member's own door comes one by one; it is gathered for a moment, verified in one native call, looked up in
the store by one question, and let in by one turn of the event loop. What another member forwards has been gathered there, and
is looked at as it comes. Either way the order stays that of arrival, because it is that of the senders' nonces.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.apply import Context, Outcome, check
from atoll.ledger.rules.consensus import Handover
from atoll.ledger.rules.errors import BadTransaction
from atoll.ledger.transaction import parse_transaction, transaction_id
from atoll.ordering.embedded.messages import MAX_HELD, MAX_SUBMITTED, Answer, Submit, Submitted, clip
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged, NotAdmitted, ShareFull, TooManyWaiting
from atoll.ordering.members import encode_payload, parse_payload
from atoll.ordering.offload import Offload
from atoll.ordering.waiting import Waiting, give_up
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

GATHER_SECONDS = 0.02
"""The first transaction after a silence is let in at once; those that follow so soon are let in together, and leave so."""
FEW = 32
"""So few signatures, a millisecond of them, are verified on the event loop: a thread costs more than it saves."""
_TAKEN = Answer(refusal="", reason="")

Waiter = asyncio.Future[Acknowledged]


@dataclass(slots=True)
class Door:
    """See the module's docstring."""

    replica: Replica
    waiting: Waiting
    clock: Clock
    offload: Offload
    """Where many signatures are verified."""
    find: Callable[[bytes], Acknowledged | None]
    """A transaction in a block here, by id."""
    _comers: list[tuple[bytes, Waiter]] = field(default_factory=list)
    """Who stands at the door, and who waits for it."""
    _next: asyncio.Task[None] | None = None
    """Lets in all who are there when its turn comes."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """Those under way."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from verifying to letting in."""
    _opened_at: float = -1.0
    """When somebody was last let in, by the event loop's time."""
    _brought: dict[str, set[bytes]] = field(default_factory=dict)
    """What each member has brought back that is in no block yet, by id."""
    _stopped: bool = False
    """Whether nobody is let in any more."""

    # -- this member's own -----------------------------------------------------------------------------------------------------

    async def submit(self, data: bytes, timeout_seconds: float) -> Acknowledged:
        """Let a transaction in, and wait until it is agreed; errors as `Engine.submit`."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        end = loop.call_later(timeout_seconds, give_up, waiter, timeout_seconds)  # half the cost of `asyncio.wait_for`
        try:
            self._come(data, waiter)
            return await waiter
        finally:
            end.cancel()

    def _come(self, data: bytes, waiter: Waiter) -> None:
        if self._stopped:
            raise NotAcknowledged(seconds=0)
        self._comers.append((data, waiter))
        if self._next is None:
            self._next = asyncio.create_task(self._open())
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        """Let in whoever has come until it is this one's turn."""
        loop = asyncio.get_running_loop()
        left = self._opened_at + GATHER_SECONDS - loop.time()
        if left > 0:
            await asyncio.sleep(left)
        async with self._turn:
            comers, self._comers, self._next = self._comers, [], None
            await self._verify([data for data, _ in comers])
            self._opened_at = loop.time()
            for at in range(0, len(comers), MAX_SUBMITTED):
                self._let_in(comers[at : at + MAX_SUBMITTED])

    def _let_in(self, comers: Sequence[tuple[bytes, Waiter]]) -> None:
        try:
            placed = self.replica.store.placed([transaction_id(data) for data, _ in comers])
        except AtollError as err:
            for _, waiter in comers:
                _refuse(waiter, err)
            return
        for data, waiter in comers:
            if waiter.cancelled():
                continue
            try:
                self._let_in_one(data, placed, waiter)
            except AtollError as err:
                _refuse(waiter, err)

    def _let_in_one(self, data: bytes, placed: Container[bytes], waiter: Waiter) -> None:
        identifier = transaction_id(data)
        known = self.find(identifier) if identifier in placed else None
        if known is not None and known.height <= self.replica.agreed_height:
            if not waiter.done():
                waiter.set_result(known)
            return
        if known is None and self.waiting.get(identifier) is None:
            outcome = self.admit(data)
            if not outcome.ok and (self._is_sequencer or outcome.number == BadTransaction.number):
                raise NotAdmitted(refusal=outcome.code, reason=outcome.sentence)
        self.waiting.hold(data, placed=known is not None).waiters.append(waiter)

    @property
    def _is_sequencer(self) -> bool:
        return self.replica.tip.after.sequencer == self.replica.org

    async def stop(self) -> None:
        """Nobody is let in any more; whoever stands at the door is told."""
        self._stopped = True
        for task in (ending := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        for _, waiter in self._comers:
            _refuse(waiter, NotAcknowledged(seconds=0))
        self._comers.clear()

    # -- other members' --------------------------------------------------------------------------------------------------------

    async def on_submit(self, org: str, payload: bytes) -> bytes:
        """`ordering.submit`."""
        submit = parse_payload(org, payload, Submit)
        async with self._turn:
            await self._verify(submit.transactions)
            placed = self.replica.store.placed([transaction_id(data) for data in submit.transactions])
            answers = tuple([self._take(data, placed) for data in submit.transactions])
        return encode_payload(Submitted(answers=answers))

    def bring_back(self, org: str, data: bytes) -> None:
        """Hold a transaction that this member misses in the blocks, and without which it will cosign nothing before long.

        It is taken though its sender has its share here, or one that keeps its share full could have the others suspect this
        sequencer; of each member so many at a time, as it says which ones it misses, and nobody vouches for that.
        """
        unplaced = {one for one in self._brought.get(org, ()) if (held := self.waiting.get(one)) and not held.placed}
        if len(unplaced) < MAX_HELD and not self.take(data, unlimited=True).refusal:
            unplaced.add(transaction_id(data))
        self._brought[org] = unplaced

    def take(self, data: bytes, *, unlimited: bool = False) -> Answer:
        """Hold a transaction that another member sent.

        Args:
            data: the transaction.
            unlimited: whether it is taken though there is no room, or its sender has its share already.
        """
        return self._take(data, self.replica.store.placed([transaction_id(data)]), unlimited=unlimited)

    def _take(self, data: bytes, placed: Container[bytes], *, unlimited: bool = False) -> Answer:
        """As `take`, given the ids of those that a block here holds."""
        identifier = transaction_id(data)
        if identifier in placed or self.waiting.get(identifier) is not None:
            return _TAKEN
        outcome = self.admit(data)
        if not outcome.ok:
            return Answer(refusal=outcome.code, reason=clip(outcome.sentence))
        try:
            self.waiting.hold(data, unlimited=unlimited)
        except (TooManyWaiting, ShareFull) as err:
            return Answer(refusal=err.code, reason=clip(str(err)))
        return _TAKEN

    # -- everybody's -----------------------------------------------------------------------------------------------------------

    def admit(self, data: bytes) -> Outcome:
        """Whether a transaction would be let into the next block here."""
        tip = self.replica.tip
        context = Context(height=tip.height + 1, time=max(tip.time, self.clock.now()), verify=self.replica.verdicts)
        outcome = check(self.replica.ledger.reader(), data, context)
        if outcome.ok and parse_transaction(data)[1].type == Handover.TAG:
            return Outcome(BadTransaction.number, BadTransaction.code, "A hand-over begins a term; it is not submitted.")
        return outcome

    async def _verify(self, transactions: Sequence[bytes]) -> None:
        """Have the verdicts on signatures ready for `admit`, which verifies one by one what is missing here."""
        height = self.replica.tip.height + 1
        try:
            if len(transactions) <= FEW:
                self.replica.warm(transactions, height)
            else:
                await self.offload(lambda: self.replica.warm(transactions, height))
        except Exception:
            log.exception("%s verifies these transactions one by one", self.replica.org)


def _refuse(waiter: Waiter, error: AtollError) -> None:
    if not waiter.done():
        waiter.set_exception(error)
