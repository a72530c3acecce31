"""Blocks to the members, cosignatures back: one task a member, one call under way at a time.

Each call carries whatever that member lacks by then, so a slow member gets larger calls and slows nobody down. A member that has
nothing to fetch is asked for a fresh cosignature every RECOSIGN_SECONDS, which is what keeps an idle log fresh (SECURITY 3.2).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.agreement import Agreement
from atoll.ledger.note import parse_signatures
from atoll.ordering.embedded.changes import Changes
from atoll.ordering.embedded.messages import (
    MAX_BLOCKS,
    MAX_BLOCKS_BYTES,
    PUSH,
    Members,
    Push,
    Pushed,
    encode_payload,
    parse_payload,
)
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.quorum import Tally
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.waiting import Waiting
from atoll.ordering.errors import BadTime
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

RECOSIGN_SECONDS = 20
CALL_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
"""After calls that failed."""


@dataclass(slots=True)
class Peer:
    """What the sequencer knows of one member."""

    org: str
    height: int | None = None
    """Its last block; None until it has said so."""
    asked_at: dict[int, float] = field(default_factory=dict)
    """Log size -> monotonic time at which it was last asked to cosign it."""
    sent: Agreement | None = None
    """The agreement it was sent last."""
    pause_seconds: float = 0.0
    """How long to wait before the next call."""


@dataclass(slots=True)
class Publisher:
    """Works while this member is the sequencer."""

    replica: Replica
    waiting: Waiting
    members: Members
    clock: Clock
    published: Changes
    tallies: dict[int, Tally] = field(default_factory=dict)
    """Log size -> cosignatures so far."""
    peers: dict[str, Peer] = field(default_factory=dict)

    def heard(self) -> set[str]:
        """Members that have said where they stand."""
        return {org for org, peer in self.peers.items() if peer.height is not None}

    async def serve(self, org: str) -> None:
        """Keep one member up to date, for ever."""
        peer = self.peers.setdefault(org, Peer(org))
        while True:
            push, due_seconds = self._next(peer)
            if push is None:
                await self.published.wait(due_seconds)
                continue
            try:
                payload = await self.members.call(org, PUSH, encode_payload(push), CALL_SECONDS)
                await self._take(peer, push, parse_payload(org, payload, Pushed))
            except (AtollError, TimeoutError, OSError) as err:
                log.info("push to %s: %s", org, err)
                peer.pause_seconds = min(max(2 * peer.pause_seconds, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            if peer.pause_seconds:
                await asyncio.sleep(peer.pause_seconds)

    def _next(self, peer: Peer) -> tuple[Push | None, float | None]:
        """What to send now; else after how many seconds to look again."""
        term = self.replica.tip.after.term
        if peer.height is None:
            return Push(term=term, blocks=(), notes=(), agreed=b""), None
        blocks = self._blocks_after(peer.height)
        last = peer.height + len(blocks)
        notes, due_seconds = self._notes_until(peer, last)
        agreement = self.replica.agreed.agreement
        news = agreement is not None and agreement is not peer.sent and last >= self.replica.agreed_height
        if not (blocks or notes or news):
            return None, due_seconds
        agreed = agreement.note.encode() if agreement is not None and news else b""
        if news:
            peer.sent = agreement
        return Push(term=term, blocks=tuple(blocks), notes=tuple(notes), agreed=agreed), None

    def _blocks_after(self, height: int) -> list[bytes]:
        tip = self._signed_tip()
        if tip is None or height >= tip.height:
            return []
        return self.replica.store.raw_blocks(
            height + 1, max_bytes=MAX_BLOCKS_BYTES, max_count=min(MAX_BLOCKS, tip.height - height)
        )

    def _signed_tip(self) -> Point | None:
        """The last block whose checkpoint is signed; the next one may be under way."""
        signed = [height for height, point in self.replica.points.items() if point.note is not None]
        return self.replica.points[max(signed)] if signed else None

    def _notes_until(self, peer: Peer, last: int) -> tuple[list[bytes], float | None]:
        """Notes to cosign, up to a height; and when the next one is due."""
        now = self.clock.monotonic()
        notes: list[bytes] = []
        due_seconds: float | None = None
        tip = self._signed_tip()
        for height in sorted(self.replica.points):
            point = self.replica.points[height]
            if height > last or point.note is None or peer.org not in {one.org for one in point.authority.counted()}:
                continue
            size = point.checkpoint.size
            asked = peer.asked_at.get(size)
            left = 0.0 if asked is None else asked + RECOSIGN_SECONDS - now
            if asked is not None and point is not tip:
                continue  # asked once; only the newest is asked for again
            if left <= 0 and len(notes) < MAX_BLOCKS:
                peer.asked_at[size] = now
                notes.append(point.note.encode())
            else:
                due_seconds = left
        return notes, due_seconds

    async def _take(self, peer: Peer, push: Push, reply: Pushed) -> None:
        before, peer.height = peer.height, reply.height
        peer.pause_seconds = 0.0
        for cosigned in reply.cosigned:
            await self._count(cosigned.size, cosigned.line)
        for data in reply.held:
            self.waiting.hold(data)
        if reply.refusal:
            log.warning("%s refused: %s", peer.org, reply.reason)
            peer.asked_at.clear()
            self._note_lateness(peer, reply)
            peer.pause_seconds = FIRST_PAUSE_SECONDS
        if before is None or reply.height > before:
            self.published.fire()

    async def _count(self, size: int, line: bytes) -> None:
        tally = self._tally(size)
        if tally is None:
            return
        for signature in parse_signatures(line.decode("utf-8", errors="replace")):
            tally.add(signature)
        agreement = tally.agreement()
        if agreement is not None and await self.replica.agree(agreement.note):
            self.tallies = {at: one for at, one in self.tallies.items() if at >= size}
            for peer in self.peers.values():
                peer.asked_at = {at: when for at, when in peer.asked_at.items() if at >= size}
            self.published.fire()

    def _tally(self, size: int) -> Tally | None:
        point = self.replica.point_of_size(size)
        if point is None or point.note is None:
            return None
        if size not in self.tallies:
            self.tallies[size] = Tally(point.note, point.checkpoint, point.height, self.replica.chain_id, point.authority)
        return self.tallies[size]

    def _note_lateness(self, peer: Peer, reply: Pushed) -> None:
        point = self.replica.points.get(reply.height)
        tally = self._tally(point.checkpoint.size) if point is not None else None
        if reply.refusal == BadTime.code and tally is not None:
            tally.late.add(peer.org)
