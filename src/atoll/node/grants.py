"""Grants: given to others with ODRL-shaped terms, received from others, revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from atoll.api.models import CapInfo, ConstraintModel, GiveGrant, GrantInfo
from atoll.exchange.catalogue.policies import agreement_to_json
from atoll.ledger.records import Budget, Cap, CapUnit, Counting, Grant, budget_id, grant_account
from atoll.ledger.rules.grant import GiveGrant as GiveTransaction
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.takings import DAY_SECONDS, headroom
from atoll.node.bodies import PATIENCE_SECONDS, READERS, Bodies, Kind, entitled, readers
from atoll.node.budgets import Budgets
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, ColumnNotUsable, NoSuchThing
from atoll.node.purposes import Purposes
from atoll.ordering.engine import Acknowledged
from atoll.policy.demand import OF_PROGRAMS, Exposure, Output
from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.check import verify_policy
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.odrl.model import Policy
from atoll.policy.orders import describe_order
from atoll.policy.outputs import WITH_PAYLOAD
from atoll.policy.terms import (
    ADVERSARY_MODELS,
    HONEST_MAJORITY,
    TERMS_DOMAIN,
    Constraint,
    GrantTerms,
    Operand,
    Operator,
    TermRule,
)
from atoll.primitives.commitment import commit
from atoll.wire.message import encode_message, parse_message
from atoll.wire.plain import to_plain

CLOCK_SKEW_SECONDS = 60


class Grants:
    """Gives, lists and revokes grants."""

    def __init__(
        self,
        context: NodeContext,
        bodies: Bodies,
        purposes: Purposes,
        budgets: Budgets,
        *,
        on_revoked: Callable[[], None],
    ) -> None:
        self._context = context
        self._bodies = bodies
        self._purposes = purposes
        self._budgets = budgets
        self._on_revoked = on_revoked

    async def give(self, request: GiveGrant) -> tuple[str, Acknowledged]:
        """Permit a use; the terms go to the grantee and the readers, their commitment to the ledger.

        Raises:
            PolicyRefused: the terms say something that the profile does not know.
            MessageError, ValueError: an operand or operator is unknown.
            ColumnNotUsable: the card does not have a column, or hides it.
            BadRequest: rows or sums without a payload column, an output that no kind of job named has; terms for somebody or
                something else.
            TransactionRefused: the ledger's rules refuse it.
        """
        entropy = self._context.entropy
        grant = entropy.bytes(16)
        written = _written(request, self._context.org) if request.terms is not None else _asked(request)
        terms = GrantTerms(
            salt=entropy.bytes(32),
            purpose_salt=self._purpose_salt(request.dataset),
            grant=grant,
            assigner=self._context.org,
            assignee=request.grantee,
            target=request.dataset,
            permissions=written.permissions,
            prohibitions=written.prohibitions,
            obligations=written.obligations,
            conflict=written.conflict,
        )
        verify_policy(terms)
        self._verify_columns(request)
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
                caps=_caps(request),
                counting=Counting(request.counting),
                epsilon_micro=request.epsilon_micro,
                right=bytes.fromhex(request.right),
            )
        )
        custodian = request.dataset.partition("/")[0]
        to = dict.fromkeys([request.grantee, custodian, *readers(self._context.view())])
        await self._bodies.offer(Kind.TERMS, grant.hex(), body, to)
        self._context.note("person", "grant.give", grant.hex(), f"to {request.grantee}")
        return grant.hex(), acknowledged

    async def revoke(self, grant: str) -> Acknowledged:
        """Take a grant back. It binds this node at once, whatever the ledger's sequencer does (SECURITY 3.3)."""
        self._context.revoke_here(grant)
        self._on_revoked()
        self._context.note("person", "grant.revoke", grant, "asked")
        return await self._context.outbox.submit(RevokeGrant(grant=bytes.fromhex(grant)))

    async def list(self) -> list[GrantInfo]:
        """Grants this organisation gave or received; for readers, all."""
        me = self._context.org
        reads_all = any(one.org == me and READERS & set(one.roles) for one in self._context.members())
        records = [one for one in self._context.records(Grant) if reads_all or me in one.parties()]
        return list(await asyncio.gather(*(self._describe(one) for one in records)))

    async def agreement(self, grant: str) -> dict[str, Any]:
        """The terms of one grant as a DSP agreement in JSON-LD.

        Raises:
            NoSuchThing: there is no such grant, or its terms are for others.
            BodyOnItsWay: its terms did not reach this node in time.
        """
        view = self._context.view()
        record = view.get(Grant, grant)
        if record is None or not entitled(view, Kind.TERMS, grant, self._context.org):
            raise NoSuchThing(what="grant with terms", name=grant)
        terms = parse_message(await self._bodies.need(view, Kind.TERMS, grant, record.parties()), GrantTerms)
        return agreement_to_json(view.chain.chain_id, terms)

    def _verify_columns(self, request: GiveGrant) -> None:
        """Refuse columns that no job could use, where the card is here.

        Raises:
            ColumnNotUsable: the card does not have it, or hides it.
        """
        card = self._bodies.card(request.dataset)
        usable = [one.name for one in card.columns if one.exposure is not Exposure.HIDDEN] if card is not None else []
        for name in (*request.columns, *request.payload) if card is not None else ():
            if name not in usable:
                raise ColumnNotUsable(dataset=request.dataset, column=name, columns=", ".join(usable) or "none")

    def _purpose_salt(self, dataset: str) -> bytes:
        """The salt that goes into terms: of this organisation's lineages, which it alone can give."""
        lineage = dataset.rpartition("/")[0]
        return self._purposes.need_salt(lineage) if lineage.partition("/")[0] == self._context.org else b""

    async def _describe(self, record: Grant) -> GrantInfo:
        view = self._context.view()
        holders = record.parties()
        await self._bodies.fetch(view, Kind.TERMS, record.grant.hex(), holders, patience_seconds=PATIENCE_SECONDS)
        terms = self._bodies.terms(record.grant)
        account = grant_account(record.grant)
        budget, epsilon = (view.get(Budget, budget_id(account, unit)) for unit in ("uses", "micro-epsilon"))
        held, order = describe_order(view, (record.owner, record.grantee), (record,))
        rooms = headroom(view, record, rows=0, inputs=(), time=self._context.now())
        return GrantInfo(
            grant=record.grant.hex(),
            owner=record.owner,
            giver=record.giver,
            right=record.right.hex(),
            grantee=record.grantee,
            dataset=record.dataset,
            state=record.state,
            version=record.version,
            not_before=record.not_before,
            not_after=record.not_after,
            uses_limit=budget.limit if budget else 0,
            uses_reserved=budget.reserved if budget else 0,
            uses_spent=budget.spent if budget else 0,
            caps=[
                CapInfo(unit=one.cap.unit, limit=one.cap.limit, days=one.cap.days, taken=one.taken, left=one.left)
                for one in rooms
            ],
            counting=record.counting,
            epsilon_limit_micro=epsilon.limit if epsilon else 0,
            epsilon_left_micro=epsilon.left() if epsilon else 0,
            budgets=self._budgets.of_grant(record),
            held=held,
            order=order,
            terms=to_plain(terms) if terms else None,
            terms_from="" if terms else next((one for one in holders if one != self._context.org), "an auditor"),
        )


