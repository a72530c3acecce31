"""Writing the order of a job's process: the plan, whom it meets, what it reads, and the keys that it needs and no others."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from atoll.jobs.bids import Bid, Share
from atoll.jobs.registry import job_kind
from atoll.ledger.plan import Plan, digest_plan_body
from atoll.ledger.records import ConsentRecord, Dataset, Job, Member, Reader
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.depositions import identity_keys
from atoll.node.directory import Directory
from atoll.node.errors import NoSuchThing
from atoll.node.journal import derive_journal_key
from atoll.node.keyring import KeyRing
from atoll.node.order import (
    COMPUTE_ROLE,
    MOST_IDENTITIES,
    LastingOrder,
    LocalInput,
    Peer,
    Version,
    WitnessOrder,
    WorkerOrder,
)
from atoll.node.prints import print_folder
from atoll.node.tables import table_folder
from atoll.policy.terms import HONEST_MAJORITY
from atoll.primitives.drbg import SeededEntropy
from atoll.trust.keys import SEED_BYTES, Purpose, SecretKey

MALICIOUS_MODEL = HONEST_MAJORITY + "malicious"


class Orders:
    """Writes the order of a job's process."""

    def __init__(self, context: NodeContext, bodies: Bodies, keys: KeyRing, directory: Directory) -> None:
        self._context = context
        self._bodies = bodies
        self._keys = keys
        self._directory = directory

    def write(
        self, plan: Plan, job: Job, *, job_key: bytes, attempt: int, journal: Path, shares: tuple[Share, ...] = ()
    ) -> WorkerOrder:
        """What the process of a started job is told."""
        view = self._context.view()
        body = self._bodies.get(Kind.PLAN, plan.job_id.hex())
        assert body is not None, "the plan was decided on, so it is here"
        tls = self._keys.tls(view)
        certificates = self._directory.certificates()
        mine = {(one.role, one.index) for one in plan.parties if one.org == self._context.org}
        me = view.get(Member, self._context.org)
        memory_bytes, traffic_bytes = self._context.config.ceilings.hold(plan.limits)
        return WorkerOrder(
            org=self._context.org,
            plan=body,
            attached=self._bodies.get(Kind.ATTACHED, plan.job_id.hex()) or b"" if plan.attached else b"",
            attempt=attempt,
            job_key=job_key,
            peers=tuple(self._peer(org, job, certificates) for org in job.parties),
            endpoint=me.peer if me else "",
            tls_scalar=tls.expose_scalar(),
            tls_certificate=tls.certificate,
            inputs=tuple(self._input(one.dataset) for one in plan.inputs if (one.role, one.index) in mine),
            folders=tuple(str(one) for one in self._context.config.folders),
            journal=str(journal),
            journal_key=self.journal_key(plan.job_id.hex()),
            seconds_left=max(0, plan.not_after - self._context.clock.now()),
            memory_bytes=memory_bytes,
            traffic_bytes=traffic_bytes,
            bids=_bids(plan, job, view),
            shares=shares,
            lasting=self._lasting(plan, period, mine) if (period := job_kind(plan.kind).period(plan)) is not None else None,
            witness=self._witness(plan, body, attempt, mine),
        )

    def journal_key(self, identifier: str) -> bytes:
        """What the journal and the result of a job are sealed under."""
        return derive_journal_key(self._keys.storage_key(), identifier)

    def _peer(self, org: str, job: Job, certificates: dict[str, tuple[bytes, ...]]) -> Peer:
        view = self._context.view()
        consent = view.get(ConsentRecord, f"{job.job_id.hex()}/{org}")
        member = view.get(Member, org)
        if consent is None or member is None:
            raise NoSuchThing(what="consent of", name=org)
        keys = identity_keys(view, org, job.started_height)
        return Peer(
            org=org,
            job_key=consent.job_key,
            certificates=certificates.get(org, ()),
            endpoint=member.peer,
            identities=tuple(islice((key.public for key in keys if key.revoked_height is None), MOST_IDENTITIES)),
        )

    def _witness(self, plan: Plan, body: bytes, attempt: int, mine: set[tuple[str, int]]) -> WitnessOrder | None:
        """A key for what this organisation's compute node says, in its name, where the plan reckons with malicious ones."""
        place = next((index for role, index in mine if role == COMPUTE_ROLE), None)
        if place is None or plan.adversary_model != MALICIOUS_MODEL:
            return None
        from atoll.protocols.mpc.claims import PlaceKey, attempt_context  # the engine: most jobs have no compute node

        seed = self._context.entropy.bytes(SEED_BYTES)
        public = SecretKey(Purpose.IDENTITY, seed).public.data
        key = PlaceKey(context=attempt_context(digest_plan_body(body), attempt), place=place, public=public)
        sign = self._keys.signing(Purpose.IDENTITY, self._context.view)
        return WitnessOrder(seed=seed, signature=sign(key.to_sign()))

    def _lasting(self, plan: Plan, period: int, mine: set[tuple[str, int]]) -> LastingOrder:
        """Where tables are kept, and the secret of those of the own dataset."""
        granted = next(one.dataset for one in plan.inputs if one.grant)
        own = next(one.dataset for one in plan.inputs if (one.role, one.index) in mine)
        secrets = SeededEntropy(self._keys.storage_key()).fork("tables")
        view = self._context.view()
        records = {one.dataset: view.get(Dataset, one.dataset) for one in plan.inputs}
        return LastingOrder(
            folder=str(table_folder(self._context.config.home.tables, period, granted)),
            key=secrets.fork("sealing").bytes(32),
            secret=secrets.fork(f"secret of {own}").bytes(32),
            versions=tuple(Version(dataset=name, commitment=one.card_commitment) for name, one in records.items() if one),
        )

    def _input(self, dataset: str) -> LocalInput:
        local = self._context.store.dataset(dataset)
        record = self._context.view().get(Dataset, dataset)
        if local is None or record is None:
            raise NoSuchThing(what="dataset", name=dataset)
        card = self._bodies.card(dataset)
        return LocalInput(
            dataset=dataset,
            address=local.path,
            fingerprint=local.digest,
            prints=str(print_folder(self._context.config.home, dataset)),
            rows_at_most=card.rows_at_most if card is not None else 0,
        )


def _bids(plan: Plan, job: Job, view: Reader) -> tuple[Bid, ...]:
    """What the plan's bidders have committed to, in the order of their consents on the ledger."""
    places = {one.org: one.index for one in plan.parties if one.role == "owner"}
    found = [view.get(ConsentRecord, f"{job.job_id.hex()}/{org}") for org in job.bidders]
    consents = sorted((one for one in found if one is not None), key=lambda one: one.before)
    return tuple(Bid(place=places[one.org], commitments=one.bid) for one in consents)
