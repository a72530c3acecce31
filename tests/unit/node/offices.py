"""Nodes without sockets, processes or time: the parts that decide and sign, over a ledger on paper.

offices = Offices()
bank, bureau = offices["bank"], offices["bureau"]
job = await offices.propose(plan)
await bureau.consents.consider(job)

A body that one of them asks for is answered by the other's real code; what one of them submits is carried out at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from atoll.jobs.intersection import GrantUse, Intersection, IntersectionSpec, Side
from atoll.ledger.plan import Limits, Plan, digest_plan_body
from atoll.ledger.records import EngineKind, Job
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.grant import GiveGrant
from atoll.ledger.transaction import transaction_id
from atoll.node.bodies import Bodies, Body, BodyName, Kind
from atoll.node.budgets import Budgets
from atoll.node.config import Config, Home
from atoll.node.consents import Consents
from atoll.node.context import NodeContext
from atoll.node.outbox import Outbox
from atoll.node.proposals import Proposals
from atoll.node.proposed import proposal_of
from atoll.node.purposes import Purposes
from atoll.ordering.engine import Acknowledged, View
from atoll.ordering.errors import NotAcknowledged, NotAdmitted, StaleView
from atoll.ordering.offload import inline
from atoll.policy.card import CARD_DOMAIN, ColumnCard, DatasetCard
from atoll.policy.demand import Exposure
from atoll.policy.local import LocalRules
from atoll.policy.terms import TERMS_DOMAIN, GrantTerms, TermRule
from atoll.primitives.commitment import commit
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.smt import Tree
from atoll.storage.sealed import Sealer
from atoll.storage.store import NodeStore
from atoll.testing.consortium import FOUNDED
from atoll.testing.members import Unreachable
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.signer import SoftwareSigner
from atoll.wire.message import encode_message, parse_message
from tests.unit.rules.lagoon import Lagoon

CUSTOMERS, FILES, GRANT, JOB = "bank/customers/1", "bureau/files/1", b"\x61" * 16, b"\x01" * 16
RULE = "national-id/1"


@dataclass
class Clock:
    """Stands where it is put; whoever waits by it waits an hour."""

    time: int = FOUNDED + 1
    waited: float = 0.0

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        self.waited += 3600.0
        return self.waited


class Keys:
    """As much of a key ring as signs transactions."""

    def __init__(self, keys: dict[str, SecretKey]) -> None:
        self.signer = SoftwareSigner(keys)


class PaperEngine:
    """Carries a transaction out at once, one a block; as an ordering engine it is very agreeable."""

    def __init__(self, lagoon: Lagoon, log: list[tuple[bytes, Acknowledged]]) -> None:
        """Args: log: what all engines of one ledger have carried out or refused, one a block."""
        self.lagoon = lagoon
        self.log = log
        self.kind = EngineKind.EMBEDDED
        self.submitted: list[bytes] = []
        self.age_seconds = 0
        self.turned_away = 0
        self.behind: View | None = None
        self.unheard = False
        """Whether no quorum confirms; what is submitted waits in `pending`."""
        self.pending: list[bytes] = []

    def view(self) -> View:
        if self.behind is not None:
            return self.behind
        tree = Tree.empty().put_many(self.lagoon.records())
        height = self.lagoon.height - 1
        return View(height=height, time=self.lagoon.time, log_size=0, log_root=bytes(32), agreed_at=self.lagoon.time, tree=tree)

    async def submit(self, transaction: bytes, *, timeout_seconds: float = 30.0) -> Acknowledged:
        self.submitted.append(transaction)
        if self.turned_away:
            self.turned_away -= 1
            raise NotAdmitted(refusal="ledger.stale_nonce", reason="used before")
        if self.unheard:
            self.pending.append(transaction)
            raise NotAcknowledged(seconds=timeout_seconds)
        outcome = self.lagoon.submit(transaction)
        self.lagoon.later(seconds=0)
        placed = Acknowledged(transaction_id(transaction), self.lagoon.height - 1, len(self.submitted), outcome)
        self.log.append((transaction, placed))
        return placed

    def blocks(self, first: int, last: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(transactions=(data,)) for data, placed in self.log if first <= placed.height <= last]

    def find(self, identifier: bytes) -> Acknowledged | None:
        return next((placed for _, placed in self.log if placed.transaction_id == identifier), None)

    def confirm(self) -> None:
        """A quorum is back: what waited is carried out."""
        self.unheard = False
        for one in self.pending:
            self.lagoon.submit(one)
            self.lagoon.later(seconds=0)
        self.pending.clear()

    def require_fresh(self, limit_seconds: int = 60) -> View:
        if self.age_seconds > limit_seconds:
            raise StaleView(age_seconds=self.age_seconds, limit_seconds=limit_seconds)
        return self.view()


class Post:
    """Carries calls between the offices."""

    def __init__(self, offices: Offices, org: str) -> None:
        self._offices, self._org = offices, org

    async def call(self, org: str, method: str, payload: bytes, *, timeout_seconds: float) -> bytes:
        offices = self._offices
        offices.calls.append((self._org, org, method))
        if org in offices.unreachable or org not in offices.open:
            raise Unreachable(org=org, method=method)
        other = offices.open[org]
        if method == "body.put":
            await other.consents.take(self._org, parse_message(payload, Body))
            return b""
        if org in offices.lies:
            asked = parse_message(payload, BodyName)
            return encode_message(Body(kind=asked.kind, identifier=asked.identifier, data=offices.lies[org]))
        return encode_message(other.bodies.answer(other.view, self._org, parse_message(payload, BodyName)))

    def hurry(self, org: str) -> None:
        """It is as fast as it gets."""


class Office:
    """One organisation's node, as far as it decides and signs."""

    def __init__(self, offices: Offices, org: str) -> None:
        self.org, self.clock = org, Clock()
        self.entropy = SeededEntropy(org.encode().ljust(32, b"."))
        self.engine = PaperEngine(offices.lagoon, offices.log)
        self.store = NodeStore(":memory:")
        self.sealer = Sealer(b"k" * 32, self.entropy)
        self.bodies = Bodies(org=org, store=self.store, links=Post(offices, org))
        founding = offices.lagoon.founding
        self.keys = {f"{org}/identity/1": founding.keys[org][Purpose.IDENTITY]}
        self.outbox = Outbox(
            org=org,
            engine=self.engine,  # type: ignore[arg-type]
            keys=Keys(self.keys),  # type: ignore[arg-type]
            chain_id=founding.chain_id,
            genesis_digest=founding.genesis_digest,
        )
        self.configure(LocalRules())

    def configure(self, rules: LocalRules) -> None:
        """Give it local rules."""
        config = Config(
            home=Home(Path()),
            org=self.org,
            peer_listen="",
            https_listen="",
            folders=(),
            log_level="info",
            policy=rules,
        )
        self.context = NodeContext(
            config=config,
            clock=self.clock,
            entropy=self.entropy,
            store=self.store,
            sealer=self.sealer,
            engine=self.engine,  # type: ignore[arg-type]
            outbox=self.outbox,
            offload=inline,
        )
        purposes = Purposes(self.context, self.bodies)
        self.consents = Consents(self.context, self.bodies, purposes)
        budgets = Budgets(self.context, self.bodies, purposes)
        self.proposals = Proposals(self.context, self.bodies, purposes, budgets, self.consents)

    @property
    def view(self) -> View:
        return self.engine.view()


