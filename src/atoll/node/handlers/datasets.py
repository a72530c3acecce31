"""Datasets and their budgets: the routes' handlers."""

from __future__ import annotations

import json

from fastapi import Request, Response

from atoll.api import models
from atoll.node.handlers.base import Handler, dataset_of, hex_of, receipt_of


class DatasetHandlers(Handler):
    """Datasets and their budgets."""

    async def dataset_register(self, request: Request, _: str) -> models.Registered:
        return await self._services.datasets.registered(await self._body(request, models.RegisterDataset))

    async def registration_step(self, request: Request, _: str) -> models.RegistrationStep:
        step = self._services.datasets.step(request.path_params["name"])
        return models.RegistrationStep(step=step.what, done_bytes=step.done, total_bytes=step.total)

    async def dataset_list(self, request: Request, _: str) -> list[models.DatasetInfo]:
        return await self._services.datasets.list(cards=request.query_params.get("cards") != "no")

    async def dataset_show(self, request: Request, _: str) -> models.DatasetInfo:
        check = request.query_params.get("check") == "yes"
        found = await self._services.datasets.show(dataset_of(request), check=check)
        return found.model_copy(update={"quality": self._services.catalogue.opinions(found.dataset)})

    async def dataset_history(self, request: Request, _: str) -> models.HistoryInfo:
        return await self._services.histories.show(dataset_of(request))

    async def dataset_profile(self, request: Request, _: str) -> models.ProfileInfo:
        asked = await self._body(request, models.ProfileRequest)
        return await self._services.profiles.show(dataset_of(request), asked)

    async def dataset_lineage(self, request: Request, _: str) -> Response:
        document = self._services.histories.prov(dataset_of(request))
        return Response(json.dumps(document, ensure_ascii=False), media_type="application/ld+json")

    async def dataset_withdraw(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.datasets.withdraw(dataset_of(request)))

    async def budget_set(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.BudgetRequest)
        return receipt_of(await self._services.budgets.set(asked))

    async def budget_list(self, request: Request, _: str) -> list[models.BudgetInfo]:
        return await self._services.budgets.list(request.query_params.get("lineage", ""))

    async def budget_refund(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.RefundRequest)
        return receipt_of(await self._services.budgets.refund(hex_of(asked.job, 16), asked.name))
