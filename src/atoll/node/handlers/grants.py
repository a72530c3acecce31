"""Grants: the routes' handlers."""

from __future__ import annotations

import json

from fastapi import Request, Response

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, receipt_of


class GrantHandlers(Handler):
    """Grants."""

    async def grant_give(self, request: Request, _: str) -> models.Given:
        grant, receipt = await self._services.grants.give(await self._body(request, models.GiveGrant))
        return models.Given(grant=grant, **receipt_of(receipt).model_dump())

    async def grant_list(self, _: Request, __: str) -> list[models.GrantInfo]:
        return await self._services.grants.list()

    async def grant_agreement(self, request: Request, _: str) -> Response:
        document = await self._services.grants.agreement(hex_of(request.path_params["grant"], 16))
        return Response(json.dumps(document, ensure_ascii=False), media_type="application/ld+json")

    async def grant_revoke(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.grants.revoke(hex_of(request.path_params["grant"], 16)))
