"""What the tests of snapshots share: one that a node has made, as CometBFT carries it to another."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from atoll.ordering.cometbft.chunks import MAX_CHUNK_BYTES
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.snapshots import FORMAT, MAX_METADATA_BYTES, Snapshot, parse_snapshot
from atoll.testing.abci import Chain, Socket
from atoll.testing.abciserver import Running, serving
from atoll.testing.consortium import Founding
from atoll.wire.cbor import decode, encode
from tests.unit.ordering.cometbft.desk import dataset, signed

INTERVAL = 5
CHUNK_BYTES = 1_500
"""Small, so that there are many."""
Offer, Apply = abci.ResponseOfferSnapshot, abci.ResponseApplySnapshotChunk


@dataclasses.dataclass(frozen=True)
class Offered:
    """A snapshot as CometBFT carries it from one node to another."""

    snapshot: abci.Snapshot
    chunks: list[bytes]
    app_hash: bytes

    def changed(self, change: Callable[[list[object]], None]) -> Offered:
        """With another description, which fits itself."""
        value = decode(self.snapshot.metadata, max_bytes=MAX_METADATA_BYTES)
        change(value)
        return self.described(encode(value, max_bytes=MAX_METADATA_BYTES))

    def described(self, metadata: bytes) -> Offered:
        snapshot = abci.Snapshot()
        snapshot.CopyFrom(self.snapshot)
        snapshot.metadata, snapshot.hash = metadata, hashlib.sha256(metadata).digest()
        return dataclasses.replace(self, snapshot=snapshot)

    def with_chunk(self, index: int, items: Sequence[object]) -> Offered:
        """A lie that fits itself: other chunks, and a description with their digests."""
        chunks = list(self.chunks)
        chunks[index] = encode(list(items), max_bytes=MAX_CHUNK_BYTES)  # type: ignore[arg-type]  # what came out of decode
        digest = hashlib.sha256(chunks[index]).digest()
        described = parse_snapshot(self.snapshot.metadata)
        blocks, records = list(described.block_chunks), list(described.record_chunks)
        if index < len(blocks):
            blocks[index] = (digest, *blocks[index][1:])
        else:
            records[index - len(blocks)] = digest
        lie = dataclasses.replace(described, block_chunks=tuple(blocks), record_chunks=tuple(records))
        return dataclasses.replace(self.described(lie.metadata), chunks=chunks)

    def items(self, index: int) -> list[list[object]]:
        found: list[list[object]] = decode(self.chunks[index], max_bytes=MAX_CHUNK_BYTES)
        return found

    @property
    def parsed(self) -> Snapshot:
        return parse_snapshot(self.snapshot.metadata)


async def grow(chain: Chain, founding: Founding, heights: int) -> None:
    """So many blocks, every third of them empty."""
    for _ in range(heights):
        number = chain.height + 1
        await chain.decide([] if number % 3 == 0 else [signed(founding, "bank", dataset(number), number)])


async def fetch(running: Running, socket: Socket, app_hash: bytes) -> Offered:
    await running.snapshots.settle()
    listed = (await socket.call(abci.Request(list_snapshots=abci.RequestListSnapshots()))).list_snapshots.snapshots
    asked = [
        abci.RequestLoadSnapshotChunk(height=listed[0].height, format=FORMAT, chunk=index) for index in range(listed[0].chunks)
    ]
    chunks = [(await socket.call(abci.Request(load_snapshot_chunk=one))).load_snapshot_chunk.chunk for one in asked]
    return Offered(listed[0], chunks, app_hash)


async def offer(socket: Socket, offered: Offered) -> int:
    asked = abci.RequestOfferSnapshot(snapshot=offered.snapshot, app_hash=offered.app_hash)
    return (await socket.call(abci.Request(offer_snapshot=asked))).offer_snapshot.result


async def give(socket: Socket, index: int, chunk: bytes, sender: str = "peer") -> abci.ResponseApplySnapshotChunk:
    asked = abci.RequestApplySnapshotChunk(index=index, chunk=chunk, sender=sender)
    return (await socket.call(abci.Request(apply_snapshot_chunk=asked))).apply_snapshot_chunk


async def give_all(socket: Socket, chunks: Sequence[bytes]) -> list[int]:
    return [(await give(socket, index, chunk)).result for index, chunk in enumerate(chunks)]


@contextlib.asynccontextmanager
async def joining(folder: Path, founding: Founding) -> AsyncIterator[tuple[Running, Socket]]:
    async with serving(folder, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        yield running, socket
