"""Transactions on their way to the sequencer: forwarded at once, again while they are missing, and after a while to
everybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.apply import Context, Outcome, check
from atoll.ledger.rules.consensus import Handover
from atoll.ledger.rules.errors import BadTransaction
from atoll.ledger.transaction import parse_transaction, transaction_id
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES, MAX_HELD, MAX_SUBMITTED, SUBMIT, Answer, Submit, Submitted, clip
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import NotAdmitted, ShareFull, TooManyWaiting
from atoll.ordering.members import Members, encode_payload, parse_payload
from atoll.ordering.offload import Offload
from atoll.ordering.verdicts import FEW
from atoll.ordering.waiting import Held, Waiting
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

AGAIN_SECONDS = 3.0
"""A forwarded transaction that is in no block by then is forwarded again."""
GATHER_SECONDS = 0.02
"""The first transaction after a silence leaves at once; those that follow so soon leave together: a call costs more than to
carry out what it carries. A block gathers for longer."""
VERIFY_SECONDS = 0.01
"""In the same way signatures are verified together."""
RELAY_SECONDS = 10.0
"""After so long without a block it is sent to every member, so that all of them watch for it."""
CALL_SECONDS = 5.0


@dataclass(slots=True)
class Forwarder:
    """Sends what waits here to the sequencer, and takes what others send."""

    replica: Replica
    waiting: Waiting
    members: Members
    clock: Clock
    others: Callable[[], list[str]]
    """Active members, the sequencer first, this one left out."""
    offload: Offload
    """Where signatures are verified."""
    _brought: dict[str, set[bytes]] = field(default_factory=dict)
    """What each member has brought back that is in no block yet, by id."""
    _unverified: list[bytes] = field(default_factory=list)
    _verification: asyncio.Task[None] | None = None
    """Takes along what arrives now."""
    _verifications: set[asyncio.Task[None]] = field(default_factory=set)
    """Those under way."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _sent_at: float = -1.0
    _verified_at: float = -1.0
    """When transactions were last sent, and last verified, by the event loop's time."""

    async def run(self) -> None:
        """Forward for ever; while this member is the sequencer there is nobody to forward to."""
        while True:
            arrived = self.waiting.arrived.wait(1.0 if len(self.waiting) else None)
            sequencer = self.replica.tip.after.sequencer
            due = self._due() if sequencer != self.replica.org else []
            if not due:
                await arrived
                continue
            if await self._gathered(self._sent_at, GATHER_SECONDS):
                continue
            self._sent_at = asyncio.get_running_loop().time()
            await self._send(sequencer, due, to_sequencer=True)
            await self._relay()

    def forget(self) -> None:
        """There is another sequencer: what waits is sent to it as if for the first time."""
        for held in self.waiting.all():
            held.last_sent_at = held.forwarded_at = None
            held.relayed = False
        self.waiting.arrived.fire()

    def admit(self, data: bytes) -> Outcome:
        """Whether a transaction would be let into the next block here."""
        tip = self.replica.tip
        context = Context(height=tip.height + 1, time=max(tip.time, self.clock.now()), verify=self.replica.verdicts)
        outcome = check(self.replica.ledger.reader(), data, context)
        if outcome.ok and parse_transaction(data)[1].type == Handover.TAG:
            return Outcome(BadTransaction.number, BadTransaction.code, "A hand-over begins a term; it is not submitted.")
        return outcome

    async def verify(self, transactions: Sequence[bytes]) -> None:
        """Have the signatures of transactions verified, together with those of all others that arrive meanwhile.

        In one native call on several threads, beside the event loop; `admit` then finds the verdicts. All that were verified
        together go on together, in the order in which they came, which is that of their senders' nonces.
        """
        self._unverified += transactions
        if self._verification is None:
            self._verification = asyncio.create_task(self._verify_all())
            self._verifications.add(self._verification)
            self._verification.add_done_callback(self._verified)
        await asyncio.wait((self._verification,))  # neither ends it nor fails with it

    async def stop(self) -> None:
        """End what is being verified; those who wait for it go on."""
        for task in (ending := list(self._verifications)):
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _verify_all(self) -> None:
        """Verify whatever has arrived until it is this one's turn."""
        try:
            async with self._turn:
                await self._gathered(self._verified_at, VERIFY_SECONDS)
                await self._warm(self._take_unverified())
                self._verified_at = asyncio.get_running_loop().time()
        except Exception:
            log.exception("%s verifies these transactions one by one", self.replica.org)

    def _verified(self, task: asyncio.Task[None]) -> None:
        self._verifications.discard(task)
        if self._verification is task:  # ended before it was its turn
            self._take_unverified()

    def _take_unverified(self) -> list[bytes]:
        """What has arrived so far; what arrives from now on is the next one's."""
        taken, self._unverified, self._verification = self._unverified, [], None
        return taken

    async def _warm(self, transactions: list[bytes]) -> None:
        height = self.replica.tip.height + 1
        if len(transactions) <= FEW:
            self.replica.warm(transactions, height)
        else:
            await self.offload(lambda: self.replica.warm(transactions, height))

    async def _gathered(self, last: float, seconds: float) -> bool:
        """Wait for company, if the last ones went so shortly before; whether it did."""
        left = last + seconds - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.sleep(left)
        return True

    async def on_submit(self, org: str, payload: bytes) -> bytes:
        """`ordering.submit`."""
        submit = parse_payload(org, payload, Submit)
        await self.verify(submit.transactions)
        return encode_payload(Submitted(answers=tuple(self.take(data) for data in submit.transactions)))

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
        identifier = transaction_id(data)
        if self.waiting.get(identifier) is not None or self.replica.store.find_transaction(identifier) is not None:
            return Answer(refusal="", reason="")
        outcome = self.admit(data)
        if not outcome.ok:
            return Answer(refusal=outcome.code, reason=clip(outcome.sentence))
        try:
            self.waiting.hold(data, unlimited=unlimited)
        except (TooManyWaiting, ShareFull) as err:
            return Answer(refusal=err.code, reason=clip(str(err)))
        return Answer(refusal="", reason="")

    def _due(self) -> list[Held]:
        now = self.clock.monotonic()
        due: list[Held] = []
        total = 0
        for held in self.waiting.all():
            if held.placed or (held.last_sent_at is not None and now - held.last_sent_at < AGAIN_SECONDS):
                continue
            total += len(held.data)
            if len(due) == MAX_SUBMITTED or (due and total > MAX_BLOCKS_BYTES):
                break
            due.append(held)
        return due

    async def _send(self, org: str, due: list[Held], *, to_sequencer: bool) -> None:
        now = self.clock.monotonic()
        for held in due:
            held.last_sent_at = now
        submit = Submit(transactions=tuple(held.data for held in due))
        try:
            payload = await self.members.call(org, SUBMIT, encode_payload(submit), CALL_SECONDS)
            reply = parse_payload(org, payload, Submitted)
        except (AtollError, TimeoutError, OSError) as err:
            log.info("submitting to %s: %s", org, err)
            return
        for held, answer in zip(due, reply.answers, strict=False):
            if held.forwarded_at is None:
                held.forwarded_at, held.forwarded_height = now, self.replica.tip.height
            if answer.refusal and to_sequencer:
                self._judge(held)

    def _judge(self, held: Held) -> None:
        """The sequencer turns it away: believed only where this member's own check says so too."""
        if self.replica.store.find_transaction(held.id) is not None:
            return
        outcome = self.admit(held.data)
        if not outcome.ok:
            self.waiting.refuse(held.id, NotAdmitted(refusal=outcome.code, reason=outcome.sentence))

    async def _relay(self) -> None:
        now = self.clock.monotonic()
        old = [
            held
            for held in self.waiting.all()
            if not held.placed
            and not held.relayed
            and held.forwarded_at is not None
            and now - held.forwarded_at > RELAY_SECONDS
        ][:MAX_SUBMITTED]
        for held in old:
            held.relayed = True
        for org in self.others()[1:] if old else ():
            await self._send(org, old, to_sequencer=False)
