"""What may still be used, as both sides see it: an owner all accounts of its lineages, a recipient its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

from atoll.api.models import BudgetInfo, BudgetRequest, TakesInfo
from atoll.ledger.plan import Plan
from atoll.ledger.records import Budget, Grant, JobInput, Member, counted_inputs, day_in_words, ties
from atoll.ledger.rules.budget import RefundBudget, SetBudget
from atoll.ledger.rules.check import DAY_SECONDS
from atoll.node.bodies import PATIENCE_SECONDS, READERS, Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.purposes import Purposes
from atoll.ordering.engine import Acknowledged
from atoll.policy.limits import rooms

_CHECK = re.compile(r"check:(?P<lineage>[^|]+)/(?P<version>[0-9]+)\|by:(?P<by>[^|]+)\|on:(?P<day>.+)")
_PARTS = {"to": "recipient", "for": "purpose"}


class Budgets:
    """Sets caps, gives back, and shows what is left."""

    def __init__(self, context: NodeContext, bodies: Bodies, purposes: Purposes) -> None:
        self._context = context
        self._bodies = bodies
        self._purposes = purposes

    async def set(self, request: BudgetRequest) -> Acknowledged:
        """Cap all uses of one of this organisation's lineages, those of one recipient, or those for one purpose.

        Raises:
            TransactionRefused: the ledger's rules refuse it.
        """
        tag = self._purposes.tag(f"{self._context.org}/{request.name}", request.purpose) if request.purpose else b""
        body = SetBudget(name=request.name, unit=request.unit, limit=request.limit, to=request.to, purpose=tag)
        self._context.note("person", "budget.set", f"{self._context.org}/{request.name}", f"{request.limit} {request.unit}")
        return await self._context.outbox.submit(body)

    async def refund(self, job: str, name: str) -> Acknowledged:
        """Give back what one ended job took from one of this organisation's lineages.

        Raises:
            TransactionRefused: the ledger's rules refuse it.
        """
        self._context.note("person", "budget.refund", job, name)
        return await self._context.outbox.submit(RefundBudget(job_id=bytes.fromhex(job), name=name))

    def of_use(self, one: JobInput) -> list[TakesInfo]:
        """What one input of a job would take from every limited account, and what would be left; none where it is the first
        to."""
        return [
            TakesInfo(
                dataset=one.dataset,
                amount=room.charge.amount,
                left_after=room.left_after,
                account=self._describe(room.budget, {}),
            )
            for room in rooms(self._context.view(), one)
            if room.charge.amount
        ]

    def of_plan(self, plan: Plan) -> list[TakesInfo]:
        """The same for all inputs of a plan, as far as this organisation may see them."""
        return [each for one in counted_inputs(plan) if one.grant for each in self.of_use(one)]

    def of_grant(self, grant: Grant) -> list[BudgetInfo]:
        """The limited accounts, beside the grant's own, that every use of a grant is charged to, whatever its purpose."""
        use = JobInput(
            dataset=grant.dataset,
            user=grant.owner,
            grant=grant.grant,
            grant_version=grant.version,
            rows_cap=1,
            receiver=grant.grantee,
        )
        infos = [self._describe(room.budget, {}) for room in rooms(self._context.view(), use)]
        return [one for one in infos if one.part != "grant"]

    def _own_ties(self) -> frozenset[str]:
        return frozenset(ties(self._context.org, self._context.view().get(Member, self._context.org)))

    def _is_mine(self, info: BudgetInfo, grants: dict[str, Grant], mine: frozenset[str], *, named: bool) -> bool:
        held = {one.dataset.rpartition("/")[0] for one in grants.values() if one.grantee == self._context.org}
        match info.part:
            case "grant":
                return grants[info.account].grantee == self._context.org if info.account in grants else False
            case "recipient":
                return info.who in mine
            case "checks":
                return f"|by:{self._context.org}|" in info.account
            case "purpose":
                return info.lineage in held and bool(self._purposes.name(info.account.rpartition("|for:")[2]))
        return named or info.lineage in held

    async def _learn(self, grants: Iterable[Grant]) -> None:
        """What the pseudonyms of purposes stand for, from the terms of own grants."""
        mine = [one for one in grants if self._context.org in (one.owner, one.grantee)]
        fetch, view, patience = self._bodies.fetch, self._context.view(), PATIENCE_SECONDS
        await asyncio.gather(
            *(fetch(view, Kind.TERMS, one.grant.hex(), one.parties(), patience_seconds=patience) for one in mine)
        )
        for one in mine:
            terms = self._bodies.terms(one.grant)
            if terms is not None:
                self._purposes.learn(terms)

    def _describe(self, budget: Budget, grants: dict[str, Grant]) -> BudgetInfo:
        if budget.account.startswith("grant:"):
            grant = grants.get(budget.account)
            lineage = grant.dataset.rpartition("/")[0] if grant else ""
            part, who = "grant", budget.account.removeprefix("grant:")
        elif found := _CHECK.fullmatch(budget.account):
            lineage, part = found["lineage"], "checks"
            who = f"{found['by']}, of version {found['version']} on {found['day']}"
        else:
            lineage, _, rest = budget.account.removeprefix("lineage:").partition("|")
            kind, _, who = rest.partition(":")
            part = _PARTS.get(kind, "all")
            if part == "purpose":
                who = self._purposes.name(who) or f"pseudonym {who}"
        return BudgetInfo(
            account=budget.account,
            lineage=lineage,
            part=part,
            who=who,
            unit=budget.unit,
            limit=budget.limit,
            reserved=budget.reserved,
            spent=budget.spent,
            left=budget.left(),
        )

    async def list(self, lineage: str = "") -> list[BudgetInfo]:
        """The accounts that this organisation may see, of one lineage or of all; those of grants come with their lineage."""
        grants = {f"grant:{one.grant.hex()}": one for one in self._context.records(Grant)}
        await self._learn(grants.values())
        mine = self._own_ties()
        reads_all = bool(READERS & set(self._context.roles(self._context.org)))
        today = f"|on:{day_in_words(self._context.now() // DAY_SECONDS)}"
        found = []
        for one in self._context.records(Budget):
            info = self._describe(one, grants)
            if info.part == "checks" and not info.account.endswith(today):
                continue  # each day has an account of its own, and only today's can still be used
            if lineage and info.lineage != lineage:
                continue
            if reads_all or one.owner == self._context.org or self._is_mine(info, grants, mine, named=bool(lineage)):
                found.append(info)
        return found
