"""What a member missed while it was away: asked of the sequencer first, then of the others in turn.

The answers need no trust: blocks are carried out here, and become visible only below a checkpoint that a quorum cosigned.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from atoll.errors import AtollError
from atoll.ledger.block import parse_block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import parse_note
from atoll.ordering.embedded.messages import (
    BLOCKS,
    MAX_BLOCKS,
    MAX_BLOCKS_BYTES,
    BlocksReply,
    BlocksRequest,
    Members,
    encode_payload,
    parse_payload,
)
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.waiting import Waiting

log = logging.getLogger("atoll.ordering")

QUIET_SECONDS = 3.0
"""Without a push for so long, a member asks by itself."""
CALL_SECONDS = 10.0


@dataclass(slots=True)
class Catchup:
    """Asks, and answers."""

    replica: Replica
    waiting: Waiting
    members: Members
    others: Callable[[], list[str]]
    """Whom to ask: active members, the sequencer first."""
    is_quiet: Callable[[], bool]
    """Whether the sequencer has not spoken for QUIET_SECONDS."""

    async def run(self) -> None:
        """Look now and then, for ever."""
        turn = 0
        while True:
            others = self.others()
            if others and self.is_quiet():
                org = others[turn % len(others)]
                try:
                    while await self.fetch(org):
                        pass
                except (AtollError, TimeoutError, OSError) as err:
                    log.info("catching up from %s: %s", org, err)
                turn += 1
            await asyncio.sleep(QUIET_SECONDS / 3)

    async def fetch(self, org: str) -> bool:
        """One step; True if there may be more to fetch."""
        tip = self.replica.tip
        request = BlocksRequest(after=tip.height, size=tip.checkpoint.size, root=tip.checkpoint.root)
        reply = parse_payload(org, await self.members.call(org, BLOCKS, encode_payload(request), CALL_SECONDS), BlocksReply)
        if reply.diverged:
            return False
        notes = {parse_checkpoint(note.text).size: note for note in map(parse_note, reply.notes)}
        for data in reply.blocks:
            block = parse_block(data)
            tip = self.replica.tip
            note = notes.get(tip.checkpoint.size + len(block.transactions) + 1)
            if block.height <= tip.height or (note is None and block.height > reply.agreed_height):
                continue
            await self.replica.add(block, note)
            self.waiting.place(block.transactions, placed=True)
        if reply.agreed:
            await self.replica.agree(parse_note(reply.agreed))
        return self.replica.tip.height > request.after

    async def on_blocks(self, org: str, payload: bytes) -> bytes:
        """`ordering.blocks`."""
        request = parse_payload(org, payload, BlocksRequest)
        replica = self.replica
        agreement = replica.agreed.agreement
        known = request.size <= replica.ledger.log.size and replica.ledger.log.root(request.size) == request.root
        notes = [
            point.note for height, point in sorted(replica.points.items()) if point.note is not None and height > request.after
        ]
        blocks = replica.store.raw_blocks(request.after + 1, max_bytes=MAX_BLOCKS_BYTES, max_count=MAX_BLOCKS) if known else []
        reply = BlocksReply(
            diverged=not known and request.size <= replica.ledger.log.size,
            blocks=tuple(blocks),
            notes=tuple(note.encode() for note in notes[:MAX_BLOCKS]),
            agreed=agreement.note.encode() if agreement is not None else b"",
            agreed_height=replica.agreed_height,
        )
        return encode_payload(reply)
