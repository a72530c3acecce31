"""From what a person asks for to a plan, and from a plan to a proposal on the ledger."""

from __future__ import annotations

import asyncio

from atoll.api.models import CoalitionInfo, DraftInfo, ForeseenInfo, OptionInfo, ProposeJob
from atoll.errors import AtollError
from atoll.jobs.errors import BadPlan
from atoll.jobs.periods import period_of
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Limits, Plan, digest_plan_body
from atoll.ledger.records import Dataset, Grant
from atoll.node.bodies import MAX_BODY_BYTES, PATIENCE_SECONDS, Bodies, Kind, readers
from atoll.node.budgets import Budgets
from atoll.node.consents import Consents
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, ProposalUnconfirmed, TransactionRefused
from atoll.node.proposed import proposal_of
from atoll.node.purposes import Purposes
from atoll.node.unconfirmed import Unconfirmed
from atoll.ordering.errors import NotAcknowledged
from atoll.policy.foresight import Foresight
from atoll.wire.cbor import encode
from atoll.wire.message import encode_message
from atoll.wire.plain import from_plain, to_plain

TRAFFIC_MARGIN = 4
"""The cap on traffic, as a multiple of the estimate: resumes send some of it again."""
LEAST_TRAFFIC_BYTES = 64 << 20
MOST_PLAN_BYTES = 1 << 24
"""More than the bounds of a plan's fields let it take; only to tell how long one is that is too long."""


