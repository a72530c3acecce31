"""Whole ledgers in chunks, for nodes that join late: made every so many heights, byte for byte the same on every node.

    metadata  where the ledger stands, what its app hash stands for, SHA-256 of each chunk and which blocks it holds
    chunks    the blocks in order, each with its summary; then the records in the order of their keys (`chunks.py`)

Records are written down when a snapshot is made, because the state moves on; blocks never change and are read again from the
store. Chunks of blocks are filled one after the other, so all but the last of one snapshot are those of the next, and are not
made again. Half a snapshot has a name of its own, and goes as soon as the other half cannot be written; none is begun that
would leave the blocks no room. Nothing in a snapshot is believed by who takes it over (`restoring.py`); CometBFT's heights of
the blocks are not in it, because nothing that the members agree on says what they are.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.ledger.app_hash import AppState
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.chunks import CHUNK_BYTES, encode_chunk
from atoll.ordering.cometbft.errors import BadSnapshot
from atoll.ordering.cometbft.room import has_room
from atoll.ordering.cometbft.store import Tip, app_state
from atoll.ordering.errors import StoreFull
from atoll.primitives.merkle import HASH_BYTES
from atoll.primitives.smt import Tree
from atoll.wire.cbor import decode, encode
from atoll.wire.message import encode_message

log = logging.getLogger("atoll.ordering")

FORMAT = 3
"""Another one for another CHUNK_BYTES, too: chunks outlive a release."""
KEPT = 2
"""Snapshots kept: who has begun with one can finish while the next is made."""
AS_LARGE = 2
"""So many times as large as the last one, the next is expected not to be."""
MAX_METADATA_BYTES = 4_000_000
_TAG = "snapshot/3"
_METADATA = "metadata"
_HALF = ".part"
_NUMBERS = ("consensus_height", "height", "time")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot, as others are told of it."""

    tip: Tip
    """Where the ledger stands in it."""
    state: AppState
    """What its app hash stands for."""
    block_chunks: tuple[tuple[bytes, int, int], ...]
    """Of each chunk of blocks: SHA-256, first and last height."""
    record_chunks: tuple[bytes, ...]
    """SHA-256 of each chunk of records."""

    @property
    def height(self) -> int:
        """CometBFT's height."""
        return self.tip.consensus_height

    @property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of each chunk, in order."""
        return (*(one[0] for one in self.block_chunks), *self.record_chunks)

    @property
    def metadata(self) -> bytes:
        """Its description."""
        tip, state = self.tip, self.state
        where = [tip.consensus_height, tip.height, tip.time]
        what: list[int | bytes] = [state.log_size, state.log_root, state.state_root]
        return encode([_TAG, where, what, self.block_chunks, self.record_chunks], max_bytes=MAX_METADATA_BYTES)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the description: what CometBFT calls it by."""
        return hashlib.sha256(self.metadata).digest()


def parse_snapshot(metadata: bytes) -> Snapshot:
    """The snapshot that a description is of; whether there is such a ledger is another question.

    Raises:
        BadSnapshot: it is no description, or it contradicts itself.
    """
    try:
        found = _read(decode(metadata, max_bytes=MAX_METADATA_BYTES))
        if found.metadata != metadata:
            raise ValueError("it is not in the one form that there is")
    except (AtollError, ValueError) as err:
        raise BadSnapshot(reason=f"its description cannot be read: {err}") from err
    reached = 0
    for _, first, last in found.block_chunks:
        if first != reached + 1 or last < first:
            raise BadSnapshot(reason="its chunks leave out blocks")
        reached = last
    if reached != found.tip.height or found.tip.height == 0:
        raise BadSnapshot(reason="its chunks leave out blocks")
    return found


def _read(item: Any) -> Snapshot:
    match item:
        case [tag, [*where], [int() as log_size, bytes() as log_root, bytes() as state_root], [*blocks], [*records]] if (
            tag == _TAG and len(where) == len(_NUMBERS) and all(type(one) is int for one in where)
        ):
            state = AppState(log_size=log_size, log_root=log_root, state_root=state_root)
            tip = Tip(**dict(zip(_NUMBERS, where, strict=True)), app_hash=state.app_hash)
            encode_message(tip)  # whose numbers are within bounds
            return Snapshot(tip, state, tuple(map(_read_block_chunk, blocks)), tuple(map(_need_digest, records)))
    raise ValueError("it is no description")


def _read_block_chunk(item: Any) -> tuple[bytes, int, int]:
    match item:
        case [digest, first, last] if type(first) is type(last) is int:
            return _need_digest(digest), first, last
    raise ValueError("it names no blocks")


def _need_digest(digest: Any) -> bytes:
    if not isinstance(digest, bytes) or len(digest) != HASH_BYTES:
        raise ValueError("a digest has 32 bytes")
    return digest


