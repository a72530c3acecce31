"""Taking over a snapshot from other nodes. The only thing believed is the app hash, which CometBFT's light client verified.

    offer   the description must give that app hash
    apply   each chunk must have the digest in the description; one that has not names its sender for CometBFT to drop
    end     the blocks must give the log's root, the records the state's; only then is anything written, all at once

A description can still lie about its chunks; then the end does not add up, and CometBFT tries another snapshot.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from atoll.errors import AtollError
from atoll.ledger.block import Block, BlockSummary, parse_block
from atoll.ledger.chain import Ledger
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.errors import BadSnapshot, OutOfTurn
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.snapshots import FORMAT, MAX_CHUNK_BYTES, Snapshot, parse_snapshot
from atoll.ordering.cometbft.store import app_state
from atoll.primitives.merkle import leaf_hash
from atoll.wire.cbor import decode
from atoll.wire.message import parse_message

log = logging.getLogger("atoll.ordering")

_Offer = abci.ResponseOfferSnapshot
_Apply = abci.ResponseApplySnapshotChunk
MAX_BYTES = 4 << 30
"""Chunks are held in memory until the end; a larger ledger is fetched block by block instead."""


@dataclass(slots=True)
class _Incoming:
    snapshot: Snapshot
    chunks: dict[int, bytes] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Past:
    """A block of a snapshot."""

    block: Block
    summary_bytes: bytes
    consensus_height: int


class Restoring:
    """See the module's docstring."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._incoming: _Incoming | None = None

    def offer(self, offered: abci.Snapshot, app_hash: bytes) -> abci.ResponseOfferSnapshot.Result:
        """Whether to take it.

        Args:
            offered: by another node.
            app_hash: of that height, verified by CometBFT's light client.
        """
        if offered.format != FORMAT:
            return _Offer.REJECT_FORMAT
        try:
            snapshot = parse_snapshot(offered.metadata)
        except BadSnapshot as err:
            log.warning("%s", err)
            return _Offer.REJECT_SENDER
        described = (snapshot.height, len(snapshot.digests), snapshot.digest)
        if described != (offered.height, offered.chunks, offered.hash):
            return _Offer.REJECT_SENDER
        if snapshot.tip.app_hash != app_hash or snapshot.height < self._application.tip.consensus_height:
            return _Offer.REJECT
        self._incoming = _Incoming(snapshot)
        return _Offer.ACCEPT

    async def apply(self, index: int, chunk: bytes, sender: str) -> abci.ResponseApplySnapshotChunk:
        """Take one chunk; with the last one, all of it.

        Raises:
            OutOfTurn: no snapshot was accepted, or it is of another history than what this node has already.
        """
        incoming = self._incoming
        if incoming is None:
            raise OutOfTurn(reason="it sends a chunk of a snapshot that was not accepted")
        digests = incoming.snapshot.digests
        if not 0 <= index < len(digests) or hashlib.sha256(chunk).digest() != digests[index]:
            log.warning("chunk %s of the snapshot from %s is not what was announced", index, sender)
            return abci.ResponseApplySnapshotChunk(result=_Apply.RETRY, refetch_chunks=[index], reject_senders=[sender])
        if index not in incoming.chunks:
            incoming.size += len(chunk)
        incoming.chunks[index] = chunk
        if incoming.size > MAX_BYTES:
            self._incoming = None
            return abci.ResponseApplySnapshotChunk(result=_Apply.REJECT_SNAPSHOT)
        if len(incoming.chunks) < len(digests):
            return abci.ResponseApplySnapshotChunk(result=_Apply.ACCEPT)
        self._incoming = None
        try:
            ledger, blocks = await self._application.offload(lambda: self._verified(incoming))
        except Exception as err:  # strangers wrote it and nothing is taken over yet: whatever is wrong, it is refused
            known = isinstance(err, AtollError)
            log.warning(
                "the snapshot at height %s is refused: %s", incoming.snapshot.height, err, exc_info=None if known else err
            )
            return abci.ResponseApplySnapshotChunk(result=_Apply.REJECT_SNAPSHOT)
        await self._take_over(incoming.snapshot, ledger, blocks)
        return abci.ResponseApplySnapshotChunk(result=_Apply.ACCEPT)

    async def _take_over(self, snapshot: Snapshot, ledger: Ledger, blocks: list[_Past]) -> None:
        application = self._application
        own = application.ledger.log
        if own.size > ledger.log.size or ledger.log.root(own.size) != own.root():
            raise OutOfTurn(reason="the members agreed on another history than this node has")
        rows = ((one.block, one.summary_bytes, one.consensus_height) for one in blocks)
        await application.offload(lambda: application.store.take_over(snapshot.tip, rows, ledger.records.items()))
        application.take_over(ledger, snapshot.tip)

    def _verified(self, incoming: _Incoming) -> tuple[Ledger, list[_Past]]:
        """The ledger in the chunks.

        Raises:
            AtollError: it is not the one that was described.
        """
        snapshot = incoming.snapshot
        ledger = Ledger(self._application.genesis_file)
        blocks: list[_Past] = []
        leaves: list[bytes] = []
        size = ledger.log.size
        for past in _read_blocks(incoming):
            summary = parse_message(past.summary_bytes, BlockSummary)
            last = blocks[-1] if blocks else None
            found = (past.block.height, summary.height, summary.first, len(summary.outcomes))
            _need(found == (len(blocks) + 1, len(blocks) + 1, size, len(past.block.transactions)), "blocks do not follow")
            _need((past.block.time, past.block.term) == (summary.time, summary.term), "a block is not its summary's")
            _need(last is None or last.consensus_height < past.consensus_height, "heights do not ascend")
            leaves += [leaf_hash(one) for one in (*past.block.transactions, past.summary_bytes)]
            size += len(past.block.transactions) + 1
            blocks.append(past)
        tip = snapshot.tip
        _need(len(blocks) == tip.height and blocks[-1].consensus_height <= tip.consensus_height, "blocks are missing")
        _need(blocks[-1].block.time == tip.time, "its time is not the last block's")
        ledger.restore(records=_read_records(incoming), height=tip.height, time=tip.time, leaves=leaves)
        _need(app_state(ledger) == snapshot.state, "it does not give the roots that the members agreed on")
        return ledger, blocks


def _read_blocks(incoming: _Incoming) -> Iterator[_Past]:
    for index in range(len(incoming.snapshot.block_chunks)):
        for item in _read_chunk(incoming.chunks[index]):
            match item:
                case [bytes() as data, bytes() as summary, int() as height] if not isinstance(height, bool):
                    yield _Past(parse_block(data), summary, height)
                case _:
                    raise BadSnapshot(reason="a chunk holds something that is no block")


def _read_records(incoming: _Incoming) -> Iterator[tuple[bytes, bytes]]:
    for index in range(len(incoming.snapshot.block_chunks), len(incoming.snapshot.digests)):
        for item in _read_chunk(incoming.chunks[index]):
            match item:
                case [bytes() as key, bytes() as value]:
                    yield key, value
                case _:
                    raise BadSnapshot(reason="a chunk holds something that is no record")


def _read_chunk(chunk: bytes) -> list[Any]:
    items = decode(chunk, max_bytes=MAX_CHUNK_BYTES)
    if not isinstance(items, list):
        raise BadSnapshot(reason="a chunk is no list")
    return items


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadSnapshot(reason=otherwise)
