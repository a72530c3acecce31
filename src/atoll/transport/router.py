"""One listening port for everything: each connection goes to whoever offers the service that its ClientHello names.

The router reads no byte of a connection for good. It peeks until the ClientHello is complete (`clienthello`), then gives the
untouched socket to the taker of that service: the ledger sessions of this process (`network`), or the channel to a job's
child process (`handoff`), which does its own TLS. It holds no key and sees no plaintext, so all that a stranger can reach
here is one small parser.

Limits: time and size of a ClientHello, connections that are not through yet, in all and per address. Past them a connection is
closed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from atoll.errors import AtollError
from atoll.transport.clienthello import MAX_HELLO_BYTES, needed_bytes, parse_service
from atoll.transport.errors import BadClientHello, TooBusy, UnknownService
from atoll.transport.tasks import Tasks

log = logging.getLogger("atoll.transport")

Taker: TypeAlias = Callable[[socket.socket], Awaitable[None]]
"""Takes a connection over: owns the socket from the call on, closes it on failure, returns when the connection is set up."""

_POLL_SECONDS = 0.01


class Door(Protocol):
    """Where connections for a service come in: the router itself, or a child's end of a hand-off channel."""

    def offer(self, service: str, taker: Taker) -> None:
        """Send connections that ask for `service` to `taker`, until withdrawn."""
        ...

    def withdraw(self, service: str) -> None:
        """Stop offering it; harmless if it is not offered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterLimits:
    """What a stranger may use up."""

    hello_seconds: float = 5.0
    """Longest wait for a complete ClientHello."""
    pending: int = 256
    """Connections that are not through yet, all together."""
    pending_per_address: int = 32
    """The same from one origin: an address, or the network of 64 bits that an IPv6 host can pick its addresses from."""


def origin_of(link: socket.socket) -> str:
    """Where a connection comes from, as it is counted; empty where that is not known."""
    try:
        address = ipaddress.ip_address(link.getpeername()[0].partition("%")[0])
    except (OSError, ValueError, TypeError, IndexError, AttributeError):  # gone already, or no internet connection
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def note_refusal(refused: Counter[str], origin: str, error: AtollError | OSError) -> None:
    """Count a refusal; only the 1st, 2nd, 4th, 8th, ... of a kind are logged, so that strangers cannot fill a disk."""
    code = error.code if isinstance(error, AtollError) else "transport.link_lost"
    refused[code] += 1
    if refused[code].bit_count() == 1:
        log.info("connection %d of its kind from %s refused: %s", refused[code], origin, code)


class Router:
    """The accept loop of the peer port; a `Door`."""

    def __init__(self, listener: socket.socket, limits: RouterLimits | None = None) -> None:
        """From a bound, listening TCP socket, which the router closes in the end."""
        listener.setblocking(False)
        self._listener = listener
        self._limits = limits or RouterLimits()
        self._takers: dict[str, Taker] = {}
        self._pending: Counter[str] = Counter()
        self._tasks = Tasks()
        self.refused: Counter[str] = Counter()
        """Connections that were turned away, by error code."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that the listener is bound to."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def offer(self, service: str, taker: Taker) -> None:
        self._takers[service] = taker

    def withdraw(self, service: str) -> None:
        self._takers.pop(service, None)

    async def serve(self) -> None:
        """Accept connections until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    link, _ = await loop.sock_accept(self._listener)
                except OSError as err:  # out of file descriptors, or the connection is gone already
                    log.warning("accepting a connection failed: %s", err.strerror)
                    await asyncio.sleep(0.1)
                    continue
                self._admit(link, origin_of(link))
        finally:
            await self._tasks.stop()
            self._listener.close()

    def _admit(self, link: socket.socket, address: str) -> None:
        if self._pending.total() >= self._limits.pending or self._pending[address] >= self._limits.pending_per_address:
            link.close()
            self._note(address, TooBusy(limit=self._limits.pending_per_address))
            return
        self._pending[address] += 1
        self._tasks.start(self._route(link, address))

    async def _route(self, link: socket.socket, address: str) -> None:
        try:
            taker = await self._choose(link)
            await taker(link)
        except (AtollError, OSError) as err:
            self._note(address, err)
        finally:
            self._pending[address] -= 1
            if not self._pending[address]:
                del self._pending[address]

    async def _choose(self, link: socket.socket) -> Taker:
        """The taker of the service that a connection asks for; the connection is closed when this raises."""
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                service = parse_service(await peek_hello(link))
            return self._find(service)
        except TimeoutError as err:
            link.close()
            raise BadClientHello(problem="nothing complete in time") from err
        except BaseException:
            link.close()
            raise

    def _find(self, service: str) -> Taker:
        if service not in self._takers:
            raise UnknownService(service=service)
        return self._takers[service]

    def _note(self, address: str, error: AtollError | OSError) -> None:
        note_refusal(self.refused, address, error)


async def peek_hello(link: socket.socket) -> bytes:
    """The complete first TLS record, left in the socket.

    Raises:
        BadClientHello: it will never be acceptable, or the peer hung up.
    """
    seen = b""
    while True:
        needed = needed_bytes(seen)
        if seen and len(seen) >= needed:
            return seen
        await _readable(link, needed)
        before, seen = len(seen), link.recv(MAX_HELLO_BYTES, socket.MSG_PEEK)
        if not seen:
            raise BadClientHello(problem="closed at once")
        if len(seen) == before:
            # Readable and nothing new: the peer hung up half-way, or the system wakes us for old bytes. The time limit decides.
            await asyncio.sleep(_POLL_SECONDS)


async def _readable(link: socket.socket, count: int) -> None:
    """Wait until `count` bytes can be peeked at, where the system can wait for a number, else until any can."""
    with contextlib.suppress(OSError):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(link, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(link)
        with contextlib.suppress(OSError):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
