"""What the ledger tells of a version: where it comes from, how it stood, what it was compared with, what was disputed."""

from __future__ import annotations

from typing import Any

from atoll.api.models import CheckInfo, HistoryInfo, PastState, VersionInfo
from atoll.exchange.registration import Lineage, lineage_to_prov, trace_lineage
from atoll.ledger.records import Check, Dataset, Job
from atoll.node.context import NodeContext
from atoll.node.disputes import Disputes


class Histories:
    """Answers from this node's own copy of the ledger."""

    def __init__(self, context: NodeContext, disputes: Disputes) -> None:
        self._context = context
        self._disputes = disputes

    async def show(self, dataset: str) -> HistoryInfo:
        """Everything about one version.

        Raises:
            NoSuchThing: the ledger holds none of this name.
        """
        view = self._context.view()
        record = self._context.need(Dataset, dataset)
        lineage = self._trace(dataset)
        checks = [one for one in self._context.records(Check) if dataset in (one.new, one.incumbent)]
        return HistoryInfo(
            dataset=dataset,
            versions=[_version(one) for one in lineage.versions],
            edges=[[one.child, one.parent, str(one.kind)] for one in lineage.edges],
            states=[
                PastState(height=one.height, state=one.state, finding=one.finding, first=record.first)
                for one in record.standings
            ],
            checks=[
                CheckInfo(
                    new=one.new,
                    incumbent=one.incumbent,
                    stage=one.stage,
                    job=one.job.hex(),
                    state=str(job.state) if (job := view.get(Job, one.job.hex())) else "unknown",
                    attempts=one.attempts,
                    stated=one.is_stated,
                    unanswered=one.is_unanswered,
                )
                for one in checks
            ],
            disputes=[*await self._disputes.about(dataset)],
            complete=lineage.is_whole,
        )

    def prov(self, dataset: str) -> dict[str, Any]:
        """A version's lineage as PROV-O in JSON-LD. Raises as `show`."""
        self._context.need(Dataset, dataset)
        return lineage_to_prov(self._trace(dataset), chain_id=self._context.view().chain.chain_id)

    def _trace(self, dataset: str) -> Lineage:
        view = self._context.view()
        return trace_lineage(dataset, version=lambda name: view.get(Dataset, name), job=lambda one: view.get(Job, one.hex()))


def _version(one: Dataset) -> VersionInfo:
    return VersionInfo(
        dataset=one.dataset,
        owner=one.owner,
        state=one.state,
        finding=one.finding,
        first=one.first,
        level=one.level,
        height=one.height,
        time=one.time,
        parents=list(one.parents),
        source_job=one.source_job.hex(),
        unanswered=one.unanswered,
    )
