"""Motions and leaving: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, receipt_of


class MotionHandlers(Handler):
    """Motions and leaving."""

    async def motions(self, _: Request, __: str) -> list[models.MotionInfo]:
        return self._services.motions.list()

    async def motion_open(self, request: Request, _: str) -> models.MotionInfo:
        return await self._services.motions.open(await self._body(request, models.MotionRequest))

    async def motion_approve(self, request: Request, _: str) -> models.MotionInfo:
        asked = await self._body(request, models.MotionApproval)
        return await self._services.motions.approve(asked.number)

    async def motion_withdraw(self, request: Request, _: str) -> models.MotionInfo:
        asked = await self._body(request, models.MotionApproval)
        return await self._services.motions.withdraw(asked.number)

    async def leave(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.motions.leave(await self._body(request, models.LeaveRequest)))
