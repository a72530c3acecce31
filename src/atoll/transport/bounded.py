"""A listening socket that lets in so many, and so many of one address; and HTTP that hangs up on who does not ask.

A connection costs a descriptor before it has said anything, TLS handshake included, so it is counted when it is accepted. One
that is too many is closed at once: those who are in go on, and a newcomer tries again.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections import Counter
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from atoll.transport.throttle import share_of

if TYPE_CHECKING:
    from socket import _RetAddress

HEAD_SECONDS = 10.0
"""For a whole request head, from the first moment on which one may come."""
KEEP_SECONDS = 15
"""For the next request on a connection: much longer than our clients wait before they take a new one (`httpx`: 5), because who
asks as the server hangs up does not know whether it was heard."""
BACKLOG = 128


class BoundedListener(socket.socket):
    """See the module's docstring."""

    def __init__(self, host: str, port: int, *, most: int, most_an_address: int) -> None:
        """
        Args:
            host: IPv4 or IPv6 address, or a name.
            port: 0 for any that is free.
            most: connections at a time.
            most_an_address: those of one address; of IPv6, of one /64.

        Raises:
            OSError: the address is taken, or not of this machine.
        """
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._most = most
        self._most_an_address = most_an_address
        self._open: Counter[str] = Counter()
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.bind((host, port))
            self.listen(BACKLOG)
        except OSError:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, _RetAddress]:
        """The next connection.

        Raises:
            ConnectionAbortedError: it was one too many, and is closed; an event loop goes on.
            BlockingIOError: there is none.
        """
        plain, address = super().accept()
        share = share_of(str(address[0]))
        if self._open.total() >= self._most or self._open[share] >= self._most_an_address:
            plain.close()
            raise ConnectionAbortedError
        self._open[share] += 1
        return _Accepted(self, share, plain), address

    def forget(self, share: str) -> None:
        """One of this share has gone."""
        self._open[share] -= 1
        self._open += Counter()  # drops those that are at nothing


class _Accepted(socket.socket):
    """A connection that is counted until it is closed."""

    def __init__(self, listener: BoundedListener, share: str, plain: socket.socket) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._counted = True
        self._listener = listener
        self._share = share

    def close(self) -> None:
        if self._counted:
            self._counted = False
            self._listener.forget(self._share)
        super().close()


class PunctualProtocol(H11Protocol):
    """HTTP whose request heads come within HEAD_SECONDS. What a body or an answer may take is the application's business."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    @property
    def _waits(self) -> bool:
        return bool(getattr(self.cycle, "response_complete", True))  # None before the first request

    def _look(self) -> None:
        if not self._waits:
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if self._waits:
            self.transport.abort()


def make_server(app: ASGIApp, tls: ssl.SSLContext | None) -> uvicorn.Server:
    """A server of an application by `PunctualProtocol`, to be given a listener. It minds no signal and logs nothing.

    Args:
        app: what answers.
        tls: None for plain HTTP, behind a proxy.
    """
    settings = uvicorn.Config(
        app,
        http=PunctualProtocol,
        proxy_headers=False,
        log_config=None,
        lifespan="off",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=1,
    )
    settings.load()
    settings.ssl = tls
    server = uvicorn.Server(settings)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server


def most_connections(wanted: int) -> int:
    """So many, or half of what this process may open: files, databases and peers need the rest."""
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
