"""What a plan says, and what its proposal says of it on the ledger."""

from __future__ import annotations

from atoll.ledger.plan import Plan
from atoll.ledger.records import Chain, Job, counted_inputs
from atoll.ledger.rules.job import ProposeJob


def proposal_of(plan: Plan, digest: bytes) -> ProposeJob:
    """The transaction that proposes a plan."""
    return ProposeJob(
        job_id=plan.job_id,
        kind=plan.kind,
        plan_digest=digest,
        parties=plan.orgs(),
        receivers=plan.receivers(),
        inputs=counted_inputs(plan),
        not_after=plan.not_after,
        bidders=plan.bidders(),
        bids_until=plan.bids_until,
    )


def disagreement(plan: Plan, job: Job, chain: Chain | None) -> str:
    """In what a plan and its proposal differ; empty if they agree."""
    if chain is None or (plan.chain_id, plan.genesis_digest) != (chain.chain_id, chain.genesis_digest):
        return "the ledger they are for"
    pairs = {
        "job id": (plan.job_id, job.job_id),
        "kind": (plan.kind, job.kind),
        "parties": (plan.orgs(), job.parties),
        "receivers": (plan.receivers(), job.receivers),
        "inputs": (counted_inputs(plan), job.inputs),
        "deadline": (plan.not_after, job.not_after),
        "bidders": (plan.bidders(), job.bidders),
        "end of bids": (plan.bids_until, job.bids_until),
    }
    return next((name for name, (said, proposed) in pairs.items() if said != proposed), "")
