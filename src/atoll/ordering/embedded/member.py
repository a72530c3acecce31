"""The side of a member that is not the sequencer: carry out what is pushed, cosign it, say where it stands.

Its answers carry what it forwarded long ago and still misses, so an honest sequencer that had not received it, or had no room,
is helped; a checkpoint that leaves it out all the same gets no cosignature (`overdue`, SECURITY 3.3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.block import Block, parse_block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, parse_note
from atoll.ordering.embedded.evidence import CENSORED, Omission
from atoll.ordering.embedded.messages import Cosigned, Push, Pushed, clip
from atoll.ordering.embedded.overdue import Overdue
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.signatory import Signatory
from atoll.ordering.errors import BadTime, Censored, ForkDetected, TermRefused
from atoll.ordering.members import encode_payload, parse_payload
from atoll.ordering.waiting import Waiting
from atoll.ports import Clock
from atoll.wire.message import encode_message

log = logging.getLogger("atoll.ordering")


@dataclass(slots=True)
class MemberSide:
    """Answers the sequencer's pushes: those with blocks or checkpoints to cosign one at a time."""

    replica: Replica
    signatory: Signatory
    waiting: Waiting
    overdue: Overdue
    clock: Clock
    ask: Callable[[str], None]
    """Called with a member that claims a newer term: it is asked for its blocks."""
    heard_at: float | None = None
    """Monotonic time of the sequencer's last push; None before the first."""
    _saw_fork: bool = False
    """Whether this sequencer has shown two histories."""
    _accused: set[bytes] = field(default_factory=set)
    """Transactions for which evidence is kept already."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def misled(self) -> bool:
        """Whether this sequencer has shown two histories, or leaves a transaction out to this moment: reason enough to vote for
        another."""
        return self._saw_fork or self.overdue.is_any_left_out

    def begin_term(self) -> None:
        """Another sequencer: nothing has been heard from it, and nothing is held against it."""
        self.heard_at, self._saw_fork = None, False
        self._accused.clear()
        self.overdue.begin_term()

    async def on_push(self, org: str, payload: bytes) -> bytes:
        """`ordering.push`."""
        push = parse_payload(org, payload, Push)
        async with self._turn if push.blocks or push.notes else contextlib.nullcontext():  # news overtakes blocks
            cosigned: list[Cosigned] = []
            refusal: AtollError | None = None
            try:
                self._need_sequencer(org, push)
                self.heard_at = self.clock.monotonic()
                await self._carry_out(push, cosigned)
            except AtollError as err:
                log.warning("%s: push of %s: %s", self.replica.org, org, err)
                self._saw_fork = self._saw_fork or isinstance(err, ForkDetected)
                refusal = err
            return encode_payload(self._answer(cosigned, refusal))

    def _need_sequencer(self, org: str, push: Push) -> None:
        consensus, promise = self.replica.tip.after, self.replica.vows.promise
        if push.term > consensus.term:
            self.ask(org)
        if promise is not None and push.term < promise.new_term:
            raise TermRefused(term=push.term, promised=promise.new_term, sequencer=promise.new_sequencer)
        if org != consensus.sequencer or push.term != consensus.term:
            raise TermRefused(term=push.term, promised=consensus.term, sequencer=consensus.sequencer)

    async def _carry_out(self, push: Push, cosigned: list[Cosigned]) -> None:
        notes = {parse_checkpoint(note.text).size: note for note in map(parse_note, push.notes)}
        late: AtollError | None = None
        agreed = parse_note(push.agreed) if push.agreed else None
        if agreed is not None and await self.replica.agree(agreed):
            agreed = None  # of a block that is here: whoever waits for it waits for no other
        for data in push.blocks:
            size = await self._add(parse_block(data), notes)
            late = await self._cosign(size, notes.pop(size, None), cosigned) or late
        for size in sorted(notes):
            late = await self._cosign(size, notes[size], cosigned) or late
        if agreed is not None:
            await self.replica.agree(agreed)
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

    async def _cosign(self, size: int, note: Note | None, cosigned: list[Cosigned]) -> AtollError | None:
        """Cosign one checkpoint; what is merely late, or of a term that this member has left, is returned, because a newer
        checkpoint may be neither."""
        if note is None:
            return None
        await self._need_nothing_left_out(note)
        try:
            line = await self.signatory.cosign(note)
        except (BadTime, TermRefused) as err:
            return err
        if line is not None:
            cosigned.append(Cosigned(size=size, line=line.encode().encode()))
        return None

    async def _need_nothing_left_out(self, note: Note) -> None:
        found = self.overdue.find_left_out()
        if found is None:
            return
        if found.held.id not in self._accused:
            self._accused.add(found.held.id)
            omission = Omission(note=note.encode(), transaction=found.held.data, after=found.after)
            await self.replica.keep_evidence(CENSORED, encode_message(omission))
        raise Censored(seconds=int(self.clock.monotonic() - (found.held.forwarded_at or 0.0)))

    def _answer(self, cosigned: list[Cosigned], refusal: AtollError | None) -> Pushed:
        tip = self.replica.tip
        is_heard = not isinstance(refusal, TermRefused)
        return Pushed(
            height=tip.height,
            size=tip.checkpoint.size,
            root=tip.checkpoint.root,
            agreed_height=self.replica.agreed_height,
            cosigned=tuple(cosigned),
            refusal=refusal.code if refusal is not None else "",
            reason=clip(str(refusal)) if refusal is not None else "",
            held=self.overdue.bring_back() if is_heard else (),
        )