class Proposals:
    """Drafts plans and proposes them."""

    def __init__(self, context: NodeContext, bodies: Bodies, purposes: Purposes, budgets: Budgets, consents: Consents) -> None:
        self._context = context
        self._consents = consents
        self._bodies = bodies
        self._purposes = purposes
        self._budgets = budgets
        self._unconfirmed = Unconfirmed(context, bodies)

    def draft(self, request: ProposeJob) -> Plan:
        """The plan of what a person asks for. Raises as `draft_whole`."""
        return self.draft_whole(request)[0]

    def draft_whole(self, request: ProposeJob) -> tuple[Plan, bytes]:
        """The plan of what a person asks for, and what travels beside it.

        Raises:
            BadRequest, MessageError: the specification is not one of this kind.
            JobError: no plan can be made of it, or one that is too long to be sent.
        """
        kind = job_kind(request.kind)
        draft = kind.draft(kind.in_period(from_plain(kind.spec, request.spec), period_of(self._context.now())))
        entropy, genesis = self._context.entropy, self._context.view().chain.genesis_digest
        fields = draft.to_fields() | {
            "salt": entropy.bytes(32),
            "chain_id": self._context.view().chain.chain_id,
            "genesis_digest": genesis,
            "job_id": entropy.bytes(16),
            "purpose": request.purpose,
            "limits": Limits(
                memory_bytes=request.memory_mb << 20, traffic_bytes=LEAST_TRAFFIC_BYTES, attempts=request.attempts
            ),
            "not_after": self._context.now() + request.minutes * 60,
        }
        plan = Plan(**fields)
        fields["purpose_tags"] = self._purposes.tags(plan)
        traffic = max(LEAST_TRAFFIC_BYTES, TRAFFIC_MARGIN * kind.estimate(plan).traffic_bytes)
        fields["limits"] = Limits(memory_bytes=request.memory_mb << 20, traffic_bytes=traffic, attempts=request.attempts)
        plan = Plan(**fields)
        try:
            kind.check(plan)
            kind.verify_attached(plan, draft.beside)
        except AtollError as err:
            raise BadRequest(reason=str(err)) from err
        _verify_length(plan)
        return plan, draft.beside

    async def preview(self, request: ProposeJob) -> DraftInfo:
        """What the job would take and show; nothing is kept or sent. Raises as `draft`."""
        plan, beside = await self._draft_with_terms(request)
        await self._collect_cards(plan)
        kind = job_kind(plan.kind)
        estimate = kind.estimate(plan)
        explained = kind.explain(from_plain(kind.spec, request.spec))
        return DraftInfo(
            plan=to_plain(plan),
            estimate={
                "seconds": estimate.seconds,
                "traffic_mb": estimate.traffic_bytes / 1e6,
                "memory_mb": estimate.memory_bytes / 1e6,
            },
            leakage=plan.leakage,
            adversary_model=plan.adversary_model,
            coalitions=[CoalitionInfo(members=list(one.members), reads=list(one.reads)) for one in plan.coalitions],
            takes=self._budgets.of_plan(plan),
            foreseen=[_foreseen(plan, one) for one in self._consents.foresee(plan)],
            result_columns=[one.name for one in kind.result_schema(plan)],
            why=explained.why,
            program=kind.read_attached(plan, beside) if beside else "",
            options=[
                OptionInfo(
                    name=one.name,
                    chosen=one.chosen,
                    why_not=one.why_not,
                    seconds=round(one.seconds, 2),
                    traffic_mb=one.traffic_bytes / 1e6,
                    memory_mb=one.memory_bytes / 1e6,
                )
                for one in explained.options
            ],
        )

    async def propose(self, request: ProposeJob, *, actor: str = "person") -> str:
        """Draft, keep and offer the plan, and put its digest on the ledger; the job's identifier.

        The same words once more, before a quorum has confirmed the first proposal, mean that one: no second job is made.

        Raises:
            ProposalUnconfirmed: it was handed in, and may still be carried out.
        """
        known = self._unconfirmed.find(request)
        plan, beside = (known, self._beside(known)) if known else await self._draft_with_terms(request)
        body = encode_message(plan)
        identifier = plan.job_id.hex()
        self._bodies.keep(Kind.PLAN, identifier, body)
        if beside:
            self._bodies.keep(Kind.ATTACHED, identifier, beside)
        self._context.store.update_job(identifier, phase="proposed")
        await self._hand_in(request, plan, body)
        self._context.note(actor, "job.propose", identifier, plan.kind)
        to = dict.fromkeys((*plan.orgs(), *readers(self._context.view())))
        await self._bodies.offer(Kind.PLAN, identifier, body, to)
        if beside:  # whoever has the plan can tell whether this is what it names
            await self._bodies.offer(Kind.ATTACHED, identifier, beside, to)
        return identifier

    async def _hand_in(self, request: ProposeJob, plan: Plan, body: bytes) -> None:
        """Put the digest of a plan on the ledger, where it is not there yet."""
        try:
            if self._unconfirmed.job(plan) is None:
                await self._context.outbox.submit(proposal_of(plan, digest_plan_body(body)))
        except NotAcknowledged as err:  # noted only now: two that are asked for at once are two jobs
            self._unconfirmed.note(request, plan)
            raise ProposalUnconfirmed(job=plan.job_id.hex(), seconds=f"{err.operands['seconds']:g}") from err
        except TransactionRefused:
            if self._unconfirmed.job(plan) is None:  # else an earlier try was carried out meanwhile
                self._unconfirmed.forget(request, plan)
                raise
        self._unconfirmed.forget(request, plan)

    def _beside(self, plan: Plan) -> bytes:
        """What travels beside a plan that was kept."""
        return self._bodies.get(Kind.ATTACHED, plan.job_id.hex()) or b""

    async def _draft_with_terms(self, request: ProposeJob) -> tuple[Plan, bytes]:
        """The draft, once the terms are here that say what the ledger calls its purpose: a grant may be younger than they."""
        (plan, beside), view = self.draft_whole(request), self._context.view()
        found = [view.get(Grant, one.grant.hex()) for one in plan.inputs if one.grant]
        missing = [one for one in found if one is not None and self._bodies.terms(one.grant) is None]
        fetch, patience = self._bodies.fetch, PATIENCE_SECONDS
        await asyncio.gather(
            *(fetch(view, Kind.TERMS, one.grant.hex(), one.parties(), patience_seconds=patience) for one in missing)
        )
        return self.draft_whole(request) if missing else (plan, beside)

    async def _collect_cards(self, plan: Plan) -> None:
        """Ask for the cards by which others decide, where they are not here; without one less can be foreseen."""
        view, fetch = self._context.view(), self._bodies.fetch
        known = (one.dataset for one in plan.inputs if view.get(Dataset, one.dataset) is not None)
        missing = [one for one in dict.fromkeys(known) if not self._bodies.fits(view, Kind.CARD, one)]
        await asyncio.gather(*(fetch(view, Kind.CARD, one, (one.partition("/")[0],)) for one in missing))


def _foreseen(plan: Plan, one: Foresight) -> ForeseenInfo:
    decision = one.decision.to_plain()
    return ForeseenInfo(org=one.org, unknown=list(one.unknown), asks_for_bid=one.org in plan.bidders(), **decision)


def _verify_length(plan: Plan) -> None:
    """Refuse a plan that could be proposed and never be sent."""
    length = len(encode([plan.TAG, plan.to_map()], max_bytes=MOST_PLAN_BYTES))
    if length > MAX_BODY_BYTES:
        what = "leave out columns or organisations, or shorten names"
        raise BadPlan(kind=plan.kind, reason=f"it takes {length} bytes, and {MAX_BODY_BYTES} can be sent; {what}")
