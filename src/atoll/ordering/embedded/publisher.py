"""Blocks to the members, cosignatures back: one task a member, one call with blocks under way at a time.

Each call carries whatever that member lacks by then, so a slow member gets larger calls and slows nobody down. What has become
agreed while it carries blocks out it is told beside that, because somebody there waits for it. A member that
has nothing to fetch is asked for a fresh cosignature every RECOSIGN_SECONDS, which is what keeps an idle log fresh (SECURITY
3.2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from atoll.errors import AtollError
from atoll.ledger.agreement import Agreement
from atoll.ledger.note import parse_signatures
from atoll.ordering.changes import Changes
from atoll.ordering.embedded.messages import MAX_BLOCKS, MAX_BLOCKS_BYTES, PUSH, Push, Pushed
from atoll.ordering.embedded.points import Point
from atoll.ordering.embedded.quorum import Tally
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.errors import BadTime, TermRefused
from atoll.ordering.members import Members, encode_payload, parse_payload
from atoll.ports import Clock

log = logging.getLogger("atoll.ordering")

RECOSIGN_SECONDS = 20
CALL_SECONDS = 10.0
NEWS_SECONDS = 5
"""By how much cosignatures must be newer to be told of when nothing else is new."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
"""After calls that failed or were refused."""


@dataclass(slots=True)
class Peer:
    """What the sequencer knows of one member."""

    org: str
    height: int | None = None
    """Its last block, which this ledger has too; None until it has said so, or while its log is another."""
    asked_at: dict[int, float] = field(default_factory=dict)
    """Log size -> monotonic time at which it was last asked to cosign it."""
    agreed_height: int = 0
    """The last block that it knows to be agreed."""
    sent: Agreement | None = None
    """The agreement it was sent last."""
    pause_seconds: float = 0.0
    """How long to wait before the next call."""
    is_busy: bool = False
    """Whether a call with blocks is under way."""

    def pause(self) -> None:
        """Wait, twice as long as the last time."""
        self.pause_seconds = min(max(2 * self.pause_seconds, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


@dataclass(slots=True)
class Publisher:
    """Works while this member is the sequencer."""

    replica: Replica
    members: Members
    clock: Clock
    published: Changes
    ask: Callable[[str], None]
    """Called with a member that has more than this one, or another log: it is asked for its blocks."""
    bring_back: Callable[[str, bytes], None]
    """Called with a member that counts, and with each transaction that it misses."""
    peers: dict[str, Peer] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    """Log size -> cosignatures so far."""

    def reset(self) -> None:
        """A new term: nothing that was heard before holds."""
        self.peers.clear()
        self.tallies.clear()

    def is_heard(self) -> bool:
        """Whether a quorum has said where it stands, and nobody of it has more than this member."""
        consensus = self.replica.tip.after
        heard = [one.org for one in consensus.counted() if (peer := self.peers.get(one.org)) and peer.height is not None]
        return len(heard) >= consensus.quorum()

    def is_late(self) -> bool:
        """Whether a quorum would cosign the last block, were its time not past."""
        tip = self.replica.tip
        tally = self.tallies.get(tip.checkpoint.size)
        return tally is not None and tip.agreement is None and len(tally.late | tally.times.keys()) >= tip.authority.quorum()

    async def serve(self, org: str) -> None:
        """Keep one member up to date, for ever."""
        while True:
            peer = self.peers.setdefault(org, Peer(org))
            push, due_seconds = self._next(peer)
            if push is None:
                await self.published.wait(due_seconds)
                continue
            try:
                peer.is_busy = bool(push.blocks)
                await self._take(peer, await self._push(org, push))
            except (AtollError, TimeoutError, OSError) as err:
                log.info("push to %s: %s", org, err)
                peer.asked_at.clear()
                peer.sent = None
                peer.pause()
            peer.is_busy = False
            if peer.pause_seconds:
                await asyncio.sleep(peer.pause_seconds)

    async def tell(self, org: str) -> None:
        """Tell one member what is agreed while it is busy with blocks, for ever."""
        while True:
            peer = self.peers.setdefault(org, Peer(org))
            agreed = self._news(peer, peer.height) if peer.is_busy and peer.height is not None else b""
            if not agreed:
                await self.published.wait()
                continue
            push = Push(term=self.replica.tip.after.term, blocks=(), notes=(), agreed=agreed)
            try:
                reply = await self._push(org, push)  # of where it stands the answer to the blocks says more
            except (AtollError, TimeoutError, OSError) as err:
                log.info("news for %s: %s", org, err)
                peer.sent = None
                await self.published.wait()
                continue
            peer.agreed_height = max(peer.agreed_height, reply.agreed_height)
            self._take_held(peer, reply)
            if reply.refusal:
                peer.sent = None
                await self.published.wait()

    async def _push(self, org: str, push: Push) -> Pushed:
        return parse_payload(org, await self.members.call(org, PUSH, encode_payload(push), CALL_SECONDS), Pushed)

    def _next(self, peer: Peer) -> tuple[Push | None, float | None]:
        """What to send now; else after how many seconds to look again."""
        term = self.replica.tip.after.term
        if peer.height is None:
            return Push(term=term, blocks=(), notes=(), agreed=b""), None
        blocks = self._blocks_after(peer.height)
        last = peer.height + len(blocks)
        notes, due_seconds = self._notes_until(peer, last)
        agreed = self._news(peer, last)
        if not (blocks or notes or agreed):
            return None, due_seconds
        return Push(term=term, blocks=tuple(blocks), notes=tuple(notes), agreed=agreed), None

    def _news(self, peer: Peer, last: int) -> bytes:
        """An agreed note of a block that the member has, if it has not heard of it, or of much older cosignatures only; else
        nothing.

        Notes from before a change of who counts come first, so that every member can show the way from one set to the next.
        """
        epoch = self.replica.store.next_epoch(peer.agreed_height)
        if epoch is not None:
            return epoch[1] if epoch[0] <= last else b""
        agreement, sent = self.replica.agreed.agreement, peer.sent
        if agreement is None or last < self.replica.agreed_height:
            return b""
        if sent is not None and sent.checkpoint == agreement.checkpoint and agreement.agreed_at < sent.agreed_at + NEWS_SECONDS:
            return b""
        peer.sent = agreement
        return agreement.note.encode()

    def _blocks_after(self, height: int) -> list[bytes]:
        tip = self._signed_tip()
        if tip is None or height >= tip.height:
            return []
        most = min(MAX_BLOCKS, tip.height - height)
        return self.replica.store.raw_blocks(height + 1, max_bytes=MAX_BLOCKS_BYTES, max_count=most)

    def _signed_tip(self) -> Point | None:
        """The last block whose checkpoint is signed; the next one may be under way."""
        signed = [height for height, point in self.replica.points.items() if point.note is not None]
        return self.replica.points[max(signed)] if signed else None

    def _notes_until(self, peer: Peer, last: int) -> tuple[list[bytes], float | None]:
        """Notes to cosign, up to a height; and in how many seconds the next one is due."""
        now, tip = self.clock.monotonic(), self._signed_tip()
        notes: list[bytes] = []
        due_seconds: float | None = None
        for height in sorted(self.replica.points):
            point = self.replica.points[height]
            if height > last or point.note is None or not point.counts(peer.org):
                continue
            asked = peer.asked_at.get(point.checkpoint.size)
            left = 0.0 if asked is None else asked + RECOSIGN_SECONDS - now
            if left <= 0 and (asked is None or point is tip) and len(notes) < MAX_BLOCKS:
                peer.asked_at[point.checkpoint.size] = now
                notes.append(point.note.encode())
            elif point is tip:
                due_seconds = left
        return notes, due_seconds

    # -- answers ---------------------------------------------------------------------------------------------------------------

    async def _take(self, peer: Peer, reply: Pushed) -> None:
        before, peer.agreed_height = peer.height, reply.agreed_height
        peer.height = reply.height if self._is_ours(reply) else None
        for cosigned in reply.cosigned:
            await self._count(cosigned.size, cosigned.line)
        self._take_held(peer, reply)
        if peer.height is None or reply.refusal == TermRefused.code:
            self.ask(peer.org)
        if reply.refusal or peer.height is None:
            log.warning("%s refused: %s", peer.org, reply.reason or "its log is another")
            peer.asked_at.clear()
            peer.pause()
            self._note_lateness(peer, reply)
        else:
            peer.pause_seconds = 0.0
        if before is None or reply.height > before or reply.refusal:
            self.published.fire()

    def _take_held(self, peer: Peer, reply: Pushed) -> None:
        """Put in order what a member that counts misses."""
        if any(one.org == peer.org for one in self.replica.tip.after.counted()):
            for data in reply.held:
                self.bring_back(peer.org, data)

    def _is_ours(self, reply: Pushed) -> bool:
        """Whether the member's log is the beginning of this one."""
        tree = self.replica.ledger.log
        return reply.size <= tree.size and tree.root(reply.size) == reply.root

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
        tally = self._tally(reply.size) if peer.height is not None else None
        if tally is not None and reply.refusal == BadTime.code:
            tally.late.add(peer.org)
