"""The side of a member that is not the sequencer: carry out what is pushed, cosign it, say where it stands.

Before it cosigns, it looks for transactions that it forwarded long ago and that are valid now: a checkpoint that leaves one out
gets no cosignature (SECURITY 3.3). The refusal carries them, so an honest sequencer that had not received them is helped, and
one that censors cannot say so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.apply import Context, apply
from atoll.ledger.block import Block, parse_block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, parse_note
from atoll.ordering.embedded.evidence import CENSORED
from atoll.ordering.embedded.messages import MAX_BLOCKS_BYTES, MAX_HELD, Cosigned, Push, Pushed, clip
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.signatory import Signatory
from atoll.ordering.errors import BadTime, Censored, ForkDetected, TermRefused
from atoll.ordering.members import encode_payload, parse_payload
from atoll.ordering.waiting import Held, Waiting
from atoll.ports import Clock
from atoll.wire.cbor import encode

log = logging.getLogger("atoll.ordering")

PATIENCE_SECONDS = 30.0
"""How long a valid transaction may be left out after it was forwarded."""


@dataclass(slots=True)
class MemberSide:
    """Answers the sequencer's pushes, one at a time."""

    replica: Replica
    signatory: Signatory
    waiting: Waiting
    clock: Clock
    ask: Callable[[str], None]
    """Called with a member that claims a newer term: it is asked for its blocks."""
    heard_at: float | None = None
    """Monotonic time of the sequencer's last push; None before the first."""
    misled: bool = False
    """Whether this sequencer has shown two histories, or leaves a transaction out: reason enough to vote for another."""
    _accused: set[bytes] = field(default_factory=set)
    """Transactions for which evidence is kept already."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def on_push(self, org: str, payload: bytes) -> bytes:
        """`ordering.push`."""
        push = parse_payload(org, payload, Push)
        async with self._turn:
            cosigned: list[Cosigned] = []
            refusal: AtollError | None = None
            missing: list[Held] = []
            try:
                self._need_sequencer(org, push)
                self.heard_at = self.clock.monotonic()
                missing = self._missing()
                await self._carry_out(push, cosigned, missing)
            except AtollError as err:
                log.warning("%s: push of %s: %s", self.replica.org, org, err)
                self.misled = self.misled or isinstance(err, (ForkDetected, Censored))
                refusal = err
            return encode_payload(self._answer(cosigned, refusal, missing))

    def _need_sequencer(self, org: str, push: Push) -> None:
        consensus, promise = self.replica.tip.after, self.replica.vows.promise
        if push.term > consensus.term:
            self.ask(org)
        if promise is not None and push.term < promise.new_term:
            raise TermRefused(term=push.term, promised=promise.new_term, sequencer=promise.new_sequencer)
        if org != consensus.sequencer or push.term != consensus.term:
            raise TermRefused(term=push.term, promised=consensus.term, sequencer=consensus.sequencer)

    async def _carry_out(self, push: Push, cosigned: list[Cosigned], missing: list[Held]) -> None:
        notes = {parse_checkpoint(note.text).size: note for note in map(parse_note, push.notes)}
        late: AtollError | None = None
        for data in push.blocks:
            size = await self._add(parse_block(data), notes)
            late = await self._cosign(size, notes.pop(size, None), cosigned, missing) or late
        for size in sorted(notes):
            late = await self._cosign(size, notes[size], cosigned, missing) or late
        if push.agreed:
            await self.replica.agree(parse_note(push.agreed))
        if late is not None and not cosigned:
            raise late

    async def _add(self, block: Block, notes: dict[int, Note]) -> int:
        """Carry the block out if it is new; the size of the log after it."""
        tip = self.replica.tip
        if block.height <= tip.height:
            known = self.replica.points.get(block.height)
            if known is not None and known.executed is not None and known.executed.block != block:
                await self._weigh_fork(block, notes)
            return known.checkpoint.size if known is not None else 0
        size = tip.checkpoint.size + len(block.transactions) + 1
        await self.replica.add(block, notes.get(size))
        self.waiting.place(block.transactions, placed=True)
        return size

    async def _weigh_fork(self, block: Block, notes: dict[int, Note]) -> None:
        """Another block at a height that has one: if the sequencer signed both, that is evidence."""
        branch = self.replica.branch(block.height - 1)
        point = branch.extend(block, verify=self.replica.verdicts)
        point.note = notes.get(point.checkpoint.size)
        if point.note is not None:
            await self.replica.need_same(point, point.note)
            await self.replica.keep_forks(branch)
        raise ForkDetected(size=point.checkpoint.size)

    async def _cosign(self, size: int, note: Note | None, cosigned: list[Cosigned], missing: list[Held]) -> AtollError | None:
        """Cosign one checkpoint; what is merely late is returned, because a newer checkpoint may be on time."""
        if note is None:
            return None
        await self._need_nothing_left_out(note, missing)
        try:
            line = await self.signatory.cosign(note)
        except BadTime as err:
            return err
        if line is not None:
            cosigned.append(Cosigned(size=size, line=line.encode().encode()))
        return None

    def _missing(self) -> list[Held]:
        """Transactions that were forwarded long ago and are in no block; whether they are valid is looked at later."""
        now = self.clock.monotonic()
        return [
            held
            for held in self.waiting.all()
            if not held.placed and held.forwarded_at is not None and now - held.forwarded_at > PATIENCE_SECONDS
        ]

    async def _need_nothing_left_out(self, note: Note, missing: list[Held]) -> None:
        left_out = [held for held in missing if not held.placed and self._is_valid_now(held.data)]
        if left_out:
            seconds = int(self.clock.monotonic() - (left_out[0].forwarded_at or 0.0))
            if left_out[0].id not in self._accused:
                self._accused.add(left_out[0].id)
                await self.replica.keep_evidence(CENSORED, encode([note.encode(), left_out[0].data], max_bytes=200_000))
            raise Censored(seconds=seconds)

    def _is_valid_now(self, data: bytes) -> bool:
        tip = self.replica.tip
        context = Context(height=tip.height + 1, time=tip.time, verify=self.replica.verdicts)
        return apply(self.replica.ledger.view(), data, context).ok

    def _answer(self, cosigned: list[Cosigned], refusal: AtollError | None, missing: list[Held]) -> Pushed:
        tip = self.replica.tip
        held, total = [], 0
        for one in missing[:MAX_HELD] if isinstance(refusal, Censored) else ():
            total += len(one.data)
            if total <= MAX_BLOCKS_BYTES:
                held.append(one.data)
        return Pushed(
            height=tip.height,
            size=tip.checkpoint.size,
            root=tip.checkpoint.root,
            agreed_height=self.replica.agreed_height,
            cosigned=tuple(cosigned),
            refusal=refusal.code if refusal is not None else "",
            reason=clip(str(refusal)) if refusal is not None else "",
            held=tuple(held),
        )
