"""Uses that this organisation has consented to and that no START has taken yet, by grant.

START counts against the grant's own budget. A term that bounds the count lower is known to this node alone, so this node counts
what it has promised, or jobs that are proposed at once would all fit below the bound.
"""

from __future__ import annotations

from collections import defaultdict

from atoll.ledger.records import Job, JobState
from atoll.node.context import NodeContext

PROMISED = frozenset({"consenting", "consented"})
"""Phases of a job at this node from the decision to consent until the ledger says otherwise."""
WAITING = frozenset({JobState.PROPOSED, JobState.CONSENTED})
"""States of a job of which START has taken nothing."""


class Promises:
    """The jobs that wait for their START with this organisation's consent.

    Cost: `uses` reads one record for each such job under the grant; those that wait no longer are dropped as they are met.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._jobs: defaultdict[bytes, set[str]] | None = None

    def note(self, job: Job) -> None:
        """This organisation is about to consent; called before anything is waited for."""
        self._note(self._known(), job)

    def forget(self, job: Job) -> None:
        """It has not consented after all."""
        for one in job.inputs:
            self._known()[one.grant].discard(job.job_id.hex())

    def uses(self, grant: bytes, *, besides: bytes) -> int:
        """How many uses of a grant are promised to jobs other than this one."""
        view, waiting, total = self._context.view(), self._known()[grant], 0
        for identifier in tuple(waiting):
            job = view.get(Job, identifier)
            if job is None or job.state not in WAITING:
                waiting.discard(identifier)
            elif job.job_id != besides:
                total += sum(one.grant == grant for one in job.inputs)
        return total

    def _known(self) -> defaultdict[bytes, set[str]]:
        """What is noted; after a start of the node, from its store."""
        if self._jobs is None:
            self._jobs = defaultdict(set)
            view = self._context.view()
            for local in self._context.store.jobs():
                job = view.get(Job, local.id) if local.phase in PROMISED else None
                if job is not None and job.state in WAITING:
                    self._note(self._jobs, job)
        return self._jobs

    @staticmethod
    def _note(jobs: defaultdict[bytes, set[str]], job: Job) -> None:
        for one in job.inputs:
            if one.grant:
                jobs[one.grant].add(job.job_id.hex())
