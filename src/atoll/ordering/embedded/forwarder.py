"""Transactions on their way to the sequencer: forwarded at once, again while they are missing, and after a while to
everybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ledger.apply import Outcome
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES, MAX_SUBMITTED, SUBMIT, Submit, Submitted
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import NotAdmitted
from atoll.ordering.members import Members, encode_payload, parse_payload
from atoll.ordering.waiting import Held, Waiting
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

AGAIN_SECONDS = 3.0
"""A forwarded transaction that is in no block by then is forwarded again."""
GATHER_SECONDS = 0.01
"""The first transaction after a silence leaves at once; those that follow so soon leave together: a call costs more than to
carry out what it carries. Half as long as the door gathers them, so that what was let in together leaves at once."""
RELAY_SECONDS = 10.0
"""After so long without a block it is sent to every member, so that all of them watch for it."""
CALL_SECONDS = 5.0


@dataclass(slots=True)
class Forwarder:
    """Sends what waits here to the sequencer."""

    replica: Replica
    waiting: Waiting
    members: Members
    clock: Clock
    others: Callable[[], list[str]]
    """Active members, the sequencer first, this one left out."""
    admit: Callable[[bytes], Outcome]
    """Whether a transaction would be let into the next block here."""
    _sent_at: float = -1.0
    """When transactions were last sent, by the event loop's time."""

    async def run(self) -> None:
        """Forward for ever; while this member is the sequencer there is nobody to forward to."""
        while True:
            arrived = self.waiting.arrived.wait(1.0 if len(self.waiting) else None)
            sequencer = self.replica.tip.after.sequencer
            due = self._due() if sequencer != self.replica.org else []
            if not due:
                await arrived
                continue
            left = self._sent_at + GATHER_SECONDS - asyncio.get_running_loop().time()
            if left > 0:
                await asyncio.sleep(left)
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

    def _due(self) -> list[Held]:
        now = self.clock.monotonic()
        due: list[Held] = []
        total = 0
        for held in self.waiting.all_unplaced():
            if held.last_sent_at is not None and now - held.last_sent_at < AGAIN_SECONDS:
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
            for held in self.waiting.all_unplaced()
            if not held.relayed and held.forwarded_at is not None and now - held.forwarded_at > RELAY_SECONDS
        ][:MAX_SUBMITTED]
        for held in old:
            held.relayed = True
        for org in self.others()[1:] if old else ():
            await self._send(org, old, to_sequencer=False)
