"""Classes and levels: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.errors import BadRequest
from atoll.node.handlers.base import Handler, dataset_of, paper_bytes, receipt_of
from atoll.node.orders import read_paper
from atoll.trust.envelope import Context


class GradingHandlers(Handler):
    """Classes and levels."""

    async def grade_file(self, request: Request, _: str) -> models.GradeInfo:
        return await self._services.gradings.grade_file(await self._body(request, models.GradeFile))

    async def grade_show(self, request: Request, _: str) -> models.GradeInfo:
        return await self._services.gradings.show(dataset_of(request))

    async def grade_override(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.RegradeRequest)
        approval = b""
        if asked.paper:
            paper = read_paper(paper_bytes(models.PaperInfo(paper=asked.paper)), Context.REGRADE)
            if len(paper.signed) != 1:
                raise BadRequest(reason="one person signs that a level falls")
            approval = paper.signed[0]
        return receipt_of(await self._services.gradings.override(dataset_of(request), asked, approval))

    async def grade_paper(self, request: Request, _: str) -> models.PaperInfo:
        asked = await self._body(request, models.RegradeRequest)
        return models.PaperInfo(paper=self._services.orders.lowering(dataset_of(request), asked.level).hex())

    async def grade_approve(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.ApproveRequest)
        return receipt_of(await self._services.gradings.approve(dataset_of(request), asked))

    async def grade_tables(self, request: Request, _: str) -> list[models.LevelTableInfo]:  # noqa: ARG002
        return self._services.gradings.tables()
