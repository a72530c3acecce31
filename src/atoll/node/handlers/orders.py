"""Orders and approvers: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, paper_bytes, receipt_of


class OrderHandlers(Handler):
    """Orders and approvers."""

    async def order_draft(self, request: Request, _: str) -> models.PaperInfo:
        return models.PaperInfo(paper=self._services.orders.draft(await self._body(request, models.OrderRequest)).hex())

    async def order_submit(self, request: Request, _: str) -> models.OrderGiven:
        order, receipt = await self._services.orders.submit(paper_bytes(await self._body(request, models.PaperInfo)))
        return models.OrderGiven(order=order, **receipt_of(receipt).model_dump())

    async def order_list(self, _: Request, __: str) -> list[models.OrderInfo]:
        return self._services.orders.list()

    async def order_show(self, request: Request, _: str) -> models.OrderInfo:
        return self._services.orders.show(hex_of(request.path_params["order"], 16))

    async def approver_ask(self, request: Request, _: str) -> models.PaperInfo:
        return models.PaperInfo(paper=self._services.orders.ask(await self._body(request, models.ApproverAsk)).hex())

    async def approver_add(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.orders.add(paper_bytes(await self._body(request, models.PaperInfo))))

    async def approver_revoke(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.orders.revoke(request.path_params["person"]))

    async def approver_list(self, _: Request, __: str) -> list[models.ApproverInfo]:
        return self._services.orders.approvers()
