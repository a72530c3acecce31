"""The in-memory twin of the TLS network: the same promises, and faults on demand.

    fabric = MemoryFabric(seed=7, delay_seconds=0.02)
    bank, bureau = fabric.network("bank"), fabric.network("bureau")
    fabric.cut_after("bank", "bureau", byte_count=70_000)

Frames are never reordered, repeated or changed, because TCP and TLS do not do that either. What can happen is delay, a
partition (traffic waits, dials time out), and the loss of a link, at once or after a number of bytes. It takes time from the
running loop only and chance from its seed, so a run under a virtual clock replays exactly.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterable

from atoll.transport.errors import DialFailed, LinkLost
from atoll.transport.frames import Kind, Received, encode_header
from atoll.transport.session import DIAL_SECONDS, SESSION_BUFFER_BYTES, FrameQueue, Handler, frame_bytes, serve_session
from atoll.transport.tasks import Tasks


class MemorySession:
    """One end of a link; made by `MemoryNetwork.dial`."""

    def __init__(self, link: _Link, *, me: str, peer: str) -> None:
        self._link = link
        self._me = me
        self._peer = peer
        self._queue = FrameQueue()
        self._transit: deque[Received | None] = deque()  # on the way to this end; None is the end of the stream
        self._transit_bytes = 0
        self._due = 0  # how many of them have been under way long enough
        self._last_due = 0.0
        self._room = asyncio.Event()
        self.sent_bytes = 0
        self.received_bytes = 0

    @property
    def peer(self) -> str:
        return self._peer

    @property
    def is_closed(self) -> bool:
        return self._queue.error is not None

    def is_current(self) -> bool:
        return self._peer not in self._link.fabric.revoked

    @property
    def has_room(self) -> bool:
        other = self._link.other(self)
        return not (other.is_full() or other.is_closed)

    def post(self, kind: Kind, data: bytes) -> None:
        encode_header(kind, len(data))
        self._check_alive()
        self._link.count(frame_bytes(data))
        self._check_alive()
        self.sent_bytes += frame_bytes(data)
        self._link.other(self).carry(Received(kind, data))

    async def send(self, kind: Kind, data: bytes) -> None:
        self.post(kind, data)
        other = self._link.other(self)
        while (other.is_full() or other.is_closed) and not self.is_closed:  # the news of a close takes as long as a frame
            other._room.clear()
            await other._room.wait()
        self._check_alive()

    async def receive(self) -> Received:
        frame = await self._queue.get()
        if not self.is_full():
            self._room.set()
        return frame

    async def close(self) -> None:
        if not self.is_closed:
            self._link.other(self).carry(None)
        self.fail("closed by this node")

    # -- the other end's and the fabric's side --------------------------------------------------------------------------------

    def is_full(self) -> bool:
        """Whether whoever sends to this end has to wait."""
        return not self.is_closed and self._queue.held_bytes + self._transit_bytes > SESSION_BUFFER_BYTES

    def carry(self, frame: Received | None) -> None:
        """Take a frame, or the end of the stream, on its way to this end."""
        loop = asyncio.get_running_loop()
        self._last_due = max(self._last_due, loop.time() + self._link.fabric.draw_delay())
        self._transit.append(frame)
        self._transit_bytes += frame_bytes(frame.data) if frame is not None else 0
        loop.call_at(self._last_due, self._ripen)

    def deliver(self) -> None:
        """Let everything arrive that is due and not held up by a partition."""
        while self._due and not self.is_closed and not self._link.fabric.is_parted(self._me, self._peer):
            self._due -= 1
            frame = self._transit.popleft()
            if frame is None:
                self.fail("the peer hung up")
                return
            self._transit_bytes -= frame_bytes(frame.data)
            self.received_bytes += frame_bytes(frame.data)
            self._queue.put(frame)

    def _ripen(self) -> None:
        self._due += 1
        self.deliver()

    def fail(self, problem: str) -> None:
        """End this side of the link; what has arrived can still be read."""
        self._queue.fail(LinkLost(peer=self._peer, problem=problem))
        self._transit.clear()
        self._room.set()
        self._link.other(self)._room.set()

    def _check_alive(self) -> None:
        if self._queue.error is not None:
            raise self._queue.error


class _Link:
    """Two ends and what is known about the wire between them."""

    def __init__(self, fabric: MemoryFabric, left: str, right: str) -> None:
        self.fabric = fabric
        self.orgs = frozenset((left, right))
        self.left = MemorySession(self, me=left, peer=right)
        self.right = MemorySession(self, me=right, peer=left)

    def other(self, end: MemorySession) -> MemorySession:
        return self.right if end is self.left else self.left

    def count(self, size: int) -> None:
        """Bytes are about to cross; an armed cut may happen before they do."""
        left = self.fabric.armed.get(self.orgs)
        if left is None:
            return
        if size > left:
            del self.fabric.armed[self.orgs]
            self.cut()
        else:
            self.fabric.armed[self.orgs] = left - size

    def cut(self) -> None:
        for end in (self.left, self.right):
            end.fail("the link was cut")

    @property
    def is_down(self) -> bool:
        return self.left.is_closed and self.right.is_closed


class MemoryNetwork:
    """One organisation's access to the fabric; a `Network`."""

    def __init__(self, fabric: MemoryFabric, org: str) -> None:
        self._fabric = fabric
        self._org = org
        self._tasks = Tasks()
        self.services: dict[str, Handler] = {}

    def can_dial(self, org: str) -> bool:
        return org not in self._fabric.without_listener

    async def dial(self, org: str, service: str) -> MemorySession:
        await asyncio.sleep(2 * self._fabric.draw_delay())
        if self._fabric.is_parted(self._org, org):
            await asyncio.sleep(DIAL_SECONDS)
            raise DialFailed(org=org, problem="no answer in time")
        there = self._fabric.networks.get(org)
        off = self._fabric.is_unplugged(self._org, org)
        if off or there is None or service not in there.services or not self.can_dial(org):
            raise DialFailed(org=org, problem="nobody listens there for this")
        link = self._fabric.connect(self._org, org)
        there.admit(link.right, there.services[service])
        return link.left

    async def listen(self, service: str, handler: Handler) -> None:
        self.services[service] = handler

    async def close(self) -> None:
        self.services.clear()
        await self._tasks.stop()

    def admit(self, session: MemorySession, handler: Handler) -> None:
        """Somebody dialled in."""
        self._tasks.start(serve_session(session, handler))


