"""Committed documents: plans, grant terms, dataset cards, receipt details.

The ledger holds a commitment; the body travels between those entitled to it, over peer sessions, and is kept only if it fits.
Everybody asks for what is missing, so a body that was lost on the way is fetched again, and a body that does not fit never
counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol

from atoll.errors import AtollError
from atoll.exchange.catalogue.validation import card_problem
from atoll.exchange.quality.report import QUALITY_DOMAIN, Opinion
from atoll.exchange.registration.statement import STATEMENT_DOMAIN, Statement, statement_commitment
from atoll.ledger.detail import RECEIPT_DOMAIN, ReceiptDetail
from atoll.ledger.plan import Plan, digest_attached, digest_plan_body
from atoll.ledger.records import (
    Dataset,
    Dispute,
    Grant,
    Job,
    Member,
    QualityReport,
    ReceiptRecord,
    Regrade,
    Right,
    StandingConsent,
)
from atoll.node.errors import BodyOnItsWay, NoSuchThing, NotOnThisPlan, PlanChanged
from atoll.ordering.engine import View
from atoll.policy.card import CARD_DOMAIN, MAX_CARD_BYTES, DatasetCard
from atoll.policy.scopes import SCOPE_DOMAIN, RightScope
from atoll.policy.standing_terms import STANDING_DOMAIN, StandingTerms
from atoll.policy.terms import TERMS_DOMAIN, GrantTerms
from atoll.primitives.commitment import is_opening
from atoll.storage.store import NodeStore
from atoll.wire.message import Message, Size, encode_message, parse_message

log = logging.getLogger("atoll.bodies")
FETCH_TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
"""How long somebody's question waits for a body: longer than a link takes to come back, and than a holder's copy of the ledger
is behind this one."""
ASK_AGAIN_SECONDS = 0.2
MAX_BODY_BYTES = 59_000
"""Longest document of a job or a grant: it may have to stand in the log one day, with its name."""
MAX_NAME = 140
"""Longest identifier of a ledger record that commits to a document."""
READERS = frozenset({"auditor", "regulator"})
"""Roles that read every document."""


class Kind(StrEnum):
    """Kinds of committed documents."""

    PLAN = "plan"
    TERMS = "terms"
    CARD = "card"
    DETAIL = "detail"
    SCOPE = "scope"
    STANDING = "standing"
    QUALITY = "quality"
    STATEMENT = "statement"
    """What is said in a dispute: `DISPUTE/0` opens it, `DISPUTE/n` is the nth answer, `DISPUTE/reason` decides it."""
    ATTACHED = "attached"
    """What travels beside a plan, such as the program of a computation; the plan holds its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyName(Message):
    """Which document."""

    TAG: ClassVar[str] = "body-name/1"

    kind: Kind
    """Its kind."""
    identifier: Annotated[str, Size(1, MAX_NAME)]
    """Identifier of the ledger record that commits to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body(Message):
    """A document, as received or as asked for."""

    TAG: ClassVar[str] = "body/1"
    MAX_BYTES: ClassVar[int] = MAX_CARD_BYTES + 1000

    kind: Kind
    """Its kind."""
    identifier: Annotated[str, Size(1, MAX_NAME)]
    """Identifier of the ledger record that commits to it."""
    data: Annotated[bytes, Size(1, MAX_CARD_BYTES)]
    """Its bytes."""


class Caller(Protocol):
    """Calls a method at another member's node."""

    async def call(self, org: str, method: str, payload: bytes, *, timeout_seconds: float) -> bytes: ...

    def hurry(self, org: str) -> None: ...


