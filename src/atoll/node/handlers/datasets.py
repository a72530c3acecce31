"""Datasets and their budgets: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, dataset_of, hex_of, receipt_of


class DatasetHandlers(Handler):
    """Datasets and their budgets."""

    async def dataset_register(self, request: Request, _: str) -> models.Registered:
        identifier, receipt = await self._services.datasets.register(await self._body(request, models.RegisterDataset))
        return models.Registered(dataset=identifier, **receipt_of(receipt).model_dump())

    async def dataset_list(self, request: Request, _: str) -> list[models.DatasetInfo]:
        return await self._services.datasets.list(cards=request.query_params.get("cards") != "no")

    async def dataset_show(self, request: Request, _: str) -> models.DatasetInfo:
        found = await self._services.datasets.show(dataset_of(request))
        opinions = self._services.catalogue.opinions(found.dataset)
        return found.model_copy(update={"quality": opinions}) if opinions else found

    async def dataset_withdraw(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.datasets.withdraw(dataset_of(request)))

    async def budget_set(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.BudgetRequest)
        return receipt_of(await self._services.budgets.set(asked))

    async def budget_list(self, request: Request, _: str) -> list[models.BudgetInfo]:
        return self._services.budgets.list(request.query_params.get("lineage", ""))

    async def budget_refund(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.RefundRequest)
        return receipt_of(await self._services.budgets.refund(hex_of(asked.job, 16), asked.name))
