"""Questions to CometBFT over its socket: what it says, what it refuses, and what it garbles."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from atoll.ordering.cometbft.home import MAX_RPC_BATCH
from atoll.ordering.cometbft.rpc import Rpc
from atoll.ordering.errors import ValidatorRefused

Answer = Callable[[Any], Any]


def asked(folder: Path, answer: Answer, test: Callable[[Rpc], Awaitable[None]]) -> list[Any]:
    """Run a test against a server that answers so; the bodies of all requests."""
    bodies: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                body = json.loads(await reader.readexactly(length))
                bodies.append(body)
                said = answer(body)
                data = said if isinstance(said, bytes) else json.dumps(said).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
        except asyncio.IncompleteReadError:
            writer.close()

    async def whole() -> None:
        server = await asyncio.start_unix_server(serve, folder / "rpc.sock", limit=1 << 23)
        rpc = Rpc(str(folder / "rpc.sock"))
        try:
            await test(rpc)
        finally:
            await rpc.close()
            server.close()

    asyncio.run(whole())
    return bodies


def result(value: Any) -> Answer:
    return lambda body: {"jsonrpc": "2.0", "id": 0, "result": value}


def test_transactions_go_in_order_in_few_requests_and_each_has_its_answer(tmp_path: Path) -> None:
    transactions = [f"tx-{number}".encode() for number in range(MAX_RPC_BATCH + 3)]

    def answer(body: Any) -> Any:
        said: dict[int, dict[str, Any]] = {
            0: {"result": {}},
            1: {"error": {"data": "tx already exists in cache"}},
            2: {"error": {"data": "mempool is full"}},
        }
        return [{"id": one["id"], **said.get(one["id"], said[0])} for one in reversed(body)]

    async def test(rpc: Rpc) -> None:
        answers = await rpc.broadcast(transactions)
        assert len(answers) == len(transactions)
        assert answers[:4] == ["", "", "mempool is full", ""]
        assert answers[-1] == "mempool is full"

    bodies = asked(tmp_path, answer, test)
    sent = [base64.b64decode(one["params"]["tx"]) for body in bodies for one in body]
    assert sent == transactions
    assert [len(body) for body in bodies] == [MAX_RPC_BATCH, 3]


def test_an_answer_to_a_batch_of_one_is_no_list(tmp_path: Path) -> None:
    async def test(rpc: Rpc) -> None:
        assert await rpc.broadcast([b"one"]) == ["mempool is full"]

    asked(tmp_path, lambda body: {"id": 0, "error": {"data": "mempool is full"}}, test)


@pytest.mark.parametrize("answer", [b"{", [], [{"id": 0, "result": {}}], [{"result": {}}, {"result": {}}], {"error": {}}])
def test_an_answer_that_does_not_fit_is_no_acceptance(tmp_path: Path, answer: Any) -> None:
    async def test(rpc: Rpc) -> None:
        with pytest.raises(ValidatorRefused):
            await rpc.broadcast([b"one", b"two"])

    asked(tmp_path, lambda body: answer, test)


def test_status_and_peers_are_read(tmp_path: Path) -> None:
    async def status(rpc: Rpc) -> None:
        found = await rpc.status()
        assert (found.height, found.earliest, found.catching_up) == (7, 3, True)

    async def peers(rpc: Rpc) -> None:
        assert await rpc.peers() == ["aa", "bb"]

    asked(
        tmp_path, result({"sync_info": {"latest_block_height": "7", "earliest_block_height": "3", "catching_up": True}}), status
    )
    asked(tmp_path, result({"peers": [{"node_info": {"id": "bb"}}, {"node_info": {"id": "aa"}}]}), peers)


def test_all_pages_of_the_validators_are_fetched(tmp_path: Path) -> None:
    everybody = [{"address": str(number)} for number in range(120)]

    def answer(body: Any) -> Any:
        first = (int(body["params"]["page"]) - 1) * 100
        return {"result": {"validators": everybody[first : first + 100], "total": "120"}}

    async def test(rpc: Rpc) -> None:
        pages = [json.loads(page)["result"]["validators"] for page in await rpc.validators(3)]
        assert [one for page in pages for one in page] == everybody

    asked(tmp_path, answer, test)


def test_heights_at_which_the_validators_change_are_found(tmp_path: Path) -> None:
    def answer(body: Any) -> Any:
        first, last = int(body["params"]["minHeight"]), int(body["params"]["maxHeight"])
        assert last - first < 20
        headers = [
            {"height": str(height), "validators_hash": "AA", "next_validators_hash": "BB" if height in (7, 8, 41) else "AA"}
            for height in range(last, first - 1, -1)
        ]
        return {"result": {"block_metas": [{"header": one} for one in headers]}}

    async def test(rpc: Rpc) -> None:
        assert await rpc.changes(1, 45) == [7, 8, 41]
        assert await rpc.changes(8, 40) == [8]
        assert await rpc.changes(9, 8) == []

    asked(tmp_path, answer, test)


def test_an_error_is_told_with_its_reason_and_so_is_silence(tmp_path: Path) -> None:
    async def test(rpc: Rpc) -> None:
        with pytest.raises(ValidatorRefused, match="height 9 must be less"):
            await rpc.commit(9)
        with pytest.raises(ValidatorRefused, match="cannot be read"):
            await rpc.status()

    said = {"commit": {"error": {"code": -32603, "message": "Internal error", "data": "height 9 must be less"}}}
    asked(tmp_path, lambda body: said.get(body["method"], {"result": {}}), test)

    async def silence() -> None:
        rpc = Rpc(str(tmp_path / "none.sock"))
        with pytest.raises(ValidatorRefused):
            await rpc.status()
        await rpc.close()

    asyncio.run(silence())