class Bodies:
    """This node's shelf of committed documents."""

    def __init__(self, *, org: str, store: NodeStore, links: Caller) -> None:
        self._org = org
        self._store = store
        self._links = links

    def get(self, kind: Kind, identifier: str) -> bytes | None:
        """A body this node holds."""
        return self._store.body(kind, identifier)

    def plan(self, job: str) -> Plan | None:
        """The plan of a job, where this node holds it."""
        data = self.get(Kind.PLAN, job)
        return parse_message(data, Plan) if data else None

    def terms(self, grant: bytes) -> GrantTerms | None:
        """The terms of a grant, where this node holds them."""
        data = self.get(Kind.TERMS, grant.hex())
        return parse_message(data, GrantTerms) if data else None

    def scope(self, right: bytes) -> RightScope | None:
        """The scope of a right, where this node holds it."""
        data = self.get(Kind.SCOPE, right.hex())
        return parse_message(data, RightScope) if data else None

    def standing(self, standing: str) -> StandingTerms | None:
        """The bounds of a standing consent, where this node holds them."""
        data = self.get(Kind.STANDING, standing)
        return parse_message(data, StandingTerms) if data else None

    def card(self, dataset: str) -> DatasetCard | None:
        """The card of a dataset, where this node holds it."""
        data = self.get(Kind.CARD, dataset)
        return parse_message(data, DatasetCard) if data else None

    def believed(self, view: View, dataset: str) -> tuple[DatasetCard | None, str]:
        """The card of a dataset, anybody's, where it is here, fits its commitment and holds; and if it does not hold, why."""
        record, card = view.get(Dataset, dataset), self.card(dataset)
        if record is None or card is None or not self.fits(view, Kind.CARD, dataset):
            return None, ""
        refused = card_problem(card, record, is_regraded=view.get(Regrade, dataset) is not None)
        return (None if refused else card), refused

    def fits(self, view: View, kind: Kind, identifier: str) -> bool:
        """Whether what stands on the shelf is what the ledger commits to; an own registration may have been made twice."""
        data = self.get(kind, identifier)
        return data is not None and self._fits(view, kind, identifier, data)

    def _fits(self, view: View, kind: Kind, identifier: str, data: bytes) -> bool:
        """As `fits` of this module; what travels beside a plan is held to the plan, which must be here and fit."""
        if kind is not Kind.ATTACHED:
            return fits(view, kind, identifier, data)
        plan = self.plan(identifier) if self.fits(view, Kind.PLAN, identifier) else None
        return plan is not None and bool(plan.attached) and digest_attached(data) == plan.attached

    def keep(self, kind: Kind, identifier: str, data: bytes) -> None:
        """Put a body on the shelf; the caller has made it or checked it."""
        self._store.set_body(kind, identifier, data)

    async def fetch(
        self, view: View, kind: Kind, identifier: str, holders: Iterable[str], *, patience_seconds: float = 0.0
    ) -> bytes | None:
        """The body, from the shelf or from the first of `holders` that gives one that fits; None if none does.

        Args:
            view: the ledger that it must fit.
            kind, identifier: which body.
            holders: who should have it, the likeliest first.
            patience_seconds: how long to go on asking them, and the readers: one may be about to be connected, or its copy of
                the ledger may be a block behind. With none, each is asked once.

        Raises:
            PlanChanged: the proposer itself gives a plan that is not the one it proposed.
        """
        found = self.get(kind, identifier)
        if found is not None and (kind is not Kind.QUALITY or self.fits(view, kind, identifier)):
            return found  # an opinion can be followed by another under the same name
        if not entitled(view, kind, identifier, self._org):
            return None
        if patience_seconds > 0:
            others = dict.fromkeys((*holders, *readers(view)))
            return await self._ask_until(view, [org for org in others if org != self._org], kind, identifier, patience_seconds)
        for org in holders:
            data = await self._ask(view, org, kind, identifier) if org != self._org else None
            if data is not None:
                return data
        return None

    async def need(self, view: View, kind: Kind, identifier: str, holders: Iterable[str]) -> bytes:
        """The same for what nothing can be said or decided without.

        Raises:
            BodyOnItsWay: nobody gave it in PATIENCE_SECONDS.
            PlanChanged: as `fetch`.
        """
        holders = list(holders)
        data = await self.fetch(view, kind, identifier, holders, patience_seconds=PATIENCE_SECONDS)
        if data is None:
            raise BodyOnItsWay(kind=kind, name=identifier, org=next((one for one in holders if one != self._org), "its maker"))
        return data

    async def _ask(self, view: View, org: str, kind: Kind, identifier: str) -> bytes | None:
        question = encode_message(BodyName(kind=kind, identifier=identifier))
        try:
            answer = parse_message(
                await self._links.call(org, "body.get", question, timeout_seconds=FETCH_TIMEOUT_SECONDS), Body
            )
        except (AtollError, TimeoutError):
            return None
        fits = (answer.kind, answer.identifier) == (kind, identifier) and self.accept(view, org, answer)
        return answer.data if fits else None

    async def _ask_until(self, view: View, orgs: Sequence[str], kind: Kind, identifier: str, seconds: float) -> bytes | None:
        """Ask all of them again and again, unless it is sent meanwhile; one that does not answer keeps no other waiting.

        The later in the list, the later the first question: what the first one gives, the others are not asked for.
        """

        def arrived() -> bytes | None:
            return self.get(kind, identifier) if self.fits(view, kind, identifier) else None

        async def insist(org: str, place: int) -> None:
            await asyncio.sleep(place * ASK_AGAIN_SECONDS)
            while arrived() is None and await self._ask(view, org, kind, identifier) is None:
                self._links.hurry(org)
                await asyncio.sleep(ASK_AGAIN_SECONDS)

        asking = [asyncio.create_task(insist(org, place)) for place, org in enumerate(orgs)]
        try:
            for first in asyncio.as_completed(asking, timeout=seconds):
                await first
                break
        except TimeoutError:
            log.info("not given", extra={"kind": kind, "body": identifier, "asked": ", ".join(orgs)})
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        return arrived()

    async def offer(self, kind: Kind, identifier: str, data: bytes, to: Iterable[str]) -> None:
        """Send a body to those who should hold it; one that cannot be reached will ask for it."""
        message = encode_message(Body(kind=kind, identifier=identifier, data=data))
        others = [org for org in to if org != self._org]
        calls = (self._links.call(org, "body.put", message, timeout_seconds=FETCH_TIMEOUT_SECONDS) for org in others)
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, AtollError | TimeoutError):
                raise outcome

    def answer(self, view: View, org: str, question: BodyName) -> Body:
        """What a peer gets that asks for a body.

        Raises:
            NotOnThisPlan: it is not entitled to it.
            NoSuchThing: this node does not hold it.
        """
        if not entitled(view, question.kind, question.identifier, org):
            raise NotOnThisPlan(org=org)
        data = self.get(question.kind, question.identifier)
        if data is None:
            raise NoSuchThing(what=question.kind, name=question.identifier)
        return Body(kind=question.kind, identifier=question.identifier, data=data)

    def accept(self, view: View, org: str, body: Body) -> bool:
        """Keep a body that a peer sends, if this node is entitled to it and it fits; whether it was kept.

        Raises:
            PlanChanged: the proposer itself sent a plan that is not the one it proposed.
        """
        if not entitled(view, body.kind, body.identifier, self._org):
            return False
        if self._fits(view, body.kind, body.identifier, body.data):
            self.keep(body.kind, body.identifier, body.data)
            return True
        job = view.get(Job, body.identifier) if body.kind is Kind.PLAN else None
        if job is not None and job.proposer == org:
            raise PlanChanged(sender=org, job=body.identifier)
        return False


