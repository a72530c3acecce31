"""The socket as CometBFT uses it: four connections at once, order kept, and the first error ends everything loudly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from atoll.ledger.apply import Outcome
from atoll.ordering.cometbft.asking import Asked
from atoll.ordering.cometbft.errors import BadFrame, OutOfTurn
from atoll.ordering.cometbft.framing import Frames, encode_frame
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.queries import REFUSED
from atoll.ordering.cometbft.server import MAX_RUN
from atoll.ordering.offload import in_thread
from atoll.primitives.uvarint import encode_uvarint
from atoll.testing.abci import COMMIT, INFO, Refused, Socket, check, finalize, init_chain
from atoll.testing.abciserver import serving
from atoll.testing.consortium import FOUNDED, Founding
from tests.unit.ordering.cometbft.desk import dataset, signed

PATIENCE_SECONDS = 60.0
FLUSH = abci.Request(flush=abci.RequestFlush())


def echo(word: str) -> abci.Request:
    return abci.Request(echo=abci.RequestEcho(message=word))


async def raw(path: Path, data: bytes, count: int) -> list[abci.Response]:
    """What the application answers to these bytes: so many messages, or all before it closes."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    frames = Frames()
    found: list[abci.Response] = []
    while len(found) < count and (arrived := await reader.read(1 << 16)):
        for frame in frames.feed(arrived):
            response = abci.Response()
            response.ParseFromString(frame)
            found.append(response)
    writer.close()
    return found


async def test_answers_keep_the_order_of_the_requests_with_each_flush_in_its_place(tmp_path: Path, founding: Founding) -> None:
    sent = []
    for number in range(1, 40):
        sent.append(check(signed(founding, "bank", dataset(number), number)))
        sent += [echo(str(number))] if number % 3 == 0 else []
        sent += [FLUSH] if number % 5 == 0 else []
        sent += [check(b"junk")] if number % 7 == 0 else []
    async with serving(tmp_path, founding.genesis_file) as running:
        data = b"".join(encode_frame(one.SerializeToString()) for one in sent)
        answers = await raw(running.path, data, len(sent))
    assert [one.WhichOneof("value") for one in answers] == [one.WhichOneof("value") for one in sent]
    for request, answer in zip(sent, answers, strict=True):
        if request.HasField("echo"):
            assert answer.echo.message == request.echo.message
        if request.HasField("check_tx"):
            assert (answer.check_tx.code == 0) is (request.check_tx.tx != b"junk")


async def test_more_checks_than_are_answered_together_are_all_answered(tmp_path: Path, founding: Founding) -> None:
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        answers = await socket.pipeline([check(b"%d" % number) for number in range(2 * MAX_RUN + 3)])
    assert [one.check_tx.code for one in answers] == [1] * (2 * MAX_RUN + 3)


