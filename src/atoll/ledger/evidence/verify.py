"""The offline verifier: a bundle and a trust file in, a finding out, and nothing else needed or believed.

The order is that of the argument. The container is whole. The genesis is the trust file's. The members that count are those
that the steps lead to, and a quorum of them stands for one checkpoint. Everything else is below that checkpoint: each
transaction by its place in the log and its outcome in its block's summary, each key, membership, grant and dataset by its
record in that block's state, and the job itself by its record in the last state, which says what there must be: every consent,
every receipt, and how it ended. Bodies open the commitments that were signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.ledger.detail import RECEIPT_DOMAIN, RESULT_DOMAIN, ReceiptDetail
from atoll.ledger.evidence import names
from atoll.ledger.evidence.acts import Act, verify_act
from atoll.ledger.evidence.anchor import Anchor
from atoll.ledger.evidence.bundle import Bundle, Entry, parse_bundle
from atoll.ledger.evidence.errors import Contradiction, IncompleteEvidence, KeyNotInForce, NotProven, WrongOpening
from atoll.ledger.evidence.finding import Consented, Finding, Receipted, Standing, Used
from atoll.ledger.evidence.orders import verify_orders
from atoll.ledger.evidence.parts import blame
from atoll.ledger.evidence.trust import TrustFile
from atoll.ledger.plan import Plan, digest_plan_body
from atoll.ledger.records import Dataset, EngineKind, Grant, GrantState, Job, JobInput, JobState, counted_inputs, unshared
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.rules.job import ConsentJob, ExpireJob, FailJob, ProposeJob, RefuseJob, StartJob, WithdrawJob
from atoll.ledger.rules.receipt import GiveReceipt
from atoll.ledger.vouching import kind_of_trust
from atoll.primitives.commitment import is_opening
from atoll.wire.cbor import decode
from atoll.wire.message import parse_message

TERMS_DOMAIN = "grant-terms"
"""Domain of a grant's commitment; the policy layer writes the terms, the ledger only opens them."""
CARD_DOMAIN = "dataset-card"
"""Domain of a dataset's commitment to its card."""

ENDINGS: Mapping[JobState, tuple[str, type[RefuseJob | WithdrawJob | FailJob | ExpireJob]]] = {
    JobState.REFUSED: (names.REFUSAL, RefuseJob),
    JobState.WITHDRAWN: (names.WITHDRAWAL, WithdrawJob),
    JobState.FAILED: (names.FAILURE, FailJob),
    JobState.EXPIRED: (names.EXPIRY, ExpireJob),
    JobState.UNACKNOWLEDGED: (names.EXPIRY, ExpireJob),
}
"""The transaction that ends a job in each of these states."""
STARTED = frozenset({JobState.STARTED, JobState.COMPLETED, JobState.FAILED, JobState.UNACKNOWLEDGED})
"""States that no job reaches without START."""


def verify_evidence(data: bytes, trust: TrustFile, *, now: int | None = None) -> Finding:
    """Verify a bundle from the trust file alone.

    Args:
        data: the bundle, from anybody.
        trust: from a founder; never from where the bundle came from.
        now: the verifier's time, Unix seconds, for the finding's age; nothing is refused by it.

    Returns:
        What was proved; see `Finding`.

    Raises:
        EvidenceError: what does not hold, and in which entry.

    Leaks: nothing; it reads no clock and asks nobody. Cost: a few signatures, and some fifty hashes, for each entry.
    """
    bundle = parse_bundle(data)
    finding = _Case(bundle, trust).finding(now)
    bundle.need_all_read()
    return finding


def verify_result_opening(finding: Finding, result: bytes, opening: bytes) -> None:
    """Check that a result is the one that every participant signed a commitment to.

    Args:
        finding: of a bundle with receipts.
        result: the result's bytes, exactly as the receiver got them.
        opening: the 32 bytes that the receivers hold.

    Raises:
        WrongOpening: it is not, or nobody signed a receipt.
    """
    commitment = finding.result_commitment
    if commitment is None or not is_opening(commitment, RESULT_DOMAIN, opening, result):
        raise WrongOpening(job=finding.job_id.hex())