def readers(view: View) -> list[str]:
    """The members that read every document, by name."""
    return [one.org for one in view.all(Member) if READERS & set(one.roles)]


def fits(view: View, kind: Kind, identifier: str, data: bytes) -> bool:
    """Whether a body is the one that the ledger's record commits to, and can be read."""
    try:
        match kind:
            case Kind.PLAN:
                job, _ = view.get(Job, identifier), parse_message(data, Plan)
                return job is not None and digest_plan_body(data) == job.plan_digest
            case Kind.TERMS:
                grant, terms = view.get(Grant, identifier), parse_message(data, GrantTerms)
                return grant is not None and is_opening(grant.terms_commitment, TERMS_DOMAIN, terms.salt, data)
            case Kind.CARD:
                dataset, card = view.get(Dataset, identifier), parse_message(data, DatasetCard)
                return dataset is not None and is_opening(dataset.card_commitment, CARD_DOMAIN, card.salt, data)
            case Kind.STANDING:
                standing, bounds = view.get(StandingConsent, identifier), parse_message(data, StandingTerms)
                return standing is not None and is_opening(standing.commitment, STANDING_DOMAIN, bounds.salt, data)
            case Kind.QUALITY:
                report, opinion = view.get(QualityReport, identifier), parse_message(data, Opinion)
                return report is not None and is_opening(report.commitment, QUALITY_DOMAIN, opinion.salt, data)
            case Kind.STATEMENT:
                said, commitment = parse_message(data, Statement), statement_commitment(view, identifier)
                return bool(commitment) and is_opening(commitment, STATEMENT_DOMAIN, said.salt, data)
            case Kind.DETAIL:
                receipt, detail = view.get(ReceiptRecord, identifier), parse_message(data, ReceiptDetail)
                return receipt is not None and is_opening(receipt.detail_commitment, RECEIPT_DOMAIN, detail.salt, data)
            case Kind.ATTACHED:
                return False  # only the plan says
            case Kind.SCOPE:
                right, scope = view.get(Right, identifier), parse_message(data, RightScope)
                return right is not None and is_opening(right.scope_commitment, SCOPE_DOMAIN, scope.salt, data)
    except AtollError:
        return False


def entitled(view: View, kind: Kind, identifier: str, org: str) -> bool:
    """Whether a member may hold a document: parties and readers; a card and what is said of its quality,
    every active member (SECURITY 2.2)."""
    member = view.get(Member, org)
    if member is None or member.state != "active":
        return False
    if kind in (Kind.CARD, Kind.QUALITY) or READERS & set(member.roles):
        return True
    if kind is Kind.TERMS:
        grant = view.get(Grant, identifier)
        return grant is not None and org in grant.parties()
    if kind is Kind.SCOPE:
        right = view.get(Right, identifier)
        return right is not None and org in (right.holder, right.grantor, right.lineage.partition("/")[0])
    if kind is Kind.STANDING:
        standing = view.get(StandingConsent, identifier)
        return standing is not None and org == standing.owner
    if kind is Kind.STATEMENT:
        dispute = view.get(Dispute, identifier.split("/")[0])
        return dispute is not None and org in dispute.parties
    job = view.get(Job, identifier.split("/")[0])
    return job is not None and org in job.parties
