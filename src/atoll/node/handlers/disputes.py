"""Disputes: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, receipt_of


class DisputeHandlers(Handler):
    """Disputes about registrations."""

    async def dispute_open(self, request: Request, actor: str) -> models.DisputeOpened:
        dispute, receipt = await self._services.disputes.open(await self._body(request, models.OpenRequest), actor)
        return models.DisputeOpened(dispute=dispute, **receipt_of(receipt).model_dump())

    async def dispute_list(self, _: Request, __: str) -> list[models.DisputeInfo]:
        return await self._services.disputes.list()

    async def dispute_show(self, request: Request, _: str) -> models.DisputeInfo:
        return await self._services.disputes.show(_dispute_of(request))

    async def dispute_answer(self, request: Request, actor: str) -> models.Receipt:
        asked = await self._body(request, models.AnswerRequest)
        return receipt_of(await self._services.disputes.answer(_dispute_of(request), asked, actor))

    async def dispute_decide(self, request: Request, actor: str) -> models.Receipt:
        asked = await self._body(request, models.DecideRequest)
        return receipt_of(await self._services.disputes.decide(_dispute_of(request), asked, actor))

    async def dispute_withdraw(self, request: Request, actor: str) -> models.Receipt:
        asked = await self._body(request, models.AnswerRequest)
        return receipt_of(await self._services.disputes.withdraw(_dispute_of(request), asked, actor))


def _dispute_of(request: Request) -> str:
    return hex_of(request.path_params["dispute"], 16)
