"""Exporting evidence from this node's own ledger and shelf of documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.evidence import export_evidence
from atoll.ledger.records import Job
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing


class Evidence:
    """Makes evidence bundles."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    async def export(self, identifier: str, actor: str) -> bytes:
        """The evidence bundle of a job.

        Raises:
            NoSuchThing: the ledger holds no such job.
            IncompleteEvidence and others of `atoll.ledger.evidence`: this node does not hold what a bundle needs.
        """
        if self._context.view().get(Job, identifier) is None:
            raise NoSuchThing(what="job", name=identifier)
        source = NodeSource(self._context, self._bodies)
        data = await self._context.offload(lambda: export_evidence(source, bytes.fromhex(identifier)))
        self._context.note(actor, "evidence.export", identifier, f"{len(data)} bytes")
        return data


class NodeSource:
    """`EvidenceSource` over this node's engine and shelf."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._engine = context.engine
        self._bodies = bodies

    @property
    def ledger(self) -> Ledger:
        return self._engine.ledger

    def entries(self, first: int, count: int) -> Sequence[bytes]:
        found = [self._engine.entry(index) for index in range(first, first + count)]
        return [data for data in found if data is not None]

    def blocks(self, first: int, last: int) -> Iterator[Block]:
        return self._engine.blocks(first, last)

    def checkpoint(self) -> bytes:
        return self._engine.note()

    def note(self, height: int) -> bytes | None:
        return self._engine.note_of(height)

    def body(self, kind: str, identifier: str) -> bytes | None:
        return self._bodies.get(Kind(kind), identifier)
