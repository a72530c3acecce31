"""Exporting evidence from this node's own ledger and shelf of documents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.evidence import export_evidence, export_members
from atoll.ledger.records import Dataset, Grant, Job
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import PlanChanged


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
        job = self._context.need(Job, identifier)
        await self._collect(job)
        source = NodeSource(self._context, self._bodies)
        data = await self._context.offload(lambda: export_evidence(source, bytes.fromhex(identifier)))
        self._context.note(actor, "evidence.export", identifier, f"{len(data)} bytes")
        return data

    async def members(self) -> bytes:
        """Who counts now, proved from the founders on.

        Raises:
            NotExportable: a change of who counts cannot be shown.
        """
        source = NodeSource(self._context, self._bodies)
        return await self._context.offload(lambda: export_members(source))

    async def _collect(self, job: Job) -> None:
        """Ask for what belongs into the bundle and may be on its way; what does not come stays out of it."""
        view, identifier = self._context.view(), job.job_id.hex()
        wanted = [(Kind.PLAN, identifier, (job.proposer, *job.parties))]
        wanted += [(Kind.DETAIL, f"{identifier}/{org}", (org, *job.parties)) for org in job.receipts]
        for one in job.inputs:
            grant, dataset = (view.get(Grant, one.grant.hex()) if one.grant else None), view.get(Dataset, one.dataset)
            wanted += [(Kind.TERMS, one.grant.hex(), (grant.giver, *grant.parties()))] if grant is not None else []
            wanted += [(Kind.CARD, one.dataset, (dataset.owner, *job.parties))] if dataset is not None else []
        with suppress(PlanChanged):
            await asyncio.gather(*(self._bodies.fetch(view, *one, patience_seconds=PATIENCE_SECONDS) for one in wanted))


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

    def seal(self) -> bytes:
        return self._engine.seal()

    def seal_of(self, height: int) -> bytes | None:
        return self._engine.seal_of(height)

    def body(self, kind: str, identifier: str) -> bytes | None:
        return self._bodies.get(Kind(kind), identifier)
