"""Proofs for outsiders: entries, records and the whole state, below the checkpoint that this node has published."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from atoll.ledger import records
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.claims import prove_entry, prove_record
from atoll.ledger.seal import NoteSeal, parse_seal
from atoll.ledger.snapshot import SnapshotFile
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.tlog.assemble import PublishedLog
from atoll.node.tlog.errors import NothingPublished, NotPublishedYet
from atoll.primitives.smt import Tree

PATIENCE_SECONDS = 10
"""How long an entry that is agreed on is waited for until it is published, which takes a moment where nothing is in the way."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Point:
    """A signed checkpoint and the state below it."""

    note: bytes
    checkpoint: Checkpoint
    state: Tree | None


class LedgerProofs:
    """Makes files that anybody verifies offline with a trust file; `atoll.ledger.claims` and `.snapshot` verify them."""

    def __init__(self, context: NodeContext, tlog: PublishedLog) -> None:
        self._context = context
        self._tlog = tlog

    def published(self) -> str:
        """The published checkpoint.

        Raises:
            NothingPublished: there is none yet.
        """
        return self._tlog.shelf.need().note.decode()

    async def entry(self, which: str, *, with_entry: bool) -> bytes:
        """Proof of logging of an entry, by its index or by the 64 digits of a transaction; waits a while where it is yet to be
        published.

        Raises:
            NoSuchThing: the agreed log has none.
            NothingPublished: there is no checkpoint.
            NotPublishedYet: there is none above it.
        """
        index, engine = self._index_of(which), self._context.engine
        if index is None or index >= self._context.view().log_size:
            raise NoSuchThing(what="log entry", name=which)
        point = await self._point_above(index)
        data = next(iter(engine.entries(index, 1)), None) if with_entry else None
        return prove_entry(engine.ledger.log, index, note=point.note, size=point.checkpoint.size, entry=data).encode()

    def record(self, namespace: str, identifier: str) -> bytes:
        """Proof of what the published state says of a record: its value, or that there is none.

        Raises:
            NoSuchThing: there are no records of this kind.
            NothingPublished: there is no checkpoint whose state is at hand.
        """
        if not any(namespace == one.NAMESPACE for one in _kinds()):
            raise NoSuchThing(what="namespace", name=namespace)
        point, state = self._point_with_state()
        key = namespace.encode() + b"\0" + identifier.encode()
        proof = prove_record(
            self._context.engine.ledger.log,
            state,
            key,
            note=point.note,
            size=point.checkpoint.size,
            summary=self._summary(point),
        )
        return proof.encode()

    async def snapshot(self) -> bytes:
        """The published state as a file.

        Raises:
            NothingPublished: there is no checkpoint whose state is at hand.
        """
        point, state = self._point_with_state()
        size = point.checkpoint.size
        hashes = tuple(self._context.engine.ledger.log.inclusion_proof(size - 1, size))
        summary = self._summary(point)

        def make() -> bytes:
            return SnapshotFile(note=point.note, summary=summary, log_proof=hashes, records=dict(state.items())).encode()

        return await self._context.offload(make)

    def _summary(self, point: _Point) -> bytes:
        return next(iter(self._context.engine.entries(point.checkpoint.size - 1, 1)))

    def _index_of(self, which: str) -> int | None:
        if which.isascii() and which.isdigit() and len(which) < 20:
            return int(which)
        try:
            found = self._context.engine.find(bytes.fromhex(which)) if len(which) == 64 else None
        except ValueError:
            return None
        return found.index if found is not None else None

    async def _point_above(self, index: int) -> _Point:
        """The first point that covers an entry, or the newest one. Raises as `entry`."""
        clock = self._context.clock
        ends = clock.monotonic() + PATIENCE_SECONDS
        while (point := self._point()).checkpoint.size <= index:
            if clock.monotonic() > ends:
                raise NotPublishedYet(index=index, size=point.checkpoint.size)
            await asyncio.sleep(LOOK_SECONDS)
        return point

    def _point(self) -> _Point:
        """What is published; where nothing is, the members' own note, if that is how they agree."""
        published = self._tlog.shelf.published
        if published is not None:
            return _Point(published.note, published.checkpoint, published.state)
        seal, view = parse_seal(self._context.engine.seal()), self._context.view()
        if not isinstance(seal, NoteSeal) or self._tlog.publisher is not None:
            raise NothingPublished()
        return _Point(seal.encode(), seal.checkpoint, view.tree if view.log_size == seal.checkpoint.size else None)

    def _point_with_state(self) -> tuple[_Point, Tree]:
        point = self._point()
        if point.state is None:
            raise NothingPublished()
        return point, point.state


def _kinds() -> list[type[records.Record]]:
    found = [one for one in vars(records).values() if isinstance(one, type) and issubclass(one, records.Record)]
    return [one for one in found if one.NAMESPACE]
