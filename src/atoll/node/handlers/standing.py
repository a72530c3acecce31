"""Standing consents and duties: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, receipt_of


class StandingHandlers(Handler):
    """Standing consents, and duties of grants."""

    async def standing_give(self, request: Request, actor: str) -> models.StandingGiven:
        standing, receipt = await self._services.standing.give(await self._body(request, models.GiveStanding), actor)
        return models.StandingGiven(standing=standing, **receipt_of(receipt).model_dump())

    async def standing_list(self, _: Request, __: str) -> list[models.StandingInfo]:
        return await self._services.standing.list()

    async def standing_revoke(self, request: Request, actor: str) -> models.Receipt:
        return receipt_of(await self._services.standing.revoke(hex_of(request.path_params["standing"], 16), actor))

    async def duty_list(self, request: Request, _: str) -> list[models.DutyInfo]:
        return self._services.duties.list(hex_of(request.path_params["grant"], 16))

    async def duty_note(self, request: Request, _: str) -> list[models.DutyInfo]:
        grant = hex_of(request.path_params["grant"], 16)
        return self._services.duties.note(grant, await self._body(request, models.NoteDuty))
