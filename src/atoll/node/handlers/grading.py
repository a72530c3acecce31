"""Classes and levels: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, dataset_of, receipt_of


class GradingHandlers(Handler):
    """Classes and levels."""

    async def grade_file(self, request: Request, _: str) -> models.GradeInfo:
        return await self._services.gradings.grade_file(await self._body(request, models.GradeFile))

    async def grade_show(self, request: Request, _: str) -> models.GradeInfo:
        return await self._services.gradings.show(dataset_of(request))

    async def grade_override(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.RegradeRequest)
        return receipt_of(await self._services.gradings.override(dataset_of(request), asked))

    async def grade_approve(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.ApproveRequest)
        return receipt_of(await self._services.gradings.approve(dataset_of(request), asked))

    async def grade_tables(self, request: Request, _: str) -> list[models.LevelTableInfo]:  # noqa: ARG002
        return self._services.gradings.tables()
