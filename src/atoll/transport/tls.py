"""Sessions over TLS 1.3 with pinned certificates on both sides.

OpenSSL checks the handshake against the registered certificates as its only trust anchors; then the certificate shown must
be, byte for byte, one that exactly one organisation registers now. The second check is the one that decides: it keeps out
certificates that a member's certificate might have issued, and sees a revocation that came during the handshake.

The listener says `WELCOME` when it is content. Without it a dialler would not know: in TLS 1.3 the client's side of the
handshake is over before its certificate is looked at.

Source: RFC 8446; certificate pinning by full certificate as RFC 8310 section 8.1 does by key.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from atoll.errors import AtollError
from atoll.transport.errors import (
    CertificateNotRegistered,
    DialFailed,
    HandshakeRefused,
    LinkLost,
    TlsFailed,
    UnknownFrame,
    UnknownService,
)
from atoll.transport.frames import FrameReader, Kind, Received, encode_header
from atoll.transport.identity import TlsIdentity
from atoll.transport.pins import Pins, identify, verify_peer
from atoll.transport.session import CLOSE_SECONDS, DIAL_SECONDS, SESSION_BUFFER_BYTES, FrameQueue, frame_bytes

_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""An idle link to a machine that is gone is noticed after 30 seconds. A peer that merely does not read is never cut off."""


_JOINED_BYTES = 4096
"""Payloads below this go into one TLS record with their header."""


