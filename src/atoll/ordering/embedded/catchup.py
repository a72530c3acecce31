"""What a member missed while it was away: asked of the sequencer first, then of the others in turn.

The answers need no trust: blocks are carried out here, and become visible only below a checkpoint that a quorum cosigned. Where
the other's log is another than this member's, its branch is tried out in memory from the last agreed point on, and followed
only if a hand-over or a quorum says so (`Replica.take`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from atoll.errors import AtollError, IntegrityError
from atoll.ledger.block import Block, parse_block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import Note, parse_note
from atoll.ordering.changes import Changes
from atoll.ordering.embedded.ballots import Mark
from atoll.ordering.embedded.branch import Branch
from atoll.ordering.embedded.messages import BLOCKS, MAX_BLOCKS, MAX_BLOCKS_BYTES, BlocksReply, BlocksRequest
from atoll.ordering.embedded.points import Point, mark_of
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import BadPeerMessage
from atoll.ordering.members import Members, encode_payload, parse_payload
from atoll.ordering.waiting import Waiting

log = logging.getLogger("atoll.ordering")

LOOK_SECONDS = 1.0
"""Between two looks at whether there is something to fetch."""
CALL_SECONDS = 10.0
MAX_UNSIGNED_BLOCKS = 2_000
"""Taken on before a quorum's signature on them is seen."""


