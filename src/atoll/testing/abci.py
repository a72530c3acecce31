"""CometBFT's side of the application socket, as its own client speaks it: four connections, requests without waiting for
answers, a Flush behind them.

    async with Socket.connected(path) as socket:
        info = await socket.call(abci.Request(info=abci.RequestInfo()))
        responses = await socket.pipeline(requests)

A `Chain` decides blocks the way a lone validator would, without any network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp

from atoll.ledger.genesis import Genesis, verify_genesis
from atoll.ordering.cometbft.framing import Frames, encode_frame
from atoll.ordering.cometbft.parameters import KEY_TYPE, POWER, genesis_document, genesis_validators
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.protobuf.keys_pb2 import PublicKey
from atoll.ordering.cometbft.protobuf.params_pb2 import BlockParams, ConsensusParams

QUEUED = 256
"""How many requests CometBFT's client sends before it flushes."""
SECONDS_A_BLOCK = 1


class Refused(Exception):
    """The application answered with an exception."""


class Socket:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._frames = Frames()
        self._arrived: list[abci.Response] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, path: Path) -> AsyncIterator[Socket]:
        """A connection, closed at the end."""
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def call(self, request: abci.Request) -> abci.Response:
        """The answer to one request."""
        return (await self.pipeline([request]))[0]

    async def pipeline(self, requests: Sequence[abci.Request]) -> list[abci.Response]:
        """The answers to many, sent without waiting for any of them, a Flush behind every QUEUED.

        Raises:
            Refused: the application gave up.
            ConnectionError: it closed the connection.
        """
        flush = abci.Request(flush=abci.RequestFlush())
        sent: list[abci.Request] = []
        for start in range(0, len(requests), QUEUED):
            sent += [*requests[start : start + QUEUED], flush]
        reading = asyncio.ensure_future(self._read(len(sent)))
        for start in range(0, len(sent), QUEUED):
            self.writer.write(b"".join(encode_frame(one.SerializeToString()) for one in sent[start : start + QUEUED]))
            await self.writer.drain()
        answers = await reading
        for request, answer in zip(sent, answers, strict=True):
            if request.WhichOneof("value") != answer.WhichOneof("value"):
                raise ConnectionError(f"{request.WhichOneof('value')} was answered by {answer.WhichOneof('value')}")
        return [one for one in answers if not one.HasField("flush")]

    async def _read(self, count: int) -> list[abci.Response]:
        while len(self._arrived) < count:
            data = await self._reader.read(1 << 18)
            if not data:
                raise ConnectionError("the application closed the connection")
            for frame in self._frames.feed(data):
                response = abci.Response()
                response.ParseFromString(frame)
                if response.HasField("exception"):
                    raise Refused(response.exception.error)
                self._arrived.append(response)
        found, self._arrived = self._arrived[:count], self._arrived[count:]
        return found


def init_chain(genesis_file: bytes) -> abci.Request:
    """What CometBFT asks first."""
    genesis, digest = verify_genesis(genesis_file)
    document = genesis_document(genesis, digest)
    block = BlockParams(max_bytes=int(document["consensus_params"]["block"]["max_bytes"]), max_gas=-1)
    return abci.Request(
        init_chain=abci.RequestInitChain(
            time=Timestamp(seconds=genesis.time),
            chain_id=genesis.chain_id,
            consensus_params=ConsensusParams(block=block),
            validators=_validators(genesis),
            app_state_bytes=json.dumps(document["app_state"], indent=3).encode(),
            initial_height=1,
        )
    )


def finalize(
    height: int, time: int, transactions: Sequence[bytes], misbehavior: Sequence[abci.Misbehavior] = ()
) -> abci.Request:
    """A decided block."""
    asked = abci.RequestFinalizeBlock(
        txs=transactions, misbehavior=misbehavior, height=height, time=Timestamp(seconds=time, nanos=999)
    )
    return abci.Request(finalize_block=asked)


def check(transaction: bytes, *, again: bool = False) -> abci.Request:
    """A transaction at the door."""
    kind = abci.CheckTxType.RECHECK if again else abci.CheckTxType.NEW
    return abci.Request(check_tx=abci.RequestCheckTx(tx=transaction, type=kind))


INFO = abci.Request(info=abci.RequestInfo(version="0.38.25", block_version=11, p2p_version=8, abci_version="2.0.0"))
COMMIT = abci.Request(commit=abci.RequestCommit())


class Chain:
    """Decides blocks on one connection, one second after another."""

    def __init__(self, socket: Socket, time: int) -> None:
        self.socket = socket
        self.height = 0
        self.time = time
        self.app_hash = b""

    async def begin(self, genesis_file: bytes) -> None:
        """As CometBFT does when it starts: what does the application have, and from where does it go on?"""
        info = (await self.socket.call(INFO)).info
        self.height, self.app_hash = info.last_block_height, info.last_block_app_hash
        if self.height == 0:
            self.app_hash = (await self.socket.call(init_chain(genesis_file))).init_chain.app_hash

    async def decide(
        self, transactions: Sequence[bytes] = (), misbehavior: Sequence[abci.Misbehavior] = ()
    ) -> abci.ResponseFinalizeBlock:
        """One block, committed."""
        self.height += 1
        self.time += SECONDS_A_BLOCK
        done = (await self.socket.call(finalize(self.height, self.time, transactions, misbehavior))).finalize_block
        await self.socket.call(COMMIT)
        self.app_hash = done.app_hash
        return done


def _validators(genesis: Genesis) -> list[abci.ValidatorUpdate]:
    keys = [key for _, key in genesis_validators(genesis)]
    return [abci.ValidatorUpdate(pub_key=PublicKey(**{KEY_TYPE: key}), power=POWER) for key in sorted(keys, reverse=True)]