class TlsSession(asyncio.BufferedProtocol):
    """A session on an asyncio TLS transport; made by `dial_tls` and `accept_tls` only."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._queue = FrameQueue()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()
        self._reading = True
        self._transport: asyncio.Transport
        self._certificate = b""
        self._pins: Pins = dict
        self._peer = ""
        self._sent = 0
        self._received = 0

    # -- Session ------------------------------------------------------------------------------------------------------------

    @property
    def peer(self) -> str:
        return self._peer

    @property
    def sent_bytes(self) -> int:
        return self._sent

    @property
    def received_bytes(self) -> int:
        return self._received

    @property
    def is_closed(self) -> bool:
        return self._queue.error is not None

    def is_current(self) -> bool:
        try:
            return identify(self._certificate, self._pins) == self._peer
        except CertificateNotRegistered:
            return False

    @property
    def has_room(self) -> bool:
        return self._writable.is_set()

    def post(self, kind: Kind, data: bytes) -> None:
        header = encode_header(kind, len(data))
        self._check_alive()
        if len(data) < _JOINED_BYTES:
            self._transport.write(header + data)
        else:
            self._transport.writelines((header, data))
        self._sent += frame_bytes(data)

    async def send(self, kind: Kind, data: bytes) -> None:
        self.post(kind, data)
        if not self._writable.is_set():
            await self._writable.wait()
            self._check_alive()

    async def receive(self) -> Received:
        frame = await self._queue.get()
        if not self._reading and self._queue.held_bytes < SESSION_BUFFER_BYTES // 2:
            self._reading = True
            self._transport.resume_reading()
        if frame.kind is Kind.WELCOME:
            self._end(UnknownFrame(kind=int(frame.kind)))
            raise UnknownFrame(kind=int(frame.kind))
        return frame

    async def close(self) -> None:
        self._queue.fail(LinkLost(peer=self._peer, problem="closed by this node"))
        self._writable.set()
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._gone.wait()
        except TimeoutError:
            self._transport.abort()

    # -- set-up -------------------------------------------------------------------------------------------------------------

    def admit(self, pins: Pins, *, service: str, expected: str | None) -> None:
        """Look at who this is and what for; nothing was read or written above TLS before.

        Raises:
            CertificateNotRegistered, WrongPeer: see `verify_peer`.
            UnknownService: another service was negotiated.
        """
        tls = self._transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True)
        if tls.version() != "TLSv1.3" or certificate is None:
            raise TlsFailed(problem="not TLS 1.3 with certificates on both sides")
        self._peer = verify_peer(certificate, pins, expected)
        if tls.selected_alpn_protocol() != service:
            raise UnknownService(service="another service than the one negotiated")
        self._certificate, self._pins = certificate, pins

    async def await_welcome(self) -> None:
        """Dialler: wait until the listener has looked at this node's certificate.

        Raises:
            LinkLost: it hung up instead.
            UnknownFrame: it said something else.
        """
        frame = await self._queue.get()
        if frame.kind is not Kind.WELCOME or frame.data:
            raise UnknownFrame(kind=int(frame.kind))

    def abort(self) -> None:
        """Drop the link at once."""
        self._transport.abort()

    # -- asyncio.BufferedProtocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        _prepare(transport.get_extra_info("socket"))
        transport.set_write_buffer_limits(high=SESSION_BUFFER_BYTES, low=SESSION_BUFFER_BYTES // 4)

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        if self._queue.error is not None:
            return
        try:
            frames = self._reader.advance(nbytes)
        except AtollError as err:
            self._end(err)
            return
        for frame in frames:
            self._received += frame_bytes(frame.data)
            self._queue.put(frame)
        if self._reading and self._queue.held_bytes > SESSION_BUFFER_BYTES:
            self._reading = False
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        cut = "" if self._reader.is_between_frames() else ", in the middle of a frame"
        self._queue.fail(LinkLost(peer=self._peer, problem=f"the peer hung up{cut}"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._queue.fail(LinkLost(peer=self._peer, problem=_describe(exc) if exc else "the peer hung up"))
        self._writable.set()
        self._gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _end(self, error: AtollError) -> None:
        self._queue.fail(error)
        self._writable.set()
        self._transport.abort()

    def _check_alive(self) -> None:
        if self._queue.error is not None:
            raise self._queue.error


async def dial_tls(host: str, port: int, *, org: str, service: str, identity: TlsIdentity, pins: Pins) -> TlsSession:
    """Connect to `org` at an address and come back with a session, within DIAL_SECONDS.

    Raises:
        DialFailed: no connection. HandshakeRefused: the listener hung up. CertificateNotRegistered, WrongPeer: it is not `org`.
    """
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            return await _dial(host, port, org, service, identity, pins)
    except ssl.SSLCertVerificationError as err:
        raise CertificateNotRegistered(expected=org) from err
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError, LinkLost) as err:
        raise HandshakeRefused(org=org, problem=_describe(err)) from err
    except OSError as err:  # a time-out is one of these too
        raise DialFailed(org=org, problem=_describe(err)) from err
    except (ValueError, OverflowError) as err:  # a port above 65535, or a host that no name can have
        raise DialFailed(org=org, problem="its address is none") from err


async def _dial(host: str, port: int, org: str, service: str, identity: TlsIdentity, pins: Pins) -> TlsSession:
    context = identity.dialling(_anchors(pins), service)
    # An empty server name: none is sent, and none is checked.
    _, session = await asyncio.get_running_loop().create_connection(TlsSession, host, port, ssl=context, server_hostname="")
    try:
        session.admit(pins, service=service, expected=org)
        await session.await_welcome()
    except BaseException:
        session.abort()
        raise
    return session


async def accept_tls(link: socket.socket, *, service: str, identity: TlsIdentity, pins: Pins) -> TlsSession:
    """Finish the handshake on an accepted connection of which nothing was read yet, within DIAL_SECONDS.

    The socket belongs to the session from here on; it is closed when this raises.

    Raises:
        TlsFailed: no TLS 1.3, or no certificate. CertificateNotRegistered: not a member's. UnknownService: asks for another
        one.
    """
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            return await _accept(link, service, identity, pins)
    except ssl.SSLCertVerificationError as err:
        raise CertificateNotRegistered(expected="any member") from err
    except (OSError, LinkLost) as err:
        raise TlsFailed(problem=_describe(err)) from err


async def _accept(link: socket.socket, service: str, identity: TlsIdentity, pins: Pins) -> TlsSession:
    context = identity.accepting(_anchors(pins), service)
    link.setblocking(False)
    _, session = await asyncio.get_running_loop().connect_accepted_socket(TlsSession, link, ssl=context)
    try:
        session.admit(pins, service=service, expected=None)
        await session.send(Kind.WELCOME, b"")
    except BaseException:
        session.abort()
        raise
    return session


def _prepare(link: socket.socket) -> None:
    # Buffer sizes stay as they are: systems tune them by themselves, better than a fixed number would.
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio overlooks sockets that it did not make itself
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in _KEEPALIVE.items():
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def _anchors(pins: Pins) -> frozenset[bytes]:
    return frozenset(certificate for registered in pins().values() for certificate in registered)


def _describe(error: Exception) -> str:
    """A few words for people; the operating system's and OpenSSL's own, which hold no data."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return str(error)
