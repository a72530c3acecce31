"""Proposals that were handed in and that no quorum has confirmed yet: asked for once more, they are found and not made twice.

What a person asks for is drafted with a salt and an identifier of its own, so asking twice would be two jobs and take two uses.
Until the deadline of the first one, the same words mean the first one, as long as it waits, runs or has completed.
"""

from __future__ import annotations

from hashlib import sha256

from atoll.api.models import ProposeJob
from atoll.ledger.plan import Plan
from atoll.ledger.records import Job, JobState
from atoll.node.bodies import Bodies
from atoll.node.consents import is_open
from atoll.node.context import NodeContext


class Unconfirmed:
    """Which job a request was handed in as."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    def note(self, request: ProposeJob, plan: Plan) -> None:
        """It was handed in, and no quorum confirmed it in time; durable when this returns."""
        self._context.store.set_meta(_slot(request), plan.job_id)

    def forget(self, request: ProposeJob, plan: Plan) -> None:
        """It was confirmed or refused: the same words mean another job from now on."""
        if self._context.store.meta(_slot(request)) == plan.job_id:
            self._context.store.set_meta(_slot(request), b"")

    def find(self, request: ProposeJob) -> Plan | None:
        """The plan that was handed in with these words, unless its deadline is over or it has ended without a result."""
        identifier = (self._context.store.meta(_slot(request)) or b"").hex()
        plan = self._bodies.plan(identifier) if identifier else None
        if plan is None or plan.not_after <= self._context.now():
            return None
        job = self.job(plan)
        return plan if job is None or is_open(job) or job.state is JobState.COMPLETED else None

    def job(self, plan: Plan) -> Job | None:
        """What became of it on the ledger; None where it has not come that far."""
        return self._context.view().get(Job, plan.job_id.hex())


def _slot(request: ProposeJob) -> str:
    """A name for what a person has asked for."""
    return f"unconfirmed/{sha256(request.model_dump_json().encode()).hexdigest()}"
