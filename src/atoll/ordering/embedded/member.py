"""The side of a member that is not the sequencer: carry out what is pushed, cosign it, say where it stands."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.block import Block, parse_block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, parse_note
from atoll.ordering.embedded.messages import Cosigned, Push, Pushed, clip, encode_payload, parse_payload
from atoll.ordering.embedded.replica import Replica, Sign
from atoll.ordering.embedded.waiting import Waiting
from atoll.ordering.errors import BadTime, TermRefused
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")


@dataclass(slots=True)
class MemberSide:
    """Answers the sequencer's pushes, one at a time."""

    replica: Replica
    waiting: Waiting
    clock: Clock
    cosign: Sign
    heard_at: float | None = None
    """Monotonic time of the sequencer's last push; None before the first."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def on_push(self, org: str, payload: bytes) -> bytes:
        """`ordering.push`."""
        push = parse_payload(org, payload, Push)
        async with self._turn:
            cosigned: list[Cosigned] = []
            refusal: AtollError | None = None
            try:
                self._need_sequencer(org, push)
                self.heard_at = self.clock.monotonic()
                await self._carry_out(push, cosigned)
            except AtollError as err:
                log.warning("push of %s: %s", org, err)
                refusal = err
            return encode_payload(self._answer(cosigned, refusal))

    def _need_sequencer(self, org: str, push: Push) -> None:
        consensus = self.replica.tip.after
        if org != consensus.sequencer or push.term != consensus.term:
            raise TermRefused(term=push.term, promised=consensus.term, sequencer=consensus.sequencer)

    async def _carry_out(self, push: Push, cosigned: list[Cosigned]) -> None:
        notes = {parse_checkpoint(note.text).size: note for note in map(parse_note, push.notes)}
        for data in push.blocks:
            await self._add(parse_block(data), notes)
        late: AtollError | None = None
        for size, note in sorted(notes.items()):
            try:
                line = await self.replica.cosign(note, self.cosign)
            except BadTime as err:
                late = err  # an older block may be late while the newest is not
                continue
            if line is not None:
                cosigned.append(Cosigned(size=size, line=line.encode().encode()))
        if push.agreed:
            await self.replica.agree(parse_note(push.agreed))
        if late is not None and not cosigned:
            raise late

    async def _add(self, block: Block, notes: dict[int, Note]) -> None:
        if block.height <= self.replica.tip.height:
            return
        size = self.replica.tip.checkpoint.size + len(block.transactions) + 1
        await self.replica.add(block, notes.get(size))
        self.waiting.place(block.transactions, placed=True)

    def _answer(self, cosigned: list[Cosigned], refusal: AtollError | None) -> Pushed:
        tip = self.replica.tip
        return Pushed(
            height=tip.height,
            size=tip.checkpoint.size,
            root=tip.checkpoint.root,
            cosigned=tuple(cosigned),
            refusal=refusal.code if refusal is not None else "",
            reason=clip(str(refusal)) if refusal is not None else "",
            held=(),
        )