class MemoryFabric:
    """Everything between the organisations, and the hand that breaks it."""

    def __init__(self, *, seed: int = 0, delay_seconds: float = 0.0, jitter_seconds: float = 0.0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - chance for tests, not secrets
        self.delay_seconds = delay_seconds
        self.jitter_seconds = jitter_seconds
        self.networks: dict[str, MemoryNetwork] = {}
        self.revoked: set[str] = set()
        """Organisations whose key the ledger has stopped registering."""
        self.without_listener: set[str] = set()
        """Organisations that only dial out."""
        self.armed: dict[frozenset[str], int] = {}
        self._unplugged: set[str] = set()
        self._groups: list[frozenset[str]] = []
        self._links: list[_Link] = []

    def network(self, org: str) -> MemoryNetwork:
        """The access of one organisation, made on first use."""
        return self.networks.setdefault(org, MemoryNetwork(self, org))

    def cut(self, left: str, right: str) -> int:
        """Break every link between two organisations now; how many there were."""
        cut = [link for link in self._links if link.orgs == {left, right} and not link.is_down]
        for link in cut:
            link.cut()
        return len(cut)

    def unplug(self, org: str) -> None:
        """Take an organisation off the network, as if its machine had lost power: links break, dials fail, until `plug_in`."""
        self._unplugged.add(org)
        for link in self._links:
            if org in link.orgs:
                link.cut()

    def plug_in(self, org: str) -> None:
        """Put it back."""
        self._unplugged.discard(org)

    def is_unplugged(self, *orgs: str) -> bool:
        """Whether one of these is off the network."""
        return not self._unplugged.isdisjoint(orgs)

    def cut_after(self, left: str, right: str, byte_count: int) -> None:
        """Break the link between two organisations before more than `byte_count` further bytes, of both ways, have crossed."""
        self.armed[frozenset((left, right))] = byte_count

    def cut_within(self, left: str, right: str, byte_count: int) -> int:
        """`cut_after` a random number of bytes below `byte_count`; the number."""
        drawn = self.random.randrange(byte_count)
        self.cut_after(left, right, drawn)
        return drawn

    def partition(self, *groups: Iterable[str]) -> None:
        """Stop all traffic between organisations of different groups; those in no group are not affected."""
        self._groups = [frozenset(group) for group in groups]

    def heal(self) -> None:
        """End the partition; what waited arrives."""
        self._groups = []
        for link in self._links:
            link.left.deliver()
            link.right.deliver()

    def is_parted(self, left: str, right: str) -> bool:
        """Whether a partition lies between the two."""
        sides = [next((at for at, group in enumerate(self._groups) if org in group), None) for org in (left, right)]
        return None not in sides and sides[0] != sides[1]

    def draw_delay(self) -> float:
        """Seconds that the next frame takes."""
        return self.delay_seconds + (self.random.random() * self.jitter_seconds if self.jitter_seconds else 0.0)

    def connect(self, left: str, right: str) -> _Link:
        """A fresh link."""
        self._links = [link for link in self._links if not link.is_down]
        link = _Link(self, left, right)
        self._links.append(link)
        return link