async def test_checks_with_a_flush_between_them_are_looked_at_together(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CometBFT's timer puts one between any two of them."""
    together: list[int] = []

    async def check_many(transactions: Sequence[Asked]) -> list[Outcome]:
        together.append(len(transactions))
        return [Outcome(1, "", "") for _ in transactions]

    async with serving(tmp_path, founding.genesis_file) as running:
        monkeypatch.setattr(running.application, "check_many", check_many)
        sent = [check(b"one"), check(b"two"), FLUSH, check(b"three"), FLUSH, echo("four"), check(b"five")]
        answers = await raw(running.path, b"".join(encode_frame(one.SerializeToString()) for one in sent), len(sent))
    assert [one.WhichOneof("value") for one in answers] == [one.WhichOneof("value") for one in sent]
    assert together == [3, 1]


async def test_four_connections_are_served_at_once(tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a block is carried out, the mempool, queries and snapshots get their answers."""
    carrying_out, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow(work: object) -> object:
        assert callable(work)
        carrying_out.set()
        await go_on.wait()
        return work()

    async with serving(tmp_path, founding.genesis_file) as running, AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        sockets = [await stack.enter_async_context(Socket.connected(running.path)) for _ in range(4)]
        await sockets[3].call(INFO)
        await sockets[0].call(init_chain(founding.genesis_file))
        monkeypatch.setattr(running.application, "offload", slow)
        block = tasks.create_task(sockets[0].call(finalize(1, FOUNDED + 5, [signed(founding, "bank", dataset(1), 1)])))
        await asyncio.wait_for(carrying_out.wait(), PATIENCE_SECONDS)
        monkeypatch.setattr(running.application, "offload", in_thread)
        assert (await sockets[1].call(check(signed(founding, "bank", dataset(1), 1)))).check_tx.code == 0
        query = abci.Request(query=abci.RequestQuery(path="/roots/state"))
        assert (await sockets[2].call(query)).query.code == 0
        snapshots = abci.Request(list_snapshots=abci.RequestListSnapshots())
        assert (await sockets[3].call(snapshots)).HasField("list_snapshots")
        assert not block.done()
        loop.call_soon(go_on.set)
        assert (await block).finalize_block.tx_results[0].code == 0


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (encode_frame(b"\xff\xff\xff"), BadFrame),
        (b"\x80\x00", BadFrame),
        (b"\xff\xff\xff\xff\x7f", BadFrame),
        (encode_frame(b""), OutOfTurn),
        (encode_frame(bytes.fromhex("aa0100")), OutOfTurn),
        (encode_frame(bytes.fromhex("b20100")), OutOfTurn),
        (encode_frame(abci.Request(extend_vote=abci.RequestExtendVote()).SerializeToString()), OutOfTurn),
        (encode_frame(abci.Request(verify_vote_extension=abci.RequestVerifyVoteExtension()).SerializeToString()), OutOfTurn),
        (encode_frame(COMMIT.SerializeToString()), OutOfTurn),
        (encode_frame(finalize(2, FOUNDED, []).SerializeToString()), OutOfTurn),
    ],
    ids=[
        "no protobuf",
        "padded length",
        "huge length",
        "nothing",
        "InsertTx",
        "ReapTxs",
        "extend",
        "verify",
        "commit",
        "height 2",
    ],
)
async def test_what_cannot_be_answered_is_an_exception_and_a_loud_stop(
    tmp_path: Path, founding: Founding, data: bytes, error: type[Exception]
) -> None:
    async with serving(tmp_path, founding.genesis_file) as running:
        answers = await raw(running.path, encode_frame(echo("before").SerializeToString()) + data + encode_frame(b""), 9)
        assert [one.WhichOneof("value") for one in answers] == ["echo", "exception"]
        with pytest.raises(error):
            await asyncio.wait_for(asyncio.shield(running.server.failed), PATIENCE_SECONDS)


async def test_an_error_nobody_foresaw_is_never_swallowed(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:

        async def broken(transactions: object) -> object:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(running.application, "check_many", broken)
        with pytest.raises(Refused, match="a bug"):
            await socket.call(check(b"x"))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(asyncio.shield(running.server.failed), PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "query",
    [
        abci.RequestQuery(path="/").SerializeToString().replace(b"/", b"\xff"),
        abci.RequestQuery(path="/store/state/key", data=b"k").SerializeToString().replace(b"/", b"\xff"),
        abci.RequestQuery(path="/roots/state", height=-1).SerializeToString(),
        abci.RequestQuery(path="/roots/state", height=1 << 62).SerializeToString(),
        abci.RequestQuery(path="/p2p/filter/id/\0").SerializeToString(),
    ],
    ids=["no UTF-8", "no UTF-8 and a key", "height before all", "height after all", "no node"],
)
async def test_a_strangers_query_is_refused_and_stops_nothing(tmp_path: Path, founding: Founding, query: bytes) -> None:
    """CometBFT's RPC takes a path as raw bytes from whoever reaches it, and passes it on as it is."""
    frame = b"\x32" + encode_uvarint(len(query)) + query
    async with serving(tmp_path, founding.genesis_file) as running:
        answers = await raw(running.path, encode_frame(frame) + encode_frame(echo("on").SerializeToString()), 2)
        assert not running.server.failed.done()
    assert [one.WhichOneof("value") for one in answers] == ["query", "echo"]
    assert answers[0].query.code == REFUSED


async def test_a_fault_in_answering_a_query_stops_nothing(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(height: int) -> object:
        raise ZeroDivisionError(height)

    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        monkeypatch.setattr(running.application, "tree_at", broken)
        answer = (await socket.call(abci.Request(query=abci.RequestQuery(path="/roots/state")))).query
        assert (answer.code, answer.log) == (REFUSED, "internal error")
        assert not running.server.failed.done()


async def test_a_connection_that_just_ends_is_no_failure(tmp_path: Path, founding: Founding) -> None:
    async with serving(tmp_path, founding.genesis_file) as running:
        await raw(running.path, encode_frame(INFO.SerializeToString())[:-1], 0)
        async with Socket.connected(running.path) as socket:
            assert (await socket.call(echo("still here"))).echo.message == "still here"
        assert not running.server.failed.done()


@pytest.mark.parametrize("turns", range(6))
async def test_when_it_has_stopped_nothing_of_a_connection_is_left(tmp_path: Path, founding: Founding, turns: int) -> None:
    """Also of one that the other side closes in that moment."""
    async with serving(tmp_path, founding.genesis_file) as running:
        reader, writer = await asyncio.open_unix_connection(running.path)
        writer.write(encode_frame(echo("here").SerializeToString()) + encode_frame(FLUSH.SerializeToString()))
        assert await reader.read(1)
        writer.close()
        for _ in range(turns):
            await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_only_this_user_can_connect(tmp_path: Path, founding: Founding) -> None:
    async with serving(tmp_path, founding.genesis_file) as running:
        assert running.path.stat().st_mode & 0o077 == 0
