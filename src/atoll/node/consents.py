"""From a proposal to a consent or a refusal, at this organisation's own node.

The plan must be the one whose digest is on the ledger, must agree with its proposal, must fit its job kind; then
`policy.decide` answers against this node's own copy of the ledger. A refusal is a transaction that this organisation signs. The
job's secrets are durable before the consent that rests on them is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from atoll.errors import JobError
from atoll.jobs.bids import SHARES, Share, commit_shares
from atoll.jobs.errors import UnknownKind
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, plan_digest
from atoll.ledger.records import SIMILARITY, Chain, Dataset, Grant, Job, JobState
from atoll.ledger.rights import chain_of
from atoll.ledger.rules.errors import ApprovalMissing, DeadlinePassed, GrantExhausted, StandingNotInForce
from atoll.ledger.rules.job import ConsentJob, RefuseJob
from atoll.node.bodies import Bodies, Body, Kind
from atoll.node.context import NodeContext
from atoll.node.duties import Duties
from atoll.node.errors import (
    BidMissing,
    BodyOnItsWay,
    NotEntrusted,
    PlanChanged,
    PlanInconsistent,
    PlanMissing,
    ProgramNotReviewed,
    TransactionRefused,
)
from atoll.node.promises import Promises
from atoll.node.proposed import disagreement
from atoll.node.purposes import Purposes
from atoll.node.reviews import Reviews
from atoll.node.standing import StandingConsents
from atoll.policy.coalition import outside_nodes, unacknowledged
from atoll.policy.decide import Decision, Question, Verdict, decide
from atoll.policy.foresight import Foresight, foresee
from atoll.policy.programs import unreviewed
from atoll.wire.message import Digest, Message, Size, encode_message, parse_message

log = logging.getLogger("atoll.consents")
USED_UP = frozenset({GrantExhausted.code, StandingNotInForce.code})
"""Why the ledger refuses a consent by a standing consent that another job has used up, or that has just ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSecrets(Message):
    """What this node keeps secret for one job; sealed on disk, durable before the consent."""

    TAG: ClassVar[str] = "job-secrets/1"

    job_key: Digest
    """X25519 private key whose public part stands in the consent."""
    shares: Annotated[tuple[Share, ...], Size(0, SHARES)] = ()
    """Of the own bid; none where there is none."""

    def __repr__(self) -> str:
        return "JobSecrets(...)"


async def _nothing() -> None:
    """Nobody prepares."""


