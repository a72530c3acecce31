"""Taking over a snapshot from other nodes. The only thing believed is the app hash, which CometBFT's light client verified.

    offer   the description must give that app hash
    apply   each chunk must have the digest in the description; one that has not names its sender for CometBFT to drop
    end     the blocks must give the log's root, then the records the state's; only then is anything taken over, all at once

A description can still lie about its chunks; then the end does not add up, CometBFT drops whoever sent them, all of whom had
announced this very description, and tries another snapshot. Chunks lie on disk until then, beside the store, and are read one
pair at a time: in memory is what a ledger holds there anyway, leaf hashes and records, and no record is read before the blocks
are known to be the log, nor more of them than those blocks can have written. A liar can fill the disk up to what a log of the
agreed length may take, and never to the end. Where this node's own disk is what fails, nobody is dropped for it, and the node
goes on waiting for a snapshot.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from atoll.errors import AtollError
from atoll.ledger.block import Block, BlockSummary, parse_block
from atoll.ledger.chain import Ledger
from atoll.ledger.tiles import MAX_ENTRY_BYTES
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.chunks import read_chunk
from atoll.ordering.cometbft.errors import BadSnapshot, OutOfTurn
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.room import has_room
from atoll.ordering.cometbft.snapshots import FORMAT, Snapshot, parse_snapshot
from atoll.ordering.cometbft.store import app_state
from atoll.ordering.errors import StoreFull
from atoll.primitives.merkle import leaf_hash
from atoll.wire.message import parse_message

log = logging.getLogger("atoll.ordering")

_Offer = abci.ResponseOfferSnapshot
_Apply = abci.ResponseApplySnapshotChunk
MOST_BYTES_AN_ENTRY = 4 * MAX_ENTRY_BYTES
"""Of a snapshot, for each entry of its log, whose length is under the app hash: the entry, and what it has written down."""
TAKEN_OVER = 2
"""So many times its size, beside its chunks, is written when it is taken over: to SQLite's log, then to the database."""
MOST_WRITTEN = 16
"""Bytes of records for each byte of the blocks that wrote them. Of the transactions there are, none reaches 5."""
RECORD_BYTES = 128
"""Counted for each record beside its own: what it takes in memory is more."""
FIRST_BYTES = 1 << 20
"""Of records, whatever the blocks are: the genesis wrote some."""