class Offices:
    """All of them, with two datasets, a grant, and every document where it belongs."""

    def __init__(self, *, permissions: tuple[TermRule, ...] = (TermRule(action="use", constraints=()),)) -> None:
        self.lagoon = Lagoon(roles={"auditor": ("auditor",)})
        self.calls: list[tuple[str, str, str]] = []
        self.log: list[tuple[bytes, Acknowledged]] = []
        self.unreachable: set[str] = set()
        self.lies: dict[str, bytes] = {}
        self.open: dict[str, Office] = {}
        for org in self.lagoon.founding.orgs:
            self.open[org] = Office(self, org)
        for dataset, column in ((CUSTOMERS, "id"), (FILES, "national_id")):
            self._register(dataset, column)
        self._give(permissions)

    def __getitem__(self, org: str) -> Office:
        return self.open[org]

    def job(self) -> Job:
        return self.lagoon.job()

    def plan(self, **changes: Any) -> Plan:
        """What the bank proposes."""
        draft = Intersection().draft(SPEC)
        fields: dict[str, Any] = {
            "salt": b"\x0a" * 32,
            "chain_id": self.lagoon.founding.chain_id,
            "genesis_digest": self.lagoon.founding.genesis_digest,
            "job_id": JOB,
            "purpose": "credit-check",
            "limits": Limits(memory_bytes=1 << 28, traffic_bytes=1 << 20, attempts=2),
            "not_after": self.lagoon.time + 600,
        }
        return Plan(**draft.to_fields() | fields | changes)

    def propose(self, plan: Plan | None = None, *, body: bytes | None = None, **changes: Any) -> Job:
        """The bank's proposal, with the plan on its shelf; the proposal, or the plan's bytes, may lie."""
        plan = plan or self.plan()
        body = encode_message(plan) if body is None else body
        self["bank"].bodies.keep(Kind.PLAN, plan.job_id.hex(), body)
        self.lagoon.do("bank", replace(proposal_of(plan, digest_plan_body(body)), **changes))
        return self.lagoon.job(plan.job_id)

    def _register(self, dataset: str, column: str) -> None:
        owner = dataset.split("/")[0]
        one = ColumnCard(name=column, kind="string", semantics="", level=2, exposure=Exposure.AFTER_JOIN, normalisation=RULE)
        card = DatasetCard(
            salt=b"\x01" * 32,
            dataset=dataset,
            title=dataset,
            description="",
            source="csv",
            rows_at_most=1024,
            columns=(one,),
            level=2,
            purposes=(),
            content_commitment=bytes(32),
            parents=(),
        )
        body = encode_message(card)
        self[owner].bodies.keep(Kind.CARD, dataset, body)
        commitment = commit(CARD_DOMAIN, card.salt, body)
        self.lagoon.do(owner, RegisterDataset(dataset=dataset, card_commitment=commitment, level=2))

    def _give(self, permissions: tuple[TermRule, ...]) -> None:
        terms = GrantTerms(
            salt=b"\x02" * 32,
            grant=GRANT,
            assigner="bureau",
            assignee="bank",
            target=FILES,
            permissions=permissions,
            prohibitions=(),
        )
        body = encode_message(terms)
        self["bureau"].bodies.keep(Kind.TERMS, GRANT.hex(), body)
        given = GiveGrant(
            grant=GRANT,
            grantee="bank",
            dataset=FILES,
            terms_commitment=commit(TERMS_DOMAIN, terms.salt, body),
            uses=5,
            not_before=FOUNDED,
            not_after=FOUNDED + 10_000,
        )
        self.lagoon.do("bureau", given)


SPEC = IntersectionSpec(
    receivers=(Side(org="bank", dataset=CUSTOMERS, columns=("id",), normalisation=(RULE,), rows_cap=500),),
    owners=(
        Side(
            org="bureau",
            dataset=FILES,
            columns=("national_id",),
            normalisation=(RULE,),
            rows_cap=1000,
            grants=(GrantUse(grant=GRANT, version=1),),
        ),
    ),
)
