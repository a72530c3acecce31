"""Grants: given to others with ODRL-shaped terms, received from others, revoked."""

from __future__ import annotations

from atoll.api.models import ConstraintModel, GiveGrant, GrantInfo
from atoll.ledger.records import Budget, Grant, budget_id
from atoll.ledger.rules.grant import GiveGrant as GiveTransaction
from atoll.ledger.rules.grant import RevokeGrant, grant_account
from atoll.node.bodies import READERS, Bodies, Kind
from atoll.node.context import NodeContext
from atoll.ordering.engine import Acknowledged
from atoll.policy.terms import TERMS_DOMAIN, Constraint, GrantTerms, Operand, Operator, TermRule
from atoll.primitives.commitment import commit
from atoll.wire.message import encode_message
from atoll.wire.plain import to_plain

CLOCK_SKEW_SECONDS = 60
DAY_SECONDS = 86_400


class Grants:
    """Gives, lists and revokes grants."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    async def give(self, request: GiveGrant) -> tuple[str, Acknowledged]:
        """Permit a use; the terms go to the grantee and the readers, their commitment to the ledger.

        Raises:
            MessageError, ValueError: an operand or operator is unknown.
            TransactionRefused: the ledger's rules refuse it.
        """
        entropy = self._context.entropy
        grant = entropy.bytes(16)
        terms = GrantTerms(
            salt=entropy.bytes(32),
            grant=grant,
            assigner=self._context.org,
            assignee=request.grantee,
            target=request.dataset,
            permissions=(TermRule(action="use", constraints=_permission(request)),),
            prohibitions=tuple(TermRule(action="use", constraints=(_constraint(one),)) for one in request.prohibitions),
        )
        body = encode_message(terms)
        self._bodies.keep(Kind.TERMS, grant.hex(), body)
        now = self._context.now()
        acknowledged = await self._context.outbox.submit(
            GiveTransaction(
                grant=grant,
                grantee=request.grantee,
                dataset=request.dataset,
                terms_commitment=commit(TERMS_DOMAIN, terms.salt, body),
                uses=request.uses,
                not_before=max(0, now - CLOCK_SKEW_SECONDS),
                not_after=now + request.days * DAY_SECONDS,
            )
        )
        readers = [one.org for one in self._context.members() if READERS & set(one.roles)]
        await self._bodies.offer(Kind.TERMS, grant.hex(), body, [request.grantee, *readers])
        self._context.note("person", "grant.give", grant.hex(), f"to {request.grantee}")
        return grant.hex(), acknowledged

    async def revoke(self, grant: str) -> Acknowledged:
        """Take a grant back. It binds this node at once, whatever the ledger's sequencer does (SECURITY 3.3)."""
        self._context.revoke_here(grant)
        self._context.note("person", "grant.revoke", grant, "asked")
        return await self._context.outbox.submit(RevokeGrant(grant=bytes.fromhex(grant)))

    async def list(self) -> list[GrantInfo]:
        """Grants this organisation gave or received; for readers, all."""
        me = self._context.org
        reads_all = any(one.org == me and READERS & set(one.roles) for one in self._context.members())
        records = [one for one in self._context.records(Grant) if reads_all or me in (one.owner, one.grantee)]
        return [await self._describe(one) for one in records]

    async def _describe(self, record: Grant) -> GrantInfo:
        view = self._context.view()
        await self._bodies.fetch(view, Kind.TERMS, record.grant.hex(), (record.owner, record.grantee))
        terms = self._bodies.terms(record.grant)
        budget = view.get(Budget, budget_id(grant_account(record.grant), "uses"))
        return GrantInfo(
            grant=record.grant.hex(),
            owner=record.owner,
            grantee=record.grantee,
            dataset=record.dataset,
            state=record.state,
            version=record.version,
            not_before=record.not_before,
            not_after=record.not_after,
            uses_limit=budget.limit if budget else 0,
            uses_reserved=budget.reserved if budget else 0,
            uses_spent=budget.spent if budget else 0,
            terms=to_plain(terms) if terms else None,
        )


def _permission(request: GiveGrant) -> tuple[Constraint, ...]:
    constraints = [
        Constraint(left=Operand.COLUMNS, operator=Operator.IS_ANY_OF, right=tuple(request.columns)),
        Constraint(left=Operand.PURPOSE, operator=Operator.IS_ANY_OF, right=tuple(request.purposes)),
        Constraint(left=Operand.JOB_KINDS, operator=Operator.IS_ANY_OF, right=tuple(request.job_kinds)),
        Constraint(left=Operand.RECEIVERS, operator=Operator.IS_ANY_OF, right=(request.grantee,)),
    ]
    if request.rows is not None:
        constraints.append(Constraint(left=Operand.ROWS, operator=Operator.LTEQ, right=(str(request.rows),)))
    return (*constraints, *(_constraint(one) for one in request.constraints))


def _constraint(model: ConstraintModel) -> Constraint:
    return Constraint(left=Operand(model.left), operator=Operator(model.operator), right=tuple(model.right))
