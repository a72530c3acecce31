"""Connections that say nothing, or too many of them, and everybody else is served all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import create_connection, socket
from threading import Thread

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from atoll.ports import SystemClock
from atoll.transport import bounded
from atoll.transport.bounded import BoundedListener, make_server
from atoll.transport.throttle import Throttle, share_of

PATIENCE_SECONDS = 60.0
REQUEST = b"GET / HTTP/1.1\r\nhost: test.example\r\n\r\n"


@contextmanager
def served(*, most: int = 100, most_an_address: int = 100, answer_seconds: float = 0.0) -> Iterator[tuple[str, int]]:
    """A page behind a bounded listener; its address."""
    app = Starlette()

    async def page(_: Request) -> PlainTextResponse:
        await asyncio.sleep(answer_seconds)
        return PlainTextResponse("well")

    app.router.add_route("/", page)
    server = make_server(app, None)
    with BoundedListener("127.0.0.1", 0, most=most, most_an_address=most_an_address) as listener:
        thread = Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join(timeout=PATIENCE_SECONDS)


def status(connection: socket) -> bytes:
    """What comes back first; nothing where the other side has hung up."""
    connection.settimeout(PATIENCE_SECONDS)
    try:
        return connection.recv(200).partition(b"\r\n")[0]
    except ConnectionResetError:
        return b""


def read_answer(connection: socket) -> None:
    """The whole page, so that nothing of it is left for the next."""
    connection.settimeout(PATIENCE_SECONDS)
    answer = b""
    while not answer.endswith(b"well"):
        answer += (more := connection.recv(1000))
        assert more


def ask(address: tuple[str, int], source: str = "127.0.0.1") -> bytes:
    with create_connection(address, PATIENCE_SECONDS, (source, 0)) as connection:
        try:
            connection.sendall(REQUEST)
        except (BrokenPipeError, ConnectionResetError):
            return b""
        return status(connection)


def until_served(address: tuple[str, int]) -> bool:
    """Whether it is served in the end; a connection is forgotten a moment after it was closed."""
    for _ in range(200):
        if ask(address):
            return True
        time.sleep(0.05)
    return False


def test_one_address_has_its_share_and_others_are_served() -> None:
    with served(most_an_address=3) as address, ExitStack() as held:
        for _ in range(3):
            held.enter_context(create_connection(address))
        assert ask(address) == b""
        assert ask(address, "127.0.0.2").endswith(b"200 OK")
        held.close()
        assert until_served(address), "what was closed is still counted"


def test_all_together_have_theirs() -> None:
    with served(most=3) as address, ExitStack() as held:
        for number in (2, 3, 4):
            held.enter_context(create_connection(address, PATIENCE_SECONDS, (f"127.0.0.{number}", 0)))
        assert ask(address) == b""
        held.close()
        assert until_served(address)


@pytest.mark.parametrize("said", [b"", REQUEST[:10]], ids=["nothing", "half a head"])
def test_who_does_not_ask_in_time_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(bounded, "HEAD_SECONDS", 0.2)
    with served(most_an_address=1) as address, create_connection(address) as silent:
        silent.sendall(said)
        assert status(silent) == b""
        assert until_served(address)


def test_half_a_second_head_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as address, create_connection(address) as slow:
        slow.sendall(REQUEST)
        read_answer(slow)
        monkeypatch.setattr(bounded, "HEAD_SECONDS", 0.3)
        slow.sendall(REQUEST[:10])
        assert status(slow) == b""


def test_a_connection_is_kept_for_longer_than_any_client_of_ours_waits_with_it() -> None:
    """Or a request that is sent as the server hangs up fails, and nobody knows whether it was heard."""
    waits = httpx.Limits().keepalive_expiry
    assert waits is not None
    with served() as address, create_connection(address) as kept:
        for pause in (waits + 1, 0):
            kept.sendall(REQUEST)
            read_answer(kept)
            time.sleep(pause)


def test_an_answer_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "HEAD_SECONDS", 0.1)
    with served(answer_seconds=0.4) as address:
        assert until_served(address)  # one of them whose head was in time on a busy machine


def test_a_network_of_ipv6_is_one_asker() -> None:
    assert share_of("2001:db8::1") == share_of("2001:db8::ffff:1") != share_of("2001:db8:0:1::1")
    assert share_of("::ffff:192.0.2.1") == share_of("192.0.2.1") != share_of("192.0.2.2")
    throttle = Throttle(SystemClock(), per_second=0.001, burst=1)
    assert [throttle.take(one) for one in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "x", "")] == [
        True,
        False,
        True,
        True,
        True,
    ]
