"""Standing consents: given by a person for jobs within bounds, revoked, and looked up where a person would be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from atoll.api.models import GiveStanding, StandingInfo
from atoll.ledger.records import Budget, StandingConsent, StandingState, budget_id, standing_account
from atoll.ledger.rules.standing import DAY_SECONDS, RevokeStanding
from atoll.ledger.rules.standing import GiveStanding as GiveTransaction
from atoll.node.bodies import PATIENCE_SECONDS, READERS, Bodies, Kind, readers
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest
from atoll.ordering.engine import Acknowledged
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.standing_terms import STANDING_DOMAIN, StandingTerms
from atoll.primitives.commitment import commit
from atoll.wire.message import encode_message
from atoll.wire.plain import to_plain

CLOCK_SKEW_SECONDS = 60


class StandingConsents:
    """Gives, lists and revokes standing consents of this organisation."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    async def give(self, request: GiveStanding, actor: str) -> tuple[str, Acknowledged]:
        """Consent in advance; the bounds stay here and with the readers, a commitment to them goes to the ledger.

        Raises:
            PolicyRefused: the bounds say something that the profile does not know.
            BadRequest: they permit nothing, or hold what nobody could accept or do: duties, obligations, another strategy.
            TransactionRefused: the ledger's rules refuse it.
        """
        policy = parse_policy_json(request.terms)
        rules = (*policy.permissions, *policy.prohibitions)
        if not policy.permissions:
            raise BadRequest(reason="bounds that permit nothing let no job pass")
        if policy.obligations or policy.conflict != "prohibit" or any(one.duties for one in rules):
            raise BadRequest(
                reason="bounds have permissions and prohibitions, and prohibitions win; nobody accepts duties in them"
            )
        entropy = self._context.entropy
        identifier = entropy.bytes(16)
        terms = StandingTerms(
            salt=entropy.bytes(32),
            standing=identifier,
            owner=self._context.org,
            title=request.title,
            permissions=policy.permissions,
            prohibitions=policy.prohibitions,
        )
        body = encode_message(terms)
        self._bodies.keep(Kind.STANDING, identifier.hex(), body)
        now = self._context.now()
        acknowledged = await self._context.outbox.submit(
            GiveTransaction(
                standing=identifier,
                commitment=commit(STANDING_DOMAIN, terms.salt, body),
                uses=request.uses,
                not_before=max(0, now - CLOCK_SKEW_SECONDS),
                not_after=now + request.days * DAY_SECONDS,
            )
        )
        await self._bodies.offer(Kind.STANDING, identifier.hex(), body, readers(self._context.view()))
        self._context.note(actor, "standing.give", identifier.hex(), f"{request.uses} uses in {request.days} days")
        return identifier.hex(), acknowledged

    async def revoke(self, standing: str, actor: str) -> Acknowledged:
        """Take a standing consent back. It binds this node at once; a person is asked from now on."""
        self._context.revoke_here(standing)
        self._context.note(actor, "standing.revoke", standing, "asked")
        return await self._context.outbox.submit(RevokeStanding(standing=bytes.fromhex(standing)))

    def held(self) -> Iterator[StandingTerms]:
        """Bounds of own standing consents that were not taken back and fit the ledger, by identifier."""
        view = self._context.view()
        for record in self._context.records(StandingConsent):
            name = record.standing.hex()
            if record.owner != self._context.org or record.state is not StandingState.ACTIVE:
                continue
            terms = self._bodies.standing(name) if self._bodies.fits(view, Kind.STANDING, name) else None
            if terms is not None:
                yield terms

    async def list(self) -> list[StandingInfo]:
        """Own standing consents; for readers, all."""
        me, view = self._context.org, self._context.view()
        reads_all = bool(READERS & set(self._context.roles(me)))
        found = [one for one in self._context.records(StandingConsent) if reads_all or one.owner == me]
        fetch, patience = self._bodies.fetch, PATIENCE_SECONDS
        await asyncio.gather(
            *(fetch(view, Kind.STANDING, one.standing.hex(), (one.owner,), patience_seconds=patience) for one in found)
        )
        return [self._describe(one) for one in found]

    def _describe(self, record: StandingConsent) -> StandingInfo:
        budget = self._context.view().get(Budget, budget_id(standing_account(record.standing), "uses"))
        terms = self._bodies.standing(record.standing.hex())
        revoked_here = self._context.is_revoked(record.standing)
        return StandingInfo(
            standing=record.standing.hex(),
            owner=record.owner,
            state="revoked" if revoked_here else record.state.value,
            title=terms.title if terms else "",
            not_before=record.not_before,
            not_after=record.not_after,
            uses_limit=budget.limit if budget else 0,
            uses_left=budget.left() if budget else 0,
            terms=to_plain(terms) if terms else None,
        )
