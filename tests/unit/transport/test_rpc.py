"""Requests, replies and notices on a ledger session, with honest peers and others."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping

import pytest

from atoll.errors import InputError
from atoll.transport.errors import LinkLost, PayloadTooLarge, RemoteError, RequestLate, RpcBroken
from atoll.transport.frames import Kind
from atoll.transport.memory import MemoryFabric, MemorySession
from atoll.transport.rpc import MAX_CALLS, MAX_SERVED, Method, RpcSession
from atoll.transport.rpc_messages import INLINE_BYTES, MAX_BODY_BYTES, Failure, Notice, Reply, Request
from atoll.wire.cbor import encode
from atoll.wire.message import Message, encode_message
from tests.unit.transport.world import PATIENCE_SECONDS, until


class RowRefused(InputError):
    """An error whose operand must not leave the node."""

    code = "test.row_refused"
    sentence = "The row {row} cannot be used."


async def echo(org: str, payload: bytes) -> bytes:
    return org.encode() + b":" + payload


async def refuse(org: str, payload: bytes) -> bytes:
    raise RowRefused(row=payload.decode())


async def fail(org: str, payload: bytes) -> bytes:
    raise KeyError(payload.decode())


async def sleep(org: str, payload: bytes) -> bytes:
    await asyncio.sleep(3600)
    return b""


async def reverse(org: str, payload: bytes) -> bytes:
    return payload[::-1]


METHODS: Mapping[str, Method] = {"echo": echo, "refuse": refuse, "fail": fail, "sleep": sleep, "reverse": reverse}


@contextlib.asynccontextmanager
async def pair(methods: Mapping[str, Method] = METHODS) -> AsyncIterator[tuple[RpcSession, RpcSession]]:
    """Two nodes, a and b, that talk; both answer `methods`."""
    link = MemoryFabric().connect("a", "b")
    a, b = RpcSession(link.left, METHODS), RpcSession(link.right, methods)
    running = [asyncio.ensure_future(side.run()) for side in (a, b)]
    try:
        yield a, b
    finally:
        await a.close()
        await asyncio.gather(*running, return_exceptions=True)


@contextlib.asynccontextmanager
async def against() -> AsyncIterator[tuple[MemorySession, asyncio.Task[None], RpcSession]]:
    """A bare session of a hostile peer h, and the node n that it faces."""
    link = MemoryFabric().connect("h", "n")
    node = RpcSession(link.right, METHODS)
    running = asyncio.ensure_future(node.run())
    try:
        yield link.left, running, node
    finally:
        await link.left.close()
        await asyncio.gather(running, return_exceptions=True)


async def test_both_sides_ask_and_answer() -> None:
    async with pair() as (a, b):
        answers = await asyncio.gather(a.call("echo", b"one", timeout_seconds=30), b.call("echo", b"two", timeout_seconds=30))
        assert tuple(answers) == (b"a:one", b"b:two")
        assert (a.peer, b.peer) == ("b", "a")


@pytest.mark.parametrize("size", [0, INLINE_BYTES, INLINE_BYTES + 1, 1 << 20, (1 << 20) + 1, MAX_BODY_BYTES])
async def test_payloads_of_all_sizes_cross_both_ways(size: int) -> None:
    payload = os.urandom(size)
    async with pair() as (a, _):
        assert await a.call("reverse", payload, timeout_seconds=30) == payload[::-1]


async def test_a_short_request_is_not_held_up_by_long_ones() -> None:
    long = os.urandom(8 << 20)
    async with pair() as (a, _):
        waiting = [asyncio.ensure_future(a.call("reverse", long, timeout_seconds=30)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await a.call("echo", b"quick", timeout_seconds=30) == b"a:quick"
        assert not all(one.done() for one in waiting)
        assert await asyncio.gather(*waiting) == [long[::-1]] * 3


async def test_an_error_travels_as_code_and_sentence_without_operands() -> None:
    async with pair() as (a, _):
        with pytest.raises(RemoteError) as caught:
            await a.call("refuse", b"secret-row", timeout_seconds=30)
        assert caught.value.remote_code == "test.row_refused"
        assert caught.value.remote_sentence == "The row ... cannot be used."
        assert caught.value.operands["method"] == "refuse"
        assert caught.value.operands["org"] == "b"
        assert "secret-row" not in str(caught.value)


async def test_a_fault_in_a_handler_costs_that_request_only_and_logs_no_data(caplog: pytest.LogCaptureFixture) -> None:
    async with pair() as (a, _):
        with pytest.raises(RemoteError) as caught:
            await a.call("fail", b"secret-row", timeout_seconds=30)
        assert caught.value.remote_code == "transport.handler_failed"
        assert await a.call("echo", b"", timeout_seconds=30) == b"a:"
    assert "KeyError at test_rpc.py" in caplog.text
    assert "secret-row" not in caplog.text


async def test_an_unknown_method_is_refused() -> None:
    async with pair() as (a, _):
        with pytest.raises(RemoteError) as caught:
            await a.call("nothing", b"", timeout_seconds=30)
        assert caught.value.remote_code == "transport.unknown_method"


async def test_a_late_answer_is_given_up_and_the_handler_is_stopped() -> None:
    stopped = asyncio.Event()

    async def slow(org: str, payload: bytes) -> bytes:
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.set()
        return b""

    async with pair({**METHODS, "slow": slow}) as (a, _):
        with pytest.raises(RequestLate):
            await a.call("slow", b"", timeout_seconds=0.05)
        await asyncio.wait_for(stopped.wait(), 30)
        assert await a.call("echo", b"after", timeout_seconds=30) == b"a:after"


async def test_a_late_answer_that_comes_after_all_is_ignored() -> None:
    async def stubborn(org: str, payload: bytes) -> bytes:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            return b"I answer when I like"
        return b""

    async with pair({**METHODS, "stubborn": stubborn}) as (a, _):
        with pytest.raises(RequestLate):
            await a.call("stubborn", b"", timeout_seconds=0.02)
        await asyncio.sleep(0.05)
        assert await a.call("echo", b"", timeout_seconds=30) == b"a:"


async def test_giving_up_half_way_through_a_long_payload_leaves_the_next_one_whole() -> None:
    async with pair() as (a, _):
        with pytest.raises(RequestLate):
            await a.call("reverse", bytes(MAX_BODY_BYTES), timeout_seconds=0.001)
        payload = os.urandom(3 << 20)
        assert await a.call("reverse", payload, timeout_seconds=30) == payload[::-1]


async def test_more_calls_than_allowed_wait_for_their_turn() -> None:
    running = most = 0

    async def count(org: str, payload: bytes) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return b""

    async with pair({**METHODS, "count": count}) as (a, _):
        await asyncio.gather(*(a.call("count", b"", timeout_seconds=30) for _ in range(3 * MAX_CALLS)))
    assert most == MAX_CALLS


async def test_all_the_calls_allowed_in_both_directions_at_once_are_served() -> None:
    long = bytes(INLINE_BYTES + 1)
    async with pair() as (a, b):
        answers = await asyncio.gather(
            *(side.call("reverse", long, timeout_seconds=30) for side in (a, b) for _ in range(MAX_CALLS))
        )
    assert answers == [long] * (2 * MAX_CALLS)


async def test_calls_under_way_end_when_the_session_does() -> None:
    async with pair() as (a, b):
        waiting = asyncio.ensure_future(a.call("sleep", b"", timeout_seconds=60))
        await asyncio.sleep(0.01)
        await b.close()
        with pytest.raises(LinkLost):
            await asyncio.wait_for(waiting, 30)
        with pytest.raises(LinkLost):
            await a.call("echo", b"", timeout_seconds=30)


async def test_notices_arrive_and_are_not_answered() -> None:
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def hear(org: str, payload: bytes) -> bytes:
        heard.put_nowait((org, payload))
        return b"nobody reads this"

    async with pair({"hear": hear, "refuse": refuse}) as (a, b):
        await a.notify("hear", b"short")
        await a.notify("hear", bytes(2 << 20))
        await a.notify("refuse", b"x")
        await a.notify("no such thing".replace(" ", "-"), b"")
        assert await heard.get() == ("a", b"short")
        assert await heard.get() == ("a", bytes(2 << 20))
        assert b.session.sent_bytes == 0


async def test_too_large_a_payload_stays_here() -> None:
    async with pair() as (a, _):
        for work in (
            a.call("echo", bytes(MAX_BODY_BYTES + 1), timeout_seconds=30),
            a.notify("echo", bytes(MAX_BODY_BYTES + 1)),
        ):
            with pytest.raises(PayloadTooLarge):
                await work

    async def boast(org: str, payload: bytes) -> bytes:
        return bytes(MAX_BODY_BYTES + 1)

    async with pair({"boast": boast}) as (a, _):
        with pytest.raises(RemoteError) as caught:
            await a.call("boast", b"", timeout_seconds=30)
        assert caught.value.remote_code == "transport.payload_too_large"


def request(**changes: object) -> Request:
    return Request(**{"number": 1, "method": "sleep", "ttl_ms": 60_000, "size": 0, "inline": b"", **changes})  # type: ignore[arg-type]


BROKEN: dict[str, list[tuple[Kind, bytes | Message]]] = {
    "garbage": [(Kind.CONTROL, b"\xff\x00garbage")],
    "an unknown message": [(Kind.CONTROL, b"\x82\x64none\xa0")],
    "a frame of another protocol": [(Kind.RUNNER, b"")],
    "bulk from nowhere": [(Kind.BULK, b"x")],
    "an empty piece": [(Kind.CONTROL, request(size=100_000)), (Kind.BULK, b"")],
    "more than announced": [(Kind.CONTROL, request(size=10)), (Kind.BULK, bytes(11))],
    "a payload in two places": [(Kind.CONTROL, request(size=10, inline=b"12345"))],
    "less announced than there is": [(Kind.CONTROL, request(size=3, inline=b"12345"))],
    "two long payloads at once": [(Kind.CONTROL, request(size=100_000)), (Kind.CONTROL, request(number=2, size=100_000))],
    "a reply to nothing": [(Kind.CONTROL, Reply(number=1, size=0, inline=b""))],
    "a failure of nothing": [(Kind.CONTROL, Failure(number=9, code="a.b", sentence=""))],
    "a flood of requests": [(Kind.CONTROL, request(number=number)) for number in range(1, 4 * MAX_SERVED)],
}


async def drain(session: MemorySession) -> None:
    while True:
        await session.receive()


@pytest.mark.parametrize("case", BROKEN)
async def test_a_peer_that_breaks_the_rules_loses_the_session(case: str) -> None:
    async with against() as (hostile, running, _):
        with contextlib.suppress(LinkLost):
            for kind, part in BROKEN[case]:
                await hostile.send(kind, part if isinstance(part, bytes) else encode_message(part))
        with pytest.raises(RpcBroken):
            await asyncio.wait_for(running, PATIENCE_SECONDS)
        with pytest.raises(LinkLost):
            await drain(hostile)


async def test_somewhat_more_requests_than_allowed_are_answered_with_too_busy() -> None:
    async with against() as (hostile, running, _):
        for number in range(1, MAX_SERVED + 2):
            await hostile.send(Kind.CONTROL, encode_message(request(number=number)))
        answer = (await asyncio.wait_for(hostile.receive(), 30)).data
        assert b"transport.too_busy" in answer
        assert not running.done()


async def test_a_flood_of_notices_is_dropped_and_not_queued() -> None:
    async with against() as (hostile, running, node):
        notice = encode_message(Notice(method="sleep", size=0, inline=b""))
        for _ in range(MAX_SERVED + 50):
            await hostile.send(Kind.CONTROL, notice)
        await until(lambda: node.dropped_notices == 50)
        assert not running.done()


async def test_a_sentence_with_control_characters_is_not_taken() -> None:
    """It would be printed on an operator's terminal."""
    async with against() as (hostile, running, node):
        asking = asyncio.ensure_future(node.call("echo", b"", timeout_seconds=30))
        await hostile.receive()
        sentence = "\x1b]0;a new window title\x07"
        await hostile.send(Kind.CONTROL, encode(["failure/1", {"number": 1, "code": "a.b", "sentence": sentence}]))
        with pytest.raises(RpcBroken):
            await asyncio.wait_for(running, PATIENCE_SECONDS)
        with pytest.raises(RpcBroken):
            await asking
