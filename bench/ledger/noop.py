"""An application that takes every transaction and does nothing, on our ABCI server: what the server itself costs.

python -m ledger.noop SOCKET      in the folder bench; serves CometBFT until it is killed
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from atoll.ordering.cometbft.dispatch import Dispatcher
from atoll.ordering.cometbft.framing import encode_frame
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.server import Server

LET_IN = encode_frame(abci.Response(check_tx=abci.ResponseCheckTx(code=0)).SerializeToString())


class NoOp(Dispatcher):
    """In the dispatcher's place."""

    def __init__(self) -> None:
        self._height = 0

    def begin(self) -> None:
        """Nothing is remembered."""

    async def check(self, requests: Sequence[Any]) -> list[bytes]:
        """Everything may come in."""
        return [LET_IN] * len(requests)

    async def answer(self, request: abci.Request) -> abci.Response:
        """Whatever is asked."""
        match request.WhichOneof("value"):
            case "info":
                return abci.Response(info=abci.ResponseInfo(last_block_height=self._height))
            case "init_chain":
                return abci.Response(init_chain=abci.ResponseInitChain())
            case "prepare_proposal":
                return abci.Response(prepare_proposal=abci.ResponsePrepareProposal(txs=request.prepare_proposal.txs))
            case "process_proposal":
                accept = abci.ResponseProcessProposal.ProposalStatus.ACCEPT
                return abci.Response(process_proposal=abci.ResponseProcessProposal(status=accept))
            case "finalize_block":
                self._height = request.finalize_block.height
                results = [abci.ExecTxResult(code=0) for _ in request.finalize_block.txs]
                app_hash = self._height.to_bytes(8, "big") if results else b""
                return abci.Response(finalize_block=abci.ResponseFinalizeBlock(tx_results=results, app_hash=app_hash))
            case "commit":
                return abci.Response(commit=abci.ResponseCommit())
            case "query":
                return abci.Response(query=abci.ResponseQuery())
        return abci.Response(echo=abci.ResponseEcho(message=request.echo.message))


async def _serve(path: Path) -> None:
    nobody = SimpleNamespace(store=SimpleNamespace(path=path))  # is asked nothing but where it keeps its files
    server = Server(cast("Any", nobody), path)
    server._dispatcher = NoOp()
    await server.start()
    try:
        await server.failed
    finally:
        await server.stop()


if __name__ == "__main__":
    gc.freeze()  # as a node after its imports, see `atoll.node.loading`
    asyncio.run(_serve(Path(sys.argv[1])))
