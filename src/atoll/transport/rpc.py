"""Requests, replies and notices between two nodes on one session, in both directions at once.

    rpc = RpcSession(session, methods={"ledger.head": head})
    answer = await rpc.call("ledger.head", b"", timeout_seconds=5)

Payloads are bytes, by convention one CBOR message; each method parses its own with its own limits. Everything is bounded:
requests under way, payloads, waiting. A peer that breaks the rules loses the session; a handler that fails costs its one
request only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from atoll.errors import AtollError, InputError
from atoll.transport.errors import (
    HandlerFailed,
    LinkLost,
    PayloadTooLarge,
    RemoteError,
    RequestLate,
    RpcBroken,
    TooBusy,
    UnknownMethod,
)
from atoll.transport.faults import describe_fault, public_code, public_sentence
from atoll.transport.frames import Kind, Received
from atoll.transport.rpc_messages import INLINE_BYTES, MAX_BODY_BYTES, Failure, Notice, Reply, Request, WithBody
from atoll.transport.session import Session
from atoll.transport.tasks import Tasks
from atoll.wire.message import encode_message, parse_message

log = logging.getLogger("atoll.transport")

Method: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]
"""Carries out a request: (organisation that asks, payload) -> payload of the reply. A notice's reply is thrown away."""

MAX_CALLS = 16
"""Requests that one side has under way on a session; more wait for their turn."""
MAX_SERVED = 2 * MAX_CALLS
"""Requests and notices of the peer that are worked on at once; twice as many as it should have, for those it gave up on."""
MAX_SERVED_BYTES = 64 << 20
"""Payloads of the peer that are worked on at once, all together."""
CHUNK_BYTES = 1 << 20
_HEADS: tuple[type[WithBody | Failure], ...] = (Request, Reply, Failure, Notice)