class _Case:
    """One bundle on the way to a finding."""

    def __init__(self, bundle: Bundle, trust: TrustFile) -> None:
        self._bundle = bundle
        self._anchor = Anchor(bundle, trust)
        self._job = self._last_record()
        self._closed: list[str] = []
        self._titles = {one.org: one.title for one in self._anchor.genesis.founders}

    def finding(self, now: int | None) -> Finding:
        job, anchor = self._job, self._anchor
        proposal = self._proposal()
        consents = tuple(self._consent(org) for org in job.consents)
        start = self._start(consents) if job.started_height else None
        uses = tuple(self._use(one, start) for one in job.inputs) if start else ()
        plan = self._plan()
        receipts = tuple(self._receipt(org, start, plan) for org in job.receipts)
        commitment = self._common_result(receipts)
        ending = self._ending()
        orders = verify_orders(anchor)
        self._titles |= {one.act.org: one.act.title for one in orders}
        self._need_in_order([proposal, *(one.act for one in consents), start, *(one.act for one, _ in receipts), ending])
        return Finding(
            chain_id=anchor.genesis.chain_id,
            genesis_digest=anchor.genesis_digest,
            founded=anchor.genesis.time,
            test=anchor.genesis.test,
            job_id=job.job_id,
            kind=job.kind,
            state=job.state,
            reason=job.reason,
            plan_digest=job.plan_digest,
            plan=plan,
            parties=job.parties,
            receivers=job.receivers,
            titles=dict(sorted(self._titles.items())),
            not_after=job.not_after,
            proposal=proposal,
            consents=consents,
            start=start,
            uses=uses,
            receipts=tuple(one for one, _ in receipts),
            orders=orders,
            ending=ending,
            result_commitment=commitment,
            standing=self._standing(),
            closed=tuple(self._closed),
            entries=len(self._bundle),
            verified_at=now,
        )

    # -- the job ---------------------------------------------------------------------------------------------------------------

    def _last_record(self) -> Job:
        """The job as the ledger held it at the checkpoint: what must be in the bundle follows from it."""
        height = self._anchor.top.summary.height
        for entry in self._bundle.entries:
            prefix, _, rest = entry.name.partition(" ")
            if prefix == Job.NAMESPACE:
                job, proof = self._anchor.record(Job, rest.split(" ")[0], height)
                is_started = job.state in STARTED
                if is_started != (job.started_height > 0) or (job.state is JobState.COMPLETED and job.receipts != job.parties):
                    raise Contradiction.at(proof, reason=f"no job is {job.state} that way")
                return job
        raise IncompleteEvidence(name=f"job ... at block {height}")

    def _proposal(self) -> Act:
        job = self._job
        act, body, entry = verify_act(self._anchor, names.PROPOSAL, ProposeJob, org=job.proposer)
        proposed = (body.job_id, body.kind, body.plan_digest, body.parties, tuple(sorted(set(body.receivers))), body.inputs)
        kept = (job.job_id, job.kind, job.plan_digest, job.parties, job.receivers, job.inputs)
        if (*proposed, body.not_after, act.height) != (*kept, job.not_after, job.proposed_height):
            raise Contradiction.at(entry, reason="the ledger's record of the job says something else")
        return self._noted(act)

    def _consent(self, org: str) -> Consented:
        act, body, entry = verify_act(self._anchor, names.consent(org), ConsentJob, org=org)
        self._need_this_job(entry, body.job_id)
        self._need_this_plan(entry, body.plan_digest)
        if act.time > self._job.not_after:
            raise Contradiction.at(entry, reason="it came after the job's deadline")
        return Consented(act=self._noted(act), software=body.software, build=body.build, standing=body.standing)

    def _start(self, consents: tuple[Consented, ...]) -> Act:
        job = self._job
        act, body, entry = verify_act(self._anchor, names.START, StartJob)
        self._need_this_job(entry, body.job_id)
        if act.org not in job.parties or act.height != job.started_height or act.time > job.not_after:
            raise Contradiction.at(entry, reason="it is not the START that the job's record names")
        missing = sorted(set(job.parties) - {one.act.org for one in consents})
        if missing:
            raise Contradiction.at(entry, reason=f"it lacks the consent of {', '.join(missing)}")
        return self._noted(act)

    def _receipt(self, org: str, start: Act | None, plan: Plan | None) -> tuple[Receipted, GiveReceipt]:
        act, body, entry = verify_act(self._anchor, names.receipt(org), GiveReceipt, org=org)
        self._need_this_job(entry, body.job_id)
        self._need_this_plan(entry, body.plan_digest)
        if start is None or org not in self._job.parties:
            raise Contradiction.at(entry, reason="there is nothing that it could be a receipt of")
        opened = self._open(names.detail(org))
        detail = None
        if opened is not None:
            with blame(opened):
                detail = parse_message(opened.body, ReceiptDetail)
            self._need_opens(opened, body.detail_commitment, RECEIPT_DOMAIN, detail.salt)
            self._need_agrees(opened, detail, org, plan)
        return Receipted(act=self._noted(act), detail=detail), body

    def _common_result(self, receipts: tuple[tuple[Receipted, GiveReceipt], ...]) -> bytes | None:
        """The one commitment that all receipts share."""
        for one, body in receipts:
            if body.result_commitment != receipts[0][1].result_commitment:
                entry = self._bundle.need(one.act.entry)
                raise Contradiction.at(entry, reason="it commits to another result than the others")
        return receipts[0][1].result_commitment if receipts else None

    def _ending(self) -> Act | None:
        job = self._job
        if job.state not in ENDINGS:
            return None
        name, kind = ENDINGS[job.state]
        act, body, entry = verify_act(self._anchor, name, kind)
        self._need_this_job(entry, body.job_id)
        said = {
            JobState.WITHDRAWN: f"withdrawn by {act.org}",
            JobState.EXPIRED: job.reason,
            JobState.UNACKNOWLEDGED: job.reason,
        }.get(job.state, getattr(body, "code", ""))
        if said != job.reason or (act.org not in job.parties and kind is not ExpireJob):
            raise Contradiction.at(entry, reason="it is not the end that the job's record tells of")
        return self._noted(act)

    # -- what it rests on ------------------------------------------------------------------------------------------------------

    def _use(self, one: JobInput, start: Act) -> Used:
        registration, body, entry = verify_act(self._anchor, names.registration(one.dataset), RegisterDataset, org=one.user)
        dataset, proof = self._anchor.record_around(Dataset, one.dataset, start.height)
        registered = (body.dataset, body.card_commitment, body.level, registration.height)
        if registered != (one.dataset, dataset.card_commitment, dataset.level, dataset.height):
            raise Contradiction.at(entry, reason=f"it is not the registration of {one.dataset}")
        if dataset.owner != one.user or not dataset.is_usable_by(one.receiver):
            why = f"{one.dataset} was {dataset.state}, owned by {dataset.owner}, when the job started"
            raise KeyNotInForce.at(proof, reason=why)
        if unshared(self._job.inputs, self._job.receivers):
            raise KeyNotInForce.at(proof, reason="a receiver gets something of an input that does not stand in the job for it")
        if not one.grant and one.receiver != one.user:
            raise KeyNotInForce.at(
                proof, reason=f"{one.dataset} went into the job without a grant, and not for its owner alone"
            )
        grant, giving = self._grant(one, start) if one.grant else (None, None)
        return Used(
            dataset=one.dataset,
            owner=dataset.owner,
            level=dataset.level,
            rows_cap=one.rows_cap,
            registration=self._noted(registration),
            card=self._document(names.card(one.dataset), dataset.card_commitment, CARD_DOMAIN),
            grant=one.grant,
            grantee=grant.grantee if grant else "",
            giving=giving,
            not_before=grant.not_before if grant else 0,
            not_after=grant.not_after if grant else 0,
            terms=self._document(names.terms(one.grant), grant.terms_commitment, TERMS_DOMAIN) if grant else None,
        )

    def _grant(self, one: JobInput, start: Act) -> tuple[Grant, Act]:
        """The grant, in force for this job when it started (the same conditions as `need_in_force`)."""
        giving, body, entry = verify_act(self._anchor, names.giving(one.grant), GiveGrant, org=one.user)
        grant, proof = self._anchor.record_around(Grant, one.grant.hex(), start.height)
        given = (body.grant, body.grantee, body.dataset, body.terms_commitment, body.not_before, body.not_after)
        kept = (grant.grant, grant.grantee, grant.dataset, grant.terms_commitment, grant.not_before, grant.not_after)
        capped_alike = (body.caps, body.counting) == (grant.caps, grant.counting)
        if given != kept or not capped_alike or giving.index > start.index:
            raise Contradiction.at(entry, reason="it did not give the grant that the job rests on")
        in_force = grant.state is GrantState.ACTIVE and grant.not_before <= start.time <= grant.not_after
        fits = (grant.version, grant.dataset) == (one.grant_version, one.dataset)
        if not (in_force and fits and grant.grantee == one.receiver):
            why = f"grant {one.grant.hex()} did not carry this job when it started"
            raise KeyNotInForce.at(proof, reason=why)
        return grant, self._noted(giving)

    def _plan(self) -> Plan | None:
        entry = self._open(names.PLAN)
        if entry is None:
            return None
        if digest_plan_body(entry.body) != self._job.plan_digest:
            raise NotProven.at(entry, reason="it is not the plan that the parties consented to")
        with blame(entry):
            plan = parse_message(entry.body, Plan)
        difference = _difference(plan, self._job, self._anchor)
        if difference:
            raise Contradiction.at(entry, reason=f"plan and proposal differ in {difference}")
        return plan

    # -- small things ----------------------------------------------------------------------------------------------------------

    def _standing(self) -> Standing:
        anchor, members = self._anchor, self._anchor.members
        vouched, top = anchor.vouched, anchor.top.summary
        return Standing(
            kind=kind_of_trust(members, len(vouched.stood_at)),
            engine=members.engine,
            sequencer=members.sequencer if members.engine is EngineKind.EMBEDDED else "",
            term=members.term,
            cosigned_at=dict(sorted(vouched.stood_at.items())),
            quorum=members.quorum(),
            counted=len(members.counted()),
            agreed_at=vouched.agreed_at,
            size=anchor.checkpoint.size,
            root=anchor.checkpoint.root,
            height=top.height,
            time=top.time,
            steps=anchor.steps,
        )

    def _open(self, name: str) -> Entry | None:
        """A body, or None where this bundle keeps it closed."""
        entry = self._bundle.find(name)
        if entry is None:
            self._closed.append(name)
        return entry

    def _document(self, name: str, commitment: bytes, domain: str) -> Mapping[str, Any] | None:
        """A committed body that an upper layer wrote: its salt is looked up in it, the rest is shown as it is."""
        entry = self._open(name)
        if entry is None:
            return None
        with blame(entry):
            value = decode(entry.body)
        match value:
            case [str(), dict() as fields] if isinstance(fields.get("salt"), bytes):
                self._need_opens(entry, commitment, domain, fields["salt"])
                return fields
        raise NotProven.at(entry, reason="it holds no salt, so it opens nothing")

    def _need_opens(self, entry: Entry, commitment: bytes, domain: str, salt: bytes) -> None:
        if not is_opening(commitment, domain, salt, entry.body):
            raise NotProven.at(entry, reason="it is not what the ledger's commitment is to")

    def _need_agrees(self, entry: Entry, detail: ReceiptDetail, org: str, plan: Plan | None) -> None:
        if (detail.org, detail.job_id) != (org, self._job.job_id):
            raise Contradiction.at(entry, reason="it is the detail of another receipt")
        if detail.insecure and not self._anchor.genesis.test:
            raise Contradiction.at(entry, reason="an insecure mode took part, and this is no test")
        ran = (detail.protocol, detail.protocol_version, detail.adversary_model)
        if plan is not None and ran != (plan.protocol, plan.protocol_version, plan.adversary_model):
            raise Contradiction.at(entry, reason="another protocol ran than the plan says")

    def _need_this_job(self, entry: Entry, job_id: bytes) -> None:
        if job_id != self._job.job_id:
            raise Contradiction.at(entry, reason=f"it is for another job, {job_id.hex()}")

    def _need_this_plan(self, entry: Entry, digest: bytes) -> None:
        if digest != self._job.plan_digest:
            raise Contradiction.at(entry, reason="it is for another plan of this job")

    def _need_in_order(self, stages: list[Act | None]) -> None:
        """Proposal, consents, START, receipts, end: each stage stands in the log after the ones before it."""
        proposal, *rest = [one for one in stages if one is not None]
        start = next((one for one in rest if one.entry == names.START), None)
        for act in rest:
            is_early = act.entry in {names.consent(org) for org in self._job.consents}
            late = start is not None and act is not start and (act.index < start.index) is not is_early
            if act.index <= proposal.index or late:
                entry = self._bundle.need(act.entry)
                raise Contradiction.at(entry, reason="it stands at the wrong place in the log's order")

    def _noted(self, act: Act) -> Act:
        self._titles[act.org] = act.title
        return act


def _difference(plan: Plan, job: Job, anchor: Anchor) -> str:
    """In what a plan and its proposal differ; empty if they agree."""
    pairs = {
        "the consortium": ((plan.chain_id, plan.genesis_digest), (anchor.chain.chain_id, anchor.genesis_digest)),
        "the job's identifier": (plan.job_id, job.job_id),
        "the kind of job": (plan.kind, job.kind),
        "the parties": (plan.orgs(), job.parties),
        "the receivers": (plan.receivers(), job.receivers),
        "the inputs": (counted_inputs(plan), job.inputs),
        "the deadline": (plan.not_after, job.not_after),
    }
    return next((name for name, (said, kept) in pairs.items() if said != kept), "")