def _caps(request: GiveGrant) -> tuple[Cap, ...]:
    """Sorted by unit, as the ledger wants them."""
    asked = {CapUnit.JOBS: request.rate, CapUnit.NEW_IDENTIFIERS: request.new_identifiers, CapUnit.ROWS: request.rate_rows}
    return tuple(Cap(unit=unit, limit=one.limit, days=one.days) for unit, one in sorted(asked.items()) if one is not None)


def _asked(request: GiveGrant) -> Policy:
    """The terms that the request's own words make.

    Raises:
        BadRequest: a word is missing.
    """
    if not request.columns or not request.purposes:
        raise BadRequest(reason="a use is permitted of at least one column and for at least one purpose")
    if WITH_PAYLOAD.intersection(request.outputs) and not request.payload:
        raise BadRequest(reason="rows and sums are permitted of at least one payload column")
    for output in map(Output, request.outputs):
        if request.job_kinds and _kind_of(output) not in request.job_kinds:
            reason = (
                f"{output} comes out of {_kind_of(output)} alone, and the grant would be for {', '.join(request.job_kinds)}"
            )
            raise BadRequest(reason=reason)
    return Policy(
        permissions=tuple(
            TermRule(action="use", constraints=_permission(request, Output(one))) for one in dict.fromkeys(request.outputs)
        ),
        prohibitions=tuple(TermRule(action="use", constraints=(_constraint(one),)) for one in request.prohibitions),
    )