class RpcSession:
    """One side of a ledger session. `run` must be running for anything else to work."""

    def __init__(self, session: Session, methods: Mapping[str, Method]) -> None:
        self._session = session
        self._methods = methods
        self._slots = asyncio.Semaphore(MAX_CALLS)
        self._body_turn = asyncio.Lock()
        self._calls: dict[int, asyncio.Future[bytes]] = {}
        self._last_number = 0
        self._incoming: tuple[WithBody, bytearray] | None = None
        self._work = Tasks()
        self._bodies = Tasks()
        self._served_bytes = 0
        self.dropped_notices = 0

    @property
    def peer(self) -> str:
        """The organisation at the other end."""
        return self._session.peer

    @property
    def session(self) -> Session:
        """The session underneath."""
        return self._session

    async def run(self) -> None:
        """Read and serve until the session ends, then raise why; calls under way end with the same error.

        Raises:
            LinkLost: it was closed or cut.
            PeerError: the peer broke the rules.
        """
        error: AtollError = LinkLost(peer=self.peer, problem="closed by this node")
        try:
            while True:
                self._take(await self._session.receive())
        except AtollError as err:
            error = err
            raise
        finally:
            for waiting in self._calls.values():
                if not waiting.done():
                    waiting.set_exception(error)
            await self._work.stop()
            await self._bodies.stop()
            await self._session.close()

    async def call(self, method: str, payload: bytes, *, timeout_seconds: float) -> bytes:
        """Ask the peer and wait for its answer.

        Raises:
            RemoteError: it answered with an error; `.remote_code` says which.
            RequestLate: no answer in time; it may have been carried out all the same.
            LinkLost: the session ended.
            PayloadTooLarge: more than MAX_BODY_BYTES.
        """
        _check_size(payload)
        try:
            async with asyncio.timeout(timeout_seconds), self._slots:
                return await self._ask(method, payload, timeout_seconds)
        except TimeoutError as err:
            raise RequestLate(org=self.peer, method=method, seconds=f"{timeout_seconds:g}") from err

    async def notify(self, method: str, payload: bytes) -> None:
        """Tell the peer something; returns when it is on its way. It can be lost with the session, or dropped under load.

        Raises:
            LinkLost, PayloadTooLarge.
        """
        _check_size(payload)
        await self._send(Notice(method=method, size=len(payload), inline=_inline(payload)), payload)

    async def close(self) -> None:
        """End the session; `run` returns by raising `LinkLost`."""
        await self._session.close()

    # -- asking ---------------------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, payload: bytes, timeout_seconds: float) -> bytes:
        self._last_number += 1
        number = self._last_number
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        request = Request(
            number=number,
            method=method,
            ttl_ms=max(1, int(timeout_seconds * 1000)),
            size=len(payload),
            inline=_inline(payload),
        )
        try:
            await self._send(request, payload)
            return await answer
        except RemoteError as err:
            raise RemoteError(**{**err.operands, "method": method}) from None
        finally:
            del self._calls[number]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at, also when sending failed first

    # -- sending --------------------------------------------------------------------------------------------------------------

    async def _send(self, head: WithBody | Failure, payload: bytes) -> None:
        if isinstance(head, Failure) or head.size == len(head.inline):
            await self._session.send(Kind.CONTROL, encode_message(head))
        else:
            # A body that has begun is sent to its end, whoever stops waiting for it: the next one starts where it ends.
            await asyncio.shield(self._bodies.start(self._send_body(head, payload)))

    async def _send_body(self, head: WithBody, payload: bytes) -> None:
        with contextlib.suppress(AtollError):  # the link is down; `run` finds out and tells everybody
            async with self._body_turn:
                await self._session.send(Kind.CONTROL, encode_message(head))
                for at in range(0, len(payload), CHUNK_BYTES):
                    await self._session.send(Kind.BULK, payload[at : at + CHUNK_BYTES])

    # -- receiving ------------------------------------------------------------------------------------------------------------

    def _take(self, frame: Received) -> None:
        if frame.kind is Kind.BULK:
            self._take_chunk(frame.data)
            return
        if frame.kind is not Kind.CONTROL:
            raise RpcBroken(org=self.peer, problem=f"a frame of kind {int(frame.kind)}")
        try:
            head = parse_message(frame.data, *_HEADS)
        except InputError as err:
            raise RpcBroken(org=self.peer, problem="a message that cannot be read") from err
        if isinstance(head, Failure):
            self._answer_failed(head)
        elif head.size == len(head.inline):
            self._act(head, head.inline)
        elif head.inline or self._incoming is not None:
            raise RpcBroken(org=self.peer, problem="two payloads at once, or one in two places")
        else:
            self._incoming = (head, bytearray())

    def _take_chunk(self, chunk: bytes) -> None:
        if self._incoming is None or not chunk:
            raise RpcBroken(org=self.peer, problem="bulk bytes without a message before them")
        head, body = self._incoming
        body += chunk
        if len(body) > head.size:
            raise RpcBroken(org=self.peer, problem="a longer payload than announced")
        if len(body) == head.size:
            self._incoming = None
            self._act(head, bytes(body))

    def _act(self, head: WithBody, payload: bytes) -> None:
        if isinstance(head, Reply):
            answer = self._claim(head.number)
            if answer is not None:
                answer.set_result(payload)
        elif len(self._work) < MAX_SERVED and self._served_bytes + len(payload) <= MAX_SERVED_BYTES:
            self._served_bytes += len(payload)
            self._work.start(self._serve(head, payload))
        elif isinstance(head, Notice):
            self.dropped_notices += 1
        elif len(self._work) < 2 * MAX_SERVED:
            self._work.start(self._refuse(head, TooBusy(limit=MAX_CALLS)))
        else:
            raise RpcBroken(org=self.peer, problem="many more requests than are allowed")

    def _answer_failed(self, head: Failure) -> None:
        answer = self._claim(head.number)
        if answer is not None:
            error = RemoteError(org=self.peer, method="", remote_code=head.code, remote_sentence=head.sentence)
            answer.set_exception(error)

    def _claim(self, number: int) -> asyncio.Future[bytes] | None:
        """Who waits for this reply; None if it was given up on."""
        if not 1 <= number <= self._last_number:
            raise RpcBroken(org=self.peer, problem="a reply to nothing that was asked")
        answer = self._calls.get(number)
        return None if answer is None or answer.done() else answer

    # -- serving --------------------------------------------------------------------------------------------------------------

    async def _serve(self, head: Request | Notice, payload: bytes) -> None:
        try:
            reply = await self._carry_out(head, payload)
            if isinstance(head, Request):
                await self._send(Reply(number=head.number, size=len(reply), inline=_inline(reply)), reply)
        except AtollError as err:
            if isinstance(head, Request):
                await self._refuse(head, err)
        finally:
            self._served_bytes -= len(payload)

    async def _carry_out(self, head: Request | Notice, payload: bytes) -> bytes:
        """What the handler answers; whatever goes wrong in it comes out as one of our errors."""
        method = self._methods.get(head.method)
        if method is None:
            raise UnknownMethod()
        seconds = head.ttl_ms / 1000 if isinstance(head, Request) else None
        try:
            async with asyncio.timeout(seconds):
                reply = await method(self.peer, payload)
        except AtollError:
            raise
        except TimeoutError as err:
            raise RequestLate(org="this node", method=head.method, seconds=seconds) from err
        except Exception as err:
            # The outermost loop of a request: a fault in one handler must not take the session down with it.
            log.warning("handler of %s failed: %s", head.method, describe_fault(err))
            raise HandlerFailed() from err
        _check_size(reply)
        return reply

    async def _refuse(self, head: Request, error: AtollError) -> None:
        failure = Failure(number=head.number, code=public_code(error), sentence=public_sentence(error))
        with contextlib.suppress(AtollError):
            await self._send(failure, b"")


def _inline(payload: bytes) -> bytes:
    return payload if len(payload) <= INLINE_BYTES else b""


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_BODY_BYTES:
        raise PayloadTooLarge(found=len(payload), limit=MAX_BODY_BYTES)
