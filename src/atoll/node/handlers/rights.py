"""Rights: the routes' handlers."""

from __future__ import annotations

from fastapi import Request, Response

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, number_of, receipt_of

PROOF_TYPE = "application/vnd.atoll.evidence"
NEWEST = -1
"""The block that is meant where none is named."""


class RightHandlers(Handler):
    """Rights."""

    async def right_give(self, request: Request, _: str) -> models.RightGiven:
        right, receipt = await self._services.rights.give(await self._body(request, models.RightRequest))
        return models.RightGiven(right=right, **receipt_of(receipt).model_dump())

    async def right_transfer(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.RightTransfer)
        return receipt_of(await self._services.rights.transfer(right_of(request), asked))

    async def right_freeze(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.rights.freeze(right_of(request), await self._body(request, models.RightAct)))

    async def right_unfreeze(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.rights.unfreeze(right_of(request), await self._body(request, models.RightAct)))

    async def right_revoke(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.rights.revoke(right_of(request), await self._body(request, models.RightAct)))

    async def right_list(self, request: Request, _: str) -> list[models.RightInfo]:
        asked = request.query_params
        return self._services.rights.list(lineage=asked.get("lineage", ""), holder=asked.get("holder", ""))

    async def right_show(self, request: Request, _: str) -> models.RightDetail:
        return await self._services.rights.show(right_of(request))

    async def right_history(self, request: Request, _: str) -> list[models.RightChange]:
        return await self._services.rights.history(right_of(request))

    async def right_history_proof(self, request: Request, _: str) -> Response:
        data, _finding = await self._services.rights.export_history(right_of(request))
        return Response(data, media_type=PROOF_TYPE)

    async def right_holders(self, request: Request, _: str) -> models.HoldersInfo:
        return await self._services.rights.holders(lineage_of(request), number_of(request, "at", NEWEST))

    async def right_holders_proof(self, request: Request, _: str) -> Response:
        data, _finding = await self._services.rights.export_holders(lineage_of(request), number_of(request, "at", NEWEST))
        return Response(data, media_type=PROOF_TYPE)


def right_of(request: Request) -> str:
    """The right in the path."""
    return hex_of(request.path_params["right"], 16)


def lineage_of(request: Request) -> str:
    """The lineage in the path."""
    return f"{request.path_params['owner']}/{request.path_params['name']}"
