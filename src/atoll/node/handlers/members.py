"""Members, invitations, keys, hand-over: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, receipt_of


class MemberHandlers(Handler):
    """Members, invitations, keys, hand-over."""

    async def members(self, _: Request, __: str) -> list[models.MemberInfo]:
        return self._services.membership.list()

    async def invite(self, request: Request, _: str) -> models.InviteInfo:
        return await self._services.membership.invite(await self._body(request, models.InviteRequest))

    async def member_enrol(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.EnrolRequest)
        return receipt_of(await self._services.membership.enrol(asked.transaction))

    async def handover(self, request: Request, _: str) -> models.HandoverInfo:
        asked = await self._body(request, models.HandoverRequest)
        return await self._services.membership.handover(asked.to)

    async def key_rotate(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.KeyRequest)
        return receipt_of(await self._services.membership.rotate(asked.purpose))

    async def key_revoke(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.KeyRequest)
        return receipt_of(await self._services.membership.revoke(asked.purpose))