@dataclass(slots=True)
class Catchup:
    """Asks, and answers."""

    replica: Replica
    waiting: Waiting
    members: Members
    others: Callable[[], list[str]]
    """Whom to ask: active members, the sequencer first."""
    is_quiet: Callable[[], bool]
    """Whether nothing has come from the sequencer for so long that one should ask."""
    take: Callable[[bytes], None]
    """Called with transactions of blocks that were given up."""
    _wanted: list[str] = field(default_factory=list)
    _nudge: Changes = field(default_factory=Changes)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def want(self, org: str) -> None:
        """This member seems to have something: ask it next."""
        if org not in self._wanted:
            self._wanted.append(org)
        self._nudge.fire()

    async def run(self) -> None:
        """Look now and then, for ever."""
        turn = 0
        while True:
            others = self.others()
            if self._wanted:
                await self.sync(self._wanted.pop(0))
            elif others and self.is_quiet():
                await self.sync(others[turn % len(others)])
                turn += 1
            if not self._wanted:
                await self._nudge.wait(LOOK_SECONDS)

    async def sync(self, org: str) -> None:
        """Fetch all that a member has; what goes wrong is logged."""
        try:
            while await self.fetch(org):
                pass
        except (AtollError, TimeoutError, OSError) as err:
            log.info("%s: catching up from %s: %s", self.replica.org, org, err)

    async def fetch(self, org: str) -> bool:
        """One step; True if it led on, so that there may be more to fetch."""
        async with self._turn:
            replica = self.replica
            before = (replica.agreed_height, replica.tip.height)
            start = mark_of(replica.tip)
            reply = await self._ask(org, start)
            if not reply.diverged:
                await self._add(org, reply, start)
            if self._leads_elsewhere(reply):
                await self._follow_branch(org)
            return (replica.agreed_height, replica.tip.height) > before

    async def _add(self, org: str, reply: BlocksReply, start: Mark) -> None:
        for block, note in _acceptable(reply, start):
            if block.height == self.replica.tip.height + 1:
                await self.replica.add(block, note)
                self.waiting.place(block.transactions, placed=True)
        if reply.departures:
            await self.replica.keep_departures(reply.departures)
        await self._agree(reply)
        if len(self.replica.points) > MAX_UNSIGNED_BLOCKS:
            raise BadPeerMessage(org=org, reason="many blocks that no quorum stands for")

    def _leads_elsewhere(self, reply: BlocksReply) -> bool:
        """Whether the other follows a branch that this member's tail is not on."""
        replica = self.replica
        passed_by = reply.agreed_height > replica.agreed_height and replica.tip.height >= reply.agreed_height
        return reply.diverged or passed_by or (not reply.blocks and reply.term > replica.tip.after.term)

    async def branch_to(self, org: str, base: Mark | None) -> tuple[Branch, BlocksReply]:
        """A member's branch from the agreed point on, up to a mark or to its end, tried out here.

        Raises:
            BadBlock, IntegrityError: a block does not follow, or is not what was signed.
        """
        branch = self.replica.branch(self.replica.agreed_height)
        while True:
            reply = await self._ask(org, mark_of(branch.tip))
            before = branch.tip.height
            for block, note in _acceptable(reply, mark_of(branch.tip)):
                if base is None or block.height <= base.height:
                    point = branch.extend(block, verify=self.replica.verdicts, note=note)
                    if note is not None:
                        await self.replica.need_same(point, note)
            done = branch.tip.height == before or (base is not None and branch.tip.height == base.height)
            if done or len(branch.points) > MAX_UNSIGNED_BLOCKS:
                return branch, reply

    async def _follow_branch(self, org: str) -> None:
        branch, reply = await self.branch_to(org, None)
        if branch.points:
            agreed = parse_note(reply.agreed) if reply.agreed else None
            dropped = await self.replica.take(branch, agreed=agreed, departures=reply.departures)
            self.hold_again(dropped, branch.points)
            await self._agree(reply)

    def hold_again(self, dropped: list[Point], points: list[Point]) -> None:
        """Transactions of blocks that were given up go their way again, with the same bytes."""
        for placed, some in ((False, dropped), (True, points)):
            for point in some:
                self.waiting.place(point.executed.block.transactions if point.executed is not None else (), placed=placed)
        for point in dropped:
            for data in point.executed.block.transactions if point.executed is not None else ():
                self.take(data)

    async def _agree(self, reply: BlocksReply) -> None:
        if not reply.agreed:
            return
        note, size = parse_note(reply.agreed), self.replica.tip.checkpoint.size
        try:
            if parse_checkpoint(note.text).size > size:
                await self.replica.agree_within(note, reply.proof)
            else:
                await self.replica.agree(note)
        except IntegrityError as err:
            # Either this member has yet to learn who counts now, or its tail is not what the quorum stands for.
            log.info("%s: an agreed note is not this log's: %s", self.replica.org, err)

    async def _ask(self, org: str, mark: Mark) -> BlocksReply:
        agreed_height = self.replica.agreed_height
        request = BlocksRequest(after=mark.height, size=mark.size, root=mark.root, agreed_height=agreed_height)
        return parse_payload(org, await self.members.call(org, BLOCKS, encode_payload(request), CALL_SECONDS), BlocksReply)

    async def on_blocks(self, org: str, payload: bytes) -> bytes:
        """`ordering.blocks`."""
        request = parse_payload(org, payload, BlocksRequest)
        replica, tree = self.replica, self.replica.ledger.log
        within = request.size <= tree.size
        known = within and tree.root(request.size) == request.root
        blocks = replica.store.raw_blocks(request.after + 1, max_bytes=MAX_BLOCKS_BYTES, max_count=MAX_BLOCKS) if known else []
        agreed_height, agreed = self._vouching(request.agreed_height)
        last = replica.store.size_at(request.after + len(blocks))
        notes = [
            point.note for height, point in sorted(replica.points.items()) if point.note is not None and height > request.after
        ]
        return encode_payload(
            BlocksReply(
                term=replica.tip.after.term,
                diverged=within and not known,
                blocks=tuple(blocks),
                notes=tuple(note.encode() for note in notes[:MAX_BLOCKS]),
                agreed=agreed.encode() if agreed is not None else b"",
                agreed_height=agreed_height,
                proof=self._proof(last, agreed) if known and agreed is not None and last is not None else (),
                departures=replica.departures,
            )
        )

    def _vouching(self, after: int) -> tuple[int, Note | None]:
        """The agreed note that a member at this height can verify: the next one before a change of who counts, or the
        newest."""
        epoch = self.replica.store.next_epoch(after)
        if epoch is not None:
            return epoch[0], parse_note(epoch[1])
        agreement = self.replica.agreed.agreement
        return (self.replica.agreed_height, agreement.note) if agreement is not None else (0, None)

    def _proof(self, size: int, agreed: Note) -> tuple[bytes, ...]:
        agreed_size = parse_checkpoint(agreed.text).size
        return tuple(self.replica.ledger.log.consistency_proof(size, agreed_size)) if size < agreed_size else ()


def _acceptable(reply: BlocksReply, start: Mark) -> list[tuple[Block, Note | None]]:
    """The blocks of a reply that follow `start` and that somebody signed for: up to the last one that is agreed or has a
    note."""
    notes = {parse_checkpoint(note.text).size: note for note in map(parse_note, reply.notes)}
    found: list[tuple[Block, Note | None]] = []
    last, size = 0, start.size
    for block in map(parse_block, reply.blocks):
        size += len(block.transactions) + 1
        found.append((block, notes.get(size)))
        if size in notes or block.height <= reply.agreed_height:
            last = len(found)
    return found[:last]
