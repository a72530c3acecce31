"""How the node is: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler


class NodeHandlers(Handler):
    """How the node is."""

    async def status(self, _: Request, __: str) -> models.Status:
        return self._services.status()

    async def doctor(self, _: Request, __: str) -> list[models.DoctorFinding]:
        return await self._services.doctor()
