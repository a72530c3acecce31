"""The benchmark's application that does nothing keeps up with the server that it stands behind."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from pathlib import Path

from atoll.ordering.cometbft.framing import encode_frame
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci

NOOP = Path(__file__).parents[4] / "bench" / "ledger" / "noop.py"


async def test_the_application_that_does_nothing_answers_cometbft() -> None:
    spec = importlib.util.spec_from_file_location("noop", NOOP)
    assert spec is not None and spec.loader is not None
    noop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noop)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.sock"
        serving = asyncio.create_task(noop._serve(path))
        async with asyncio.timeout(10):
            while not path.exists():  # noqa: ASYNC110 -- a file
                await asyncio.sleep(0.01)
            reader, writer = await asyncio.open_unix_connection(path)
            asked = (abci.Request(check_tx=abci.RequestCheckTx(tx=b"any")), abci.Request(info=abci.RequestInfo()))
            for one in (*asked, abci.Request(flush=abci.RequestFlush())):
                writer.write(encode_frame(one.SerializeToString()))
            size = (await reader.readexactly(1))[0]
            answer = abci.Response.FromString(await reader.readexactly(size))
            assert answer.HasField("check_tx") and answer.check_tx.code == 0
            size = (await reader.readexactly(1))[0]
            assert abci.Response.FromString(await reader.readexactly(size)).HasField("info")
        writer.close()
        serving.cancel()
        await asyncio.wait([serving])
