"""Passing accepted connections to a job's child process, which then owns its socket and its TLS.

The node keeps one end of a Unix socket pair, the child the other. Each connection crosses as one octet with one file descriptor
beside it (SCM_RIGHTS, unix(7)). Nothing else ever crosses; the octet says only "here".

    sender, channel = handoff_pair()            # in the node
    router.offer(service, sender.give)
    spawn(..., pass_fds=[channel.fileno()]); channel.close()

    door = HandoffReceiver(socket.socket(fileno=handle))   # in the child
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter

from atoll.errors import AtollError
from atoll.transport.clienthello import parse_service
from atoll.transport.errors import TooBusy, UnknownService
from atoll.transport.router import Taker, note_refusal, origin_of, peek_hello
from atoll.transport.tasks import Tasks

MAX_WAITING = 128
"""Connections that a child has fetched and that are not set up yet; more are closed."""
MAX_WAITING_PER_ORIGIN = 32
"""The same from one origin: the service's name can be read on the wire, so a stranger can get as far as this."""
HELLO_SECONDS = 5.0
"""For the first bytes of a connection to be there again; the node has seen them already."""
_HERE = b"\x01"


def handoff_pair() -> tuple[HandoffSender, socket.socket]:
    """Both ends of a channel: the node's, and the one to leave to the child."""
    mine, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return HandoffSender(mine), childs


class HandoffSender:
    """The node's end."""

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel

    async def give(self, link: socket.socket) -> None:
        """Pass a connection on; this process keeps nothing of it.

        Raises:
            TooBusy: the child does not fetch its connections.
            UnknownService: the child is gone.
        """
        try:
            socket.send_fds(self._channel, [_HERE], [link.fileno()])
        except BlockingIOError as err:
            raise TooBusy(limit="as many as wait now") from err
        except OSError as err:
            raise UnknownService(service="a job whose process has ended") from err
        finally:
            link.close()

    def close(self) -> None:
        """Close this end; the child's next fetch reports the end."""
        self._channel.close()


class HandoffReceiver:
    """The child's end; a `Door` for the services of all places that the child's organisation has in the job.

    Which of several a connection is for stands in its first bytes, which the node has looked at and left where they were.
    """

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._takers: dict[str, Taker] = {}
        self._waiting: Counter[str] = Counter()
        self._tasks = Tasks()
        self.refused: Counter[str] = Counter()
        """Connections that were turned away after they had been handed over, by error code."""

    def offer(self, service: str, taker: Taker) -> None:
        if not self._takers:
            asyncio.get_running_loop().add_reader(self._channel, self._fetch)
        self._takers[service] = taker

    def withdraw(self, service: str) -> None:
        if self._takers.pop(service, None) is not None and not self._takers:
            asyncio.get_running_loop().remove_reader(self._channel)

    def close(self) -> None:
        """Take no more connections."""
        for service in list(self._takers):
            self.withdraw(service)
        self._channel.close()

    def _fetch(self) -> None:
        try:
            link = _receive_link(self._channel)
        except BlockingIOError:
            return
        if link is None:
            self.close()  # the node is gone; connections that exist live on
        elif not self._takers or self._is_full_for(origin_of(link)):
            link.close()
        else:
            origin = origin_of(link)
            self._waiting[origin] += 1
            self._tasks.start(self._take(link, origin))

    def _is_full_for(self, origin: str) -> bool:
        return len(self._tasks) >= MAX_WAITING or self._waiting[origin] >= MAX_WAITING_PER_ORIGIN

    async def _take(self, link: socket.socket, origin: str) -> None:
        try:
            taker = await self._choose(link)
            await taker(link)
        except (AtollError, OSError) as err:
            note_refusal(self.refused, origin, err)
        finally:
            self._waiting[origin] -= 1
            if not self._waiting[origin]:
                del self._waiting[origin]

    async def _choose(self, link: socket.socket) -> Taker:
        """The taker of the service that a connection asks for; of the only one, whose TLS asks itself.

        Raises:
            UnknownService, BadClientHello: none is for it; the connection is closed.
        """
        if len(self._takers) == 1:
            return next(iter(self._takers.values()))
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                service = parse_service(await peek_hello(link))
            if service not in self._takers:
                raise UnknownService(service=service)
        except TimeoutError as err:
            link.close()
            raise UnknownService(service="nothing within its time") from err
        except BaseException:
            link.close()
            raise
        return self._takers[service]


def _receive_link(channel: socket.socket) -> socket.socket | None:
    """The next connection, or None at the end of the channel.

    Raises:
        BlockingIOError: none has come.
    """
    octet, handles, _, _ = socket.recv_fds(channel, len(_HERE), 1)
    if not octet:
        return None
    if len(handles) != 1:
        raise BlockingIOError
    os.set_inheritable(handles[0], False)
    return socket.socket(fileno=handles[0])
