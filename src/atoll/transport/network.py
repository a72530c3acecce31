"""The network of a real node: dialling by address book, listening through a door, TLS in this process.

The same class serves a node (its door is the `Router`) and a job's child process (its door is a `HandoffReceiver`).
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

from atoll.transport.errors import DialFailed, SettingsUnfit, TooManySessions
from atoll.transport.identity import TlsIdentity
from atoll.transport.pins import Pins
from atoll.transport.router import Door
from atoll.transport.session import Handler, Session, serve_session
from atoll.transport.tasks import Tasks
from atoll.transport.tls import accept_tls, dial_tls

Addresses: TypeAlias = Callable[[], Mapping[str, tuple[str, int]]]
"""Organisation -> host and port of its peer listener, read from the ledger each time; those without one only dial out."""

MAX_HANDSHAKES = 64
"""Handshakes under way at once in this process; more wait in line, within the time for a handshake."""
MAX_SESSIONS_PER_PEER = 64
"""Sessions that one member has opened to this process and that live at once; it needs one or two, and in a job where both have
several places, one a pair of places."""


class TlsNetwork:
    """A `Network` over TLS 1.3 with pinned certificates."""

    def __init__(self, *, identity: TlsIdentity, pins: Pins, addresses: Addresses, door: Door | None = None) -> None:
        """`door` is where others come in; a node without one only dials out."""
        self._identity = identity
        self._pins = pins
        self._addresses = addresses
        self._door = door
        self._handshakes = asyncio.Semaphore(MAX_HANDSHAKES)
        self._services: set[str] = set()
        self._open: Counter[str] = Counter()
        self._tasks = Tasks()

    def can_dial(self, org: str) -> bool:
        return org in self._addresses()

    async def dial(self, org: str, service: str) -> Session:
        address = self._addresses().get(org)
        if address is None:
            raise DialFailed(org=org, problem="the ledger knows no address of it")
        return await dial_tls(*address, org=org, service=service, identity=self._identity, pins=self._pins)

    async def listen(self, service: str, handler: Handler) -> None:
        if self._door is None:
            raise SettingsUnfit(problem="this node has no listener")

        async def take(link: socket.socket) -> None:
            session = await self._accept(link, service)
            if self._open[session.peer] >= MAX_SESSIONS_PER_PEER:
                await session.close()
                raise TooManySessions(org=session.peer, limit=MAX_SESSIONS_PER_PEER)
            self._tasks.start(self._serve(session, handler))

        self._services.add(service)
        self._door.offer(service, take)

    async def close(self) -> None:
        if self._door is not None:
            for service in self._services:
                self._door.withdraw(service)
        await self._tasks.stop()

    async def _serve(self, session: Session, handler: Handler) -> None:
        self._open[session.peer] += 1
        try:
            await serve_session(session, handler)
        finally:
            self._open[session.peer] -= 1

    async def _accept(self, link: socket.socket, service: str) -> Session:
        try:
            async with self._handshakes:
                return await accept_tls(link, service=service, identity=self._identity, pins=self._pins)
        except BaseException:
            link.close()
            raise