def _written(request: GiveGrant, assigner: str) -> Policy:
    """The terms of a document, if they are for this grant.

    Raises:
        PolicyRefused: the profile does not know something in it, or it permits nothing.
        BadRequest: it or a rule in it names another assigner, assignee or target, or it stands beside other conditions.
    """
    policy = parse_policy_json(request.terms or {})
    if request.columns or request.purposes or request.payload or request.constraints or request.prohibitions:
        raise BadRequest(reason="terms stand instead of columns, purposes, payload and constraints, not beside them")
    said = [("the terms name", {"assigner": policy.assigner, "assignee": policy.assignee, "target": policy.target})]
    for rule in (*policy.permissions, *policy.prohibitions):
        said.append(("a rule names", {"assignee": rule.assignee, "target": rule.target}))
    wanted = {"assigner": assigner, "assignee": request.grantee, "target": request.dataset}
    for who, names in said:
        for name, value in names.items():
            if value not in ("", wanted[name]):
                raise BadRequest(reason=f"{who} {value} as {name}, and the grant is for {wanted[name]}")
    if not policy.permissions:
        raise PolicyRefused(where="policy", what="it permits nothing")
    return policy


def _permission(request: GiveGrant, output: Output) -> tuple[Constraint, ...]:
    """The conditions under which one output is permitted."""
    payload = tuple(request.payload) if output in WITH_PAYLOAD else ()
    kinds = tuple(request.job_kinds) or (_kind_of(output),)
    constraints = [
        Constraint(left=Operand.OUTPUTS, operator=Operator.IS_ANY_OF, right=(output.value,)),
        Constraint(left=Operand.COLUMNS, operator=Operator.IS_ANY_OF, right=(*request.columns, *payload)),
        Constraint(left=Operand.PURPOSE, operator=Operator.IS_ANY_OF, right=tuple(request.purposes)),
        Constraint(left=Operand.JOB_KINDS, operator=Operator.IS_ANY_OF, right=kinds),
        Constraint(left=Operand.RECEIVERS, operator=Operator.IS_ANY_OF, right=(request.grantee,)),
    ]
    if request.protocols:
        constraints.append(Constraint(left=Operand.PROTOCOLS, operator=Operator.IS_ANY_OF, right=tuple(request.protocols)))
    if request.security != ADVERSARY_MODELS[0]:
        model = HONEST_MAJORITY + request.security if output in OF_PROGRAMS else request.security
        constraints.append(Constraint(left=Operand.ADVERSARY_MODEL, operator=Operator.GTEQ, right=(model,)))
    if output not in OF_PROGRAMS:  # by a column beside the key a few words would bring every row
        constraints.append(Constraint(left=Operand.KEYS, operator=Operator.IS_ANY_OF, right=tuple(request.columns)))
    if output in WITH_PAYLOAD:
        constraints.append(Constraint(left=Operand.PAYLOAD, operator=Operator.IS_ANY_OF, right=payload))
    if output is Output.SUM:
        constraints.append(Constraint(left=Operand.MINIMUM_GROUP, operator=Operator.GTEQ, right=(str(request.min_count),)))
    if output is Output.CARDINALITY and request.epsilon_micro:
        constraints.append(Constraint(left=Operand.EPSILON, operator=Operator.LTEQ, right=(str(request.epsilon_micro),)))
    if request.rows is not None:
        constraints.append(Constraint(left=Operand.ROWS, operator=Operator.LTEQ, right=(str(request.rows),)))
    return (*constraints, *(_constraint(one) for one in request.constraints))


def _kind_of(output: Output) -> str:
    """The kind of job that has an output; no other has it."""
    return "computation" if output in OF_PROGRAMS else "intersection"


def _constraint(model: ConstraintModel) -> Constraint:
    return Constraint(left=Operand(model.left), operator=Operator(model.operator), right=tuple(model.right))