@dataclass(slots=True)
class _Incoming:
    snapshot: Snapshot
    folder: Path
    taken: dict[int, int] = field(default_factory=dict)
    """Bytes of the chunks that are here, by index."""
    size: int = 0
    senders: set[str] = field(default_factory=set)

    def take(self, index: int, chunk: bytes) -> None:
        """Write a chunk down.

        Raises:
            BadSnapshot: it is larger than a ledger of its length could be.
            StoreFull: the disk is too small for it.
        """
        self.size += len(chunk) - self.taken.get(index, 0)
        if self.size > self.snapshot.state.log_size * MOST_BYTES_AN_ENTRY:
            raise BadSnapshot(reason=f"it is larger than a log of {self.snapshot.state.log_size} entries makes it")
        try:
            if not has_room(self.folder, len(chunk) + TAKEN_OVER * self.size):
                raise StoreFull(reason="the disk is too small for the snapshot that was offered")
            (self.folder / str(index)).write_bytes(chunk)
        except OSError as err:
            raise StoreFull(reason=f"a chunk of a snapshot cannot be kept: {err.strerror}") from err
        self.taken[index] = len(chunk)

    def blocks(self) -> Iterator[_Past]:
        """Its blocks in order."""
        for data, summary in self._pairs(0, len(self.snapshot.block_chunks)):
            yield _Past(parse_block(data), summary, len(data) + len(summary))

    def records(self, *, most_bytes: int) -> Iterator[tuple[bytes, bytes]]:
        """Its records in the order of their keys.

        Raises:
            BadSnapshot: they are not in this order, or more than `most_bytes`; the rest was not read.
        """
        last = b""
        for key, value in self._pairs(len(self.snapshot.block_chunks), len(self.snapshot.digests)):
            most_bytes -= _record_bytes(key, value)
            _need(most_bytes >= 0, "it holds more records than its blocks can have written")
            _need(key > last, "its records are not in the order of their keys")
            last = key
            yield key, value

    def _pairs(self, first: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        """Of these chunks, one chunk in memory at a time."""
        for index in range(first, end):
            yield from read_chunk((self.folder / str(index)).read_bytes())


@dataclass(frozen=True, slots=True)
class _Past:
    """A block of a snapshot."""

    block: Block
    summary_bytes: bytes
    size: int
    """Bytes of both."""


class Restoring:
    """See the module's docstring."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._folder = application.store.path.with_name(f"{application.store.path.name}.incoming")
        self._incoming: _Incoming | None = None
        self._clear()

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
        self._clear()
        try:
            self._folder.mkdir(mode=0o700)
        except OSError as err:
            log.warning("no snapshot can be taken: %s: %s", self._folder, err.strerror)
            return _Offer.REJECT
        self._incoming = _Incoming(snapshot, self._folder)
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
        incoming.senders.add(sender)
        try:
            await self._application.offload(lambda: incoming.take(index, chunk))
            if len(incoming.taken) < len(digests):
                return abci.ResponseApplySnapshotChunk(result=_Apply.ACCEPT)
            ledger = await self._application.offload(lambda: self._verified(incoming))
        except (StoreFull, OSError) as err:
            return self._refuse(err)
        except Exception as err:  # strangers wrote it and nothing is taken over yet: whatever is wrong, it is refused
            if not isinstance(err, AtollError):
                log.warning("a snapshot cannot be read", exc_info=err)
            return self._refuse(err, senders=incoming.senders)
        try:
            await self._write(incoming, ledger)
        except (StoreFull, OSError) as err:  # nothing of it is there; any other error ends the node
            return self._refuse(err)
        self._application.take_over(ledger, incoming.snapshot.tip)
        self._clear()
        return abci.ResponseApplySnapshotChunk(result=_Apply.ACCEPT)

    def _refuse(self, err: Exception, *, senders: Iterable[str] = ()) -> abci.ResponseApplySnapshotChunk:
        """Not this snapshot; CometBFT tries another one, without these senders."""
        log.warning("a snapshot is not taken over: %s", err)
        self._clear()
        dropped = sorted(one for one in senders if one)
        return abci.ResponseApplySnapshotChunk(result=_Apply.REJECT_SNAPSHOT, reject_senders=dropped)

    def _clear(self) -> None:
        """Nothing is coming in."""
        self._incoming = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _write(self, incoming: _Incoming, ledger: Ledger) -> None:
        """Make it durable, as a whole or not at all.

        Raises:
            OutOfTurn: it is of another history than what this node has already.
            StoreFull, OSError: this node's disk; nothing of it is there.
        """
        own, store = self._application.ledger.log, self._application.store
        if own.size > ledger.log.size or ledger.log.root(own.size) != own.root():
            raise OutOfTurn(reason="the members agreed on another history than this node has")
        rows = ((one.block, one.summary_bytes) for one in incoming.blocks())
        await self._application.offload(lambda: store.take_over(incoming.snapshot.tip, rows, ledger.records.items()))

    def _verified(self, incoming: _Incoming) -> Ledger:
        """The ledger in the chunks.

        Raises:
            AtollError: it is not the one that was described.
        """
        snapshot = incoming.snapshot
        tip, state = snapshot.tip, snapshot.state
        ledger = Ledger(self._application.genesis_file)
        most_bytes = FIRST_BYTES + sum(_record_bytes(*one) for one in ledger.records.items())
        leaves: list[bytes] = []
        size, height, time = ledger.log.size, 0, 0
        for past in incoming.blocks():
            block, summary = past.block, parse_message(past.summary_bytes, BlockSummary)
            height, time = height + 1, block.time
            found = (block.height, summary.height, summary.first, len(summary.outcomes))
            _need(found == (height, height, size, len(block.transactions)), "blocks do not follow")
            _need((block.time, block.term) == (summary.time, summary.term), "a block is not its summary's")
            leaves += [leaf_hash(one) for one in (*block.transactions, past.summary_bytes)]
            size += len(block.transactions) + 1
            most_bytes += MOST_WRITTEN * past.size
            _need(size <= state.log_size, "it holds more than the log")
        log_after = ledger.log.frontier().extend(leaves)
        _need((log_after.size, log_after.root) == (state.log_size, state.log_root), "its blocks are not the log")
        _need((height, time) == (tip.height, tip.time), "its last block is not the one described")
        ledger.restore(records=incoming.records(most_bytes=most_bytes), height=height, time=time, leaves=leaves)
        _need(app_state(ledger) == state, "it does not give the roots that the members agreed on")
        return ledger


def _record_bytes(key: bytes, value: bytes) -> int:
    return RECORD_BYTES + len(key) + len(value)


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadSnapshot(reason=otherwise)
