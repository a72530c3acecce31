"""Rights: given, leased, passed on, frozen, revoked through this node; and who holds, or held, what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from atoll.api.models import HoldersInfo, RightAct, RightChange, RightDetail, RightInfo, RightRequest, RightTransfer
from atoll.ledger.evidence import Held, RightsFinding, export_right_history, export_rights
from atoll.ledger.records import Right, RightId, RightKind, root_right_id
from atoll.ledger.rights import chain_of, children_of, why_not_in_force
from atoll.ledger.rules.right import (
    FreezeRight,
    GrantRight,
    LeaseRight,
    RevokeRight,
    SublicenseRight,
    TransferRight,
    UnfreezeRight,
)
from atoll.ledger.rules.takings import DAY_SECONDS
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Kind, entitled, readers
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, NoSuchThing
from atoll.node.evidence import NodeSource
from atoll.ordering.engine import Acknowledged, View
from atoll.policy.scopes import SCOPE_DOMAIN, RightScope, why_scope_not_within
from atoll.primitives.commitment import commit
from atoll.wire.message import encode_message
from atoll.wire.plain import to_plain

CLOCK_SKEW_SECONDS = 60
Act = TransferRight | FreezeRight | UnfreezeRight | RevokeRight


class Rights:
    """Acts on rights, and answers who holds what."""

    def __init__(self, context: NodeContext, bodies: Bodies, *, on_changed: Callable[[], None]) -> None:
        """Args: on_changed: called after an act that may stop a job of this node."""
        self._context = context
        self._bodies = bodies
        self._on_changed = on_changed

    # -- acts ------------------------------------------------------------------------------------------------------------------

    async def give(self, request: RightRequest) -> tuple[str, Acknowledged]:
        """Grant, sublicense or lease; the scope goes to the new holder, the custodian and the readers.

        Raises:
            NoSuchThing: there is no such right.
            BadRequest: its scope reaches beyond one above it.
            BodyOnItsWay: one above it did not reach this node in time.
            TransactionRefused: the ledger's rules refuse it.
        """
        parent = self._right(request.source)
        entropy, now = self._context.entropy, self._context.now()
        right = entropy.bytes(16)
        scope = _scope(request, right, entropy.bytes(32))
        body = b""
        if scope is not None:
            await self._need_within(scope, parent)
            body = encode_message(scope)
            self._bodies.keep(Kind.SCOPE, right.hex(), body)
        message = LeaseRight if request.lease else GrantRight if parent.is_root else SublicenseRight
        until = parent.not_after if request.days is None else now + request.days * DAY_SECONDS
        acknowledged = await self._context.outbox.submit(
            message(
                right=right,
                parent=parent.right,
                holder=request.to,
                kind=RightKind(request.kind),
                depth_left=request.depth,
                share_ppm=request.share_ppm,
                uses=request.uses,
                not_before=max(parent.not_before, now - CLOCK_SKEW_SECONDS),
                not_after=min(until, parent.not_after) if request.days is None else until,
                scope_commitment=commit(SCOPE_DOMAIN, scope.salt, body) if scope is not None else b"",
            )
        )
        if body:
            custodian = parent.lineage.partition("/")[0]
            to = dict.fromkeys([request.to, custodian, *readers(self._context.view())])
            await self._bodies.offer(Kind.SCOPE, right.hex(), body, to)
        self._context.note("person", message.TAG.partition("/")[0], right.hex(), f"{request.kind} to {request.to}")
        return right.hex(), acknowledged

    async def transfer(self, right: str, request: RightTransfer) -> Acknowledged:
        """Pass a right on, as it stands now."""
        record = self._right(right)
        under = b"" if record.is_root else self._power(record, RightKind.TRANSACTION, request.under)
        message = TransferRight(right=record.right, version=record.version, to=request.to, under=under)
        return await self._act(message, right, f"to {request.to}")

    async def freeze(self, right: str, request: RightAct) -> Acknowledged:
        """Freeze a right and all below it."""
        record = self._right(right)
        return await self._act(FreezeRight(right=record.right, under=self._management(record, request.under)), right, "asked")

    async def unfreeze(self, right: str, request: RightAct) -> Acknowledged:
        """End the freeze."""
        record = self._right(right)
        return await self._act(UnfreezeRight(right=record.right, under=self._management(record, request.under)), right, "asked")

    async def revoke(self, right: str, request: RightAct) -> Acknowledged:
        """End a right for good."""
        record = self._right(right)
        chain, _ = chain_of(self._context.view(), record.right)
        holds = not request.under and self._context.org in {one.holder for one in chain}
        under = b"" if holds else self._management(record, request.under)
        return await self._act(RevokeRight(right=record.right, under=under), right, "asked")

    # -- questions -------------------------------------------------------------------------------------------------------------

    async def show(self, right: str) -> RightDetail:
        """One right with those above and below it, and its scope where this node may know it."""
        record, view = self._right(right), self._context.view()
        chain, _ = chain_of(view, record.right)
        children = list(children_of(view, record))
        await self._fetch_scopes(view, (*chain, *children))
        return RightDetail(
            **self._describe(record).model_dump(),
            chain=[self._describe(one) for one in chain[1:]],
            children=[self._describe(one) for one in children],
        )

    async def history(self, right: str) -> list[RightChange]:
        """Every state that a right has had."""
        _, finding = await self.export_history(right)
        return [RightChange(height=one.height, time=one.time, right=_shown(one)) for one in finding.held]

    async def export_history(self, right: str) -> tuple[bytes, RightsFinding]:
        """The same as a file that anybody with the trust file can verify, and what it shows.

        Raises:
            NoRights, NotExportable: there is no such right, or something needed is not at hand.
        """
        identifier = self._right(right).right
        source = NodeSource(self._context, self._bodies)
        return await self._context.offload(lambda: export_right_history(source, identifier))

    async def holders(self, lineage: str, height: int = -1) -> HoldersInfo:
        """Who held what after a block; after the newest agreed one where the number is negative."""
        _, finding = await self.export_holders(lineage, height)
        at = finding.held[0]
        return HoldersInfo(lineage=lineage, height=at.height, time=at.time, rights=[_shown(one) for one in finding.held])

    async def export_holders(self, lineage: str, height: int = -1) -> tuple[bytes, RightsFinding]:
        """The same as a file. Raises as `export_history`."""
        source = NodeSource(self._context, self._bodies)
        return await self._context.offload(lambda: export_rights(source, lineage, height=None if height < 0 else height))

    # -- inside ----------------------------------------------------------------------------------------------------------------

    async def _act(self, message: Act, right: str, what: str) -> Acknowledged:
        acknowledged = await self._context.outbox.submit(message)
        self._on_changed()
        self._context.note("person", message.TAG.partition("/")[0], right, what)
        return acknowledged

    def _right(self, name: str) -> Right:
        """A right by its digits, or the root of a lineage.

        Raises:
            NoSuchThing: there is none.
        """
        identifier = root_right_id(name).hex() if "/" in name else name
        record = self._context.view().get(Right, identifier)
        if record is None:
            raise NoSuchThing(what="right", name=name)
        return record

    def _management(self, right: Right, named: str) -> RightId:
        """The right under which this organisation manages; none where it holds the root."""
        root = self._context.view().get(Right, root_right_id(right.lineage).hex())
        if not named and root is not None and root.holder == self._context.org:
            return b""
        return self._power(right, RightKind.MANAGEMENT, named)

    def _power(self, right: Right, kind: RightKind, named: str) -> RightId:
        """A right of this kind that this organisation holds in the lineage: the named one, else one in force, else none."""
        if named:
            return self._right(named).right
        view, now = self._context.view(), self._context.now()
        own = (one for one in self._context.records(Right) if (one.holder, one.kind) == (self._context.org, kind))
        fits = (one for one in own if one.lineage == right.lineage and one.right != right.right)
        return next((one.right for one in fits if not why_not_in_force(view, one.right, now)), b"")

    async def _need_within(self, scope: RightScope, parent: Right) -> None:
        view = self._context.view()
        for above in chain_of(view, parent.right)[0]:
            if not self._may_know(view, above):
                continue  # who holds that one enforces it
            await self._bodies.need(view, Kind.SCOPE, above.right.hex(), scope_holders(above))
            wider = self._bodies.scope(above.right)
            reason = why_scope_not_within(scope, wider) if wider is not None else ""
            if reason:
                raise BadRequest(reason=reason)

    def _may_know(self, view: View, right: Right) -> bool:
        return bool(right.scope_commitment) and entitled(view, Kind.SCOPE, right.right.hex(), self._context.org)

    async def _fetch_scopes(self, view: View, rights: Iterable[Right]) -> None:
        fetch, patience = self._bodies.fetch, PATIENCE_SECONDS
        wanted = [one for one in rights if self._may_know(view, one)]
        await asyncio.gather(
            *(fetch(view, Kind.SCOPE, one.right.hex(), scope_holders(one), patience_seconds=patience) for one in wanted)
        )

    def _describe(self, right: Right) -> RightInfo:
        view = self._context.view()
        fell = why_not_in_force(view, right.right, self._context.now())
        scope = self._bodies.scope(right.right) if right.scope_commitment else None
        info = _info(right, fell, scope)
        if scope is not None or not self._may_know(view, right):
            return info
        source = next((one for one in scope_holders(right) if one != self._context.org), "an auditor")
        return info.model_copy(update={"scope_from": source})

    def list(self, *, lineage: str = "", holder: str = "") -> list[RightInfo]:
        """All rights, or those in a lineage, or of a holder; they stand in clear for all members."""
        found = self._context.records(Right)
        return [self._describe(one) for one in found if lineage in ("", one.lineage) and holder in ("", one.holder)]


def scope_holders(right: Right) -> list[str]:
    """Who may hold the scope of a right beside the readers: whoever gave it first, because it made it."""
    return list(dict.fromkeys((right.grantor, right.holder, right.lineage.partition("/")[0])))


def _scope(request: RightRequest, right: bytes, salt: bytes) -> RightScope | None:
    """The scope that a request narrows to; None where it narrows nothing."""
    if not (request.columns or request.purposes or request.job_kinds):
        return None
    return RightScope(
        salt=salt,
        right=right,
        columns=tuple(sorted(set(request.columns))),
        purposes=tuple(sorted(set(request.purposes))),
        job_kinds=tuple(sorted(set(request.job_kinds))),
    )


def _shown(held: Held) -> RightInfo:
    return _info(held.right, held.fell, None)


def _info(right: Right, fell: str, scope: RightScope | None) -> RightInfo:
    plain = to_plain(scope) if scope is not None else {}
    said = {name: plain[name] for name in ("columns", "purposes", "job_kinds") if plain.get(name)}
    return RightInfo(
        right=right.right.hex(),
        version=right.version,
        kind=right.kind,
        lineage=right.lineage,
        holder=right.holder,
        grantor=right.grantor,
        parent=right.parent.hex(),
        depth_left=right.depth_left,
        lease=right.exclusive,
        share_ppm=right.share_ppm,
        uses=right.uses,
        uses_given=right.uses_given,
        not_before=right.not_before,
        not_after=right.not_after,
        state=right.state,
        frozen_by=list(right.frozen_by),
        fell=fell,
        height=right.height,
        scope=None if right.scope_commitment and scope is None else said,
    )