class Consents:
    """Decides on proposals and signs what was decided."""

    def __init__(
        self, context: NodeContext, bodies: Bodies, purposes: Purposes, *, prepare: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        """Args: prepare: called before a consent is given, because the job may start as soon as it is."""
        self._reviews = Reviews(context)
        self._standing = StandingConsents(context, bodies)
        self._duties = Duties(context, bodies)
        self._promises = Promises(context)
        self._context = context
        self._bodies = bodies
        self._purposes = purposes
        self._prepare = prepare

    async def consider(self, job: Job) -> None:
        """Decide on a proposed job and sign the decision; a job that awaits a person's approval is left waiting."""
        identifier = job.job_id.hex()
        local = self._context.store.job(identifier)
        if self._context.org in job.bidders and self._context.view().time > job.bids_until:
            await self.refuse(identifier, DeadlinePassed.code, actor="node")  # no bid is taken any more, so nothing can start
            return
        if local is not None and local.phase == "awaiting approval":
            return
        if local is not None and local.phase == "refused":  # decided before a crash; the ledger does not have it yet
            await self.refuse(identifier, local.error, actor="node")
            return
        try:
            plan = await self._proposed(job)
            await self._collect(plan)
            decision = self.decide(plan, job.proposer)
            if not decision.denies:  # a program can take long to look at, which is not done for whom the rules turn away
                await self._verify_attached(job, plan)
                decision = self.decide(plan, job.proposer)
        except PlanMissing:
            self._context.store.update_job(identifier, phase="waiting for plan")
            return
        except BodyOnItsWay as err:  # to refuse would be for good; the reactor looks again
            self._context.store.update_job(identifier, phase="waiting for documents")
            log.info("not decided yet", extra={"job": identifier, "code": err.code, "error": str(err)})
            return
        except (JobError, UnknownKind) as err:
            await self.refuse(identifier, err.code, actor="node")
            return
        self._context.store.update_job(identifier, decision=decision.to_plain())
        approved = local is not None and local.phase == "consented"  # a person has; the ledger does not have it yet
        if self._lacks_bid(plan) and not decision.denies:  # that a person says, whatever the rules permit
            self._context.store.update_job(identifier, phase="awaiting approval")
            self._context.note("node", "job.ask", identifier, BidMissing.code)
            return
        if decision.verdict is Verdict.PERMIT or (approved and decision.verdict is Verdict.ASK):
            await self.consent(job, actor="node", standing=decision.standing)
        elif decision.verdict is Verdict.ASK:
            self._context.store.update_job(identifier, phase="awaiting approval")
            self._context.note("node", "job.ask", identifier, decision.code)
        else:
            await self.refuse(identifier, decision.code, actor="node")

    async def take(self, org: str, body: Body) -> None:
        """A peer sends a document. A plan that is not the proposed one, sent by the proposer itself, is refused for all to
        see."""
        try:
            self._bodies.accept(self._context.view(), org, body)
        except PlanChanged as err:
            job = self._context.view().get(Job, body.identifier)
            if job is not None and self._context.org in job.parties and self._context.org not in job.consents:
                await self.refuse(body.identifier, err.code, actor="node")
            raise

    async def checked_plan(self, job: Job) -> Plan:
        """The plan of a job, if it is the proposed one and its kind can carry it out.

        Raises:
            PlanMissing: nobody gives it.
            JobError, UnknownKind: it contradicts its proposal, the chain, its kind, or what travels beside it.
        """
        plan = await self._proposed(job)
        await self._verify_attached(job, plan)
        return plan

    async def _proposed(self, job: Job) -> Plan:
        """The plan alone. Raises as `checked_plan`."""
        identifier = job.job_id.hex()
        data = await self._bodies.fetch(self._context.view(), Kind.PLAN, identifier, _holders(job))
        if data is None:
            raise PlanMissing(job=identifier)
        plan = parse_message(data, Plan)
        difference = disagreement(plan, job, self._context.view().get(Chain, "0"))
        if difference:
            raise PlanInconsistent(job=identifier, what=difference)
        kind = job_kind(plan.kind)
        kind.check(plan)
        kind.verify_traffic(plan)
        kind.verify_period(plan, self._context.now())
        return plan

    async def _verify_attached(self, job: Job, plan: Plan) -> None:
        """What travels beside a plan is what the plan says of it, where something does.

        Raises:
            PlanMissing: nobody gives it.
            JobError: it is something else.
        """
        identifier, body = plan.job_id.hex(), b""
        if plan.attached:
            found = await self._bodies.fetch(self._context.view(), Kind.ATTACHED, identifier, _holders(job))
            if found is None:
                raise PlanMissing(job=identifier)
            body = found
        await self._context.offload(lambda: job_kind(plan.kind).verify_attached(plan, body))

    async def _collect(self, plan: Plan) -> None:
        """Ask for terms and scopes that did not come, of grants that somebody else gave in this organisation's data, and for
        the cards of a check of near duplicates.

        Raises:
            BodyOnItsWay: one did not come in time, and what is not known denies.
        """
        view = self._context.view()
        for one in plan.inputs:
            if plan.kind == SIMILARITY:  # whether two versions are worth comparing is read off both cards
                if view.get(Dataset, one.dataset) is not None:
                    await self._bodies.need(view, Kind.CARD, one.dataset, (one.dataset.partition("/")[0],))
                continue
            grant = view.get(Grant, one.grant.hex()) if one.grant else None
            if grant is None or grant.owner != self._context.org:
                continue
            await self._bodies.need(view, Kind.TERMS, one.grant.hex(), (grant.giver, grant.grantee))
            for right in chain_of(view, grant.right)[0]:
                if right.scope_commitment:
                    await self._bodies.need(view, Kind.SCOPE, right.right.hex(), (right.grantor, right.holder))

    def find_withdrawal(self, plan: Plan, proposer: str) -> str:
        """Code of the first reason why this organisation would not consent any more to a job that START has charged and whose
        process has yet to begin; empty if there is none."""
        decision = self.decide(plan, proposer, charged=True)
        return decision.code if decision.denies else self.find_unreviewed(plan)

    def find_unreviewed(self, plan: Plan) -> str:
        """Code of the refusal of a program on own data that nobody here stands for any more; empty where all are reviewed."""
        return ProgramNotReviewed.code if unreviewed(self._question(plan, self._context.org)) else ""

    def decide(self, plan: Plan, proposer: str, *, charged: bool = False) -> Decision:
        """What policy says about a checked plan and who proposed it, here and now.

        Args:
            charged: START has taken what the job takes.
        """
        return decide(replace(self._question(plan, proposer), charged=charged))

    def foresee(self, plan: Plan) -> list[Foresight]:
        """What each party would say if this organisation proposed a plan now, as far as it is known here; the own one first."""
        question, me = self._question(plan, self._context.org), self._context.org
        return [foresee(question, org) for org in sorted(plan.orgs(), key=lambda org: (org != me, org))]

    def _question(self, plan: Plan, proposer: str) -> Question:
        view = self._context.view()
        return Question(
            me=self._context.org,
            proposer=proposer,
            plan=plan,
            demands=job_kind(plan.kind).demands(plan),
            view=view,
            card=lambda dataset: self._bodies.believed(view, dataset)[0],
            terms=lambda grant: self._bodies.terms(grant) if self._bodies.fits(view, Kind.TERMS, grant.hex()) else None,
            revoked=self._context.is_revoked,
            purpose_salt=self._purposes.salt,
            rules=self._context.config.policy,
            now=self._context.now(),
            scopes=lambda right: self._bodies.scope(right) if self._bodies.fits(view, Kind.SCOPE, right.hex()) else None,
            standing=self._standing.held,
            performed=self._duties.performed,
            promised=lambda grant: self._promises.uses(grant, besides=plan.job_id),
            reviewed=self._reviews.holds,
            entrusted=bool(self._context.store.meta(_entrusting(plan.job_id.hex()))),
        )

    def entrust(self, job: Job) -> None:
        """A person acknowledges, for this job, compute nodes of which this organisation is none; durable before the consent."""
        self._context.store.set_meta(_entrusting(job.job_id.hex()), b"1")

    def verify_person(self, plan: Plan) -> None:
        """What no approval of a job says by itself, and no standing consent: a review of its program, an acknowledgement of
        its compute nodes.

        Raises:
            ProgramNotReviewed, NotEntrusted.
        """
        question = self._question(plan, self._context.org)
        for digest, name in unreviewed(question).items():
            raise ProgramNotReviewed(name=name, digest=digest)
        if nodes := unacknowledged(question):
            raise NotEntrusted(nodes=", ".join(nodes))

    def split_bid(self, plan: Plan, value: int | None) -> tuple[Share, ...]:
        """The shares of what this organisation bids; none where it is asked for no bid.

        Raises:
            BadBid, BadPlan: the value would count as none, or nothing is bid for.
            BidMissing: None, where a bid is asked for. One that was kept when another try failed is not meant.
        """
        if value is not None:
            return job_kind(plan.kind).split_bid(plan, value, self._context.entropy)
        if self._context.org in plan.bidders():
            raise BidMissing(job=plan.job_id.hex())
        return ()

    def keep_bid(self, plan: Plan, shares: tuple[Share, ...]) -> None:
        """Keep the own bid; durable before the consent that commits to it."""
        self._new_secrets(plan.job_id.hex(), shares)

    def withhold(self, identifier: str) -> None:
        """The own bid will not be opened."""
        self._context.store.set_meta(_withholding(identifier), b"1")

    def opened_shares(self, identifier: str) -> tuple[Share, ...]:
        """The shares of the own bid, as they are opened to the compute nodes; none where there is none or it is withheld."""
        secrets = self.secrets(identifier)
        return () if secrets is None or self._context.store.meta(_withholding(identifier)) else secrets.shares

    def _lacks_bid(self, plan: Plan) -> bool:
        """Whether this organisation is asked for a bid that nobody has made yet."""
        secrets = self.secrets(plan.job_id.hex())
        return self._context.org in plan.bidders() and (secrets is None or not secrets.shares)

    def _commitments(self, plan: Plan, secrets: JobSecrets) -> tuple[bytes, ...]:
        """To the shares of the own bid."""
        place = next((one.index for one in plan.parties if (one.role, one.org) == ("owner", self._context.org)), 0)
        return commit_shares(secrets.shares, plan=plan_digest(plan), place=place)

    async def consent(self, job: Job, *, actor: str, standing: bytes = b"") -> None:
        """Sign the consent to this job, with a fresh key that is durable first.

        Args:
            standing: the standing consent by which; if the ledger no longer counts it, a person is asked after all.
        """
        identifier = job.job_id.hex()
        plan = self._bodies.plan(identifier)
        assert plan is not None, "it was decided on"
        if self._lacks_bid(plan):
            raise BidMissing(job=identifier)
        self.verify_person(plan)
        self._promises.note(job)
        await self._context.fresh_view()
        secrets = self.secrets(identifier) or self._new_secrets(identifier)
        public = X25519PrivateKey.from_private_bytes(secrets.job_key).public_key().public_bytes_raw()
        # after a crash, `consented` stands for a person's approval; a standing consent is looked for again instead
        self._context.store.update_job(identifier, phase="consenting" if standing else "consented")
        await self._prepare()
        body = ConsentJob(
            job_id=job.job_id,
            plan_digest=job.plan_digest,
            job_key=public,
            software=self._context.software,
            build=self._context.build,
            standing=standing,
            approval=self._context.store.meta(f"approval/{identifier}") or b"",
            entrusts=outside_nodes(plan, self._context.org),
            bid=self._commitments(plan, secrets),
        )
        try:
            await self._context.outbox.submit(body)
        except TransactionRefused as err:
            if err.operands["rule"] == ApprovalMissing.code:  # it waits for a person with a key of its own
                self._promises.forget(job)
                self._context.store.update_job(identifier, phase="awaiting approval")
            if not standing or err.operands["rule"] not in USED_UP:
                raise
            self._promises.forget(job)
            self._context.store.update_job(identifier, phase="awaiting approval")
            self._context.note("node", "job.ask", identifier, err.operands["rule"])
            return
        self._context.store.update_job(identifier, phase="consented")
        self._context.note(actor, "job.consent", identifier, f"by standing consent {standing.hex()}" if standing else "ok")
        log.info("consented", extra={"job": identifier})

    async def refuse(self, identifier: str, code: str, *, actor: str) -> None:
        """Sign a refusal with the code of its reason."""
        refusal = RefuseJob(job_id=bytes.fromhex(identifier), code=code)  # of a code that cannot be said, nothing is remembered
        self._context.store.update_job(identifier, phase="refused", error=code)
        await self._context.outbox.submit(refusal)
        self._context.note(actor, "job.refuse", identifier, code)
        log.warning("refused", extra={"job": identifier, "code": code})

    def secrets(self, identifier: str) -> JobSecrets | None:
        """This node's secrets of a job, where it has any."""
        sealed = self._context.store.job_secret(identifier)
        return parse_message(self._context.sealer.open(f"job/{identifier}", sealed), JobSecrets) if sealed else None

    def remembers(self, identifier: str) -> bool:
        """Whether this node has secrets of a job."""
        return bool(self._context.store.job_secret(identifier))

    def forget(self, identifier: str) -> None:
        """The job has ended: its key opens nothing any more."""
        if self.remembers(identifier):
            self._context.store.set_job_secret(identifier, b"")

    def _new_secrets(self, identifier: str, shares: tuple[Share, ...] = ()) -> JobSecrets:
        secrets = JobSecrets(job_key=self._context.entropy.bytes(32), shares=shares)
        sealed = self._context.sealer.seal(f"job/{identifier}", encode_message(secrets))
        self._context.store.set_job_secret(identifier, sealed)
        return secrets


def _entrusting(identifier: str) -> str:
    """Where it is noted that a person has acknowledged the compute nodes of a job."""
    return f"entrusted/{identifier}"


def _withholding(identifier: str) -> str:
    """Where it is noted that the own bid of a job is not opened."""
    return f"withheld/{identifier}"


def _holders(job: Job) -> tuple[str, ...]:
    """Who can be asked for what was proposed, the proposer first."""
    return tuple(dict.fromkeys((job.proposer, *job.parties)))


def is_open(job: Job) -> bool:
    """Whether anything can still happen to a job."""
    return job.state in (JobState.PROPOSED, JobState.CONSENTED, JobState.STARTED)