class Snapshots:
    """The snapshots of one node. Calls belong to the event loop; the work is done in a thread."""

    def __init__(
        self, application: Application, folder: Path | None, *, interval_heights: int, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        """Take stock of what is there.

        Args:
            application: whose ledger.
            folder: for the records; None to make none.
            interval_heights: one every so many of CometBFT's heights; 0 for none. The same on all nodes, so that a joining
                node finds the same snapshot at several.
            chunk_bytes: see CHUNK_BYTES; smaller in tests.
        """
        self._application = application
        self._folder = folder
        self._interval = interval_heights if folder is not None else 0
        self._chunk_bytes = chunk_bytes
        self._making: asyncio.Task[None] | None = None
        self._due: tuple[Tip, AppState, Tree] | None = None
        self._kept: dict[int, Snapshot] = {}
        if folder is not None:
            self._kept = dict(_load(folder))

    def all(self) -> list[Snapshot]:
        """Newest first."""
        return [self._kept[height] for height in sorted(self._kept, reverse=True)]

    def after_commit(self) -> None:
        """Begin one if it is time; the node goes on meanwhile. Of several that wait for their turn, the newest has it."""
        tip = self._application.tip
        due = self._interval and tip.consensus_height % self._interval == 0 and tip.height > 0
        if due:
            ledger = self._application.ledger
            self._due = (tip, app_state(ledger), ledger.tree)
            if self._making is None or self._making.done():
                self._making = asyncio.ensure_future(self._make_due())

    async def settle(self) -> None:
        """Until none is being made."""
        if self._making is not None:
            await asyncio.wait([self._making])

    async def chunk(self, height: int, version: int, index: int) -> bytes:
        """One chunk; empty where it is not, or no longer, here."""
        snapshot = self._kept.get(height)
        if snapshot is None or version != FORMAT or not 0 <= index < len(snapshot.digests):
            return b""
        data = await self._application.offload(lambda: self._read(snapshot, index))
        return data if hashlib.sha256(data).digest() == snapshot.digests[index] else b""

    def _read(self, snapshot: Snapshot, index: int) -> bytes:
        if index < len(snapshot.block_chunks):
            _, first, last = snapshot.block_chunks[index]
            return encode_chunk(self._blocks(first, last))
        assert self._folder is not None, "there are snapshots"
        try:
            return (self._folder / str(snapshot.height) / str(index - len(snapshot.block_chunks))).read_bytes()
        except OSError as err:
            log.warning("a chunk of the snapshot at height %s cannot be read: %s", snapshot.height, err)
            return b""

    # -- making ----------------------------------------------------------------------------------------------------------------

    async def _make_due(self) -> None:
        while self._due is not None:
            due, self._due = self._due, None
            await self._make(*due)

    async def _make(self, tip: Tip, state: AppState, tree: Tree) -> None:
        before = self._kept[max(self._kept)] if self._kept else None
        try:
            snapshot = await self._application.offload(lambda: self._write(tip, state, tree, before))
        except (OSError, AtollError) as err:  # a node without snapshots is a node
            log.warning("no snapshot at height %s: %s", tip.consensus_height, err)
            return
        self._kept[snapshot.height] = snapshot
        for old in sorted(self._kept)[:-KEPT]:
            del self._kept[old]
            shutil.rmtree(self._folder_of(old), ignore_errors=True)

    def _write(self, tip: Tip, state: AppState, tree: Tree, before: Snapshot | None) -> Snapshot:
        """One snapshot on disk, or none.

        Raises:
            StoreFull: it could take what the blocks need.
            OSError: it cannot be written.
        """
        whole = self._folder_of(tip.consensus_height)
        half = whole.with_suffix(_HALF)
        shutil.rmtree(half, ignore_errors=True)
        try:
            half.mkdir(parents=True)
            if not has_room(half, 0 if before is None else AS_LARGE * _size(self._folder_of(before.height))):
                raise StoreFull(reason="the disk is too full for another snapshot")
            snapshot = self._write_into(half, tip, state, tree, before)
            shutil.rmtree(whole, ignore_errors=True)
            half.rename(whole)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
        return snapshot

    def _write_into(self, folder: Path, tip: Tip, state: AppState, tree: Tree, before: Snapshot | None) -> Snapshot:
        blocks = list(before.block_chunks[:-1]) if before is not None else []
        for chunk in self._chunks(self._blocks(blocks[-1][2] + 1 if blocks else 1, tip.height)):
            first = blocks[-1][2] + 1 if blocks else 1
            blocks.append((_digest(chunk), first, first + len(chunk) - 1))
        records: list[bytes] = []
        for number, chunk in enumerate(self._chunks([key, value] for key, value in tree.items())):
            (folder / str(number)).write_bytes(encode_chunk(chunk))
            records.append(_digest(chunk))
        snapshot = Snapshot(tip, state, tuple(blocks), tuple(records))
        (folder / _METADATA).write_bytes(snapshot.metadata)
        return snapshot

    def _blocks(self, first: int, last: int) -> Iterator[list[bytes]]:
        return (list(one) for one in self._application.store.encoded_blocks(first, last))

    def _chunks(self, items: Iterable[list[bytes]]) -> Iterator[list[list[bytes]]]:
        chunk: list[list[bytes]] = []
        size = 0
        for item in items:
            length = sum(map(len, item)) + 24
            if chunk and size + length > self._chunk_bytes:
                yield chunk
                chunk, size = [], 0
            chunk.append(item)
            size += length
        if chunk:
            yield chunk

    def _folder_of(self, height: int) -> Path:
        assert self._folder is not None, "snapshots are made"
        return self._folder / str(height)


def _load(folder: Path) -> Iterator[tuple[int, Snapshot]]:
    """Those that were finished; a half of one, or one that was changed, is cleared away."""
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            snapshot = parse_snapshot((one / _METADATA).read_bytes())
            if one.name != str(snapshot.height):
                raise BadSnapshot(reason="it was not finished")
        except (OSError, BadSnapshot) as err:
            log.info("the snapshot %s is not used: %s", one.name, err)
            shutil.rmtree(one, ignore_errors=True)
            continue
        yield snapshot.height, snapshot


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.iterdir())


def _digest(items: Iterable[list[bytes]]) -> bytes:
    return hashlib.sha256(encode_chunk(items)).digest()
