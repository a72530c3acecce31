"""A session: frames in both directions between this node and one member, over whatever carries them.

`TlsSession` (tls.py) and `MemorySession` (memory.py) keep the same promises, and one contract suite holds them to it:

- frames arrive whole, in order and once, or the session fails;
- `send` waits only for memory, never for the peer to act; a peer that does not read stops the sender, not the other direction;
- what has been received can still be read after the link is lost; then every `receive` and `send` raises the same error;
- `peer` is an organisation whose registered key took part in the handshake, never a name that somebody claimed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from atoll.errors import AtollError
from atoll.transport.frames import HEADER_BYTES, Kind, Received

log = logging.getLogger("atoll.transport")

SESSION_BUFFER_BYTES = 4 << 20
"""How much a session holds in each direction before it stops reading or makes `send` wait."""
_BOOKKEEPING_BYTES = 96
"""Memory of a queued frame besides its payload, so that a flood of empty frames counts too."""


class Session(Protocol):
    """Frames to and from one authenticated member."""

    @property
    def peer(self) -> str:
        """The organisation at the other end."""
        ...

    @property
    def sent_bytes(self) -> int:
        """Bytes of frames given to `send`, headers included."""
        ...

    @property
    def received_bytes(self) -> int:
        """Bytes of frames taken in, headers included."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether the link is down, for whatever reason."""
        ...

    def is_current(self) -> bool:
        """Whether the ledger still registers the key that the peer showed."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether `send` would return at once."""
        ...

    def post(self, kind: Kind, data: bytes) -> None:
        """Queue one frame without waiting, for whoever has looked at `has_room`.

        Raises:
            FrameTooLarge: more than MAX_PAYLOAD bytes.
            LinkLost: the link is down.
        """
        ...

    async def send(self, kind: Kind, data: bytes) -> None:
        """Queue one frame; waits while too much is queued already.

        Raises:
            FrameTooLarge: more than MAX_PAYLOAD bytes.
            LinkLost: the link is down.
        """
        ...

    async def receive(self) -> Received:
        """The next frame. One reader at a time.

        Raises:
            LinkLost: the link is down and everything that arrived before has been read.
            PeerError: the peer broke the framing; the session is closed.
        """
        ...

    async def close(self) -> None:
        """Send what is queued, for a short while, then end the link. Harmless when it has ended."""
        ...


Handler: TypeAlias = Callable[[Session], Awaitable[None]]
"""What to do with a session that somebody else opened; the session is closed when it returns."""


class Network(Protocol):
    """How a node reaches the others, and they it. A service is an ALPN name: `LEDGER_SERVICE`, or a job's own."""

    def can_dial(self, org: str) -> bool:
        """Whether the ledger knows an address of this member; one without only dials out."""
        ...

    async def dial(self, org: str, service: str) -> Session:
        """A session with `org`, or an error within DIAL_SECONDS.

        Raises:
            DialFailed: nobody there.
            HandshakeRefused: somebody is there and did not want us.
            CertificateNotRegistered, WrongPeer: somebody is there that is not `org`.
        """
        ...

    async def listen(self, service: str, handler: Handler) -> None:
        """Give every session that members open for `service` to `handler`, until `close`."""
        ...

    async def close(self) -> None:
        """Stop listening; sessions that exist are their owners' to close."""
        ...


LEDGER_SERVICE = "atoll-ledger/1"
JOB_SERVICE = "atoll-job/1"
DIAL_SECONDS = 10.0
"""Longest time for one attempt to connect, handshake included."""
CLOSE_SECONDS = 2.0
"""How long `close` waits for what is queued to leave."""


def job_service(token: str) -> str:
    """The service name of one attempt of one job; `token` is 32 hexadecimal characters."""
    if len(token) != 32 or not set(token) <= set("0123456789abcdef"):
        raise ValueError("a job token is 32 lower-case hexadecimal characters")
    return f"{JOB_SERVICE}.{token}"


async def serve_session(session: Session, handler: Handler) -> None:
    """Run a handler on a session that somebody opened; the session is closed in the end."""
    try:
        await handler(session)
    except AtollError as err:
        log.info("the session with %s ended: %s", session.peer, err.code)
    finally:
        await session.close()


class FrameQueue:
    """Frames that have arrived and wait to be read by one reader, with their size."""

    def __init__(self) -> None:
        self._frames: deque[Received] = deque()
        self._error: AtollError | None = None
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self.held_bytes = 0

    def put(self, frame: Received) -> None:
        """Add one frame."""
        self._frames.append(frame)
        self.held_bytes += len(frame.data) + _BOOKKEEPING_BYTES
        self._arrived.set()

    def fail(self, error: AtollError) -> None:
        """No more will come, and this is why; the first reason stays."""
        if self._error is None:
            self._error = error
            self._arrived.set()
            self._taken.set()

    @property
    def error(self) -> AtollError | None:
        """Why no more will come."""
        return self._error

    async def get(self) -> Received:
        """The oldest frame; when there is none and none will come, the error is raised."""
        await self.wait()
        return self.pop()

    async def wait(self) -> None:
        """Return when there is a frame; when there is none and none will come, the error is raised."""
        while not self._frames:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()

    def pop(self) -> Received:
        """The oldest frame; there is one."""
        frame = self._frames.popleft()
        self.held_bytes -= len(frame.data) + _BOOKKEEPING_BYTES
        self._taken.set()
        return frame

    async def wait_below(self, limit_bytes: int) -> None:
        """Return when at most `limit_bytes` wait to be read, or no more will come."""
        while self.held_bytes > limit_bytes and self._error is None:
            self._taken.clear()
            await self._taken.wait()


def frame_bytes(data: bytes) -> int:
    """What one frame counts for on the wire."""
    return HEADER_BYTES + len(data)
