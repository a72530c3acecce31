"""Quality: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, dataset_of, receipt_of


class QualityHandlers(Handler):
    """Quality."""

    async def quality_run(self, request: Request, _: str) -> models.QualityRunInfo:
        asked = await self._body(request, models.MeasureQuality)
        return await self._services.quality.measure(asked.dataset, publish=asked.publish, remark=asked.remark)

    async def quality_sign(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.SignRun)
        return receipt_of(await self._services.quality.sign(asked.file, asked.remark))

    async def quality_list(self, request: Request, _: str) -> list[models.QualityInfo]:
        return self._services.quality.list(dataset_of(request))

    async def quality_report(self, request: Request, _: str) -> models.QualityReportInfo:
        return await self._services.quality.report(dataset_of(request), request.path_params["evaluator"])

    async def quality_withdraw(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.quality.withdraw(dataset_of(request)))
